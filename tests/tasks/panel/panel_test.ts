/** @file The panel task: what it is made of, its references, what it trains, and the published scores of the naive forecasts. */
import assert from "node:assert/strict";
import published from "../../../data/published/fev_ett_1h.json" with { type: "json" };
import { readSeries } from "../../../lib/data/series.ts";
import { model as deepLinear } from "../../../lib/models/deep_linear.ts";
import type { Model } from "../../../lib/models/model.ts";
import { normalQuantile } from "../../../lib/random/normal.ts";
import { fold, keyOf, normals } from "../../../lib/random/random.ts";
import { task as module } from "../../../lib/tasks/panel/panel.ts";
import type { PanelScores } from "../../../lib/tasks/panel/scores.ts";
import { reference as naive } from "../../../lib/tasks/panel/references/naive.ts";
import { fitRidge, reference as ridge } from "../../../lib/tasks/panel/references/ridge.ts";
import { reference as seasonalNaive } from "../../../lib/tasks/panel/references/seasonal_naive.ts";
import { repeating } from "../../../lib/tasks/panel/repeating.ts";
import type { ReferenceModule, Runner } from "../../../lib/tasks/task.ts";
import type { PanelTask } from "../../../lib/tasks/panel/panel_task.ts";
import { earlier, type Panel } from "../../../lib/tasks/panel/series.ts";
import { scorePanel } from "../../../lib/tasks/panel/scores.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";

type Details = PanelScores & { fit: Record<string, number> };
const tensor = (data: Float64Array): Tensor => ({ dtype: "float64", shape: [data.length], data });
const scored = async (reference: ReferenceModule<PanelTask>, task: PanelTask, options = {}) => {
  const { details, ...rest } = await reference.score(task, 0, {}, {}, options);
  return { ...rest, details: details as Details };
};

const values = [1, 2, 4, 8, 5, 7, 3];
const small: Panel = {
  ...{ series: [{ name: "a", values: Float64Array.from(values) }], season: 3 },
  ...{ horizon: 4, windows: 1, levels: [0.5, 0.9] },
};

Deno.test("repeating takes the last rows over and over; its spread is that of past repetitions and grows with their number", async () => {
  const one = small.series[0];
  const { point, quantiles } = await repeating(small, 2).forecast(one, 6);
  assert.deepEqual([...point], [5, 7, 5, 7]);
  const sigma = Math.sqrt((3 ** 2 + 6 ** 2 + 1 ** 2 + 1 ** 2) / 4);
  const z = normalQuantile(0.9);
  [1, 1, 2, 2].forEach((times, h) => {
    assert.equal(quantiles![2 * h], point[h]);
    assert.ok(Math.abs(quantiles![2 * h + 1] - point[h] - z * sigma * Math.sqrt(times)) < 1e-12);
  });
  const recent = await repeating(small, 1, 3).forecast(one, 6);
  assert.deepEqual([...recent.point], [7, 7, 7, 7]);
  const last = Math.sqrt((3 ** 2 + 2 ** 2) / 2);
  [1, 2, 3, 4].forEach((times, h) => {
    const off = recent.quantiles![2 * h + 1] - 7;
    assert.ok(Math.abs(off - z * last * Math.sqrt(times)) < 1e-12);
  });
  const none = await repeating({ ...small, levels: [] }, 1).forecast(one, 6);
  assert.equal(none.quantiles, undefined);
  assert.throws(() => repeating(small, 3), /series a has 3 rows.*needs 4/);
});

/** Noise about a season, two series. */
function noisy(rows: number) {
  const of = (c: number) =>
    normals(fold(keyOf(1), c), rows).map((e, t) => e + 3 * Math.sin(2 * Math.PI * t / 6) + 9 * c);
  return { a: tensor(of(0)), b: tensor(of(1)) };
}
const options = { season: 6, horizon: 3, windows: 2, lookback: 6 };

Deno.test("the floor is the seasonal naive forecast, the gap closed its skill score", async () => {
  const task = module.configure({ ...options, levels: [0.5] }, { tensors: noisy(90) });
  assert.deepEqual(task.panel.series.map(({ name }) => name), ["a", "b"]);
  const floor = await scored(seasonalNaive, task);
  assert.equal(floor.loss, floor.floor);
  assert.deepEqual([floor.optimum, floor.gapClosed], [0, 0]);
  const last = await scored(naive, task);
  assert.equal(last.floor, floor.loss);
  assert.equal(last.gapClosed, 1 - last.loss / floor.loss);
  assert.equal(last.details.mase, last.loss);
  assert.ok(last.loss > 1.5 * floor.loss);
  assert.equal(last.details.windows.length, 2);
  assert.ok(last.details.sql! > 0);
});

