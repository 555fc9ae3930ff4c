/** @file Bare LSTMs between an embedding and a head, written out in loops over numbers, in float64. */
import type { Tensor } from "../../lib/tensor/tensor.ts";

type Affine = { weight: Tensor; bias: Tensor };
export interface LstmTensors {
  readonly ends: { readonly embed: Affine; readonly head: Affine };
  readonly blocks: readonly { readonly layer: LstmLayer }[];
}
export interface LstmLayer {
  readonly input: Affine;
  readonly recurrent: Tensor;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Sum over i of x[i] w[i, j]. */
function product(x: readonly number[], { data, shape }: Tensor, j: number): number {
  return x.reduce((sum, value, i) => sum + value * data[i * shape[1] + j], 0);
}

const affine = ({ weight, bias }: Affine, x: readonly number[]) =>
  Array.from(bias.data, (b, j) => b + product(x, weight, j));

/** Outputs of one layer for the inputs of one sequence, [T][d]. */
export function naiveLstmLayer(
  { input, recurrent }: LstmLayer,
  xs: readonly number[][],
): number[][] {
  const d = recurrent.shape[0];
  let h = new Array<number>(d).fill(0);
  let c = h;
  return xs.map((x) => {
    const projected = affine(input, x);
    const gate = (kind: number, unit: number) => {
      const j = kind * d + unit;
      return projected[j] + product(h, recurrent, j);
    };
    c = c.map((before, unit) =>
      sigmoid(gate(1, unit)) * before + sigmoid(gate(0, unit)) * Math.tanh(gate(3, unit))
    );
    h = c.map((cell, unit) => sigmoid(gate(2, unit)) * Math.tanh(cell));
    return h;
  });
}

/**
 * @param y observations of one sequence, [T][obs].
 * @param statistics of the training data, [obs] each.
 * @returns predictions of every next patch, [T / patch][patch obs].
 */
export function naiveLstm(
  { patch, norm }: { patch: number; norm: string },
  { ends, blocks }: LstmTensors,
  { mean, variance }: { mean: ArrayLike<number>; variance: ArrayLike<number> },
  y: readonly (readonly number[])[],
): number[][] {
  const obs = mean.length;
  let x = Array.from(
    { length: y.length / patch },
    (_, k) =>
      affine(
        ends.embed,
        y.slice(k * patch, (k + 1) * patch).flatMap((row) =>
          row.map((value, j) => (value - mean[j]) / Math.sqrt(variance[j]))
        ),
      ),
  );
  for (const { layer } of blocks) x = naiveLstmLayer(layer, x);
  return x.map((row) => {
    const out = affine(ends.head, row);
    if (norm === "none") return out;
    return out.map((value, i) => value * Math.sqrt(variance[i % obs]) + mean[i % obs]);
  });
}
