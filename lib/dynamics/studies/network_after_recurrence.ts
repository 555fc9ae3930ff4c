/**
 * @file What a network of one hidden layer after a linear recurrence adds to it (Orvieto et al., arXiv 2307.11888: linear recurrences followed by
 * position-wise networks approximate any causal map of fading memory). The target u_(t-1) u_(t-3) has no correlation with any linear map of white
 * inputs, so that these explain nothing of it; the state keeps both factors, and the network multiplies.
 */
import * as z from "zod";
import { minimise } from "../../linalg/lbfgs.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf, normals, uniforms } from "../../random/random.ts";
import type { StudyModule } from "../study.ts";

const schema = () =>
  z.strictObject({
    /** Units of the hidden layer; 0: the readout is linear. */
    hidden: z.number().int().min(0),
    /** Complex states. */
    states: z.number().int().min(1).default(6),
    /** Times that are learned from, and as many that are scored. */
    length: z.number().int().min(50).default(1000),
    /** Of the loss and its gradient. */
    evaluations: z.number().int().min(1).default(200),
  });

/** Least and largest magnitude of an eigenvalue. */
const [least, largest] = [0.4, 0.9];
/** Inputs before the first time that counts. */
const before = 100;

/** Scalars: `measured`, the share of the target's variance that is explained at later times; `loss`, the share left open at the times of training. */
export const study: StudyModule = {
  configure(options) {
    const { hidden, states, length, evaluations } = readOptions(
      "network_after_recurrence",
      schema(),
      options,
    );
    const width = 2 * states;
    return {
      run(seed, _data, progress) {
        const key = keyOf(seed);
        const u = normals(fold(key, 0), before + 2 * length);
        const x = recurrence(fold(key, 1), states, u);
        const target = Float64Array.from(
          { length: 2 * length },
          (_, t) => u[before + t - 1] * u[before + t - 3],
        );
        const part = (from: number) => ({
          x: x.subarray(from * width, (from + length) * width),
          target: target.subarray(from, from + length),
        });
        const [seen, unseen] = [part(0), part(length)];
        const start = normals(fold(key, 2), parametersOf(width, hidden)).map((value) =>
          value / Math.sqrt(width)
        );
        const { x: learned, value } = minimise(
          (params, gradient) => openShare(params, seen, { width, hidden }, gradient),
          start,
          {
            ...{ convexity: 0, tolerance: 1e-7, evaluations },
            onStep: (_value, _gap, done) => progress(Math.min(done, evaluations), evaluations),
          },
        );
        const measured = 1 - openShare(learned, unseen, { width, hidden });
        return { scalars: { measured, loss: value }, details: { width } };
      },
    };
  },
};

/** Real and imaginary parts of h_t = lambda h_(t-1) + sqrt(1 - |lambda|^2) u_t, eigenvalues uniform on a ring. @returns [T - before, 2 n] */
function recurrence(key: readonly [number, number], n: number, u: Float64Array): Float64Array {
  const drawn = uniforms(key, 2 * n);
  const out = new Float64Array((u.length - before) * 2 * n);
  for (let k = 0; k < n; k++) {
    const size = Math.sqrt(least ** 2 + drawn[2 * k] * (largest ** 2 - least ** 2));
    // One phase in each slice of the half circle.
    const phase = Math.PI * (k + drawn[2 * k + 1]) / n;
    const [re, im] = [size * Math.cos(phase), size * Math.sin(phase)];
    const gain = Math.sqrt(1 - size ** 2);
    let [a, b] = [0, 0];
    for (let t = 0; t < u.length; t++) {
      [a, b] = [re * a - im * b + gain * u[t], re * b + im * a];
      if (t < before) continue;
      out[(t - before) * 2 * n + 2 * k] = a;
      out[(t - before) * 2 * n + 2 * k + 1] = b;
    }
  }
  return out;
}

const parametersOf = (width: number, hidden: number) =>
  hidden === 0 ? width + 1 : hidden * (width + 2) + 1;

/**
 * Mean squared error over the mean square of the target. Parameters: of each hidden unit its weights, bias and readout, then the bias of the output;
 * without hidden units the readout of the state and a bias.
 * @param gradient filled, where it is given
 */
function openShare(
  params: Float64Array,
  { x, target }: { x: Float64Array; target: Float64Array },
  { width, hidden }: { width: number; hidden: number },
  gradient?: Float64Array,
): number {
  const last = params.length - 1;
  const power = target.reduce((sum, value) => sum + value * value, 0);
  const active = new Float64Array(hidden);
  gradient?.fill(0);
  let sum = 0;
  for (let t = 0; t < target.length; t++) {
    const row = x.subarray(t * width, (t + 1) * width);
    let out = params[last];
    if (hidden === 0) { for (let i = 0; i < width; i++) out += params[i] * row[i]; }
    for (let h = 0; h < hidden; h++) {
      const at = h * (width + 2);
      let inner = params[at + width];
      for (let i = 0; i < width; i++) inner += params[at + i] * row[i];
      active[h] = Math.tanh(inner);
      out += params[at + width + 1] * active[h];
    }
    const error = out - target[t];
    sum += error * error / power;
    if (!gradient) continue;
    const slope = 2 * error / power;
    gradient[last] += slope;
    if (hidden === 0) { for (let i = 0; i < width; i++) gradient[i] += slope * row[i]; }
    for (let h = 0; h < hidden; h++) {
      const at = h * (width + 2);
      gradient[at + width + 1] += slope * active[h];
      const inner = slope * params[at + width + 1] * (1 - active[h] ** 2);
      gradient[at + width] += inner;
      for (let i = 0; i < width; i++) gradient[at + i] += inner * row[i];
    }
  }
  return sum;
}
