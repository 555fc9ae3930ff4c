/** @file Stacks on tasks of questions and of numbers: loss and gradient on the engine, seeds in one program, and small models that learn. */
import { init as initJax, type numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Arrays } from "../../lib/engine/arrays.ts";
import { compile } from "../../lib/engine/engines/ort.ts";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import type { Tensor, Tree } from "../../lib/engine/mod.ts";
import { asSequenceModel } from "../../lib/models/model.ts";
import { task as automaton } from "../../lib/tasks/automaton/automaton.ts";
import { task as copying } from "../../lib/tasks/copying/copying.ts";
import { task as integration } from "../../lib/tasks/noise_integration/noise_integration.ts";
import { task as regression } from "../../lib/tasks/in_context_regression/in_context_regression.ts";
import type { Task } from "../../lib/tasks/task.ts";
import { flatten, isSpec, leavesOf, mapLeaves, unstack } from "../../lib/tensor/trees.ts";
import { learning } from "../../lib/train/learning.ts";
import { runnerOf } from "../../lib/train/runner.ts";
import { train } from "../../lib/train/trainer.ts";
import { assertParity } from "../engine/layer_cases.ts";
import { runEngine, runJax } from "../engine/oracle.ts";
import { shakenParameters, stackOf } from "../models/stacks.ts";

await initJax("wasm");

// Of data in whose first batches no class has just its share: the gradient of a fresh head would be rounding errors.
const seeds = [1, 2].map((i) => ({ instance: 0, initialisation: i, data: 12 + i }));
const tasks: [name: string, Task][] = [
  ["s3", automaton.configure({ minimum: 2, maximum: 7 })],
  ["copying", copying.configure({ symbols: 3, maximum: 4 })],
  ["regression", regression.configure({ inputs: 2, length: 5 }) as Task],
];

for (const [name, task] of tasks) {
  const model = asSequenceModel(stackOf([["gru"]], { block: "bare", width: 5 }, task.signature));

  Deno.test(`${name}: loss and gradients agree with float64`, async () => {
    const params = shakenParameters(model);
    const batch = flatten(task.source(seeds[0], 4, model)(3));
    const leaves = leavesOf(params);
    const isLeaf = (value: Tree<Tensor>): value is Tensor => isSpec(value);
    const loss = (...arrays: np.Array[]) => {
      const next = arrays.values();
      const own: Arrays = mapLeaves(params, isLeaf, () => next.next().value!);
      const data = Object.fromEntries(Object.keys(batch).map((key) => [key, next.next().value!]));
      return task.loss(model, own, data);
    };
    const args = [...leaves, ...Object.values(batch)];
    const argnums = leaves.map((_, i) => i);
    // deno-lint-ignore no-explicit-any
    const want = runJax((jaxValueAndGrad as any)(loss, { argnums }), args, "float64");
    assertParity(await runEngine(valueAndGrad(loss, { argnums }), args), want);
  });

  Deno.test(`${name}: two seeds in one program learn what each learns alone`, async () => {
    const run = async (chosen: typeof seeds) => {
      const { compileStep, nextBatch } = learning(task, model, chosen, 8);
      const schedule = { peak: 5e-3, steps: 3, warmup: 1 };
      return await train((example) => compileStep(example, { compile }), nextBatch, { schedule });
    };
    const together = await run(seeds);
    for (const [i, seed] of seeds.entries()) {
      const alone = await run([seed]);
      assert.ok(Math.abs(together.lastLosses[i] - alone.lastLosses[0]) < 1e-5);
      const want = flatten(alone.params);
      for (const [key, { data }] of Object.entries(flatten(unstack(together.params, i)))) {
        // Adam divides by the root of the second moment, so a gradient that is noise moves by the rate.
        data.forEach((x, k) => assert.ok(Math.abs(x - want[key].data[k]) < 5e-4, `${key}[${k}]`));
      }
    }
  });
}

Deno.test("noise integration: a linear recurrence of one block comes near the posterior mean", async () => {
  const task = integration.configure({ decay: 0.8, length: 24 });
  const model = asSequenceModel(
    stackOf([["lru", { state: 4 }]], { block: "bare", width: 4 }, task.signature),
  );
  const { compileStep, nextBatch } = learning(task, model, [seeds[0]], 32);
  const { params } = await train((example) => compileStep(example, { compile }), nextBatch, {
    schedule: { peak: 0.03, steps: 150, warmup: 10 },
  });
  const runner = runnerOf(model, params, { batch: 64, compile });
  try {
    const tensors = task.generate!(0, 99, 128);
    const { gapClosed } = await task.evaluate(runner, 0, { tensors }, {});
    assert.ok(gapClosed > 0.9 && gapClosed < 1.01, `${gapClosed}`);
  } finally {
    await runner.close();
  }
});
