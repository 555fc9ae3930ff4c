/** @file Gradients of stacks on every engine that runs everywhere, against jax-js's own in float64, loops unrolled. */
import { init as initJax } from "@jax-js/jax";
import { assertGradients } from "../../models/sequence_cases.ts";
import { made, stacks } from "../../models/stacks.ts";

await initJax("wasm");

for (const [name, [named, options]] of Object.entries(stacks)) {
  for (const norm of ["none", "fixed", "causal"]) {
    Deno.test(`loss and every gradient agree with float64 on every engine: ${name}, ${norm} norm`, async () => {
      const statistics = { mean: [0.5, -1], variance: [0.25, 4] };
      await assertGradients(made(named, { ...options, norm, patch: 2 }, 2, statistics), 2, 5);
    });
  }
}
