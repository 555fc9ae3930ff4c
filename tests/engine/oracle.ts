/** @file Shared by the engine's tests: random inputs, and comparison with jax-js itself. */
import assert from "node:assert/strict";
import { defaultDevice, numpy as np } from "@jax-js/jax";
import { toJax } from "../../lib/engine/jax/program.ts";
import {
  compile,
  type CompileOptions,
  type DType,
  type EngineName,
  type Handle,
  hostArray,
  sizeOf,
  type Tensor,
  type TracedFunction,
} from "../../lib/engine/mod.ts";

/** A small deterministic generator (mulberry32); tests need no better one. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface InputOptions {
  readonly dtype?: DType;
  readonly low?: number;
  readonly high?: number;
  /** Values written over the first elements: NaN, infinities, zeros. */
  readonly special?: readonly number[];
}

export function randomTensor(
  random: () => number,
  shape: readonly number[],
  { dtype = "float32", low = -2, high = 2, special = [] }: InputOptions = {},
): Tensor {
  const data = hostArray(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    const x = low + (high - low) * random();
    data[i] = dtype.startsWith("float") ? x : Math.floor(x);
  }
  special.forEach((x, i) => i < data.length && (data[data.length - 1 - i] = x));
  return { dtype, shape, data };
}

export function leaves(value: unknown): Handle[] {
  // (Parameters of a layer may be called `read`.)
  if (typeof (value as Handle | undefined)?.read === "function") return [value as Handle];
  return Object.values(value as object).flatMap(leaves);
}

/** Runs a function through an engine. */
export async function runEngine(
  fn: TracedFunction,
  args: readonly Tensor[],
  engine: EngineName = "ort",
  options: CompileOptions = {},
): Promise<Tensor[]> {
  const program = await compile(fn, args, { ...options, engine });
  try {
    return await Promise.all(leaves(await program.run(...args)).map((h) => h.read()));
  } finally {
    await program.close();
  }
}

/**
 * Runs a function eagerly in jax-js. With `float64`, float32 inputs are widened and the interpreter on the
 * CPU computes it: slow, but its exp, log and sin are those of `Math`, while the WebAssembly backend
 * has only float32 approximations of them even in float64.
 */
export function runJax(
  fn: TracedFunction,
  args: readonly Tensor[],
  precision: "float32" | "float64" = "float32",
): Tensor[] {
  const exact = precision === "float64";
  const device = defaultDevice();
  if (exact) defaultDevice("cpu");
  try {
    const inputs = args.map((arg) =>
      exact && arg.dtype === "float32"
        ? toJax({ ...arg, dtype: "float64", data: Float64Array.from(arg.data) })
        : toJax(arg)
    );
    const flat = (value: unknown): np.Array[] =>
      value instanceof np.Array ? [value] : Object.values(value as object).flatMap(flat);
    return flat(fn(...inputs)).map((array) => ({
      dtype: array.dtype as unknown as DType,
      shape: array.shape,
      data: array.ref.dataSync() as Tensor["data"],
    }));
  } finally {
    defaultDevice(device);
  }
}

/** Elementwise agreement, relative to the largest value; NaN equals NaN and infinities equal themselves. */
export function assertClose(
  got: Tensor,
  want: Tensor,
  tolerance: number,
  what: string,
  leastScale = 1e-3,
): void {
  assert.deepEqual([...got.shape], [...want.shape], `${what}: shape`);
  let scale = leastScale;
  for (const x of want.data) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
  for (let i = 0; i < want.data.length; i++) {
    const [a, b] = [got.data[i], want.data[i]];
    if (Number.isNaN(b) ? Number.isNaN(a) : a === b) continue;
    const close = Number.isFinite(b) && Math.abs(a - b) <= tolerance * scale;
    assert.ok(close, `${what}: element ${i} is ${a}, expected ${b}`);
  }
}
