/**
 * @file pLSTM along one line: a memory of values by keys whose cells carry a few numbers each, which every token turns into each other and shrinks,
 * marks for reading, and enters by gates.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";
import { readOptions } from "../../options.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { byHead } from "../by_head.ts";
import { linear, type LinearParams } from "../linear.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H, each with e = d/H numbers of the token. */
  readonly heads: number;
  /** J, numbers of a cell of the memory. */
  readonly tracking: number;
  /** Tokens that the convolution sees. */
  readonly conv: number;
}

/** Of H heads. */
export type Params = {
  /** Of every channel by itself, [taps, d], the newest token's first. */
  convolution: { weight: JaxArray; bias: JaxArray };
  /** Query, key and value from a head's own channels, [H, e, 3 e] and [H, 1, 3 e]. */
  content: { weight: JaxArray; bias: JaxArray };
  /** Logits of what of a value enters a cell, and of what is read: source, mark and direct, [3, H, J, J]. */
  gates: JaxArray;
  /** Of what orders the numbers of a cell before and after they shrink, [d, 2 H J J]. */
  turns: LinearParams;
  /** Of by how much, [d, H J]. */
  factors: LinearParams;
  /** [H, e] */
  norm: JaxArray;
  /** [d, d] */
  output: JaxArray;
  /** Of the convolved token, [d]. */
  pass: JaxArray;
};

/** Memory by key, value and number, [B, H, e, e], and the last tokens, [B, taps - 1, d]. */
export type State = { memory: JaxArray; window: JaxArray };

/** Of tokens: query and key [..., H, e], what is written [..., H, e], what is read of the token itself, likewise, and T' [..., H, J, J]. */
type Made = {
  query: JaxArray;
  key: JaxArray;
  written: JaxArray;
  direct: JaxArray;
  transition: JaxArray;
};

/** Terms of the exponential series, as in the code. */
const order = 16;
const epsilon = 1e-5;
/** By which a logit of a factor is multiplied before tanh. */
const steepness = 5;

/** The series of exp(A - A'), which is orthogonal as far as it has converged. @param a [..., J, J] */
function rotationOf(a: JaxArray): JaxArray {
  const size = a.shape.at(-1)!;
  const skew = a.ref.sub(np.swapaxes(a, -1, -2));
  const unit = np.eye(size).astype(skew.dtype);
  let sum = skew.ref.mul(1 / (order - 1)).add(unit.ref);
  for (let k = order - 2; k > 0; k--) {
    sum = np.matmul(skew.ref, sum).mul(1 / k).add(unit.ref);
  }
  skew.dispose();
  unit.dispose();
  return sum;
}

/** Several values by gates of their numbers: sum_l g_il v_l. @param gate [H, J, J] @param value [..., H, e], by place and number. */
function gated(gate: JaxArray, value: JaxArray): JaxArray {
  const [heads, size] = gate.shape;
  const { shape } = value;
  const each = shape.at(-1)! / size;
  const rows = value.reshape([...shape.slice(0, -1), each, 1, size]);
  return np.sum(rows.mul(gate.reshape([heads, 1, size, size])), -1).reshape(shape);
}

/** @param seen convolved tokens [..., d] @param x themselves, of which values are. */
function madeOf({ width, heads, tracking }: Config, params: Params, seen: JaxArray, x: JaxArray) {
  const lead = x.shape.slice(0, -1);
  const each = width / heads;
  const own = (x: JaxArray, weight: JaxArray, bias: JaxArray) =>
    byHead(x.reshape([...lead, heads, each]), weight).add(bias.reshape([heads, -1]));
  const [[forSeen, forValue], [ofSeen, ofValue]] = [params.content.weight, params.content.bias]
    .map((both) => np.split(both, [2 * each], -1));
  const [query, key] = np.split(own(seen.ref, forSeen, ofSeen), 2, -1);
  const value = own(x, forValue, ofValue);
  const [source, mark, direct] = np.split(nn.sigmoid(params.gates), 3, 0)
    .map((gate) => gate.reshape([heads, tracking, tracking]));
  mark.dispose();
  const raw = linear(params.turns, seen.ref)
    .reshape([...lead, 2, heads, tracking, tracking]);
  const [before, after] = np.split(rotationOf(raw), 2, lead.length)
    .map((turn) => turn.reshape([...lead, heads, tracking, tracking]));
  const factors = np.tanh(linear(params.factors, seen).mul(steepness))
    .reshape([...lead, heads, tracking, 1]);
  const transition = np.matmul(after, before.mul(factors));
  const scaled = query.mul(each ** -0.5);
  const match = np.sum(scaled.ref.mul(key.ref), -1, { keepdims: true });
  return {
    query: scaled,
    key,
    written: gated(source, value.ref),
    direct: gated(direct, value).mul(match),
    transition: np.swapaxes(transition, -1, -2),
  } as Made;
}

/** The next memory, and what a token read of the last one, [B, H, e]. */
function moved(tracking: number, memory: JaxArray, made: Made): [JaxArray, JaxArray] {
  const [batch, heads, each] = made.query.shape;
  const row = (x: JaxArray) => x.reshape([batch, heads, 1, each]);
  const read = np.matmul(row(made.query), memory.ref).reshape([batch, heads, each]);
  const cells = memory.reshape([batch, heads, each * each / tracking, tracking]);
  const kept = np.matmul(cells, made.transition).reshape([batch, heads, each, each]);
  const column = made.key.reshape([batch, heads, each, 1]);
  return [kept.add(column.mul(row(made.written))), read];
}

