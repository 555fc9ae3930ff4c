/** @file Studies of linear recurrences against closed forms, differences by hand, and sums over the sequence itself. */
import assert from "node:assert/strict";
import { study as frequencyDomain } from "../../../lib/dynamics/studies/frequency_domain.ts";
import { study as network } from "../../../lib/dynamics/studies/network_after_recurrence.ts";
import { type Path, study as outlier } from "../../../lib/dynamics/studies/outlier_eigenvalue.ts";
import { study as perturbed } from "../../../lib/dynamics/studies/perturbed_memory.ts";
import { study as reservoir } from "../../../lib/dynamics/studies/reservoir_memory.ts";
import type { StudyModule } from "../../../lib/dynamics/study.ts";
import { fold, keyOf, normals } from "../../../lib/random/random.ts";

/** Runs a study; what it reports as done must be part of a whole. */
function run(study: StudyModule, options: object, seed = 0) {
  return study.configure(options).run(seed, {}, (done, total) => assert.ok(done <= total));
}
const near = (a: number, b: number, within: number) =>
  assert.ok(Math.abs(a - b) <= within, `${a}, ${b}`);

Deno.test("reservoirs: the rank counts driven states of different angles once, and so much is remembered", () => {
  const cases: [options: object, rank: number, states: number][] = [
    [{ pairs: 1 }, 2, 2],
    [{ pairs: 2, copies: 3 }, 4, 12],
    [{ pairs: 1, silent: 2 }, 2, 6],
  ];
  for (const [options, rank, states] of cases) {
    const { scalars, details } = run(reservoir, { ...options, length: 6000 });
    assert.deepEqual([scalars.expected, (details as { states: number }).states], [rank, states]);
    near(scalars.measured, rank, 0.04 * rank);
    near(scalars.deviation, Math.abs(scalars.measured - rank) / rank, 1e-15);
  }
});

Deno.test("reservoirs: what few times explain by chance is not remembered; what is not finite is refused", () => {
  // By chance 67 lags of two regressors explain .13 of 1,000 times.
  const found = [0, 1, 2, 3, 4, 5].map((seed) =>
    run(reservoir, { pairs: 1, length: 1000 }, seed).scalars.measured
  );
  near(found.reduce((sum, value) => sum + value, 0) / 6, 2, 0.14);
  assert.throws(() => reservoir.configure({ pairs: 1, radius: 1 }), /radius/);
});

Deno.test("perturbed memories: one decay is fitted, changed up and down, and compared as by hand", () => {
  const length = 64;
  const memory = Array.from({ length }, (_, lag) => (1 + lag) ** -1.5);
  const all = memory.reduce((sum, value) => sum + value, 0);
  const [top, bottom] = memory.reduce(
    ([a, b], value, lag) => [a + value * Math.exp(-2 * lag), b + Math.exp(-4 * lag)],
    [0, 0],
  );
  const errorOf = (eigenvalue: number) =>
    memory.reduce(
      (sum, value, lag) => sum + Math.abs(top / bottom * eigenvalue ** lag - value),
      0,
    ) / all;
  const values = { eigenvalue: (by: number) => Math.exp(-2) + by };
  const both = { ...values, "log rate": (by: number) => Math.exp(-2 * Math.exp(by)) };
  for (const [parameter, changed] of Object.entries(both)) {
    const options = { states: 1, parameter, length, change: 0.05 };
    const { scalars } = run(perturbed, options);
    near(scalars.expected, errorOf(Math.exp(-2)), 1e-12);
    near(
      scalars.measured,
      Math.max(errorOf(changed(0.05)), errorOf(changed(-0.05))),
      1e-12,
    );
  }
});

Deno.test("perturbed memories: slow decays come nearer, and leave where eigenvalues are changed", () => {
  const at = (states: number, parameter: string) =>
    run(perturbed, { states, parameter, length: 512, draws: 8 }).scalars;
  const [few, many] = [at(3, "log rate"), at(9, "log rate")];
  assert.ok(many.expected < few.expected / 2 && many.measured < few.measured / 2);
  // The slowest rate of nine is 2^-7, below the change of .01: the eigenvalue passes 1.
  assert.equal(at(9, "eigenvalue").expected, many.expected);
  assert.ok(at(9, "eigenvalue").measured > 2 * at(3, "eigenvalue").measured);
  assert.throws(() => perturbed.configure({ states: 3, parameter: "pole" }), /parameter/);
});

