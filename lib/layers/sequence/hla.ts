/** @file Higher-order linear attention: scores between queries and keys are read twice, by way of the keys' second moments. */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { inChunks } from "../chunks.ts";
import { expandedWidth } from "../expanded_width.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H, among which d is divided. */
  readonly heads: number;
}

/** Maps without biases. */
export type Params = {
  /** [d, 3 d]: queries, keys, values. */
  input: JaxArray;
  /** [d, d] */
  output: JaxArray;
};

/** Sums over the tokens so far, [B, H, e, e] each: k k', q v', and k k' times the q v' of what was before. */
export type State = { keys: JaxArray; values: JaxArray; before: JaxArray };

/** Of a token, [..., H, e] each. */
export type Input = { query: JaxArray; key: JaxArray; value: JaxArray };

function inputs({ width, heads }: Config, { input }: Pick<Params, "input">, x: JaxArray): Input {
  const each = expandedWidth("hla", "heads", 1, width, heads) / heads;
  const lead = x.shape.slice(0, -1);
  const [query, key, value] = np.split(np.matmul(x, input), 3, -1)
    .map((x) => x.reshape([...lead, heads, each]));
  // Both halves of a score are between a query and a key: each by the root of their size.
  return { query: query.mul(each ** -0.25), key: key.mul(each ** -0.25), value };
}

const flat = (x: JaxArray) => x.reshape([...x.shape.slice(0, -2), -1]);

/**
 * o_t = sum_{j <= t} (sum_{i <= j} (q_t k_i) (k_i q_j)) v_j: the masked scores times their own transpose, masked. Option: `heads` (the largest
 * divisor of the width up to 4).
 */
export const layer: SequenceLayer<Config, Params, State, Input, JaxArray> = {
  about: {
    name: "HLA",
    paper: "Zhang et al., arXiv 2510.27258, theorem 3.1: second order, masked, without decay",
    kind: "linear in the state",
    eigenvalues: "1",
  },

  configure(options, width) {
    const schema = z.strictObject({ heads: z.number().int().min(1).optional() });
    const given = readOptions("hla", schema, options);
    let heads = given.heads ?? Math.min(4, width);
    if (given.heads === undefined) { while (width % heads !== 0) heads--; }
    if (width % heads !== 0) {
      throw new RangeError(`hla options: heads = ${heads}: must divide the width ${width}`);
    }
    return { width, heads };
  },

  init({ width }, key, gain = 1) {
    const [k1, k2] = random.split(key, 2);
    return {
      input: random.normal(k1, [width, 3 * width]).mul(1 / Math.sqrt(width)),
      output: random.normal(k2, [width, width]).mul(gain / Math.sqrt(width)),
    };
  },

  initialState({ width, heads }, batch) {
    const each = width / heads;
    const sum = () => tensor(0, [batch, heads, each, each]);
    return { keys: sum(), values: sum(), before: sum() };
  },

  inputs,

  cell(_, _params, { keys, values, before }, { query, key, value }) {
    const [batch, heads, each] = query.shape;
    const column = (x: JaxArray) => x.reshape([batch, heads, each, 1]);
    const row = (x: JaxArray) => x.reshape([batch, heads, 1, each]);
    const seen = np.matmul(row(key.ref), values.ref);
    const nextBefore = before.add(column(key.ref).mul(seen));
    const nextKeys = keys.add(column(key.ref).mul(row(key)));
    const nextValues = values.add(column(query.ref).mul(row(value)));
    const twice = np.matmul(np.matmul(row(query.ref), nextKeys.ref), nextValues.ref);
    const read = twice.sub(np.matmul(row(query), nextBefore.ref)).reshape([batch, heads * each]);
    return [{ keys: nextKeys, values: nextValues, before: nextBefore }, read];
  },

  outputs(_, { output }, read, x) {
    x.dispose();
    return np.matmul(read, output);
  },

  parallel: (config, params, x, state) =>
    inChunks(
      (params, state, x) => chunk(config, params, state, x),
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};

/** Tokens of a chunk. */
const chunkLength = 32;

/** Some tokens at once: sums before the chunk, and masked scores within it. */
function chunk(config: Config, params: Params, state: State, x: JaxArray): [State, JaxArray] {
  const heads = ({ query, key, value }: Input) =>
    [query, key, value].map((x) => np.transpose(x, [0, 2, 1, 3]));
  const [q, k, v] = heads(inputs(config, params, x)); // [B, H, C, e]
  const flipped = (x: JaxArray) => np.swapaxes(x, -1, -2);
  const { keys, values, before } = state;
  const scores = np.tril(np.matmul(q.ref, flipped(k.ref))); // of t and i in the chunk
  // q_t S_before, and what queries and values of the chunk add to it.
  const old = np.matmul(q.ref, keys.ref);
  const among = np.tril(
    np.matmul(old.ref, flipped(q.ref)).add(
      np.matmul(scores.ref, flipped(scores.ref)),
    ),
  );
  // k_i in the chunk meets all q_j v_j' before it, but those of before the chunk count once more in the sums below.
  const read = np.matmul(old, values.ref).sub(np.matmul(q.ref, before.ref))
    .add(np.matmul(among, v.ref));
  const nextKeys = keys.add(np.matmul(flipped(k.ref), k.ref));
  const added = np.matmul(flipped(q.ref), v.ref);
  // sum_i k_i k_i' C_{i - 1}, with C before the chunk and from within it.
  const within = np.matmul(np.tril(np.matmul(k.ref, flipped(q)), -1), v);
  const seen = np.matmul(k.ref, values.ref).add(within);
  const nextBefore = before.add(np.matmul(flipped(k), seen));
  const mixed = flat(np.transpose(read, [0, 2, 1, 3]));
  return [
    { keys: nextKeys, values: values.add(added), before: nextBefore },
    np.matmul(mixed, params.output),
  ];
}
