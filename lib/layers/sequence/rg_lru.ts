/** @file The real-gated linear recurrent unit of Griffin and Hawk: an LRU whose radius depends on the token. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { byHead } from "../by_head.ts";
import { expandedWidth } from "../expanded_width.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x, y and the state. */
  readonly width: number;
  /** H; gates see the d/H channels of their own block. */
  readonly heads: number;
  /** The smallest radius that the state is multiplied by at the start, where its gate is fully open. */
  readonly minRadius: number;
  /** The largest, below 1. */
  readonly maxRadius: number;
  /** Whether the state is multiplied by 2 a - 1, not by a. */
  readonly negative: boolean;
}

/** Of both gates, and the rate at which the state decays. */
export type Params = {
  /** Of both gates by block, [H, d/H, 2 d/H]: on the input, then on the recurrence. */
  gates: JaxArray;
  /** [2 d]: of the first, then of the second. */
  bias: JaxArray;
  /** Lambda: softplus of it, times 8, is the fastest rate of decay, [d]. */
  decay: JaxArray;
};

/** h [B, d], and 1 before the first token, whose input has the factor 1, then 0: int32 [B, 1]. */
export type State = { h: JaxArray; first: JaxArray };

/** log a_t and i_t x_t, [..., d] each. */
export type Input = { logKeep: JaxArray; gated: JaxArray };

/** c in a = exp(-c softplus(Lambda) r). */
const fastest = 8;

/** The square root of 1 - a^2 has no slope where a is 1; below this its slope stays what it is here, a thousand. */
const leastSquare = 1 / (4 * 1000 ** 2);

/**
 * h_t = a_t h_{t-1} + sqrt(1 - a_t^2) (i_t x_t) with a_t = exp(-8 softplus(Lambda) r_t), r and i sigmoids of block-diagonal maps of
 * x; y is h. The first input has the factor 1, as in the published code. Options: `heads` (1), `minRadius` (.9), `maxRadius` (.999) and
 * `negative` (false; by it the state is multiplied by 2 a - 1).
 */
export const layer: SequenceLayer<Config, Params, State, Input, JaxArray> = {
  about: {
    name: "RG-LRU",
    paper: "De et al., arXiv 2402.19427, eq. 1 to 4",
    kind: "linear in the state",
    eigenvalues: "(0, 1), the gates; (-1, 1) with negative: true",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(1),
      minRadius: z.number().gt(0).lt(1).default(0.9),
      maxRadius: z.number().gt(0).lt(1).default(0.999),
      negative: z.boolean().default(false),
    }).refine(({ minRadius, maxRadius }) => minRadius <= maxRadius, {
      error: "minRadius must not be above maxRadius",
    });
    const config = { width, ...readOptions("rg_lru", schema, options) };
    expandedWidth("rg_lru", "expansion", 1, width, config.heads);
    return config;
  },

  /** Radii uniform by area on the ring; the gate's logit is 0 at the start, where half of the decay is felt. */
  init({ width, heads, minRadius, maxRadius }, key) {
    const [k1, k2] = random.split(key, 2);
    const each = width / heads;
    const square = random.uniform(k2, [width], { minval: minRadius ** 2, maxval: maxRadius ** 2 });
    // softplus(Lambda) = -log(radius) = -log(square) / 2.
    const rate = np.log(square).mul(-0.5);
    return {
      gates: random.normal(k1, [heads, each, 2 * each]).mul(1 / Math.sqrt(each)),
      bias: np.zeros([2 * width]),
      decay: np.log(np.exp(rate).sub(1)),
    };
  },

  initialState: ({ width }, batch) => ({
    h: tensor(0, [batch, width]),
    first: tensor(1, [batch, 1], "int32"),
  }),

  inputs({ width, heads }, { gates, bias, decay }, x) {
    const lead = x.shape.slice(0, -1);
    const each = width / heads;
    const both = byHead(x.ref.reshape([...lead, heads, each]), gates)
      .reshape([...lead, heads, 2, each]);
    const [input, recurrence] = np.split(both, 2, -2)
      .map((x) => x.reshape([...lead, width]));
    const [inputBias, recurrenceBias] = np.split(bias, 2, 0);
    const gate = nn.sigmoid(recurrence.add(recurrenceBias));
    return {
      logKeep: gate.mul(nn.softplus(decay)).mul(-fastest),
      gated: nn.sigmoid(input.add(inputBias)).mul(x),
    };
  },

  cell({ negative }, _, { h, first }, { logKeep, gated }) {
    const keep = np.exp(logKeep.ref);
    // 1 - a^2 by tanh(-log a), which keeps the digits that the difference loses where a is near 1.
    const tangent = np.tanh(logKeep.neg());
    const difference = tangent.ref.mul(2).mul(np.reciprocal(tangent.add(1)));
    const square = np.maximum(difference, leastSquare);
    const isFirst = first.ref.greater(0);
    const factor = np.where(isFirst, np.onesLike(square.ref), np.sqrt(square));
    const next = (negative ? keep.mul(2).sub(1) : keep).mul(h).add(factor.mul(gated));
    return [{ h: next.ref, first: first.ref.sub(first) }, next];
  },

  outputs(_config, _params, h, x) {
    x.dispose();
    return h;
  },
};
