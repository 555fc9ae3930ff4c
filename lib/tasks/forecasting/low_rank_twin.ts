/**
 * @file A made series whose best linear forecast is of low rank: what depth is said to find without being told. With so few modes
 * the future depends on the past through 2 * modes numbers, so no map of a window needs a higher rank, and what a
 * least-squares map has beyond it is noise.
 */
import { fold, type Key, normals, uniforms } from "../../random/random.ts";

/** What a twin is made of. */
export interface TwinOptions {
  /** Rows of the series. */
  rows: number;
  /** Columns, each a sample of the same system. */
  columns: number;
  /** Damped oscillations driven by noise. */
  modes: number;
  /** Standard deviation of the observation noise, that of the oscillations together being 1. */
  noise: number;
}

/** Modulus of the modes' eigenvalues: they forget in about 50 rows. */
const modulus = 0.98;
/** Periods lie between these numbers of rows. */
const periods = [6, 40];

/**
 * Columns [rows] of z_k <- modulus e^(i omega_k) z_k + noise, observed as the sum of the real parts plus noise; stationary from row 0.
 * The frequencies are the same for all columns.
 */
export function lowRankTwin(
  key: Key,
  { rows, columns, modes, noise }: TwinOptions,
): Float64Array[] {
  const draws = uniforms(fold(key, 0), modes);
  const scale = 1 / Math.sqrt(modes);
  const innovation = Math.sqrt(1 - modulus ** 2);
  return Array.from({ length: columns }, (_, column) => {
    const own = fold(key, 1 + column);
    const series = normals(fold(own, 0), rows).map((value) => noise * value);
    for (let mode = 0; mode < modes; mode++) {
      const omega = 2 * Math.PI / (periods[0] + (periods[1] - periods[0]) * draws[mode]);
      const [c, s] = [modulus * Math.cos(omega), modulus * Math.sin(omega)];
      const steps = normals(fold(own, 1 + mode), 2 * rows);
      let [x, y] = steps;
      for (let t = 0; t < rows; t++) {
        series[t] += scale * x;
        if (t + 1 === rows) break;
        [x, y] = [
          c * x - s * y + innovation * steps[2 * t + 2],
          s * x + c * y + innovation * steps[2 * t + 3],
        ];
      }
    }
    return series;
  });
}
