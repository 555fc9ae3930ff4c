/** @file Parameters in closed form: the best causal map of a system, and its steady-state filter. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile } from "../../../lib/engine/engines/ort.ts";
import { model as causalLinear } from "../../../lib/models/causal_linear.ts";
import type { Model, SequenceModel } from "../../../lib/models/model.ts";
import { bestCausalMap, createSystem, score, steadyState } from "../../../lib/ssm/mod.ts";
import { closedForm as bestMap } from "../../../lib/tasks/filtering/closed_forms/best_causal_map.ts";
import { closedForm as steady } from "../../../lib/tasks/filtering/closed_forms/steady_state.ts";
import { task as module } from "../../../lib/tasks/filtering/filtering.ts";
import type { ClosedFormModule } from "../../../lib/tasks/task.ts";
import { toFloat32 } from "../../../lib/tensor/tensor.ts";
import { flatten, unflatten } from "../../../lib/tensor/trees.ts";
import { freshParameters } from "../../../lib/train/host.ts";
import { learning } from "../../../lib/train/learning.ts";
import { runnerOf } from "../../../lib/train/runner.ts";
import { train } from "../../../lib/train/trainer.ts";
import { sequenceStack } from "../../models/stacks.ts";

await initJax("wasm");

const causal = (options: object) =>
  causalLinear.configure(options, { signature: { kind: "series", channels: 2 }, layers: [] });
const recurrence = (options: object, ends = {}) =>
  sequenceStack([["dense_recurrence", options]], { block: "bare", ...ends }, {
    kind: "series",
    channels: 2,
  });

type FilteringTask = ReturnType<typeof module.configure>;
/** Parameters of a model as a job leaves them, in single precision. */
async function solved(
  form: ClosedFormModule<FilteringTask>,
  task: FilteringTask,
  instance: number,
  model: Model,
) {
  const example = await freshParameters(model, 0);
  const found = form.solve(task, instance, example);
  assert.deepEqual(Object.keys(found), Object.keys(flatten(example)));
  const single = Object.entries(found).map(([name, value]) => [name, toFloat32(value)]);
  return unflatten(example, Object.fromEntries(single));
}

Deno.test("the closed form of the causal map is the best one on the system, by the name of its parameter", async () => {
  const task = module.configure({ latentDim: 4, obsDim: 2, length: 12 });
  for (const [patch, taps, instance] of [[2, 3, 2], [1, 5, 7], [3, 1, 2]]) {
    const example = await freshParameters(causal({ patch, taps }), 0);
    const { kernel, ...others } = bestMap.solve(task, instance, example);
    const { shape, data } = bestCausalMap(task.filterOf(instance), { patch, taps });
    assert.deepEqual(kernel, { dtype: "float64", shape, data });
    assert.deepEqual(others, {});
  }
});

Deno.test("training the causal map goes where its closed form is", async () => {
  const task = module.configure({ latentDim: 3, obsDim: 2, lambda: 0.7, length: 16 });
  const model = causal({ taps: 3 });
  const best = await solved(bestMap, task, 1, model);
  const seed = { instance: 1, initialisation: 0, data: 5 };
  const { nextBatch, compileStep } = learning(task, model, [seed], 256);
  const schedule = { peak: 0.02, steps: 300, warmup: 5, floor: 0 };
  const { params } = await train((example) => compileStep(example, { compile }), nextBatch, {
    schedule,
  });
  const [want, got] = [flatten(best).kernel.data, flatten(params).kernel.data];
  const size = Math.max(...Array.from(want, Math.abs));
  want.forEach((x, i) => assert.ok(Math.abs(got[i] - x) < 0.03 * size, `${i}: ${got[i]}, ${x}`));
  // And it is better than what is a little off it.
  const { y } = task.generate!(1, 9, 256);
  const lossOf = async (scale: number) => {
    const kernel = flatten(best).kernel;
    const scaled = { kernel: { ...kernel, data: kernel.data.map((x) => scale * x) } };
    const runner = runnerOf(model as SequenceModel, scaled, { batch: 256, compile });
    return (await task.evaluate(runner, 1, { tensors: { y } }, {})).loss;
  };
  const [less, just, more] = [await lossOf(0.9), await lossOf(1), await lossOf(1.1)];
  assert.ok(just < less && just < more, `${less} ${just} ${more}`);
});

Deno.test("the steady-state filter as a dense recurrence reaches the filter's limit", async () => {
  const [instance, length] = [3, 96];
  const options = { latentDim: 6, obsDim: 2, lambda: 0.8 };
  const task = module.configure({ ...options, length });
  const { y } = task.generate!(instance, 1, 64);
  for (const state of [6, 8]) { // as many states as it needs, and two more
    const model = recurrence({ state });
    const params = await solved(steady, task, instance, model);
    const got = await runnerOf(model, params, { batch: 64, compile }).apply(toFloat32(y));
    const late = { contexts: Array.from({ length: 40 }, (_, i) => 50 + i), horizons: [1] };
    const picked = new Float32Array(64 * 40 * 2);
    for (let b = 0; b < 64; b++) {
      for (let i = 0; i < 80; i++) picked[b * 80 + i] = got.data[(b * length + 49) * 2 + i];
    }
    const prediction = { shape: [64, 40, 1, 2], data: picked };
    const { overall } = score(task.filterOf(instance), y, prediction, late);
    assert.ok(overall.ratio - 1 < 1e-9, `${overall.ratio}`);
  }
  assert.ok(steadyState(createSystem(instance, options)).steps < 500);
});

Deno.test("models that cannot have a form are refused by what they lack", async () => {
  const task = module.configure({ latentDim: 6, obsDim: 2 });
  const solving = async (form: ClosedFormModule<FilteringTask>, model: Model) => {
    const example = await freshParameters(model, 0);
    return () => form.solve(task, 0, example);
  };
  assert.throws(
    await solving(steady, recurrence({ state: 5 })),
    /RangeError: steady_state: .* patch 1 and a state of at least 6, not patch 1 and state 5/,
  );
  assert.throws(
    await solving(steady, recurrence({ state: 6 }, { patch: 2 })),
    /not patch 2 and state 6/,
  );
  assert.throws(
    await solving(steady, causal({ taps: 2 })),
    /steady_state: the model has no parameter blocks\.0\.layer\.b, but kernel; name the model/,
  );
  assert.throws(
    await solving(bestMap, recurrence({ state: 6 })),
    /best_causal_map: the model has no parameter kernel, but blocks\.0\.layer\.a, /,
  );
});
