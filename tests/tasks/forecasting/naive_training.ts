/** @file Adam on a deep linear network as the papers define it: float64 loops over the windows themselves, layer by layer. */
import type { Tensor } from "../../../lib/engine/mod.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import type { DeepLinear } from "../../../lib/models/deep_linear.ts";
import { windows } from "./fixtures.ts";

/** A matrix as its rows. */
export type Rows = number[][];

export function times(A: Rows, B: Rows): Rows {
  return A.map((row) => B[0].map((_, h) => row.reduce((sum, a, j) => sum + a * B[j][h], 0)));
}

export function transposed(A: Rows): Rows {
  return A[0].map((_, j) => A.map((row) => row[j]));
}

/** The layers of a network, first to last. */
export function layersOf({ first, hidden, last }: DeepLinear<Tensor>): Rows[] {
  const rows = (t: Tensor, offset: number, n: number, m: number) =>
    Array.from({ length: n }, (_, i) => [...t.data.subarray(offset + i * m, offset + (i + 1) * m)]);
  const out = [rows(first, 0, first.shape[0], first.shape[1])];
  for (let l = 0; hidden && l < hidden.shape[0]; l++) {
    const width = hidden.shape[1];
    out.push(rows(hidden, l * width * width, width, width));
  }
  if (last) out.push(rows(last, 0, last.shape[0], last.shape[1]));
  return out;
}

/** Training windows and targets less their means; windows read in the basis of the rows of T. */
export function centredWindows(problem: Problem, T?: Rows): { X: Rows; Y: Rows } {
  const { lookback, horizon } = problem;
  const all = windows(problem.channels, problem.split.train, lookback + horizon);
  const means = all[0].map((_, a) => all.reduce((sum, z) => sum + z[a], 0) / all.length);
  const centred = all.map((z) => z.map((value, a) => value - means[a]));
  const X = centred.map((z) => z.slice(0, lookback));
  return { X: T ? times(X, transposed(T)) : X, Y: centred.map((z) => z.slice(lookback)) };
}

/** Mean squared error of a map, over windows and horizon. */
export function lossOf({ X, Y }: { X: Rows; Y: Rows }, M: Rows): number {
  let squares = 0;
  times(X, M).forEach((row, i) => row.forEach((value, h) => squares += (value - Y[i][h]) ** 2));
  return squares / (Y.length * Y[0].length);
}

/** The product of all layers after `steps` steps of Adam at `rate(step)`. */
export function train(
  data: { X: Rows; Y: Rows },
  layers: Rows[],
  steps: number,
  rate: (step: number) => number,
): Rows {
  const { X, Y } = data;
  const zeros = () => layers.map((W) => W.map((row) => row.map(() => 0)));
  const [first, second] = [zeros(), zeros()];
  for (let step = 0; step < steps; step++) {
    const M = layers.reduce(times);
    const residuals = times(X, M).map((row, i) => row.map((value, h) => value - Y[i][h]));
    const D = times(transposed(X), residuals)
      .map((row) => row.map((value) => 2 * value / (Y.length * Y[0].length)));
    const gradients = layers.map((_, l) => {
      let gradient = D;
      if (l > 0) gradient = times(transposed(layers.slice(0, l).reduce(times)), gradient);
      if (l + 1 < layers.length) {
        gradient = times(gradient, transposed(layers.slice(l + 1).reduce(times)));
      }
      return gradient;
    });
    gradients.forEach((gradient, l) =>
      gradient.forEach((row, i) =>
        row.forEach((g, j) => {
          const m = first[l][i][j] = 0.9 * first[l][i][j] + 0.1 * g;
          const v = second[l][i][j] = 0.999 * second[l][i][j] + 0.001 * g * g;
          const unbiased = m / (1 - 0.9 ** (step + 1));
          const size = Math.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-8;
          layers[l][i][j] -= rate(step) * unbiased / size;
        })
      )
    );
  }
  return layers.reduce(times);
}
