/** @file Paths of early stopping against heavy-ball descent written out in float64; made series; pilots. */
import assert from "node:assert/strict";
import { multiply, transpose } from "../../../lib/linalg/matrix.ts";
import { init } from "../../../lib/models/deep_linear.ts";
import { initialised } from "../../../lib/models/initialisations.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { task as forecasting } from "../../../lib/tasks/forecasting/forecasting.ts";
import { lowRankTwin } from "../../../lib/tasks/forecasting/low_rank_twin.ts";
import { centre, trainingLoss, trainingMoments } from "../../../lib/tasks/forecasting/moments.ts";
import { solveLeastSquares } from "../../../lib/tasks/forecasting/references/ols.ts";
import { validationError } from "../../../lib/tasks/forecasting/validation_error.ts";
import { pilot } from "../../../pipeline/estimate/pilots/early_stop.ts";
import { pilot as seriesPilot } from "../../../pipeline/estimate/pilots/simulate_series.ts";
import * as earlyStop from "../../../pipeline/stages/early_stop.ts";
import * as simulate from "../../../pipeline/stages/simulate_series.ts";
import { artifact, runStage } from "./run_stage.ts";

const e = normals(keyOf(1), 90);
const csv = "y\n" + Array.from(e, (z, t) => Math.sin(t / 3) + 0.3 * z).join("\n") + "\n";
const options = { dataset: "made", split: "70/10/20", lookback: 5, horizon: 3 };
const task = { name: "forecasting", options };
const params = {
  ...{ task, depth: 3, starts: [0.1], initialisation: 4 },
  ...{ steps: 40, every: 10, momentum: 0.8, share: 0.4 },
};
const usual = { ...params, initialiser: "balanced", optimiser: "momentum" } as const;
const run = (own: object = {}) =>
  runStage(earlyStop, { ...params, ...own }, {
    inputs: { data: artifact({ files: { data: csv } }) },
  });
const { problem } = forecasting.configure(options, { text: csv });
const covariances = centre(trainingMoments(problem));
const error = validationError(problem, covariances);

type Matrix = { data: Float64Array<ArrayBuffer>; rows: number; columns: number };
const times = (a: Matrix, b: Matrix): Matrix => ({
  data: multiply(a.data, b.data, a.rows, a.columns, b.columns),
  ...{ rows: a.rows, columns: b.columns },
});
const flip = ({ data, rows, columns }: Matrix): Matrix => ({
  data: transpose(data, rows, columns),
  ...{ rows: columns, columns: rows },
});

/** The products after every ten steps. */
function naive(depth: number, start: number, rate: number, steps: number): Float64Array[] {
  const { first, hidden, last } = init(keyOf(4), { lookback: 5, horizon: 3, depth }, start);
  const matrix = (data: ArrayLike<number>, rows: number, columns: number): Matrix => ({
    data: Float64Array.from(data),
    ...{ rows, columns },
  });
  const layers = depth === 1 ? [matrix(first.data, 5, 3)] : [
    matrix(first.data, 5, 3),
    ...Array.from(
      { length: depth - 2 },
      (_, l) => matrix(hidden!.data.subarray(9 * l, 9 * l + 9), 3, 3),
    ),
    matrix(last!.data, 3, 3),
  ];
  const velocity = layers.map(({ data }) => new Float64Array(data.length));
  const product = (from: Matrix[]) => from.reduce(times);
  const seen: Float64Array[] = [];
  for (let step = 1; step <= steps; step++) {
    const GM = multiply(covariances.G, product(layers).data, 5, 5, 3);
    const slope = matrix(GM.map((v, k) => 2 / 3 * (v - covariances.C[k])), 5, 3);
    const gradients = layers.map((_, l) => {
      const before = layers.slice(0, l), after = layers.slice(l + 1);
      const left = before.length ? times(flip(product(before)), slope) : slope;
      return after.length ? times(left, flip(product(after))) : left;
    });
    layers.forEach(({ data }, l) => {
      for (let k = 0; k < data.length; k++) {
        velocity[l][k] = 0.8 * velocity[l][k] - rate * gradients[l].data[k];
        data[k] += velocity[l][k];
      }
    });
    if (step % 10 === 0) seen.push(product(layers).data.slice());
  }
  return seen;
}

const naiveStart = (start: number) =>
  Float64Array.from(init(keyOf(4), { lookback: 5, horizon: 3, depth: 1 }, start).first.data);

function near(got: number, want: number, within = 1e-5): void {
  assert.ok(Math.abs(got - want) <= within * Math.abs(want), `${got}, ${want}`);
}

Deno.test("a path is heavy-ball descent from a balanced start; its best map on validation is kept and scored", async () => {
  for (const depth of [1, 2, 4]) {
    const { scores, scalars } = await run({ depth }).then((r) => ({
      scores: r.json("scores.json"),
      scalars: r.scalars,
    }));
    const X = solveLeastSquares(covariances);
    const rate = 0.4 * earlyStop.stableRate(covariances, X, depth);
    near(scores.fit.rate, rate, 1e-12);
    const products = naive(depth, 0.1, rate, 40);
    const wanted = products.map(error);
    assert.equal(scores.path.length, 4);
    scores.path.forEach((place: { step: number; validation: number; start: number }, k: number) => {
      assert.deepEqual([place.step, place.start], [10 * (k + 1), 0.1]);
      near(place.validation, wanted[k]);
    });
    const best = wanted.indexOf(Math.min(...wanted));
    assert.deepEqual([scores.fit.step, scores.fit.edge], [10 * (best + 1), best === 3 ? 1 : 0]);
    near(scores.fit.validation, wanted[best]);
    near(scores.validation.mse, wanted[best]);
    near(scores.fit.trainingLoss, trainingLoss(covariances, products[best]));
    assert.equal(scalars.loss, scores.test.mse);
  }
});