Deno.test("ridge takes the candidate that was best one test period earlier", async () => {
  const task = module.configure(options, { tensors: noisy(90) });
  const past = earlier(task.panel);
  const [lookbacks, ridges] = [[1, 6, 12], [1e-3, 1e5]];
  const all = await Promise.all(lookbacks.flatMap((lookback) =>
    ridges.map(async (ridge) => {
      const { mase } = await scorePanel(past, fitRidge(past, lookback, ridge).forecaster);
      return { lookback, ridge, mase };
    })
  ));
  const [best] = all.toSorted((a, b) => a.mase - b.mase);
  assert.notEqual(best, all[0]);
  const { details, loss } = await scored(ridge, task, { lookbacks, ridges });
  assert.deepEqual([details.fit.lookback, details.fit.ridge], [best.lookback, best.ridge]);
  assert.equal(details.fit.validationMase, best.mase);
  const { mase } = await scorePanel(
    task.panel,
    fitRidge(task.panel, best.lookback, best.ridge).forecaster,
  );
  assert.equal(loss, mase);
  // One candidate is none to choose; without options it is the lookback of the task.
  const { details: { fit } } = await scored(ridge, task);
  assert.deepEqual([fit.lookback, fit.ridge, fit.validationMase], [6, 1e-5, undefined]);
});

Deno.test("a trained matrix forecasts as ridge with the same weights, and its excess is that over least squares", async () => {
  const task = module.configure({ ...options, levels: [0.5] }, { tensors: noisy(90) });
  const model = deepLinear.configure({ depth: 1 }, { signature: task.signature, layers: [] });
  const batch = task.source({ instance: 0, initialisation: 0, data: 0 }, 1, model)(7) as Record<
    string,
    Tensor
  >;
  assert.deepEqual(batch.gram.shape, [6, 6]);
  // Least squares in the basis of the batch: gram^-1 cross.
  const { Matrix, solve } = await import("ml-matrix");
  const rows = ({ data, shape: [n, m] }: Tensor) =>
    Array.from({ length: n }, (_, i) => Array.from(data.subarray(i * m, (i + 1) * m)));
  const A = new Matrix(rows(batch.gram)).add(Matrix.eye(6).mul(1e-7));
  const W = solve(A, new Matrix(rows(batch.cross)));
  const params = {
    first: { dtype: "float32", shape: [6, 3], data: Float32Array.from(W.to1DArray()) } as Tensor,
  };
  const runner = { model, params } as unknown as Runner;
  const { details, loss } = await task.evaluate(runner, 0, {}, {});
  const best = await scored(ridge, task);
  assert.ok(Math.abs(loss - best.loss) < 1e-3, `${loss} ${best.loss}`);
  const { excess, lookback } = (details as Details).fit;
  assert.ok(Math.abs(excess) < 1e-4, `${excess}`);
  assert.equal(lookback, 6);
  assert.ok(task.excess!(model, { first: { ...params.first, data: new Float32Array(18) } }) > 0.05);
});

Deno.test("what is no panel, and a model that is no matrix, are refused", () => {
  const configure = (given: object, tensors: Record<string, Tensor> = noisy(90)) =>
    module.configure({ ...options, ...given }, { tensors });
  assert.throws(() => configure({}, {}), /panel: the input `data` has no series/);
  assert.throws(() => module.configure(options), /no series/);
  const bad = tensor(Float64Array.of(1, NaN, 3));
  assert.throws(() => configure({}, { bad }), /series bad has the value NaN at row 2/);
  assert.throws(() => configure({ levels: [1] }), /panel.*levels/);
  assert.throws(() => configure({ seasons: 3 }), /panel.*seasons/);
  const task = configure({});
  const seed = { instance: 0, initialisation: 0, data: 0 };
  assert.throws(() => task.source(seed, 1, {} as Model), /panel: .*choose deep_linear/);
  assert.throws(() => module.protocol({ steps: 1 }), /panel protocol.*steps/);
});

const mirror = Deno.env.get("DEEP_LINEAR_MIRROR");
Deno.test({
  name: "ETT_1H: the scores of both naive forecasts that fev-bench publishes, to nine digits",
  ignore: !mirror,
  async fn() {
    const tensors: Record<string, Tensor> = {};
    for (const id of ["ETTh1", "ETTh2"]) {
      const { columns, channels } = readSeries(await Deno.readFile(`${mirror}/ett/${id}.csv`), id);
      columns.forEach((column, c) => tensors[`${id}/${column}`] = tensor(channels[c]));
    }
    const levels = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => tenth / 10);
    const task = module.configure(
      { season: 24, horizon: 168, windows: 20, lookback: 168, levels },
      { tensors },
    );
    for (
      const [name, reference] of [["Naive", naive], ["Seasonal Naive", seasonalNaive]] as const
    ) {
      const { details } = await scored(reference, task, { recent: 1000 });
      const { mase, sql } = published.models.find(({ model }) => model === name)!;
      assert.equal(details.mase.toFixed(10), mase.toFixed(10));
      assert.ok(Math.abs(details.sql! / sql - 1) < 2e-9, `${details.sql} ${sql}`);
    }
  },
});
