/**
 * @file A prefix scan by a learned operator: tokens are joined in pairs, pairs in fours and so on, and what has been read so far is the join of the
 * few largest parts that it is made of. An operator that is not associative has one value still, for the tree is fixed.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { recurrent } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x, y and every part. */
  readonly width: number;
  /** L: parts of 1, 2, 4 ... 2^(L - 1) tokens; the last one takes in all that is older, too. */
  readonly levels: number;
}

/** The operator and the maps around it. */
export type Params = {
  /** [d, d] */
  input: LinearParams;
  /** Of both sides, to gate and candidate: [2 d, 2 d]. */
  join: LinearParams;
  /** [d, d] */
  output: LinearParams;
};

/** Parts by level, [B, L, d], zero where there is none, and tokens so far (int32 scalar), whose binary digits say which there are. */
export type State = { parts: JaxArray; position: JaxArray };

/** a * b = g a + (1 - g) tanh(c), gate and candidate of both. @param a earlier, [..., d] @param b later, [..., d] */
function joined({ weight, bias }: LinearParams, a: JaxArray, b: JaxArray): JaxArray {
  const both = np.concatenate([a.ref, b], -1);
  const [gate, candidate] = np.split(linear({ weight: weight.ref, bias: bias.ref }, both), 2, -1);
  const fresh = np.tanh(candidate);
  return fresh.ref.add(nn.sigmoid(gate).mul(a.sub(fresh)));
}

/** b where the switch is 1, a where it is 0. */
const chosen = (isB: JaxArray, a: JaxArray, b: JaxArray) => a.ref.add(isB.mul(b.sub(a)));

/**
 * y_t = W (x_1 * ... * x_t) + b, where * is learned, and joins as the digits of t say: for t = 13 it is ((8 tokens * 4 tokens) * 1), each of these by
 * halves. Option: `levels` (L, 10).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "learned monoid",
    paper:
      "Yau et al., arXiv 2506.10918, section 3, prefix-scannable models; a learned operator: Ong & Veličković, arXiv 2212.08541, section 4. The operator is a gated unit",
    kind: "nonlinear",
    eigenvalues: "any: parts are joined by a network",
  },

  configure(options, width) {
    const schema = z.strictObject({ levels: z.number().int().min(2).max(24).default(10) });
    return { width, ...readOptions("monoid", schema, options) };
  },

  init({ width }, key, gain = 1) {
    const [k1, k2, k3] = random.split(key, 3);
    return {
      input: linearInit(k1, width, width),
      join: linearInit(k2, 2 * width, 2 * width),
      output: linearInit(k3, width, width, gain),
    };
  },

  initialState: ({ width, levels }, batch) => ({
    parts: tensor(0, [batch, levels, width]),
    position: { dtype: "int32", shape: [], data: Int32Array.of(0) },
  }),

  inputs: (_, { input }, x) => linear(input, x),

  /** A binary counter: the new part is joined to those of its size as long as there is one, and leaves none behind. */
  cell({ width, levels }, { join }, { parts, position }, x) {
    const [batch] = x.shape;
    const { dtype } = x;
    const one = position.ref.astype(dtype);
    /** Whether a part of that level is there after so many tokens, 0 or 1. */
    const isThere = (count: JaxArray, level: number) => {
      const whole = np.floor(count.mul(2 ** -level));
      if (level === levels - 1) return np.minimum(whole, 1);
      return whole.ref.sub(np.floor(whole.mul(0.5)).mul(2));
    };
    const old = np.split(parts, levels, 1).map((part) => part.reshape([batch, width]));
    let carried = x;
    let moves = np.ones([], { dtype });
    const next = old.map((part, level) => {
      const there = isThere(one.ref, level);
      const sum = joined(join, part.ref, carried.ref);
      const together = chosen(there.ref, carried.ref, sum.ref);
      const isLast = level === levels - 1;
      const left = isLast ? together.ref : carried.mul(there.ref.neg().add(1));
      const now = chosen(moves.ref, part, left);
      carried = together;
      moves = moves.mul(there);
      sum.dispose();
      return now;
    });
    const after = one.add(1);
    let read = next[levels - 1].ref;
    let any = isThere(after.ref, levels - 1);
    for (let level = levels - 2; level >= 0; level--) {
      const there = isThere(after.ref, level);
      const part = next[level].ref;
      const both = chosen(any.ref, part.ref, joined(join, read.ref, part));
      read = chosen(there.ref, read, both);
      any = np.maximum(any, there);
    }
    const stacked = np.concatenate(next.map((part) => part.reshape([batch, 1, width])), 1);
    return [{ parts: stacked, position: position.add(np.array(1, { dtype: np.int32 })) }, read];
  },

  outputs(_, { output }, read, x) {
    x.dispose();
    return linear(output, read);
  },

  /**
   * From the first token on level by level, up the tree and down again; from a later state, whose digits no program knows, token by token.
   */
  parallel(config, params, x, state) {
    if (state) return recurrent(layer, config, params, x, state);
    const { width, levels } = config;
    const { input, join, output } = params;
    const [batch, length] = x.shape;
    const { dtype } = x;
    const some = (all: JaxArray, from: number, to: number) => all.ref.slice([], [from, to]);
    const tree = [linear(input, x)];
    for (let level = 1; level < levels && length >= 2 ** level; level++) {
      const count = Math.floor(length / 2 ** level);
      const pairs = some(tree[level - 1], 0, 2 * count).reshape([batch, count, 2, width]);
      const [a, b] = np.split(pairs, 2, 2).map((side) => side.reshape([batch, count, width]));
      tree.push(joined(join, a, b));
    }
    const top = tree.length - 1;
    const count = tree[top].shape[1];
    const heads = [some(tree[top], 0, 1)];
    for (let i = 1; i < count; i++) {
      heads.push(joined(join, heads[i - 1].ref, some(tree[top], i, i + 1)));
    }
    const oldest = heads[count - 1].ref;
    let prefixes = count === 1 ? heads[0] : np.concatenate(heads, 1);
    for (let level = top - 1; level >= 0; level--) {
      const size = tree[level].shape[1];
      const odd = Math.ceil(size / 2);
      const padded = size % 2 === 1
        ? np.concatenate([tree[level].ref, some(tree[level], 0, 1)], 1)
        : tree[level].ref;
      const firsts = np.split(padded.reshape([batch, odd, 2, width]), 2, 2)[0]
        .reshape([batch, odd, width]);
      const ends = odd === 1 ? firsts : np.concatenate([
        some(firsts, 0, 1),
        joined(join, some(prefixes, 0, odd - 1), some(firsts, 1, odd)),
      ], 1);
      const whole = prefixes.shape[1] === odd
        ? prefixes
        : np.concatenate([prefixes, some(ends, odd - 1, odd)], 1);
      const column = (x: JaxArray) => x.reshape([batch, odd, 1, width]);
      const mixed = np.concatenate([column(ends), column(whole)], 2);
      prefixes = mixed.reshape([batch, 2 * odd, width]).slice([], [0, size]);
    }
    const none = np.zeros([batch, 1, width], { dtype });
    const parts = Array.from({ length: levels }, (_, level) => {
      if (level === levels - 1 && level === top) return oldest.ref;
      const size = Math.floor(length / 2 ** level);
      return size % 2 === 1 ? some(tree[level], size - 1, size) : none.ref;
    });
    return [
      { parts: np.concatenate(parts, 1), position: np.array(length, { dtype: np.int32 }) },
      linear(output, prefixes),
    ];
  },
};
