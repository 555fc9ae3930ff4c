/** @file Gradients on engine `ort` against the same program in jax-js float64, tensor by tensor. */
import { valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import type { TracedFunction } from "../../lib/engine/mod.ts";
import { assertParity, layers, layerStep } from "./layer_cases.ts";
import { runEngine, runJax } from "./oracle.ts";

const takers: Record<string, TracedFunction> = {
  "that jax-js takes": jaxValueAndGrad,
  "that are taken of our graph": valueAndGrad,
};

for (const [whose, both] of Object.entries(takers)) {
  Deno.test(`gradients of every layer ${whose} agree with float64`, async (t) => {
    for (const [i, name] of Object.keys(layers).entries()) {
      await t.step(name, async () => {
        const { step, args } = layerStep(name, i, both);
        const got = await runEngine(step, args);
        assertParity(got, runJax(step, args, "float64"));
        const again = await runEngine(step, args);
        got.forEach((g, k) => {
          assert.deepEqual(again[k].data, g.data, "two runs give the same bits");
        });
      });
    }
  });
}
