import assert from "node:assert/strict";
import { EVD, Matrix, solve } from "ml-matrix";
import {
  createSystem,
  expectedLoss,
  forecastVariance,
  kalman,
  nextPatch,
  oneStep,
  predictiveCovariance,
  steadyState,
  type SystemOptions,
  zeroVariance,
} from "../../lib/ssm/mod.ts";
import { difference, jointCovariance, matrix, posterior } from "./oracle.ts";

const systems: SystemOptions[] = [
  { latentDim: 1, obsDim: 1 },
  { latentDim: 2, obsDim: 2, lambda: 0.99 },
  { latentDim: 5, obsDim: 2, lambda: 0.98 },
  { latentDim: 8, obsDim: 3, sigma: 0.3, structure: "dense", condition: 1, observation: "redrawn" },
  { latentDim: 7, obsDim: 1, lambda: 0.99, structure: "dense", condition: 100 },
  { latentDim: 64, obsDim: 2, lambda: 0.96, structure: "dense", condition: 10 },
];

Deno.test("S_t and every h-step covariance equal the dense joint Gaussian posterior to 1e-8", () => {
  for (const options of systems) {
    const system = createSystem(4, options);
    const [length, reach, obs] = [10, 14, system.obsDim];
    const joint = jointCovariance(system, reach);
    const filter = kalman(system, length);
    for (let context = 0; context <= length; context++) {
      const horizons = Array.from({ length: reach - context }, (_, i) => i + 1);
      const [row] = predictiveCovariance(filter, { contexts: [context], horizons });
      horizons.forEach((h, i) => {
        const { covariance } = posterior(joint, obs, context, context + h);
        assert.ok(difference(row[i], covariance.to1DArray()) < 1e-8);
        if (h === 1 && context < length) {
          assert.ok(difference(filter.S[context], covariance.to1DArray()) < 1e-8);
        }
      });
    }
  }
});

Deno.test("losses are traces over obs: one step, h steps, and zero as the filter that saw nothing", () => {
  const system = createSystem(4, { latentDim: 6, obsDim: 3 });
  const filter = kalman(system, 9);
  const joint = jointCovariance(system, 12);
  const forecasts = { contexts: [2, 9], horizons: [1, 3] };
  const variance = forecastVariance(filter, forecasts);
  const zero = zeroVariance(filter, forecasts);
  [[2, 1], [2, 3], [9, 1], [9, 3]].forEach(([context, h], i) => {
    const { covariance } = posterior(joint, 3, context, context + h);
    const own = posterior(joint, 3, 0, context + h).covariance;
    assert.ok(Math.abs(variance[i] - covariance.trace() / 3) < 1e-12);
    assert.ok(Math.abs(zero[i] - own.trace() / 3) < 1e-12);
  });
  assert.ok(
    difference(expectedLoss(filter).subarray(1), forecastVariance(filter, oneStep(9))) < 1e-14,
  );
});

Deno.test("P_t stays symmetric and positive semidefinite, and filtering leaves nothing unknown of y_t", () => {
  const system = createSystem(0, { lambda: 0.99, structure: "dense", condition: 100 });
  const filter = kalman(system, 256);
  const H = matrix(system.H, 2, 64);
  for (const t of [1, 2, 33, 256]) {
    const P = matrix(filter.P[t], 64, 64);
    assert.equal(Matrix.sub(P, P.transpose()).norm(), 0);
    const V = matrix(system.V, 64, 64);
    const { realEigenvalues } = new EVD(Matrix.sub(P, V), { assumeSymmetric: true });
    assert.ok(Math.min(...realEigenvalues) > -1e-12 * Math.max(...realEigenvalues)); // D P_{t|t} D'
    const K = matrix(filter.K[t - 1], 64, 2);
    assert.ok(Matrix.sub(H.mmul(K), Matrix.eye(2)).norm() < 1e-10); // H K = I, so H z_{t|t} = y_t
  }

  // Far worse than any experiment: here P - K H P is negative by 2e-4, Joseph's form by 1e-6.
  const hard = createSystem(1, {
    latentDim: 32,
    obsDim: 31,
    lambda: 0.99,
    structure: "dense",
    condition: 1e6,
  });
  for (const P of kalman(hard, 30).P.slice(1)) {
    const known = Matrix.sub(matrix(P, 32, 32), matrix(hard.V, 32, 32));
    const { realEigenvalues } = new EVD(known, { assumeSymmetric: true });
    assert.ok(Math.min(...realEigenvalues) > -1e-5 * Math.max(...realEigenvalues));
  }
});

