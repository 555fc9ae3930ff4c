/** @file Minimal recurrent units: averages of candidates by gates that see the token alone. */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { readOptions } from "../options.ts";
import { tensor } from "../tensor/tensor.ts";
import { expandedWidth } from "./expanded_width.ts";
import type { About, SequenceLayer } from "./sequence/sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** The state has n = `expansion` d numbers. */
  readonly expansion: number;
}

/** Maps without biases. */
export type Params = {
  /** [d, n] for the candidates and as much for every gate. */
  input: JaxArray;
  /** [n, d], if `expansion` is not 1. */
  output?: JaxArray;
};

/** What is kept of the state and what is written, [..., n] each. */
export type Input = { keep: JaxArray; write: JaxArray };

/** What tells one minimal unit from another. */
export interface Unit {
  /** Of its file. */
  readonly name: string;
  /** For readers, and a claim that tests hold it to. */
  readonly about: About;
  /** How many numbers are made of a token for one of the state: the candidate and the logits of the gates. */
  readonly maps: number;
  /** What is kept and written. @param made of a token, `maps` arrays [..., n], the candidate first */
  gates(...made: JaxArray[]): Input;
}

/** h_t = keep_t h_{t-1} + write_t, from any state; y is h, or a projection of it. Option: `expansion` (1). */
export function minimalUnit(
  { name, about, maps, gates }: Unit,
): SequenceLayer<Config, Params, JaxArray, Input, JaxArray> {
  const stateSize = ({ width, expansion }: Config) =>
    expandedWidth(name, "expansion", expansion, width);
  return {
    about,

    configure(options, width) {
      const schema = z.strictObject({ expansion: z.number().gt(0).default(1) });
      const config = { width, ...readOptions(name, schema, options) };
      stateSize(config);
      return config;
    },

    init(config, key, gain = 1) {
      const { width, expansion } = config;
      const n = stateSize(config);
      const [k1, k2] = random.split(key, 2);
      const input = random.normal(k1, [width, maps * n]).mul(1 / Math.sqrt(width));
      if (expansion === 1) {
        k2.dispose();
        return { input };
      }
      return { input, output: random.normal(k2, [n, width]).mul(gain / Math.sqrt(n)) };
    },

    initialState: (config, batch) => tensor(0, [batch, stateSize(config)]),

    inputs: (_, { input }, x) => gates(...np.split(np.matmul(x, input), maps, -1)),

    cell(_config, _params, h, { keep, write }) {
      const next = keep.mul(h).add(write);
      return [next.ref, next];
    },

    outputs(_, { output }, h, x) {
      x.dispose();
      return output ? np.matmul(h, output) : h;
    },
  };
}
