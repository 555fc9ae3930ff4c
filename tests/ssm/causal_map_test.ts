/** @file The best causal map and the covariances it comes from, against dense linear algebra. */
import assert from "node:assert/strict";
import { Matrix, solve } from "ml-matrix";
import {
  bestCausalMap,
  createSystem,
  kalman,
  nextPatch,
  observationCovariance,
  type SystemOptions,
} from "../../lib/ssm/mod.ts";
import { difference, jointCovariance, posterior } from "./oracle.ts";

const systems: SystemOptions[] = [
  { latentDim: 1, obsDim: 1 },
  { latentDim: 4, obsDim: 3, sigma: 2 },
  { latentDim: 7, obsDim: 2, lambda: 0.98, structure: "dense", condition: 10 },
];

Deno.test("the covariance of the observations is that of the definition in the original coordinates", () => {
  for (const options of systems) {
    const system = createSystem(3, options);
    for (const length of [1, 2, 9]) {
      const want = jointCovariance(system, length).to1DArray();
      assert.ok(difference(observationCovariance(system, length), want) < 1e-12);
    }
  }
});

/**
 * Weighted least squares over the places where a patch follows, output by output, with what lies before the first token as
 * zeros: the definition of the map, with a dense matrix that selects the inputs.
 */
function definition(options: SystemOptions, length: number, patch: number, taps: number) {
  const system = createSystem(3, options);
  const obs = system.obsDim;
  const width = patch * obs;
  const R = jointCovariance(system, length);
  const { contexts } = nextPatch(length, patch);
  const reach = Math.min(taps, contexts.length);
  const kernel = new Float64Array(taps * width * width);
  for (let out = 0; out < width; out++) {
    let normal = Matrix.zeros(reach * width, reach * width);
    let right = Matrix.zeros(reach * width, 1);
    for (const context of contexts) {
      const target = context + Math.floor(out / obs) + 1;
      const weight = obs / posterior(R, obs, context, target).covariance.trace();
      const U = Matrix.zeros(reach * width, length * obs);
      for (let tap = 0; tap < reach && (tap + 1) * patch <= context; tap++) {
        for (let i = 0; i < width; i++) {
          U.set(tap * width + i, (context - (tap + 1) * patch) * obs + i, 1);
        }
      }
      const UR = U.mmul(R);
      normal = normal.add(UR.mmul(U.transpose()).mul(weight));
      right = right.add(UR.subMatrixColumn([context * obs + out]).mul(weight));
    }
    solve(normal, right).to1DArray().forEach((w, i) => {
      kernel[(Math.floor(i / width) * width + out) * width + i % width] = w;
    });
  }
  return kernel;
}

for (
  const [length, patch, taps] of [[2, 1, 1], [6, 1, 2], [5, 1, 4], [6, 2, 1], [9, 3, 2], [6, 2, 5]]
) {
  Deno.test(`the best map of ${taps} patches of ${patch} solves weighted least squares over ${length} tokens`, () => {
    for (const options of systems) {
      const filter = kalman(createSystem(3, options), length);
      const { shape, data } = bestCausalMap(filter, { patch, taps });
      const width = patch * filter.system.obsDim;
      assert.deepEqual(shape, [taps, width, width]);
      const want = definition(options, length, patch, taps);
      assert.ok(difference(data, want) < 1e-8, `${difference(data, want)}`);
    }
  });
}

Deno.test("a map of everything that was seen is the Kalman filter at the last token", () => {
  // With a single context there is one regression, whose solution is the conditional expectation.
  const filter = kalman(createSystem(6, { latentDim: 3, obsDim: 1, lambda: 0.95 }), 2);
  const R = observationCovariance(filter.system, 2);
  assert.ok(
    Math.abs(bestCausalMap(filter, { patch: 1, taps: 1 }).data[0] - R[2] / R[0]) < 1e-12,
  );
});

Deno.test("a map without taps, and patches that do not divide the sequence, are refused", () => {
  const filter = kalman(createSystem(0, { latentDim: 2, obsDim: 1 }), 8);
  for (const taps of [0, -1, 1.5, NaN]) {
    assert.throws(
      () => bestCausalMap(filter, { patch: 1, taps }),
      new RegExp(`taps = ${taps}: expected an integer of at least 1`),
    );
  }
  assert.throws(
    () => bestCausalMap(filter, { patch: 3, taps: 1 }),
    /patch 3 does not divide the length 8/,
  );
  assert.throws(() => bestCausalMap(filter, { patch: 8, taps: 1 }), /half the length 8/);
});