Deno.test("the steady state solves the discrete algebraic Riccati equation in the original coordinates", () => {
  for (const options of [{}, { lambda: 0.99 }, ...systems]) {
    const system = createSystem(5, options);
    const { latentDim: n, obsDim: obs, sigma } = system;
    const steady = steadyState(system);
    const [A, M, C] = [matrix(system.A, n, n), matrix(system.M, n, n), matrix(system.C, obs, n)];
    const P = M.mmul(matrix(steady.P, n, n)).mmul(M.transpose());
    const PC = P.mmul(C.transpose());
    const reduced = Matrix.sub(P, PC.mmul(solve(C.mmul(PC), PC.transpose())));
    const right = A.mmul(reduced).mmul(A.transpose()).add(Matrix.eye(n).mul(sigma ** 2));
    assert.ok(Matrix.sub(P, right).norm() < 1e-10 * P.norm(), JSON.stringify(options));
    assert.ok(Math.abs(steady.loss - C.mmul(PC).trace() / obs) < 1e-10);
  }
  const system = createSystem(5);
  const loss = expectedLoss(kalman(system, 600));
  assert.ok(Math.abs(loss[599] - steadyState(system).loss) < 1e-12);
  // The certainty that x_0 = 0 gave is forgotten.
  for (let t = 1; t < 600; t++) assert.ok(loss[t] >= loss[t - 1] - 1e-13);
  // It settles within exactly so many steps, and not within one less.
  const { steps } = steadyState(system);
  assert.deepEqual(steadyState(system, steps), steadyState(system));
  assert.throws(
    () => steadyState(system, steps - 1),
    new RegExp(
      `not settled after ${
        steps - 1
      } steps \\(lambda 0.9, condition 1\\).*Use kalman\\(system, T\\)`,
    ),
  );
});

Deno.test("a state that is seen completely is known at once: S = H V H', K = H^-1, next P = V", () => {
  for (const n of [1, 3]) {
    const system = createSystem(2, { latentDim: n, obsDim: n, sigma: 1.5 });
    const steady = steadyState(system);
    assert.ok(steady.steps <= 2);
    const H = matrix(system.H, n, n);
    const S = H.mmul(H.transpose()).mul(2.25);
    const I = Matrix.eye(n);
    const filter = kalman(system, 3);
    assert.deepEqual([filter.length, filter.S.length, filter.K.length, filter.P.length], [
      3,
      3,
      3,
      4,
    ]);
    for (const step of [steady, { S: filter.S[2], K: filter.K[2], P: filter.P[3] }]) {
      assert.ok(difference(step.S, S.to1DArray()) < 1e-11);
      assert.ok(difference(H.mmul(matrix(step.K, n, n)).to1DArray(), I.to1DArray()) < 1e-11);
      assert.ok(difference(step.P, system.V) < 1e-11);
    }
    assert.ok(Math.abs(steady.loss - S.trace() / n) < 1e-11);
  }
});

Deno.test("channels that repeat one another are refused, with the reason", () => {
  const system = createSystem(0, { latentDim: 3, obsDim: 2 });
  const row = system.H.slice(0, 3);
  const twice = { ...system, H: Float64Array.of(...row, ...row) };
  assert.throws(() => kalman(twice, 1), (error: Error) => {
    assert.match(error.message, /S_t is singular: the rows of C are dependent/);
    assert.match((error.cause as Error).message, /pivot 2 of 2/);
    return true;
  });
});

Deno.test("condition 1 with matched C has the S_t of the diagonal system; 10 and 100 have others", () => {
  const loss = (options: SystemOptions) =>
    expectedLoss(kalman(createSystem(3, { lambda: 0.96, ...options }), 64));
  const diagonal = loss({});
  assert.ok(difference(loss({ structure: "dense", condition: 1 }), diagonal) < 1e-12);
  for (const condition of [10, 100]) {
    assert.ok(difference(loss({ structure: "dense", condition }), diagonal) > 1e-3);
    const redrawn = loss({ structure: "dense", condition, observation: "redrawn" });
    assert.ok(difference(redrawn, diagonal) > 1e-2);
  }
});

Deno.test("which forecasts: one step, patches, and what is refused", () => {
  for (const length of [1, 2.5, NaN]) {
    assert.throws(
      () => oneStep(length),
      new RegExp(`length = ${length}: expected an integer of at least 2`),
    );
  }
  assert.deepEqual(oneStep(2), { contexts: [1], horizons: [1] });
  assert.deepEqual(oneStep(3), { contexts: [1, 2], horizons: [1] });
  assert.deepEqual(nextPatch(11, 4), { contexts: [4], horizons: [1, 2, 3, 4] });
  assert.deepEqual(nextPatch(12, 4).contexts, [4, 8]);
  assert.deepEqual(nextPatch(5, 1), oneStep(5));
  assert.deepEqual(nextPatch(8, 4).contexts, [4]);
  for (const patch of [5, 0, -1, 1.5, NaN]) {
    assert.throws(
      () => nextPatch(8, patch),
      new RegExp(`patch = ${patch}: expected an integer from 1 to half the length 8`),
    );
  }
  const filter = kalman(createSystem(0, { latentDim: 3 }), 4);
  const refused = (contexts: number[], horizons: number[], message: RegExp) =>
    assert.throws(() => forecastVariance(filter, { contexts, horizons }), message);
  for (const context of [5, -1, 1.5, NaN]) {
    refused(
      [1, context],
      [1],
      new RegExp(`context ${context}: expected an integer from 0 to .* 4`),
    );
  }
  for (const horizon of [0, -1, 1.5, NaN]) {
    refused([1], [2, horizon], new RegExp(`horizon ${horizon}: expected an integer of at least 1`));
  }
  refused([], [1], /at least one context and one horizon/);
  refused([1], [], /at least one context and one horizon/);
  assert.equal(forecastVariance(filter, { contexts: [0, 4], horizons: [9] }).length, 2);
  for (const length of [0, -1, 1.5, NaN]) {
    assert.throws(
      () => kalman(createSystem(0), length),
      new RegExp(`length = ${length}: expected an integer of at least 1`),
    );
  }
});
