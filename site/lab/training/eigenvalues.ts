/** @file Eigenvalues of what one token does to the state of a layer. */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Complex } from "./training.ts";

/** Of a square matrix, by rows. */
export function eigenvaluesOf(
  { shape: [n], data }: { shape: readonly number[]; data: ArrayLike<number> },
): Complex[] {
  const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(
    Matrix.from1DArray(n, n, Array.from(data)),
  );
  return realEigenvalues.map((re, i): Complex => [re, imaginaryEigenvalues[i]]);
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/**
 * The derivative of an LSTM's next state by its state (lib/layers/sequence/lstm.ts), hidden parts before cells.
 *
 * @param input products of the token with the input weights, and their biases: input, forget and output gates, candidate [4 d]
 * @param recurrent [d, 4 d]
 * @returns the next state, and the derivative [2 d, 2 d]
 */
export function lstmStep(
  input: ArrayLike<number>,
  recurrent: ArrayLike<number>,
  { h, c }: { h: Float64Array; c: Float64Array },
) {
  const d = h.length;
  const gate = (k: number, i: number) => {
    let sum = input[k * d + i];
    for (let j = 0; j < d; j++) sum += h[j] * recurrent[j * 4 * d + k * d + i];
    return sum;
  };
  const next = { h: new Float64Array(d), c: new Float64Array(d) };
  const derivative = new Float64Array(4 * d * d);
  for (let i = 0; i < d; i++) {
    const [write, keep, show] = [0, 1, 2].map((k) => sigmoid(gate(k, i)));
    const candidate = Math.tanh(gate(3, i));
    const cell = next.c[i] = keep * c[i] + write * candidate;
    const seen = Math.tanh(cell);
    next.h[i] = show * seen;
    // How the new cell and the output gate move with each pre-activation.
    const byGate = [
      candidate * write * (1 - write),
      c[i] * keep * (1 - keep),
      0,
      write * (1 - candidate ** 2),
    ];
    const toHidden = show * (1 - seen ** 2);
    for (let j = 0; j < d; j++) {
      const weight = (k: number) => recurrent[j * 4 * d + k * d + i];
      const ofCell = byGate.reduce((sum, by, k) => sum + by * weight(k), 0);
      derivative[(d + i) * 2 * d + j] = ofCell;
      derivative[i * 2 * d + j] = seen * show * (1 - show) * weight(2) + toHidden * ofCell;
    }
    derivative[(d + i) * 2 * d + d + i] = keep;
    derivative[i * 2 * d + d + i] = toHidden * keep;
  }
  return { next, derivative: { shape: [2 * d, 2 * d], data: derivative } };
}
