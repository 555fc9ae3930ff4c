/** @file Cases for the derivatives of linear algebra and signals. */
import { lax, numpy as np } from "@jax-js/jax";
import type { DerivativeCase } from "./differences.ts";

type A = np.Array;

type Solve = Parameters<typeof lax.linalg.triangularSolve>[2];
const solve = (name: string, a: number[], b: number[], options: Solve): DerivativeCase => ({
  name,
  fn: (a: A, b: A) => {
    const n = a.shape.at(-1)!;
    const shifted = options?.unitDiagonal ? a : a.add(np.eye(n).mul(3).astype(a.dtype));
    return lax.linalg.triangularSolve(shifted, b, options);
  },
  inputs: [[a, { low: -1, high: 1 }], [b]],
});

const transform = (n: number[], of: "fft" | "ifft"): DerivativeCase => ({
  name: `${of} of [${n}]`,
  fn: (re: A, im: A) => {
    const { real, imag } = np.fft[of]({ real: re, imag: im });
    return [real, imag];
  },
  inputs: [[n], [n]],
});

export const linalgCases: Record<string, DerivativeCase[]> = {
  triangular_solve: [
    ...[1, 2, 3, 5].map((n) =>
      solve(`lower, ${n} by ${n}`, [n, n], [n, 2], { leftSide: true, lower: true })
    ),
    solve("upper, from the right", [3, 3], [2, 3], { leftSide: false, lower: false }),
    solve("transposed", [3, 3], [2, 3], { lower: true, transposeA: true }),
    solve("with a unit diagonal", [4, 4], [4, 2], {
      leftSide: true,
      lower: true,
      unitDiagonal: true,
    }),
    solve("upper, with a unit diagonal", [3, 3], [3, 1], { leftSide: true, unitDiagonal: true }),
    solve("batched", [2, 3, 3], [2, 3, 2], { leftSide: true, lower: true }),
    solve("batched, unit diagonal, transposed", [2, 3, 3], [2, 1, 3], {
      lower: true,
      unitDiagonal: true,
      transposeA: true,
    }),
  ],
  fft: [
    ...[[1], [4], [7], [2, 6]].flatMap((n) => [transform(n, "fft"), transform(n, "ifft")]),
    {
      name: "only the real part is read",
      fn: (x: A) => {
        const { real, imag } = np.fft.rfft(x);
        imag.dispose();
        return real;
      },
      inputs: [[[2, 5]]],
    },
    {
      name: "only the imaginary part is read",
      fn: (x: A) => {
        const { real, imag } = np.fft.rfft(x);
        real.dispose();
        return imag.mul(2);
      },
      inputs: [[[6]]],
    },
  ],
};
