/**
 * @file Draws sequences of a system by its definition: state noise in, observations out, in modal
 * coordinates.
 */
import type { Matrix } from "../linalg/matrix.ts";
import type { Float64Tensor } from "../tensor/tensor.ts";
import { advance } from "./modes.ts";
import { fillNormals, fold, type Key, keyOf } from "../random/random.ts";
import type { System } from "./system.ts";

/** How many sequences, how long, and which. */
export interface SimulateOptions {
  /** Number of sequences. */
  batch: number;
  /** T: tokens y_1 .. y_T of each. A rollout is a sequence with a longer T. */
  length: number;
  /** Index of the first sequence: 0. Fresh batches of one key start where the last ended. */
  first?: number;
}

/**
 * Sequences y_1..y_T [batch, length, obs] of a system, from x_0 = 0. Sequence b is that of
 * `fold(key, first + b)`, so it stays the same in a larger batch, and a longer one continues it.
 * @throws RangeError for sizes below 1.
 */
export function simulate(
  system: System,
  key: number | Key,
  { batch, length, first = 0 }: SimulateOptions,
): Float64Tensor {
  for (const [name, value] of Object.entries({ batch, length })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`simulate: ${name} = ${value}: expected an integer of at least 1.`);
    }
  }
  const parent = typeof key === "number" ? keyOf(key) : key;
  const size = length * system.obsDim;
  const data = new Float64Array(batch * size);
  const noise = new Float64Array(length * system.latentDim);
  for (let b = 0; b < batch; b++) {
    fillNormals(fold(parent, first + b), noise);
    drive(system, noise, data.subarray(b * size, (b + 1) * size));
  }
  return { dtype: "float64", shape: [batch, length, system.obsDim], data };
}

/**
 * Writes the observations [T, obs] of a system driven by standard normals [T, n], which are
 * overwritten.
 */
function drive({ modes, H, L, sigma }: System, noise: Float64Array, y: Float64Array): void {
  const n = modes.size;
  const obs = H.length / n;
  const z = new Float64Array(n);
  if (L) colour(noise, L, n);
  else for (let i = 0; i < noise.length; i++) noise[i] *= sigma;
  for (let start = 0, token = 0; start < noise.length; start += n, token += obs) {
    advance(modes, z);
    for (let i = 0; i < n; i++) z[i] += noise[start + i];
    observe(H, z, y, token);
  }
}

/** out[start ..] = H z: the observation, or its prediction, of state z [n]. */
export function observe(H: Matrix, z: Float64Array, out: Float64Array, start: number): void {
  const n = z.length;
  for (let row = 0, j = start; row < H.length; row += n, j++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += H[row + i] * z[i];
    out[j] = sum;
  }
}

/** Replaces each standard normal row e [n] of `noise` by L e, in place from the last entry up. */
function colour(noise: Float64Array, L: Matrix, n: number): void {
  for (let start = 0; start < noise.length; start += n) {
    for (let i = n - 1; i >= 0; i--) {
      let sum = 0;
      for (let k = 0; k <= i; k++) sum += L[i * n + k] * noise[start + k];
      noise[start + i] = sum;
    }
  }
}
