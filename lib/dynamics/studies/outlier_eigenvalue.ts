/**
 * @file A linear recurrence learns to integrate white noise (Bordelon, Cotler, Pehlevan, Zavatone-Veth, arXiv 2503.18754): from small weights a single
 * eigenvalue leaves the others, on the path of a recurrence of one state. With read-in and read-out along one direction r the gradient at
 * W = w r r' is along r r', so that there w obeys dw/dt = -sum_k k w^(k-1) (w^k - a^k) exactly; small weights beside it change that little.
 */
import * as z from "zod";
import { eigen } from "../../linalg/eigen.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf, normals } from "../../random/random.ts";
import type { StudyModule } from "../study.ts";

const schema = () =>
  z.strictObject({
    /** States. */
    states: z.number().int().min(2).default(20),
    /** Spectral radius of the random weights at the start, of many states. */
    spread: z.number().positive(),
    /** a: what is kept of the noise from step to step. */
    kept: z.number().gt(0).lt(1).default(0.9),
    /** Lags of the filter that count. */
    lags: z.number().int().min(2).default(40),
    /** Learning rate. */
    rate: z.number().positive().default(0.004),
    /** Steps. */
    steps: z.number().int().min(1).default(900),
    /** Times at which eigenvalues are compared. */
    points: z.number().int().min(1).default(10),
  });

/** What it leaves as details. */
export interface Path {
  /** Learning rate times steps. */
  readonly times: number[];
  /** Largest real part of an eigenvalue. */
  readonly outlier: number[];
  /** Of the recurrence of one state. */
  readonly theory: number[];
}

/**
 * Scalars: `expected`, the eigenvalue of one state at the end, and `measured`, the outlier's; `deviation`, the largest difference on the way; `others`,
 * the largest magnitude of any other eigenvalue at the end, over that of any at the start.
 */
export const study: StudyModule = {
  configure(options) {
    const { states: n, spread, kept, lags, rate, steps, points } = readOptions(
      "outlier_eigenvalue",
      schema(),
      options,
    );
    return {
      run(seed, _data, progress) {
        const key = keyOf(seed);
        const W = normals(fold(key, 0), n * n).map((value) => spread * value / Math.sqrt(n));
        const r = normals(fold(key, 1), n);
        const norm = Math.sqrt(r.reduce((sum, value) => sum + value * value, 0));
        r.forEach((value, i) => r[i] = value / norm);
        let w = 0;
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) w += r[i] * W[i * n + j] * r[j];
        const [, start] = leading(W, n);
        const path: Path = { times: [], outlier: [], theory: [] };
        let others = start;
        for (let step = 1; step <= steps; step++) {
          descend(W, r, { kept, lags, rate });
          w -= rate * slope(w, kept, lags);
          if (step !== Math.round((path.times.length + 1) * steps / points)) continue;
          const [outlier, , rest] = leading(W, n);
          path.times.push(rate * step);
          path.outlier.push(outlier);
          path.theory.push(w);
          others = rest;
          progress(step, steps);
        }
        const [measured, expected] = [path.outlier.at(-1)!, path.theory.at(-1)!];
        const deviation = Math.max(
          ...path.outlier.map((value, i) => Math.abs(value - path.theory[i])),
        );
        return {
          scalars: { expected, measured, deviation, others: others / start },
          details: path,
        };
      },
    };
  },
};

/** d/dw of half the sum of (w^k - a^k)^2 over lags k from 1. */
function slope(w: number, kept: number, lags: number): number {
  let sum = 0;
  for (let k = 1; k <= lags; k++) sum += k * w ** (k - 1) * (w ** k - kept ** k);
  return sum;
}

/** One step on half the sum of (r' W^k r - a^k)^2 over lags k; its gradient is the sum of errors e_(i+j+1) (W'^i r) (W^j r)'. */
function descend(
  W: Float64Array,
  r: Float64Array,
  { kept, lags, rate }: { kept: number; lags: number; rate: number },
): void {
  const n = r.length;
  const [forward, backward] = [new Float64Array(lags * n), new Float64Array(lags * n)];
  forward.set(r);
  backward.set(r);
  for (let k = 1; k < lags; k++) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        forward[k * n + i] += W[i * n + j] * forward[(k - 1) * n + j];
        backward[k * n + j] += W[i * n + j] * backward[(k - 1) * n + i];
      }
    }
  }
  const errors = new Float64Array(lags + 1);
  for (let k = 1; k <= lags; k++) {
    for (let i = 0; i < n; i++) {
      // r' W^k r, as r' W and W^(k-1) r.
      for (let j = 0; j < n; j++) errors[k] += r[i] * W[i * n + j] * forward[(k - 1) * n + j];
    }
    errors[k] -= kept ** k;
  }
  const weighted = new Float64Array(n);
  const gradient = new Float64Array(n * n);
  for (let i = 0; i < lags; i++) {
    weighted.fill(0);
    for (let j = 0; i + j < lags; j++) {
      for (let b = 0; b < n; b++) weighted[b] += errors[i + j + 1] * forward[j * n + b];
    }
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < n; b++) gradient[a * n + b] += backward[i * n + a] * weighted[b];
    }
  }
  gradient.forEach((value, at) => W[at] -= rate * value);
}

/** The largest real part of an eigenvalue, the largest magnitude, and the largest magnitude of any other than the first one. */
function leading(W: Float64Array, n: number): [outlier: number, largest: number, rest: number] {
  const { re, im } = eigen(W, n).values;
  const first = re.indexOf(Math.max(...re));
  const sizes = Array.from(re, (value, i) => Math.hypot(value, im[i]));
  return [re[first], Math.max(...sizes), Math.max(...sizes.filter((_, i) => i !== first))];
}
