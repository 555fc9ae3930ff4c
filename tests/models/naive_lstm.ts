/** @file The LSTM network of `lib/models/lstm.ts` written out in loops over numbers, in float64. */
import type { Tensor } from "../../lib/engine/mod.ts";
import type { LstmConfig } from "../../lib/models/lstm.ts";

type Affine = { weight: Tensor; bias: Tensor };
export interface LstmTensors {
  readonly embed: Affine;
  readonly layers: readonly { readonly input: Affine; readonly recurrent: Tensor }[];
  readonly head: Affine;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Sum over i of x[i] w[i, j]. */
function product(x: readonly number[], { data, shape }: Tensor, j: number): number {
  return x.reduce((sum, value, i) => sum + value * data[i * shape[1] + j], 0);
}

const affine = ({ weight, bias }: Affine, x: readonly number[]) =>
  Array.from(bias.data, (b, j) => b + product(x, weight, j));

/**
 * @param y observations of one sequence, [T][obs].
 * @param statistics of the training data, [obs] each.
 * @returns predictions of every next patch, [T / patch][patch obs].
 */
export function naiveLstm(
  { patch, dModel, norm }: LstmConfig,
  params: LstmTensors,
  { mean, variance }: { mean: ArrayLike<number>; variance: ArrayLike<number> },
  y: readonly (readonly number[])[],
): number[][] {
  const obs = mean.length;
  const states = params.layers.map(() => ({
    h: new Array<number>(dModel).fill(0),
    c: new Array<number>(dModel).fill(0),
  }));
  const predictions: number[][] = [];
  for (let t = 0; t < y.length; t += patch) {
    const token = y.slice(t, t + patch).flatMap((row) =>
      row.map((value, j) => (value - mean[j]) / Math.sqrt(variance[j]))
    );
    let x = affine(params.embed, token);
    params.layers.forEach(({ input, recurrent }, l) => {
      const { h, c } = states[l];
      const projected = affine(input, x);
      const gate = (kind: number, unit: number) => {
        const j = kind * dModel + unit;
        return projected[j] + product(h, recurrent, j);
      };
      const next = h.map((_, unit) => {
        const cell = sigmoid(gate(1, unit)) * c[unit] +
          sigmoid(gate(0, unit)) * Math.tanh(gate(3, unit));
        return { cell, hidden: sigmoid(gate(2, unit)) * Math.tanh(cell) };
      });
      states[l] = { h: next.map((n) => n.hidden), c: next.map((n) => n.cell) };
      x = states[l].h;
    });
    const out = affine(params.head, x);
    predictions.push(
      norm === "none" ? out : out.map((v, i) => v * Math.sqrt(variance[i % obs]) + mean[i % obs]),
    );
  }
  return predictions;
}
