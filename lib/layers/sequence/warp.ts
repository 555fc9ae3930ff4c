/** @file A linear recurrence whose state are the weights of a small network: every token changes the network, and is answered by it. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** r, numbers of a token that the recurrence and the network see, and of what the network answers. */
  readonly inner: number;
  /** h, of the network's hidden layer; it has D = r h + h + h r + r weights. */
  readonly hidden: number;
}

/** Maps around the network, and those that change it. */
export type Params = {
  /** [d, r] */
  down: JaxArray;
  /** Of the first token to the network that it meets, [r, D]. */
  start: LinearParams;
  /** A, [D, D] */
  transition: JaxArray;
  /** B, [r, D] */
  change: JaxArray;
  /** [r, d] */
  up: LinearParams;
};

/** Weights [B, D], the last token [B, r], and whether there was one, [B, 1]: 0 or 1. */
export type State = { theta: JaxArray; last: JaxArray; begun: JaxArray };

const sizeOf = ({ inner, hidden }: Config) => 2 * inner * hidden + hidden + inner;

/** W_2 silu(W_1 u + b_1) + b_2 by weights of each token. @param theta [..., D]: W_1, b_1, W_2, b_2, row by row @param u [..., r] */
function answered({ inner, hidden }: Config, theta: JaxArray, u: JaxArray): JaxArray {
  const lead = u.shape.slice(0, -1);
  const ends = [inner * hidden, inner * hidden + hidden, 2 * inner * hidden + hidden];
  const [first, firstBias, second, secondBias] = np.split(theta, ends, -1);
  const times = (rows: JaxArray, outputs: number, inputs: number, x: JaxArray) =>
    np.sum(rows.reshape([...lead, outputs, inputs]).mul(x.reshape([...lead, 1, inputs])), -1);
  const shown = nn.silu(times(first, hidden, inner, u).add(firstBias));
  return times(second, inner, hidden, shown).add(secondBias);
}

/**
 * theta_t = A theta_{t-1} + B (u_t - u_{t-1}), where u = P x has r numbers and theta_0 = S u_1 + s; y_t = Q f(u_t; theta_t) + q by the network f whose
 * weights theta are. (The authors' networks see the time of a sequence whose length is known, or as here the token itself.) Options: `inner` (r, 4),
 * `hidden` (h, 4).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "WARP",
    paper:
      "Nzoyem et al., arXiv 2506.01153, section 2, as in github.com/ddrous/warp@bde9a5d, models.py, with the token for the time",
    kind: "linear in the state",
    eigenvalues: "any, those of A, which is 1 at first",
  },

  configure(options, width) {
    const schema = z.strictObject({
      inner: z.number().int().min(1).default(4),
      hidden: z.number().int().min(1).default(4),
    });
    return { width, ...readOptions("warp", schema, options) };
  },

  /** As in the code the network keeps what it is, A = 1 and B = 0, until training moves it. */
  init(config, key, gain = 1) {
    const { width, inner } = config;
    const size = sizeOf(config);
    const [k1, k2, k3, k4] = random.split(key, 4);
    return {
      down: random.normal(k1, [width, inner]).mul(1 / Math.sqrt(width)),
      start: {
        weight: random.normal(k2, [inner, size]).mul(1 / Math.sqrt(inner)),
        bias: random.normal(k3, [size]).mul(1 / Math.sqrt(inner)),
      },
      transition: np.eye(size),
      change: np.zeros([inner, size]),
      up: linearInit(k4, inner, width, gain),
    };
  },

  initialState: (config, batch) => ({
    theta: tensor(0, [batch, sizeOf(config)]),
    last: tensor(0, [batch, config.inner]),
    begun: tensor(0, [batch, 1]),
  }),

  inputs: (_, { down }, x) => np.matmul(x, down),

  cell(_, { start, transition, change }, { theta, last, begun }, u) {
    const mixed = (old: JaxArray, first: JaxArray) =>
      begun.ref.mul(old).add(begun.ref.neg().add(1).mul(first));
    const before = mixed(theta, linear(start, u.ref));
    const moved = u.ref.sub(mixed(last, u.ref));
    const next = np.matmul(before, np.transpose(transition)).add(np.matmul(moved, change));
    return [{ theta: next.ref, last: u, begun: begun.mul(0).add(1) }, next];
  },

  outputs(config, { down, up }, theta, x) {
    return linear(up, answered(config, theta, np.matmul(x, down)));
  },
};
