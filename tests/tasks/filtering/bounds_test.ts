/** @file The ends of the scale on given data: the filter at 1, predicting zero at its exact ratio. */
import assert from "node:assert/strict";
import { forecast, oneStep, type Score, score } from "../../../lib/ssm/mod.ts";
import { task as module } from "../../../lib/tasks/filtering/filtering.ts";
import { reference } from "../../../lib/tasks/filtering/references/bounds.ts";

const task = module.configure({ latentDim: 4, obsDim: 3, lambda: 0.9, length: 20 });
const [instance, warmup, horizons] = [3, 12, [5, 1]];
const data = { tensors: task.generate!(instance, 8, 400) };
type Details = Record<"kalman" | "zero", { oneStep: Score; rollout: Score[] }>;

Deno.test("one step ahead and at every horizon: the filter's exact loss is 1, the measured ones lie around the exact ones", async () => {
  const evaluation = await reference.score(task, instance, data, { rollout: { warmup, horizons } });
  const { kalman, zero } = evaluation.details as Details;
  const filter = task.filterOf(instance);
  const { y } = data.tensors;
  const ahead = { contexts: [warmup], horizons };
  const optimal = forecast(filter, y, ahead);
  const nothing = { shape: optimal.shape, data: optimal.data.map(() => 0) };
  assert.deepEqual(kalman.rollout, score(filter, y, optimal, ahead).byHorizon);
  assert.deepEqual(zero.rollout, score(filter, y, nothing, ahead).byHorizon);
  const steps = forecast(filter, y, oneStep(20));
  assert.deepEqual(kalman.oneStep, score(filter, y, steps, oneStep(20)).overall);
  const pairs: [Score, (score: Score) => number][] = [
    ...[kalman.oneStep, ...kalman.rollout].map((one): typeof pairs[0] => [one, () => 1]),
    ...[zero.oneStep, ...zero.rollout].map((one): typeof pairs[0] => [one, ({ zero }) => zero]),
  ];
  for (const [one, exact] of pairs) {
    assert.ok(Math.abs(one.rawRatio - exact(one)) < 4 * one.rawRatioError);
    assert.equal(one.sequences, 400);
  }
  assert.ok(zero.rollout[1].rawRatio > zero.rollout[0].rawRatio); // 1 is nearer than 5
  const { floor, ...others } = evaluation;
  assert.deepEqual({ ...others, details: 0 }, { loss: 1, optimum: 1, gapClosed: 1, details: 0 });
  assert.equal(floor, zero.oneStep.zero);
  assert.equal((evaluation.details as { horizons: number[] }).horizons, horizons);
});

Deno.test("the filter is that of the instance, for as many observations as the data have", async () => {
  const longer = module.configure({ latentDim: 4, obsDim: 3, lambda: 0.9, length: 30 });
  const tensors = longer.generate!(4, 8, 3);
  const { details } = await reference.score(task, 4, { tensors }, {
    rollout: { warmup, horizons },
  });
  const filter = longer.filterOf(4);
  const want = score(filter, tensors.y, forecast(filter, tensors.y, oneStep(30)), oneStep(30));
  assert.deepEqual((details as Details).kalman.oneStep, want.overall);
});

Deno.test("without horizons there is nothing to score them at, without observations nothing to score", () => {
  assert.throws(
    () => reference.score(task, instance, data, {}),
    /RangeError: bounds: the protocol needs rollout: \{warmup, horizons\}/,
  );
  assert.throws(
    () => reference.score(task, instance, {}, { rollout: { warmup, horizons } }),
    /hold no observations y/,
  );
});
