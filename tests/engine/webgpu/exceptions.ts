/** @file Where `ort-webgpu` may differ from jax-js on a primitive, and why. */
import type { Leniency } from "../primitive_cases.ts";

export interface Exception extends Leniency {
  /** Names of cases of primitive_cases.ts. */
  readonly cases: RegExp;
  readonly reason: string;
}

/** Below, numbers may be flushed to zero. */
const leastNormal = 2 ** -126;

export const exceptions: readonly Exception[] = [
  {
    cases: /^(sin|cos) \[/,
    tolerance: 2e-4,
    reason: "WGSL promises an absolute error of 2^-11 within [-pi, pi]",
  },
  {
    cases: /^exp \[/,
    open: Number.isNaN,
    reason: "WGSL leaves open what NaN gives: SwiftShader makes it infinite, NVIDIA NaN",
  },
  {
    cases: /^log \[/,
    leastScale: 1,
    open: (x) => !(x >= leastNormal),
    reason: "WGSL promises an absolute error of 2^-21 near 1, and nothing for NaN, zero and below",
  },
];

/** Cases that run in part on the CPU: kernels that the provider lacks, and that no training step needs. */
export const onTheCpu: readonly RegExp[] = [
  /^mod \[/, // remainders of floats
  /^sort integers/,
  /^shift (left|right)/,
  /^(bits as float|float as bits|bit count)/,
];
