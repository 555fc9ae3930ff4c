/** @file Loss and gradients of models of every kind, and training, on every engine that runs here. */
import {
  checkGradients,
  checkTraining,
  deepLinearTask,
  type Task,
  transformerTask,
} from "./model_tasks.ts";

// (Other norms and patches, deeper chains and longer training: tests/long/engine.)
const tasks: Record<string, () => Task> = {
  "Transformer, patch 2, causal norm": () => transformerTask({ patch: 2, norm: "causal" }),
  "deep linear, 1 layer": () => deepLinearTask(1),
  "deep linear, 2 layers": () => deepLinearTask(2),
};

for (const [name, make] of Object.entries(tasks)) {
  Deno.test(`${name}: loss and gradients agree with float64 on every engine`, async (t) => {
    await checkGradients(t, make);
  });
}

Deno.test("40 training steps of a deep linear network end alike on every engine", async () => {
  await checkTraining(40);
});
