/**
 * @file How much of its input a linear reservoir remembers: the memory capacity (Jaeger 2001), the sum over lags of the share of a past input's
 * variance that a linear map of the state explains. With white inputs it is the rank of Kalman's controllability matrix [b, A b, ..., A^(n-1) b]
 * (Gonon, Grigoryeva, Ortega, arXiv 2004.11234). States that are driven alike or not at all add nothing.
 */
import * as z from "zod";
import { multiply, multiplyTransposed } from "../../linalg/matrix.ts";
import { randomOrthogonal } from "../../linalg/orthogonal.ts";
import { singularValues, symmetricEigen } from "../../linalg/svd.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf, normals, uniforms } from "../../random/random.ts";
import { numericalRank } from "../spectrum.ts";
import type { StudyModule } from "../study.ts";

const schema = () =>
  z.strictObject({
    /** Pairs of states that turn at angles of their own. */
    pairs: z.number().int().min(1),
    /** Pairs at each of these angles. */
    copies: z.number().int().min(1).default(1),
    /** Pairs at further angles that the input does not reach. */
    silent: z.number().int().min(0).default(0),
    /** Magnitude of all eigenvalues. */
    radius: z.number().gt(0).lt(1).default(0.9),
    /** Inputs. */
    length: z.number().int().min(1000).default(40_000),
  });

/** Relative sizes below which a singular value of the controllability matrix, and a variance of the states, are rounding. */
const [rounding, still] = [1e-8, 1e-12];

/**
 * Scalars: `expected`, the rank; `measured`, the memory capacity by regression of past inputs on simulated states; `deviation`, their difference over
 * the rank.
 */
export const study: StudyModule = {
  configure(options) {
    const read = readOptions("reservoir_memory", schema(), options);
    const { pairs, copies, silent, radius, length } = read;
    const n = 2 * (pairs * copies + silent);
    // What is older than this is less than a millionth of the state's variance.
    const lags = Math.ceil(Math.log(1e-6) / (2 * Math.log(radius)));
    return {
      run(seed, _data, progress) {
        const key = keyOf(seed);
        const { A, b } = reservoir(read, seed);
        const krylov = new Float64Array(n * n);
        for (let k = 0, x = b; k < n; k++, x = multiply(A, x, n, n, 1)) krylov.set(x, k * n);
        const rank = numericalRank(singularValues(krylov, n, n), rounding);
        progress(1, 2);
        const u = normals(fold(key, 3), lags + length);
        const measured = capacity(statesOf(A, b, u), u, { n, lags, from: lags });
        progress(2, 2);
        return {
          scalars: { expected: rank, measured, deviation: Math.abs(measured - rank) / rank },
          details: { states: n, lags },
        };
      },
    };
  },
};

/** Pairs of states that turn and shrink, seen in random coordinates. @returns A [n, n], b [n] */
function reservoir(
  { pairs, copies, silent, radius }: z.infer<ReturnType<typeof schema>>,
  seed: number,
) {
  const key = keyOf(seed);
  const turns = pairs + silent;
  const n = 2 * (pairs * copies + silent);
  // One angle in each of as many slices of the half circle, none near another.
  const shifts = uniforms(fold(key, 0), turns);
  const angles = Array.from(shifts, (u, i) => Math.PI * (i + 0.25 + 0.5 * u) / turns);
  const own = [
    ...Array.from({ length: copies }, () => angles.slice(0, pairs)).flat(),
    ...angles.slice(pairs),
  ];
  const turned = new Float64Array(n * n);
  own.forEach((angle, pair) => {
    const [c, s] = [radius * Math.cos(angle), radius * Math.sin(angle)];
    const at = 2 * pair * n + 2 * pair;
    [turned[at], turned[at + 1], turned[at + n], turned[at + n + 1]] = [c, -s, s, c];
  });
  const drawn = normals(fold(key, 1), n);
  const driven = drawn.map((value, i) => i < 2 * pairs * copies ? Math.sign(value) + value : 0);
  const Q = randomOrthogonal(fold(key, 2), n);
  const A = multiplyTransposed(multiply(Q, turned, n, n, n), Q, n, n, n);
  return { A, b: multiply(Q, driven, n, n, 1) };
}

/** x_t = A x_{t-1} + b u_t from zero. @returns [T, n] */
function statesOf(A: Float64Array, b: Float64Array, u: Float64Array): Float64Array {
  const n = b.length;
  const states = new Float64Array(u.length * n);
  for (let t = 0; t < u.length; t++) {
    for (let i = 0; i < n; i++) {
      let sum = b[i] * u[t];
      if (t > 0) { for (let j = 0; j < n; j++) sum += A[i * n + j] * states[(t - 1) * n + j]; }
      states[t * n + i] = sum;
    }
  }
  return states;
}

/** Sum over lags of R^2, less what as many regressors explain of noise. @param from the first time that counts */
function capacity(
  states: Float64Array,
  u: Float64Array,
  { n, lags, from }: { n: number; lags: number; from: number },
): number {
  const count = u.length - from;
  const covariance = new Float64Array(n * n);
  const crossed = new Float64Array((lags + 1) * n);
  const squares = new Float64Array(lags + 1);
  for (let t = from; t < u.length; t++) {
    const x = states.subarray(t * n, (t + 1) * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) covariance[i * n + j] += x[i] * x[j] / count;
    }
    for (let lag = 0; lag <= lags; lag++) {
      const past = u[t - lag];
      squares[lag] += past * past / count;
      for (let i = 0; i < n; i++) crossed[lag * n + i] += past * x[i] / count;
    }
  }
  const { values, vectors } = symmetricEigen(covariance, n);
  const kept = values.map((value) => value > still * values[n - 1] ? 1 / value : 0);
  const regressors = kept.filter((inverse) => inverse > 0).length;
  const along = multiply(crossed, vectors, lags + 1, n, n);
  const chance = regressors / count;
  let sum = 0;
  for (let lag = 0; lag <= lags; lag++) {
    let explained = 0;
    for (let i = 0; i < n; i++) explained += kept[i] * along[lag * n + i] ** 2;
    sum += (explained / squares[lag] - chance) / (1 - chance);
  }
  return sum;
}