Deno.test("the best of several starts is kept; a width is a bottleneck", async () => {
  const both = await run({ starts: [0.1, 0.5] });
  const { path, fit } = both.json("scores.json");
  assert.deepEqual(path.map(({ start }: { start: number }) => start), [
    ...Array(4).fill(0.1),
    ...Array(4).fill(0.5),
  ]);
  assert.equal(
    fit.validation,
    Math.min(...path.map((place: { validation: number }) => place.validation)),
  );
  assert.deepEqual(both.progress.at(-1), [8, 8]);
  const narrow = (await run({ width: 1 })).json("scores.json");
  assert.notEqual(narrow.path[0].validation, path[0].validation);
});

Deno.test("other starts and wider layers; at the identity a path starts from the product of near-identity layers", async () => {
  for (const initialiser of ["orthogonal", "xavier", "identity"] as const) {
    const own = {
      initialiser,
      width: 4,
      depth: 2,
      starts: [0.3],
      steps: 10,
      every: 10,
      momentum: 0,
    };
    // At a rate of nearly nothing the path stays at its start.
    const still = await run({ ...own, share: 1e-12 });
    const [A, B] = initialised(initialiser, keyOf(4), [5, 4, 3]);
    const product = multiply(A, B, 5, 4, 3).map((value) => 0.3 * value);
    near(still.json("scores.json").path[0].validation, error(product));
  }
  await assert.rejects(run({ width: 4, depth: 2 }), /Wider layers cannot be balanced/);
});

Deno.test("Adam moves every entry by about the rate at first, and then nears least squares", async () => {
  const own = { depth: 1, optimiser: "adam", starts: [0.1], share: 0.3, every: 1, steps: 1 };
  const { fit, path } = (await run(own)).json("scores.json");
  near(fit.rate, 0.3 / 3, 1e-12);
  const start = naiveStart(0.1);
  const slope = multiply(covariances.G, start, 5, 5, 3).map((v, k) => v - covariances.C[k]);
  const moved = start.map((value, k) => value - 0.1 * Math.sign(slope[k]));
  near(path[0].validation, error(moved), 1e-4);
  const long = (await run({ ...own, share: 0.03, every: 50, steps: 600 })).json("scores.json");
  near(long.path.at(-1).validation, error(solveLeastSquares(covariances)), 0.02);
});

Deno.test("the stable rate is 2 over the curvature of the aligned largest directions", () => {
  // G = diag(4, 1), X = diag(3, 1): the largest directions are one.
  const G = Float64Array.of(4, 0, 0, 1), X = Float64Array.of(3, 0, 0, 1);
  const own = { G, lookback: 2, horizon: 2 } as Parameters<typeof earlyStop.stableRate>[0];
  for (const depth of [1, 2, 5]) {
    near(earlyStop.stableRate(own, X, depth), 2 / (4 * depth * 9 ** (1 - 1 / depth)), 1e-12);
  }
});

Deno.test("a path that diverges ends there; where all do, the job fails and says what to change", async () => {
  await assert.rejects(
    run({ share: 1e9 }),
    /every path diverged before step 10 .* lower share 1000000000/,
  );
  const some = await run({ starts: [0.1, 1e8] });
  assert.match(some.logged.join("\n"), /start 100000000: diverged before step \d+/);
  assert.equal(some.json("scores.json").fit.start, 0.1);
});

Deno.test("a made series is a CSV of the twin", async () => {
  const own = { rows: 4, columns: 2, modes: 1, noise: 0.5, seed: 3 };
  const { files } = await runStage(simulate as never, own);
  const [a, b] = lowRankTwin(keyOf(3), own);
  const lines = ["y0,y1", ...[0, 1, 2, 3].map((t) => `${a[t]},${b[t]}`), ""];
  assert.equal(files.data, lines.join("\n"));
});

Deno.test("pilots: three looks of one path; what is made is measured whole", () => {
  const given = { ...usual, starts: [0.1, 0.2] };
  const { class: own, ...rest } = pilot(given);
  assert.deepEqual(rest, { params: { ...given, starts: [0.1], steps: 30 }, units: 3, of: 8 });
  assert.deepEqual(pilot({ ...given, share: 1, momentum: 0, steps: 15 }).class, own);
  assert.deepEqual([pilot({ ...given, steps: 15 }).units, pilot({ ...given, steps: 15 }).of], [
    2,
    4,
  ]);
  const series = { rows: 4, columns: 2, modes: 1, noise: 0.5, seed: 3 };
  assert.deepEqual(seriesPilot(series), {
    class: { rows: 4, columns: 2, modes: 1 },
    ...{ params: series, units: 1, of: 1 },
  });
});
