/**
 * @file Attention without softmax: y_t = sum_s (q_t . k_s) v_s / T, in time T because the sum over s is taken once. Queries and keys
 * read the input and a learned position, values the input alone.
 *
 * **Not a linear map.** q, k and v depend on x, so y is a cubic polynomial of it (the input times itself and once more); superposition
 * fails, and no matrix says what it does. Of its terms only the one of the two positions, q(p_t) . k(p_s) v(x_s), is linear.
 */
import { numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import type { Mixing } from "./mixing.ts";

/** `position` [T, C]; `query`, `key` and `value` [C, C]. */
export type LinearAttentionParams = {
  position: JaxArray;
  query: JaxArray;
  key: JaxArray;
  value: JaxArray;
};

/** All times read all times: what is to come is zero, and there is nothing that a mask would hide. */
export const mixing: Mixing<LinearAttentionParams> = {
  about: {
    name: "linear attention",
    paper: "Katharopoulos et al., arXiv 2006.16236, eq. 5 to 7 with the identity for features",
    kind: "nonlinear",
  },
  init({ channels, length }, key) {
    const [p, q, k, v] = [...random.split(key, 4)];
    const square = (key: JaxArray) =>
      random.normal(key, [channels, channels]).mul(1 / Math.sqrt(channels));
    return {
      position: random.normal(p, [length, channels]),
      query: square(q),
      key: square(k),
      value: square(v),
    };
  },
  apply({ position, query, key, value }, x) {
    const [, length, channels] = x.shape;
    const placed = x.ref.add(position);
    const q = np.matmul(placed.ref, query);
    const k = np.matmul(placed, key);
    const v = np.matmul(x, value);
    const memory = np.matmul(np.transpose(k, [0, 2, 1]), v);
    return np.matmul(q, memory).mul(1 / (length * Math.sqrt(channels)));
  },
};
