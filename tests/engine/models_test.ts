/** @file Loss and gradients of models of every kind, and training, on every engine that runs here. */
import assert from "node:assert/strict";
import { compileOn, type EngineName } from "../../lib/engine/mod.ts";
import { flatten } from "../../lib/tensor/trees.ts";
import { compileStep, train } from "../../lib/train/trainer.ts";
import {
  checkGradients,
  deepLinearTask,
  engines,
  type Task,
  transformerTask,
} from "./model_tasks.ts";
import { assertClose } from "./oracle.ts";

// (Other norms and patches: tests/long/engine.)
const tasks: Record<string, () => Task> = {
  "Transformer, patch 2, causal norm": () => transformerTask({ patch: 2, norm: "causal" }),
  "deep linear, 1 layer": () => deepLinearTask(1),
  "deep linear, 2 layers": () => deepLinearTask(2),
  "deep linear, 120 layers": () => deepLinearTask(120),
};

for (const [name, make] of Object.entries(tasks)) {
  Deno.test(`${name}: loss and gradients agree with float64 on every engine`, async (t) => {
    await checkGradients(t, make);
  });
}

Deno.test("40 training steps of a deep linear network end alike on every engine", async () => {
  const { params, data, loss } = deepLinearTask(3);
  const trained = async (engine: EngineName) => {
    const result = await train(
      (example) => compileStep(loss, params, example, { compile: compileOn(engine) }),
      () => data,
      { schedule: { peak: 0.02, steps: 40, warmup: 10 } },
    );
    return { loss: result.lastLosses[0], params: flatten(result.params) };
  };
  const want = await trained("ort");
  for (const engine of engines.filter((name) => name !== "ort")) {
    const got = await trained(engine);
    assert.ok(Math.abs(got.loss - want.loss) <= 1e-3 * want.loss, `${engine}: ${got.loss}`);
    for (const [name, tensor] of Object.entries(want.params)) {
      assertClose(got.params[name], tensor, 1e-3, `${engine}: ${name}`);
    }
  }
});
