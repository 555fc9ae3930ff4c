/** @file Functions of one number whose kernels know float32 only, as closed forms in float64 and in jax-js. */
import { lax, nn, numpy as np } from "@jax-js/jax";
import { erf, erfc } from "../../../lib/engine/rules/erf.ts";

type A = np.Array;

interface ScalarFunction {
  readonly f: (x: number) => number;
  readonly fn: (x: A) => A;
  /** Where it is tried. */
  readonly low: number;
  readonly high: number;
}

export const scalarFunctions: Record<string, ScalarFunction> = {
  asin: { f: Math.asin, fn: np.asin, low: -0.9, high: 0.9 },
  atan: { f: Math.atan, fn: np.atan, low: -4, high: 4 },
  erf: { f: erf, fn: lax.erf, low: -3, high: 3 },
  erfc: { f: erfc, fn: lax.erfc, low: -3, high: 3 },
  softplus: { f: (x) => Math.log1p(Math.exp(x)), fn: nn.softplus, low: -6, high: 6 },
  gelu_erf: {
    f: (x) => 0.5 * x * erfc(-x * Math.SQRT1_2),
    fn: (x) => nn.gelu(x, { approximate: false }),
    low: -5,
    high: 5,
  },
};
