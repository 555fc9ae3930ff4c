/** @file What state-space layers of S4's kind mix their channels by: a GELU, and a map to values and the logits of their gates. */
import { nn, numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import { exactGelu } from "./exact_gelu.ts";
import { linear, type LinearParams } from "./linear.ts";

/** [d, 2 d], normal, without a bias at the start. @param key of jax-js, consumed. */
export function gatedOutputInit(key: JaxArray, width: number, gain: number): LinearParams {
  return {
    weight: random.normal(key, [width, 2 * width]).mul(gain / Math.sqrt(width)),
    bias: np.zeros([2 * width]),
  };
}

/** a sigmoid(b) with [a, b] = W gelu(read) + c (Gu et al., arXiv 2111.00396, as in the authors' code). @param read [..., d] */
export function gatedOutput(output: LinearParams, read: JaxArray): JaxArray {
  const [values, logits] = np.split(linear(output, exactGelu(read)), 2, -1);
  return values.mul(nn.sigmoid(logits));
}
