/** @file Loss, gradients and training of the Transformer with every norm, and of chains of matrices, on every engine that runs here. */
import {
  checkGradients,
  checkTraining,
  deepLinearTask,
  transformerTask,
} from "../../engine/model_tasks.ts";

for (const [norm, patch] of [["none", 1], ["fixed", 3], ["causal", 3]] as const) {
  Deno.test(`Transformer, patch ${patch}, ${norm} norm: loss and gradients agree with float64 on every engine`, async (t) => {
    await checkGradients(t, () => transformerTask({ patch, norm }));
  });
}

for (const depth of [3, 10, 30, 120]) {
  Deno.test(`deep linear, ${depth} layers: loss and gradients agree with float64 on every engine`, async (t) => {
    await checkGradients(t, () => deepLinearTask(depth));
  });
}

Deno.test("200 training steps of a deep linear network end alike on every engine", async () => {
  await checkTraining(200);
});
