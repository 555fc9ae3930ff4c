/** @file E1 with banks of averages of its state, each number at a rate of its own, all of which are shown through gates. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { linear, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** The state has n = `expansion` d numbers, and so has each bank. */
  readonly expansion: number;
  /** K */
  readonly banks: number;
}

/** Only the recurrence has a bias. */
export type Params = {
  /** [d, n], into the recurrence. */
  input: JaxArray;
  /** [d, (1 + K) n], of the gates on the state and on the banks. */
  gate: JaxArray;
  /** W_x and b, [n, n] and [n]. */
  drive: LinearParams;
  /** W_h [n, n] */
  recurrent: JaxArray;
  /** Logits of what the banks keep of themselves, [K, n]. */
  keep: JaxArray;
  /** [n, d] */
  output: JaxArray;
};

/** State [B, n] and banks [B, K, n]. */
export type State = { h: JaxArray; m: JaxArray };

const stateSize = ({ width, expansion }: Config) =>
  expandedWidth("e10", "expansion", expansion, width);

/**
 * h_t = tanh(W_x silu(V x_t) + W_h h_{t-1} + b), m_k = a_k m_k + (1 - a_k) h_t, y_t = W_o (h_t silu(z_0) + sum_k m_k silu(z_k)). Its author
 * divides W_h by its norm in every step; here it is free, as E1's. Options: `expansion` (1), `banks` (4).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "E10",
    paper:
      "Elman, Cognitive Science 14 (1990), figure 2; banks as in github.com/ekg/elman@627683a, elman/models/multiscale_elman.py",
    kind: "nonlinear",
    eigenvalues: "any, those of W_h times the slopes of tanh; (0, 1), of the banks",
  },

  configure(options, width) {
    const schema = z.strictObject({
      expansion: z.number().gt(0).default(1),
      banks: z.number().int().min(1).default(4),
    });
    const config = { width, ...readOptions("e10", schema, options) };
    stateSize(config);
    return config;
  },

  /** As in its code: uniform by Glorot & Bengio (AISTATS 2010, eq. 16), banks that keep .8 to .99, their logits spread by .1. */
  init(config, key, gain = 1) {
    const { width, banks } = config;
    const n = stateSize(config);
    const [k1, k2, k3, k4, k5, k6] = random.split(key, 6);
    const uniform = (key: JaxArray, shape: [number, number], fans: number, gain = 1) => {
      const bound = Math.sqrt(6 / fans);
      // Scaled afterwards: a gain of 0 leaves no interval to draw from.
      return random.uniform(key, shape, { minval: -bound, maxval: bound }).mul(gain);
    };
    const all = width + (2 + banks) * n;
    const logits = Float32Array.from({ length: banks }, (_, k) => {
      const keep = banks === 1 ? 0.8 : 0.8 + 0.19 * k / (banks - 1);
      return Math.log(keep / (1 - keep));
    });
    return {
      input: uniform(k1, [width, n], all),
      gate: uniform(k2, [width, (1 + banks) * n], all),
      drive: { weight: uniform(k3, [n, n], 2 * n), bias: np.zeros([n]) },
      recurrent: uniform(k4, [n, n], 2 * n),
      keep: random.normal(k5, [banks, n]).mul(0.1).add(np.array(logits, { shape: [banks, 1] })),
      output: uniform(k6, [n, width], n + width, gain),
    };
  },

  initialState(config, batch) {
    const n = stateSize(config);
    return { h: tensor(0, [batch, n]), m: tensor(0, [batch, config.banks, n]) };
  },

  inputs: (_, { input, drive }, x) => linear(drive, nn.silu(np.matmul(x, input))),

  cell(_, { recurrent, keep }, { h, m }, x) {
    const [batch, n] = h.shape;
    const next = np.tanh(x.add(np.matmul(h, recurrent)));
    const kept = nn.sigmoid(keep);
    const one = next.ref.reshape([batch, 1, n]);
    const banks = m.sub(one.ref).mul(kept).add(one);
    return [{ h: next.ref, m: banks.ref }, np.concatenate([next, banks.reshape([batch, -1])], 1)];
  },

  outputs(config, { gate, output }, both, x) {
    const n = stateSize(config);
    const shown = both.mul(nn.silu(np.matmul(x, gate)));
    const each = shown.reshape([...shown.shape.slice(0, -1), 1 + config.banks, n]);
    return np.matmul(np.sum(each, -2), output);
  },
};