/** What comes out of what was read. @param read [..., H, e], of the memory; `direct` likewise. @param seen [..., d] */
function shown(
  { width, heads, tracking }: Config,
  { gates, norm, output, pass }: Params,
  read: JaxArray,
  direct: JaxArray,
  seen: JaxArray,
): JaxArray {
  const mark = nn.sigmoid(np.split(gates, 3, 0)[1]).reshape([heads, tracking, tracking]);
  const all = gated(mark, read).add(direct);
  const square = np.mean(all.ref.mul(all.ref), -1, { keepdims: true });
  const normed = all.mul(np.reciprocal(np.sqrt(square.add(epsilon)))).mul(norm);
  const flat = normed.reshape([...normed.shape.slice(0, -2), width]);
  return np.matmul(flat, output).add(seen.mul(pass));
}

const shared = (params: Params): Params => ({
  ...params,
  gates: params.gates.ref,
});

/**
 * C_t = T_t C_{t-1} + k_t (S v_t)' in every head, where a cell has J numbers, T = V tanh(5 f) U with turns V and U and factors f of the token; y_t = W
 * norm(q_t' C_{t-1} M' + (q_t k_t) D v_t) + p c_t. S, M, D are sigmoids; c is a convolution of the tokens, which all but v see. Options: `heads` (the
 * largest number up to 4 that divides d/J), `tracking` (J, 4), `conv` (4).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "pLSTM",
    paper:
      "Pöppel et al., arXiv 2506.11997, section 3 in one dimension, as in github.com/ml-jku/plstm@a404ff3, src/plstm/torch/plstm_1d_layer.py",
    kind: "linear in the state",
    eigenvalues: "|lambda| < 1, complex, of turns that the token makes",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).optional(),
      tracking: z.number().int().min(2).default(4),
      conv: z.number().int().min(2).default(4),
    });
    const { heads: given, tracking, conv } = readOptions("plstm", schema, options);
    let heads = given ?? 4;
    if (given === undefined) {
      while (heads > 1 && width % (heads * tracking) !== 0) heads--;
    }
    if (width % (heads * tracking) !== 0) {
      throw new RangeError(
        `plstm options: heads = ${heads}: the width ${width} must be a multiple of heads times tracking = ${tracking}; choose other numbers`,
      );
    }
    return { width, heads, tracking, conv };
  },

  /** As in the code: gates begin nearly closed, transitions near 1 for every token. */
  init({ width, heads, tracking, conv }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    const each = width / heads;
    const small = Math.sqrt(2 / (5 * width));
    const bound = 1 / Math.sqrt(conv);
    const uniform = (key: JaxArray, shape: number[]) =>
      random.uniform(key, shape, { minval: -bound, maxval: bound });
    const turns = 2 * heads * tracking * tracking;
    const units = Float32Array.from(
      { length: turns },
      (_, i) => +(Math.floor(i / tracking) % tracking === i % tracking),
    );
    return {
      convolution: { weight: uniform(k1, [conv, width]), bias: uniform(k2, [width]) },
      content: {
        weight: random.normal(k3, [heads, each, 3 * each]).mul(small),
        bias: np.zeros([heads, 1, 3 * each]),
      },
      gates: np.full([3, heads, tracking, tracking], -5),
      turns: { weight: np.zeros([width, turns]), bias: np.array(units) },
      factors: { weight: np.zeros([width, heads * tracking]), bias: np.ones([heads * tracking]) },
      norm: np.ones([heads, each]),
      output: random.normal(k4, [width, width]).mul(gain * small),
      pass: np.ones([width]).mul(gain),
    };
  },

  initialState({ width, heads, conv }, batch): { memory: Tensor; window: Tensor } {
    const each = width / heads;
    return {
      memory: tensor(0, [batch, heads, each, each]),
      window: tensor(0, [batch, conv - 1, width]),
    };
  },

  cell(config, params, { memory, window }, x) {
    const [batch, width] = x.shape;
    const all = np.concatenate([window, x.ref.reshape([batch, 1, width])], 1);
    const { weight, bias } = params.convolution;
    const seen = np.sum(all.ref.mul(np.flip(weight, 0)), 1).add(bias);
    const made = madeOf(config, shared(params), seen.ref, x);
    const [next, read] = moved(config.tracking, memory, made);
    return [
      { memory: next, window: all.slice([], [1]) },
      shown(config, params, read, made.direct, seen),
    ];
  },

  /** All that does not depend on the memory at once; the memory token by token. */
  parallel(config, params, x, state) {
    const [batch, length] = x.shape;
    const { memory, window } = state ?? freshState(layer, config, batch, 0, x.dtype);
    const all = np.concatenate([window, x.ref], 1);
    const { weight, bias } = params.convolution;
    const taps = config.conv;
    const seen = np.split(weight, taps, 0)
      .map((w, k) => all.ref.slice([], [taps - 1 - k, taps - 1 - k + length]).mul(w))
      .reduce((a, b) => a.add(b)).add(bias);
    const first = (x: JaxArray) => np.swapaxes(x, 0, 1);
    const { direct, ...made } = madeOf(config, shared(params), first(seen.ref), first(x));
    const [last, read] = scan(
      (_: unknown, memory: JaxArray, made: Omit<Made, "direct">) =>
        moved(config.tracking, memory, made as Made),
      [],
      memory,
      made,
    );
    const y = shown(config, params, read, direct, first(seen));
    return [{ memory: last, window: all.slice([], [length]) }, first(y)];
  },
};
