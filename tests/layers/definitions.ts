/** @file The layers of `lib/layers` written out in loops over numbers, in float64, for one sequence as rows. */
import { defaultDevice, numpy as np } from "@jax-js/jax";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { isSpec } from "../../lib/tensor/trees.ts";
import { toJax } from "../../lib/engine/jax/program.ts";

export type Vector = number[];
export interface Affine {
  readonly weight: Tensor;
  readonly bias: Tensor;
}
export interface Projections {
  readonly query: Affine;
  readonly key: Affine;
  readonly value: Affine;
  readonly output: Affine;
}

// deno-lint-ignore no-explicit-any
type Any = any;

/** What a function of jax-js arrays returns for trees of tensors and numbers, computed in float64. */
export function inFloat64(fn: (...args: Any[]) => unknown, ...args: unknown[]): Any {
  const enter = (x: Any): unknown => {
    if (!x || typeof x !== "object") return x;
    if (isSpec(x)) {
      const { dtype, data } = x as Tensor;
      return dtype === "float32"
        ? toJax({ ...x as Tensor, dtype: "float64", data: Float64Array.from(data) })
        : toJax(x as Tensor);
    }
    if (Array.isArray(x)) return x.map(enter);
    return Object.fromEntries(Object.entries(x).map(([name, child]) => [name, enter(child)]));
  };
  const leave = (x: Any): unknown => {
    if (x instanceof np.Array) return { dtype: x.dtype, shape: x.shape, data: x.dataSync() };
    if (Array.isArray(x)) return x.map(leave);
    return Object.fromEntries(Object.entries(x).map(([name, child]) => [name, leave(child)]));
  };
  const device = defaultDevice();
  defaultDevice("cpu");
  try {
    return leave(fn(...args.map(enter)));
  } finally {
    defaultDevice(device);
  }
}

/** Row number `b` of the first axis of x [B, T, d], as T rows. */
export function rowsOf({ shape: [, length, width], data }: Tensor, b: number): Vector[] {
  return Array.from(
    { length },
    (_, t) => Array.from(data.slice((b * length + t) * width, (b * length + t + 1) * width)),
  );
}

export const dot = (a: Vector, b: Vector) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/** x W + b */
export function affine({ weight, bias }: Affine, x: Vector): Vector {
  return Array.from(
    bias.data,
    (b, j) => b + x.reduce((sum, v, i) => sum + v * weight.data[i * weight.shape[1] + j], 0),
  );
}

export function rmsNorm(scale: ArrayLike<number>, x: Vector, epsilon = 1e-6): Vector {
  const square = x.reduce((sum, v) => sum + v * v, 0) / x.length;
  return x.map((v, i) => v / Math.sqrt(square + epsilon) * scale[i]);
}

/** The tanh form (Hendrycks & Gimpel, arXiv 1606.08415). */
export const gelu = (x: number) =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** R_t x: the pairs (x_i, x_{i + w/2}) as complex numbers times exp(i t 10000^(-2 i / w)). */
export function turned(x: Vector, t: number): Vector {
  const half = x.length / 2;
  const out = x.slice();
  for (let i = 0; i < half; i++) {
    const angle = t * Math.pow(10_000, -i / half);
    out[i] = x[i] * Math.cos(angle) - x[i + half] * Math.sin(angle);
    out[i + half] = x[i + half] * Math.cos(angle) + x[i] * Math.sin(angle);
  }
  return out;
}

/** Queries, keys and values of one head by token. */
function headOf(params: Projections, x: Vector[], heads: number, h: number) {
  const width = x[0].length / heads;
  const of = (map: Affine) => x.map((row) => affine(map, row).slice(h * width, (h + 1) * width));
  return { q: of(params.query), k: of(params.key), v: of(params.value), width };
}

/**
 * Causal softmax attention: token m is the mean of the values up to m by weights exp((R_m q_m)' R_n k_n / sqrt(w)).
 * @returns outputs [T][d], and by head the rotated keys and the values [T][w].
 */
export function attention(params: Projections, x: Vector[], heads: number) {
  const mixed = x.map(() => [] as Vector);
  const cache = Array.from({ length: heads }, (_, h) => {
    const { q, k, v, width } = headOf(params, x, heads, h);
    x.forEach((_, m) => {
      const weights = x.slice(0, m + 1).map((_, n) =>
        Math.exp(dot(turned(q[m], m), turned(k[n], n)) / Math.sqrt(width))
      );
      const total = weights.reduce((a, b) => a + b, 0);
      for (let i = 0; i < width; i++) {
        mixed[m].push(weights.reduce((sum, w, n) => sum + w * v[n][i], 0) / total);
      }
    });
    return { keys: k.map(turned), values: v };
  });
  return { output: mixed.map((row) => affine(params.output, row)), cache };
}

/** The formula of RoFormer, eq. 19, term by term, and by head what is remembered after the last token. */
export function linearAttention(params: Projections, x: Vector[], heads: number) {
  const phi = (row: Vector) => row.map((v) => v > 0 ? v + 1 : Math.exp(v));
  const mixed = x.map(() => [] as Vector);
  const last = Array.from({ length: heads }, (_, h) => {
    const { q: plainQ, k: plainK, v, width } = headOf(params, x, heads, h);
    const [q, k] = [plainQ.map(phi), plainK.map(phi)];
    x.forEach((_, m) => {
      const numerator = new Array(width).fill(0);
      let denominator = 0;
      for (let n = 0; n <= m; n++) {
        const score = dot(turned(q[m], m), turned(k[n], n));
        v[n].forEach((value, i) => numerator[i] += score * value);
        denominator += dot(q[m], k[n]);
      }
      mixed[m].push(...numerator.map((value) => value / denominator));
    });
    const end = x.length - 1;
    return {
      memory: v[0].map((_, i) =>
        k[0].map((_, j) => v.reduce((s, value, n) => s + value[i] * turned(k[n], n - end)[j], 0))
      ),
      total: k[0].map((_, j) => k.reduce((s, key) => s + key[j], 0)),
    };
  });
  return { output: mixed.map((row) => affine(params.output, row)), last };
}
