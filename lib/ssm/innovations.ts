/**
 * @file Sequences of a system from its innovations form: y_t = H z_t + S_t^{1/2} e_t, z_{t+1} = D (z_t + K_t (y_t - H z_t)),
 * with z the filter's prediction of the state. The distribution of y is exactly that of the definition (simulate.ts), but a token
 * takes obs normals instead of n: most of the work where few dimensions are observed (`deno task bench kalman`).
 */
import type { Kalman } from "./kalman.ts";
import { cholesky } from "../linalg/cholesky.ts";
import type { Matrix } from "../linalg/matrix.ts";
import { advance } from "./modes.ts";
import { fillNormals, fold, type Key, keyOf } from "../random/random.ts";
import type { Float64Tensor } from "../tensor/tensor.ts";
import { observe, type SimulateOptions } from "./simulate.ts";

/** Draws sequences of the system of one filter; made once, used for every batch. */
export function innovationsSampler(
  filter: Kalman,
): (key: number | Key, options: SimulateOptions) => Float64Tensor {
  const { system: { obsDim: obs } } = filter;
  const roots = filter.S.map((S) => cholesky(S, obs));
  return (key, { batch, length, first = 0 }) => {
    for (const [name, value] of Object.entries({ batch, length })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new RangeError(`sampler: ${name} = ${value}: expected an integer of at least 1.`);
      }
    }
    if (length > filter.length) {
      throw new RangeError(
        `sampler: length ${length}, but the filter was made for ${filter.length}. Use kalman(system, ${length}).`,
      );
    }
    const parent = typeof key === "number" ? keyOf(key) : key;
    const size = length * obs;
    const data = new Float64Array(batch * size);
    for (let b = 0; b < batch; b++) {
      const y = data.subarray(b * size, (b + 1) * size);
      fillNormals(fold(parent, first + b), y);
      drive(filter, roots, y);
    }
    return { dtype: "float64", shape: [batch, length, obs], data };
  };
}

/** Replaces standard normals [T, obs] by the observations that they drive. */
function drive({ system, K }: Kalman, roots: readonly Matrix[], y: Float64Array): void {
  const { latentDim: n, obsDim: obs, modes, H } = system;
  const z = new Float64Array(n);
  const prediction = new Float64Array(obs);
  const innovation = new Float64Array(obs);
  for (let t = 0, at = 0; at < y.length; t++, at += obs) {
    const root = roots[t];
    const gain = K[t];
    observe(H, z, prediction, 0);
    for (let i = 0; i < obs; i++) {
      let sum = 0;
      for (let j = 0; j <= i; j++) sum += root[i * obs + j] * y[at + j];
      innovation[i] = sum;
    }
    for (let i = 0; i < obs; i++) y[at + i] = prediction[i] + innovation[i];
    for (let i = 0, k = 0; i < n; i++) {
      for (let j = 0; j < obs; j++, k++) z[i] += gain[k] * innovation[j];
    }
    advance(modes, z);
  }
}
