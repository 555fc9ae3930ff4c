/** @file A trellis network: levels of one convolution over two tokens, the same at each, whose gates are those of an LSTM. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, type LinearParams } from "../linear.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x, y and every level. */
  readonly width: number;
  /** L */
  readonly levels: number;
}

/** Of the token before and the token itself, [2 d, 4 d]: input and output gates, candidate, forget gate. */
export type Params = {
  input: JaxArray;
  hidden: LinearParams;
};

/** Of the last token: itself, [B, d], and hidden and cell of all levels but the last one, [B, L - 1, d]. */
export type State = { x: JaxArray; h: JaxArray; c: JaxArray };

type Level = { h: JaxArray; c: JaxArray };

/** One level at some tokens. @param injected [..., 4 d] @param before of the level below, one token ago; `h` [..., 2 d] with that of now */
function levelOf(hidden: LinearParams, injected: JaxArray, both: JaxArray, cell: JaxArray): Level {
  const [input, output, candidate, forget] = np.split(injected.add(linear(hidden, both)), 4, -1);
  const c = nn.sigmoid(forget).mul(cell).add(nn.sigmoid(input).mul(np.tanh(candidate)));
  return { h: nn.sigmoid(output).mul(np.tanh(c.ref)), c };
}

/**
 * h_t^(i + 1), c_t^(i + 1) of an LSTM's gates on W [x_{t-1}, x_t] + U [h_{t-1}^i, h_t^i] + b and the cell c_{t-1}^i, from zeros at level 0; y_t =
 * h_t^L. Option: `levels` (L, 4).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "TrellisNet",
    paper: "Bai et al., arXiv 1810.06682, eq. 1 and section 5.1 (gated activation), two taps",
    kind: "nonlinear",
    eigenvalues: "0: it sees its last L tokens",
  },

  configure(options, width) {
    const schema = z.strictObject({ levels: z.number().int().min(2).default(4) });
    return { width, ...readOptions("trellisnet", schema, options) };
  },

  /** Normal; the published code draws all with a deviation of .01 for its 55 levels. */
  init({ width }, key, gain = 1) {
    const [k1, k2] = random.split(key, 2);
    const weight = (key: JaxArray) =>
      random.normal(key, [2 * width, 4 * width]).mul(1 / Math.sqrt(2 * width));
    return {
      input: weight(k1).mul(gain),
      hidden: { weight: weight(k2), bias: np.zeros([4 * width]) },
    };
  },

  initialState({ width, levels }, batch) {
    const levelsOf = () => tensor(0, [batch, levels - 1, width]);
    return { x: tensor(0, [batch, width]), h: levelsOf(), c: levelsOf() };
  },

  cell({ width, levels }, { input, hidden }, { x: last, h, c }, x) {
    const [batch] = x.shape;
    const injected = np.matmul(np.concatenate([last, x.ref], -1), input);
    const split = (all: JaxArray) =>
      (levels === 2 ? [all] : np.split(all, levels - 1, 1)).map((x) => x.reshape([batch, width]));
    const none = np.zeros([batch, width], { dtype: x.dtype });
    const [hs, cs] = [[none.ref, ...split(h)], [none.ref, ...split(c)]];
    let now = none;
    const made = hs.map((before, i) => {
      const next = levelOf(tied(hidden), injected.ref, np.concatenate([before, now], -1), cs[i]);
      now = next.h.ref;
      return next;
    });
    const stacked = (name: keyof Level) =>
      np.concatenate(made.slice(0, -1).map((m) => m[name].reshape([batch, 1, width])), 1);
    return [{ x, h: stacked("h"), c: stacked("c") }, now];
  },

  /** Level by level, each at all times at once: no level is its own past. */
  parallel(config, { input, hidden }, x, state) {
    const { width, levels } = config;
    const [batch, length] = x.shape;
    state ??= freshState(layer, config, batch, 0, x.dtype);
    const rows = (all: JaxArray) => levels === 2 ? [all] : np.split(all, levels - 1, 1);
    const one = (x: JaxArray) => x.reshape([batch, 1, width]);
    const tail = (x: JaxArray) => length === 1 ? x : np.split(x, [length - 1], 1)[1];
    /** One token later: what was before first, without the last. */
    const later = (first: JaxArray, all: JaxArray) =>
      length === 1 ? first : np.concatenate([first, np.split(all, [length - 1], 1)[0]], 1);
    const injected = np.matmul(np.concatenate([later(one(state.x), x.ref), x.ref], -1), input);
    const none = np.zeros([batch, length, width], { dtype: x.dtype });
    const first = np.zeros([batch, 1, width], { dtype: x.dtype });
    const hs = [first.ref, ...rows(state.h)];
    const cs = [first, ...rows(state.c)];
    let now: Level = { h: none.ref, c: none };
    const ends: Level[] = [];
    for (let i = 0; i < levels; i++) {
      const both = np.concatenate([later(hs[i], now.h.ref), now.h], -1);
      now = levelOf(tied(hidden), injected.ref, both, later(cs[i], now.c));
      if (i < levels - 1) ends.push({ h: tail(now.h.ref), c: tail(now.c.ref) });
    }
    const stacked = (name: keyof Level) => np.concatenate(ends.map((end) => end[name]), 1);
    const last = tail(x).reshape([batch, width]);
    return [{ x: last, h: stacked("h"), c: stacked("c") }, now.h];
  },
};

/** The map once more: all levels share it. */
const tied = ({ weight, bias }: LinearParams): LinearParams => ({
  weight: weight.ref,
  bias: bias.ref,
});
