/** @file The scalar LSTM of xLSTM: exponential gates, a normaliser, and a stabiliser that keeps both in range. */
import { nn, numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { byHead } from "../by_head.ts";
import { expandedWidth } from "../expanded_width.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x, y and all parts of the state. */
  readonly width: number;
  /** H; gates see the d/H hidden numbers of their own head. */
  readonly heads: number;
}

/** Of all gates at once; the biases are those of the input. */
export type Params = {
  /** [d, 4 d]: input and forget gates, candidate, output gate. */
  input: LinearParams;
  /** By head, [H, d/H, 4 d/H], in the same order. */
  recurrent: JaxArray;
};

/** Hidden and cell state, normaliser and stabiliser, [B, d] each. */
export type State = { h: JaxArray; c: JaxArray; n: JaxArray; m: JaxArray };

/**
 * c_t = f' c_{t-1} + i' tanh(z), n_t = f' n_{t-1} + i', h_t = sigmoid(o) c_t / n_t with i' = exp(i - m_t), f' = exp(log sigmoid(f) +
 * m_{t-1} - m_t) and m_t = max(log sigmoid(f) + m_{t-1}, i); before the first token n is 0, and m becomes i. y is h. Option: `heads`
 * (1).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "sLSTM",
    paper: "Beck et al., arXiv 2405.04517, section 2.2 and eq. 15 to 17, with sigmoid forget gates",
    kind: "nonlinear",
    eigenvalues: "(0, 1), the normalised forget gates, along the cell state",
  },

  configure(options, width) {
    const schema = z.strictObject({ heads: z.number().int().min(1).default(1) });
    const config = { width, ...readOptions("slstm", schema, options) };
    expandedWidth("slstm", "expansion", 1, width, config.heads);
    return config;
  },

  /** As in the published code: nothing is fed back at the start, and forget biases fall from 5 to -7 within a head. */
  init({ width, heads }, key) {
    const each = width / heads;
    const { weight, bias } = linearInit(key, width, 4 * width);
    bias.dispose();
    const biasOf = (_: unknown, i: number) => {
      if (i < width || i >= 2 * width) return 0;
      return 5 - 12 * ((i % each) / Math.max(1, each - 1)) ** 0.3;
    };
    return {
      input: { weight, bias: np.array(Float32Array.from({ length: 4 * width }, biasOf)) },
      recurrent: np.zeros([heads, each, 4 * each]),
    };
  },

  initialState: ({ width }, batch) =>
    Object.fromEntries(["h", "c", "n", "m"].map((name) => [name, tensor(0, [batch, width])])),

  inputs: (_, { input }, x) => linear(input, x),

  cell({ width, heads }, { recurrent }, { h, c, n, m }, x) {
    const [batch] = h.shape;
    const each = width / heads;
    const own = byHead(h.reshape([batch, heads, each]), recurrent)
      .reshape([batch, heads, 4, each]);
    const raw = np.transpose(own, [0, 2, 1, 3]).reshape([batch, 4 * width]).add(x);
    const [input, forget, candidate, output] = np.split(raw, 4, -1);
    const kept = nn.logSigmoid(forget).add(m);
    const isEmpty = n.ref.equal(0);
    const stabiliser = np.where(isEmpty, input.ref, np.maximum(input.ref, kept.ref));
    const write = np.exp(input.sub(stabiliser.ref));
    const keep = np.exp(kept.sub(stabiliser.ref));
    const cell = keep.ref.mul(c).add(write.ref.mul(np.tanh(candidate)));
    const normaliser = keep.mul(n).add(write);
    const hidden = nn.sigmoid(output).mul(cell.ref).mul(np.reciprocal(normaliser.ref));
    return [{ h: hidden.ref, c: cell, n: normaliser, m: stabiliser }, hidden];
  },

  outputs(_config, _params, h, x) {
    x.dispose();
    return h;
  },
};