Deno.test("the outlier: one step is down the gradient, by differences of the loss", () => {
  const options = { states: 2, spread: 0.5, lags: 3, rate: 0.05, steps: 1, points: 1, kept: 0.8 };
  const key = keyOf(4);
  const W = Array.from(normals(fold(key, 0), 4), (value) => 0.5 * value / Math.SQRT2);
  const drawn = normals(fold(key, 1), 2);
  const r = Array.from(drawn, (value) => value / Math.hypot(...drawn));
  const loss = ([a, b, c, d]: number[]) => {
    let [x, y] = r;
    let sum = 0;
    for (let k = 1; k <= 3; k++) {
      [x, y] = [a * x + b * y, c * x + d * y];
      sum += (r[0] * x + r[1] * y - 0.8 ** k) ** 2 / 2;
    }
    return sum;
  };
  const h = 1e-5;
  const moved = W.map((value, at) => {
    const by = (step: number) => loss(W.map((other, i) => i === at ? value + step : other));
    return value - 0.05 * (by(h) - by(-h)) / (2 * h);
  });
  const [a, b, c, d] = moved;
  const root = Math.sqrt(Math.max(0, ((a - d) / 2) ** 2 + b * c));
  const { scalars, details } = run(outlier, options, 4);
  near(scalars.measured, (a + d) / 2 + root, 1e-8);
  const w = r[0] * (W[0] * r[0] + W[1] * r[1]) + r[1] * (W[2] * r[0] + W[3] * r[1]);
  const slope = [1, 2, 3].reduce((sum, k) => sum + k * w ** (k - 1) * (w ** k - 0.8 ** k), 0);
  near(scalars.expected, w - 0.05 * slope, 1e-12);
  assert.deepEqual((details as Path).times, [0.05]);
});

Deno.test("the outlier: beside weights of no size the path is that of one state, and ends at what is kept", () => {
  const small = { states: 5, lags: 20, steps: 1500, kept: 0.8, rate: 0.01, points: 4 };
  const { scalars, details } = run(outlier, { ...small, spread: 1e-7 });
  near(scalars.measured, 0.8, 1e-3);
  assert.ok(scalars.deviation < 1e-5, `${scalars.deviation}`);
  const { times, outlier: path, theory } = details as Path;
  assert.deepEqual(times.map((time) => Math.round(time / 0.01)), [375, 750, 1125, 1500]);
  assert.ok(run(outlier, { ...small, spread: 0.5 }).scalars.deviation > 1e-3);
  assert.equal(scalars.deviation, Math.max(...path.map((x, i) => Math.abs(x - theory[i]))));
});

Deno.test("spectra: their means are those of the periodic sequence, and half is learned when the logistic curve says", () => {
  const length = 16;
  const noise = [0, 1].map((i) => normals(fold(keyOf(3), i), length));
  // Forty periods of the past.
  const filtered = (u: ArrayLike<number>, a: number) =>
    Array.from({ length }, (_, t) => {
      let sum = 0;
      for (let k = 0; k < 40 * length; k++) {
        sum += a ** k * u[((t - k) % length + length) % length];
      }
      return sum;
    });
  const input = filtered(noise[0], 0.5);
  const target = filtered(input, 0.4).map((value, t) => value + 0.3 * noise[1][t]);
  const state = filtered(input, 0.8);
  const meanOf = (a: number[]) => a.reduce((sum, x, t) => sum + x * state[t], 0) / length;
  const found = run(frequencyDomain, { states: 3, length, share: 0.02 }, 3);
  const { sigma, eta } = found.details as { sigma: number; eta: number };
  near(sigma, meanOf(state), 1e-9);
  near(eta, meanOf(target), 1e-9);
  near(found.scalars.expected, Math.log(eta / sigma / (3 * 0.05 ** 2) - 1), 1e-6);
  near(found.scalars.measured, found.scalars.expected, 0.1);
  const finer = run(frequencyDomain, { states: 3, length, share: 0.01 }, 3).scalars.deviation;
  const ratio = found.scalars.deviation / finer;
  assert.ok(ratio > 1.7 && ratio < 2.3 && finer < 0.01, `${ratio} ${finer}`);
});

Deno.test("networks: a linear readout explains nothing of a product, hidden units most of it", () => {
  const of = (hidden: number) =>
    run(network, { hidden, states: 4, length: 500, evaluations: 150 }, 1).scalars;
  const [linear, some] = [of(0), of(10)];
  // Nine parameters explain of 500 times what chance gives.
  assert.ok(linear.measured < 0.05 && linear.loss > 0.9 && linear.loss < 1);
  assert.ok(some.loss < 0.3 && some.measured > 0.5, `${some.loss} ${some.measured}`);
  assert.throws(() => network.configure({ hidden: -1 }), /hidden/);
});
