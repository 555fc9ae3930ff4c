/** @file Stacks on tasks of symbols: their loss and gradient on every engine, seeds in one program, and small models that learn. */
import { init as initJax, type numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Arrays } from "../../lib/engine/arrays.ts";
import { compile } from "../../lib/engine/engines/ort.ts";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import type { EngineName, Tensor, Tree } from "../../lib/engine/mod.ts";
import { task as parity } from "../../lib/tasks/parity/parity.ts";
import { task as recall } from "../../lib/tasks/recall/recall.ts";
import type { Task, TaskModule } from "../../lib/tasks/task.ts";
import { flatten, isSpec, leavesOf, mapLeaves, unstack } from "../../lib/tensor/trees.ts";
import { freshParameters } from "../../lib/train/host.ts";
import { learning } from "../../lib/train/learning.ts";
import { runnerOf } from "../../lib/train/runner.ts";
import { train } from "../../lib/train/trainer.ts";
import { assertParity } from "../engine/layer_cases.ts";
import { nativeTfjs } from "../engine/native_tfjs.ts";
import { runEngine, runJax } from "../engine/oracle.ts";
import { type Named, shakenParameters, stackOf } from "../models/stacks.ts";

await initJax("wasm");

const tasks: [name: string, Task][] = [
  ["parity", parity.configure({ minimum: 2, maximum: 7 })],
  ["recall", recall.configure({ vocabulary: 11, length: 8, pairs: 2 })],
];
const heads: Named = ["softmax_attention", { heads: 2 }];
const stacks: [name: string, layers: Named[], options: object][] = [
  ["residual blocks", [heads, ["gru"]], { width: 8 }],
  ["residual blocks without MLP, ends tied", [["lru", { state: 3 }]], {
    width: 6,
    mlp: false,
    tie: true,
  }],
  ["bare layers", [["lstm"], ["dense_recurrence", { state: 4 }]], { block: "bare", width: 5 }],
];
// Of data in whose first batches no two classes are asked for equally often: the gradient of a fresh head would be rounding errors.
const seeds = [1, 2, 3].map((i) => ({ instance: 0, initialisation: i, data: 10 + i }));

for (const [taskName, task] of tasks) {
  for (const [name, layers, options] of stacks) {
    const model = stackOf(layers, options, task.signature);

    Deno.test(`${taskName}, ${name}: loss and gradients agree with float64`, async () => {
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
      // (Stacks of every kind are run on engine `jax` in tests/long.)
      const slow: EngineName[] = name === "bare layers" ? ["jax"] : [];
      for (const engine of ["ort", "tfjs", ...slow, ...nativeTfjs] satisfies EngineName[]) {
        assertParity(await runEngine(valueAndGrad(loss, { argnums }), args, engine), want);
      }
    });

    Deno.test(`${taskName}, ${name}: three seeds in one program learn what each learns alone`, async () => {
      const run = async (chosen: typeof seeds) => {
        const { compileStep, nextBatch } = learning(task, model, chosen, 32);
        const schedule = { peak: 5e-3, steps: 4, warmup: 2 };
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
}

/** What a GRU scores on 256 test sequences after some steps. */
async function scoreAfter(
  steps: number,
  module: TaskModule,
  options: object,
  stack: object,
  protocol: object,
) {
  const task = module.configure(options);
  const model = stackOf([["gru"]], stack, task.signature);
  const { compileStep, nextBatch } = learning(task, model, [seeds[0]], 32);
  const params = steps === 0
    ? await freshParameters(model, 1)
    : (await train((example) => compileStep(example, { compile }), nextBatch, {
      schedule: { peak: 0.02, steps, warmup: 20 },
    })).params;
  const runner = runnerOf(model, params, { batch: 128, compile });
  try {
    const tensors = task.generate!(0, 99, 256);
    return await task.evaluate(runner, 0, { tensors }, module.protocol(protocol));
  } finally {
    await runner.close();
  }
}

Deno.test("parity: a GRU that has seen lengths of 3 to 8 follows it to 16, an untrained one scores at the floor", async () => {
  const scored = (steps: number) =>
    scoreAfter(
      steps,
      parity,
      { minimum: 3, maximum: 8, length: 16 },
      { block: "bare", width: 16 },
      { from: 9, length: 16 },
    );
  const { gapClosed, loss } = await scored(150);
  assert.ok(gapClosed > 0.95, `${gapClosed}`);
  assert.ok(Math.abs(loss - (1 - gapClosed) / 2) < 1e-12);
  assert.deepEqual((await scored(0)).gapClosed, 0);
});

Deno.test("recall: a GRU learns two pairs, an untrained one gives all symbols the same chance", async () => {
  const options = { vocabulary: 10, length: 8, pairs: 2 };
  const scored = (steps: number) => scoreAfter(steps, recall, options, { width: 32 }, {});
  const { gapClosed, loss } = await scored(500);
  assert.ok(gapClosed > 0.9, `${gapClosed}`);
  assert.ok(Math.abs(loss - 0.8 * (1 - gapClosed)) < 1e-12);
  const fresh = await scored(0);
  assert.ok(Math.abs(fresh.loss - 0.9) < 1e-12, `${fresh.loss}`);
});
