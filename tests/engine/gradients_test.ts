/** @file Gradients on engine `ort`, ours and those that jax-js writes, against jax-js in float64, tensor by tensor. */
import assert from "node:assert/strict";
import { assertParity, layers, layerStep } from "./layer_cases.ts";
import { runEngine, runJax } from "./oracle.ts";

Deno.test("gradients of every layer agree with float64", async (t) => {
  for (const [i, name] of Object.keys(layers).entries()) {
    await t.step(name, async () => {
      const { step, jaxStep, args } = layerStep(name, i);
      const want = runJax(jaxStep, args, "float64");
      const got = await runEngine(step, args);
      assertParity(got, want);
      assertParity(await runEngine(jaxStep, args), want);
      const again = await runEngine(step, args);
      got.forEach((g, k) => assert.deepEqual(again[k].data, g.data, "two runs give the same bits"));
    });
  }
});
