/**
 * @file RWKV-4: averages of values, channel by channel, by weights that fade at a fixed rate; the token itself counts with a weight of its
 * own, and every map sees a mixture with the token before.
 */
import { nn, numpy as np, random, tree } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { shifted } from "../token_shift.ts";
import { type Average, averageOf, emptyAverage, included } from "../weighted_average.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** The width; there are no options. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
}

/** Maps without biases. */
export type Params = {
  /** How much of the token before keys, values and receptances see, [3, d]. */
  mix: JaxArray;
  /** [d, d] each. */
  key: JaxArray;
  value: JaxArray;
  receptance: JaxArray;
  /** log w, of how fast what was there before fades, [d]. */
  decay: JaxArray;
  /** u, on the logit of the token itself, [d]. */
  bonus: JaxArray;
  /** [d, d] */
  output: JaxArray;
};

/** The average of every channel [B, d], and the last token [B, d]. */
export type State = { average: Average; last: JaxArray };

/** Of tokens, [..., d]: logits, values and what opens the output. */
type Tokens = { key: JaxArray; value: JaxArray; open: JaxArray };

/** @param delta what the token before has more than x, [..., d] */
function project(params: Params, x: JaxArray, delta: JaxArray): Tokens {
  const [forKey, forValue, forReceptance] = np.split(params.mix, 3, 0)
    .map((share) => x.ref.add(delta.ref.mul(share.reshape([x.shape.at(-1)!]))));
  x.dispose();
  delta.dispose();
  return {
    key: np.matmul(forKey, params.key),
    value: np.matmul(forValue, params.value),
    open: nn.sigmoid(np.matmul(forReceptance, params.receptance)),
  };
}

/** What fades and is added, of all tokens. */
type Rates = { decay: JaxArray; bonus: JaxArray };

/** One token, leaves [B, d]: it reads the past with itself, and then the past fades. @returns the next average, and what is read */
function update({ decay, bonus }: Rates, average: Average, key: JaxArray, value: JaxArray) {
  const read = averageOf(included(tree.ref(average), key.ref.add(bonus), value.ref));
  return [included(average, key, value, np.exp(decay)), read] as const;
}

/**
 * y_t = W (r_t * (sum_{s<t} exp(-(t - 1 - s) w + k_s) v_s + exp(u + k_t) v_t) / (the same without v)), with r the sigmoid of a
 * map, and r, k and v made of x_t + (x_{t-1} - x_t) mu.
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "RWKV-4",
    paper: "Peng et al., arXiv 2305.13048, eq. 11 to 17",
    kind: "linear in the state",
    eigenvalues: "exp(-w), fixed, in (0, 1): weights of an average cannot be negative",
  },

  configure: (options, width) => ({ width, ...readOptions("rwkv4", z.strictObject({}), options) }),

  /** As the first layer of a stack of its authors' code, but for normal maps, which are zero there: w from exp(-5) to exp(3). */
  init({ width }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    const weight = (key: JaxArray, gain = 1) =>
      random.normal(key, [width, width]).mul(gain / Math.sqrt(width));
    const row = (of: (i: number) => number) =>
      Float32Array.from({ length: width }, (_, i) => of(i));
    const mix = [1, 1, 0.5].map((power) => row((i) => 1 - (i / width) ** power));
    return {
      mix: np.array(Float32Array.from(mix.flatMap((m) => [...m])), { shape: [3, width] }),
      key: weight(k1),
      value: weight(k2),
      receptance: weight(k3),
      decay: np.array(row((i) => -5 + 8 * (i / Math.max(1, width - 1)) ** 0.7)),
      bonus: np.array(row((i) => Math.log(0.3) + 0.5 * ((i + 1) % 3 - 1))),
      output: weight(k4, gain),
    };
  },

  initialState: ({ width }, batch) => ({
    average: emptyAverage([batch, width], [batch, width]),
    last: tensor(0, [batch, width]),
  }),

  cell(_, params, { average, last }, x) {
    const { key, value, open } = project(params, x.ref, last.sub(x.ref));
    const [next, read] = update(params, average, key, value);
    return [{ average: next, last: x }, np.matmul(read.mul(open), params.output)];
  },

  /** Maps of all tokens at once, and only the averages token by token. */
  parallel(config, params, x, state) {
    const [batch, length] = x.shape;
    state ??= freshState(layer, config, batch, length, x.dtype);
    const [last, delta] = shifted(state.last, x.ref);
    const { key, value, open } = project(params, x, delta);
    const first = (x: JaxArray) => np.transpose(x, [1, 0, 2]);
    const { decay, bonus } = params;
    const [average, read] = scan(
      (rates: Rates, average: Average, token: Omit<Tokens, "open">) => {
        const [next, read] = update(rates, average, token.key, token.value);
        return [next, read] as [Average, JaxArray];
      },
      { decay, bonus },
      state.average,
      { key: first(key), value: first(value) },
    );
    return [{ average, last }, np.matmul(first(read).mul(open), params.output)];
  },
};
