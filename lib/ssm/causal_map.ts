/**
 * @file The best causal linear map of the last k tokens (a finite impulse response filter), from the exact covariances of the
 * observations: no data, no sampling.
 */
import { forecastVariance, type Kalman, nextPatch } from "./kalman.ts";
import { cholesky, choleskySolveRows } from "../linalg/cholesky.ts";
import { type Matrix, multiply, multiplyTransposed } from "../linalg/matrix.ts";
import { advanceRows, conjugate } from "./modes.ts";
import type { System } from "./system.ts";

/**
 * W [taps, patch obs, patch obs] (newest token first; output, input) that minimises the expected loss of predicting the next
 * patch from the last `taps`, over all patches of y_1..y_T, T = `filter.length`: each offset's squared error is divided by
 * its Kalman variance, and what lies before y_1 is zero. Solves the normal equations
 * W sum_k w_k E[u_k u_k'] = sum_k w_k E[y_k u_k'] of each offset. Taps that no token of y_1..y_T reaches are zero.
 * @throws {RangeError} for taps that are no positive integer, or a patch that does not divide T.
 */
export function bestCausalMap(
  filter: Kalman,
  { patch, taps }: { patch: number; taps: number },
): { shape: number[]; data: Float64Array<ArrayBuffer> } {
  const { system, length } = filter;
  if (!Number.isInteger(taps) || taps < 1) {
    throw new RangeError(`bestCausalMap: taps = ${taps}: expected an integer of at least 1.`);
  }
  const forecasts = nextPatch(length, patch);
  if (length % patch !== 0) {
    throw new RangeError(`bestCausalMap: patch ${patch} does not divide the length ${length}.`);
  }
  const obs = system.obsDim;
  const width = patch * obs;
  const contexts = forecasts.contexts.length;
  const used = Math.min(taps, contexts);
  const variance = forecastVariance(filter, forecasts);
  const size = length * obs;
  const covariance = observationCovariance(system, length);
  const kernel = new Float64Array(taps * width * width);
  const n = used * width;
  for (let offset = 0; offset < patch; offset++) {
    const normal = new Float64Array(n * n);
    const right = new Float64Array(obs * n); // one row for each channel of the target
    for (let k = 1; k <= contexts; k++) {
      const weight = 1 / variance[(k - 1) * patch + offset];
      const seen = Math.min(used, k) * width;
      // Input i of the map is number `at(i)` among all observations: token lag, then place in the token.
      const at = (i: number) => (k - 1 - Math.floor(i / width)) * width + i % width;
      const target = k * width + offset * obs;
      for (let i = 0; i < seen; i++) {
        const row = at(i) * size;
        for (let j = 0; j <= i; j++) normal[i * n + j] += weight * covariance[row + at(j)];
        for (let c = 0; c < obs; c++) right[c * n + i] += weight * covariance[row + target + c];
      }
    }
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) normal[j * n + i] = normal[i * n + j];
    }
    const solution = choleskySolveRows(cholesky(normal, n), right, obs, n);
    for (let c = 0; c < obs; c++) {
      for (let i = 0; i < n; i++) {
        const tap = Math.floor(i / width);
        kernel[(tap * width + offset * obs + c) * width + i % width] = solution[c * n + i];
      }
    }
  }
  return { shape: [taps, width, width], data: kernel };
}

/**
 * E[y_t y_s'] for t, s = 1..T as one matrix [T obs, T obs], from x_0 = 0: H D^{t-s} P_s H' for t >= s, where
 * P_1 = V and P_{s+1} = D P_s D' + V.
 */
export function observationCovariance(system: System, length: number): Matrix {
  const { latentDim: n, obsDim: obs, modes, H, V } = system;
  const size = length * obs;
  const out = new Float64Array(size * size);
  const G: Matrix[] = [H]; // H D^lag
  for (let lag = 1; lag < length; lag++) {
    G.push(G[lag - 1].slice());
    advanceRows(modes, G[lag]);
  }
  const P = V.slice();
  for (let s = 0; s < length; s++) {
    const PH = multiplyTransposed(P, H, n, n, obs);
    for (let t = s; t < length; t++) {
      const block = multiply(G[t - s], PH, obs, n, obs);
      for (let i = 0; i < obs; i++) {
        for (let j = 0; j < obs; j++) {
          out[(t * obs + i) * size + s * obs + j] = block[i * obs + j];
          out[(s * obs + j) * size + t * obs + i] = block[i * obs + j];
        }
      }
    }
    conjugate(modes, P);
    for (let i = 0; i < P.length; i++) P[i] += V[i];
  }
  return out;
}
