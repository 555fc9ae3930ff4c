/** @file Gates of one number a head, as Mamba-2 has them: exp(-rate softplus(W x + b)). */
import { nn, numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import { type Config, type Sizes, stepBias, weightInit } from "./gated_delta_layer.ts";
import { linear, type LinearParams } from "./linear.ts";
import { leastLogGate } from "./gated_memory.ts";

/** To one step size a head, before softplus, [d, H], and the logarithm of the rates, [H]. */
export type HeadRate = { step: LinearParams; rate: JaxArray };

/** Rates uniform in 1..16, steps log-uniform in .001..0.1 where the token adds nothing to them. @param keys three of jax-js */
export function headRateInit({ width, heads }: Config, [k1, k2, k3]: JaxArray[]): HeadRate {
  return {
    step: { weight: weightInit(k1, width, heads), bias: stepBias(k2, heads) },
    rate: np.log(random.uniform(k3, [heads], { minval: 1, maxval: 16 })),
  };
}

/** Logarithms of the gates, the same for all numbers of a head's keys, [..., H, K/H]. */
export function headRate(
  { heads }: Config,
  { key }: Sizes,
  { step, rate }: HeadRate,
  x: JaxArray,
): JaxArray {
  const lead = x.shape.slice(0, -1);
  const logs = nn.softplus(linear(step, x)).mul(np.exp(rate)).neg();
  const each = np.maximum(logs, leastLogGate).reshape([...lead, heads, 1]);
  return np.broadcastTo(each, [...lead, heads, key]);
}
