/**
 * @file The curse of memory (Wang & Li, "StableSSM", arXiv 2311.14495, section 3): a sum of decays approaches a memory that falls as a power of the lag
 * the better the slower its slowest decay is. Where eigenvalues are parameters themselves, a change of a given size then carries the slowest ones
 * over 1, and the better approximation is the less stable; where a parameter is the logarithm of a rate of decay, the same change is a change of that
 * rate in proportion, at any rate.
 */
import * as z from "zod";
import { svd } from "../../linalg/svd.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf, uniforms } from "../../random/random.ts";
import type { StudyModule } from "../study.ts";

const schema = () =>
  z.strictObject({
    /** Decays, of rates 2, 1, 1/2, ... a step. */
    states: z.number().int().min(1).max(16),
    /** What a parameter is: the eigenvalue, or the logarithm of its rate of decay (LRU, S4D: eigenvalue exp(-exp(parameter))). */
    parameter: z.enum(["eigenvalue", "log rate"]),
    /** p of the memory (1 + lag)^-p. */
    power: z.number().gt(1).default(1.5),
    /** By how much every parameter is changed, up or down. */
    change: z.number().positive().default(0.01),
    /** Changes that are drawn; the worst one counts. */
    draws: z.number().int().min(1).default(32),
    /** Lags. */
    length: z.number().int().min(16).default(4096),
  });

/**
 * Scalars: `expected`, the error of the sum of decays as it was fitted, and `measured`, the largest after changes; each the sum of absolute
 * differences from the memory, over the sum of the memory.
 */
export const study: StudyModule = {
  configure(options) {
    const { states, parameter, power, change, draws, length } = readOptions(
      "perturbed_memory",
      schema(),
      options,
    );
    const memory = Float64Array.from({ length }, (_, lag) => (1 + lag) ** -power);
    const rates = Float64Array.from({ length: states }, (_, i) => 2 ** (1 - i));
    const gains = fitted(rates, memory);
    const changed = (signs: ArrayLike<number>) =>
      rates.map((rate, i) =>
        parameter === "eigenvalue"
          ? Math.exp(-rate) + signs[i] * change
          : Math.exp(-rate * Math.exp(signs[i] * change))
      );
    return {
      run(seed, _data, progress) {
        const errors = Array.from({ length: draws }, (_, draw) => {
          const drawn = uniforms(fold(keyOf(seed), draw), states);
          const eigenvalues = changed(drawn.map((u) => u < 0.5 ? -1 : 1));
          progress(draw + 1, draws);
          return errorOf(eigenvalues, gains, memory);
        });
        const expected = errorOf(rates.map((rate) => Math.exp(-rate)), gains, memory);
        return { scalars: { expected, measured: Math.max(...errors) }, details: { errors } };
      },
    };
  },
};

/** The gains of least squares over all lags. @returns [m] */
function fitted(rates: Float64Array, memory: Float64Array): Float64Array {
  const m = rates.length;
  const decays = new Float64Array(memory.length * m);
  for (let lag = 0; lag < memory.length; lag++) {
    for (let i = 0; i < m; i++) decays[lag * m + i] = Math.exp(-rates[i] * lag);
  }
  const { U, s, V } = svd(decays, memory.length, m);
  const gains = new Float64Array(m);
  for (let k = 0; k < m; k++) {
    let along = 0;
    for (let lag = 0; lag < memory.length; lag++) along += U[lag * m + k] * memory[lag];
    for (let i = 0; i < m; i++) gains[i] += V[i * m + k] * along / s[k];
  }
  return gains;
}

function errorOf(
  eigenvalues: Float64Array,
  gains: Float64Array,
  memory: Float64Array,
): number {
  const powers = gains.slice();
  let [error, all] = [0, 0];
  for (const value of memory) {
    error += Math.abs(powers.reduce((sum, power) => sum + power, 0) - value);
    all += value;
    powers.forEach((_, i) => powers[i] *= eigenvalues[i]);
  }
  return error / all;
}
