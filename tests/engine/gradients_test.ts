/** @file Gradients on engine `ort` against the same program in jax-js float64, tensor by tensor. */
import { numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad, valueAndGrad } from "../../lib/engine/gradient.ts";
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

Deno.test("gradients of gradients of every layer agree with float64", async (t) => {
  /** A sum over the gradients by every argument, as the function whose gradient is taken again. */
  const twice: TracedFunction = (loss, options) =>
    valueAndGrad(
      (...xs: np.Array[]) =>
        grad(loss, options)(...xs)
          .map((g: np.Array) => np.sum(np.sin(g)))
          .reduce((a: np.Array, b: np.Array) => a.add(b)),
      options,
    );
  for (const [i, name] of Object.keys(layers).entries()) {
    await t.step(name, async () => {
      const { step, args } = layerStep(name, i, twice);
      assertParity(await runEngine(step, args), runJax(step, args, "float64"), 1e-4);
    });
  }
});
