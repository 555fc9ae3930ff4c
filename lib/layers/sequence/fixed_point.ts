/** @file A recurrence number by number whose input is its own output, mixed across numbers: iterated, it tends to a dense recurrence. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { rmsNorm } from "../rms_norm.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** The state has n = `expansion` d numbers. */
  readonly expansion: number;
  /** K */
  readonly iterations: number;
}

/** Maps; those of the mixer and of the readout see the token and the state before it. */
export type Params = {
  /** [d, n] */
  input: JaxArray;
  /** [d, n] */
  gate: JaxArray;
  /** [n, n] */
  write: JaxArray;
  /** [n, n] */
  keep: LinearParams;
  /** [2 n, n] */
  direction: JaxArray;
  /** [2 n, 1] */
  strength: LinearParams;
  /** [2 n, n] */
  read: JaxArray;
  /** [n] */
  norm: JaxArray;
  /** [n, d] */
  output: JaxArray;
};

/** Of a token, [..., n] each: itself, what it would write, and what is kept. */
export type Input = { token: JaxArray; write: JaxArray; keep: JaxArray };

const stateSize = ({ width, expansion }: Config) =>
  expandedWidth("fixed_point", "expansion", expansion, width);

const shortest = 1e-5;

/**
 * Q (b x - h) + h, where Q = 1 - 2 a u u' is made of the token and of the same iterate one token ago.
 * @param now of the iterate before, [..., n]; likewise `before`, one token ago.
 */
function mixed({ direction, strength }: Params, x: Input, now: JaxArray, before: JaxArray) {
  const seen = np.concatenate([x.token, before], -1);
  const raw = nn.silu(np.matmul(seen.ref, direction));
  const length = np.sqrt(np.sum(raw.ref.mul(raw.ref), -1, { keepdims: true }).add(1e-24));
  const u = raw.div(np.maximum(length, shortest));
  const missing = x.write.sub(now.ref);
  const along = np.sum(u.ref.mul(missing.ref), -1, { keepdims: true });
  const reflected = nn.sigmoid(linear(strength, seen)).mul(along).mul(2).mul(u);
  return missing.sub(reflected).add(now);
}

const refOf = ({ token, write, keep }: Input): Input => ({
  token: token.ref,
  write: write.ref,
  keep: keep.ref,
});

/** The mixer's parameters once more: all iterations share them. */
const shared = (params: Params): Params => ({
  ...params,
  direction: params.direction.ref,
  strength: { weight: params.strength.weight.ref, bias: params.strength.bias.ref },
});

const shown = (read: JaxArray, token: JaxArray, before: JaxArray, now: JaxArray) =>
  nn.silu(np.matmul(np.concatenate([token, before], -1), read)).mul(now);

/**
 * h^k_t = l_t h^k_{t-1} + (1 - l_t) (Q(x_t, h^{k-1}_{t-1}) (b_t x_t - h^{k-1}_t) + h^{k-1}_t) from h^0 = 0; y_t = W norm(silu(z_t) c_t h^K_t), where
 * c_t sees h^K_{t-1}. The authors iterate until little changes, and go back through the last step alone; here K is fixed, and all of it is
 * differentiated. Options: `expansion` (1), `iterations` (K, 4).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, Input, JaxArray> = {
  about: {
    name: "FixedPointRNN",
    paper:
      "Movahedi et al., arXiv 2503.10799, section 3, with one Householder factor, as in github.com/dr-faustus/fp-rnn@4c28602, models/fp_rnn_block.py",
    kind: "nonlinear",
    eigenvalues: "any: the transition depends on the state",
  },

  configure(options, width) {
    const schema = z.strictObject({
      expansion: z.number().gt(0).default(1),
      iterations: z.number().int().min(2).default(4),
    });
    const config = { width, ...readOptions("fixed_point", schema, options) };
    stateSize(config);
    return config;
  },

  init(config, key, gain = 1) {
    const { width } = config;
    const n = stateSize(config);
    const [k1, k2, k3, k4, k5, k6, k7, k8] = random.split(key, 8);
    const normal = (key: JaxArray, inputs: number, outputs: number) =>
      random.normal(key, [inputs, outputs]).mul(1 / Math.sqrt(inputs));
    return {
      input: normal(k1, width, n),
      gate: normal(k2, width, n),
      write: normal(k3, n, n),
      keep: linearInit(k4, n, n),
      direction: normal(k5, 2 * n, n),
      strength: linearInit(k6, 2 * n, 1),
      read: normal(k7, 2 * n, n),
      norm: np.ones([n]),
      output: normal(k8, n, width).mul(gain),
    };
  },

  /** Of all iterates, [B, K, n]. */
  initialState: (config, batch) => tensor(0, [batch, config.iterations, stateSize(config)]),

  inputs(_, { input, write, keep }, x) {
    const token = np.matmul(x, input);
    return {
      write: nn.silu(np.matmul(token.ref, write)).mul(token.ref),
      keep: nn.sigmoid(linear(keep, token.ref)),
      token,
    };
  },

  cell({ iterations }, params, state, input) {
    const [batch, n] = input.token.shape;
    const olds = np.split(state, iterations, 1).map((h) => h.reshape([batch, n]));
    let now = np.zeros([batch, n], { dtype: input.token.dtype });
    let before = now.ref;
    const all = olds.map((old) => {
      const target = mixed(shared(params), refOf(input), now, before);
      now = target.ref.add(input.keep.ref.mul(old.ref.sub(target)));
      before = old;
      return now.ref;
    });
    const next = np.concatenate(all.map((h) => h.reshape([batch, 1, n])), 1);
    return [next, shown(params.read, input.token, before, now)];
  },

  outputs(_, { gate, norm, output }, y, x) {
    return np.matmul(rmsNorm(norm, nn.silu(np.matmul(x, gate)).mul(y), shortest), output);
  },

  /** Iteration by iteration, each at all times at once but for its own recurrence. */
  parallel(config, params, x, state) {
    const { iterations } = config;
    const [batch, length] = x.shape;
    const n = stateSize(config);
    state ??= freshState(layer, config, batch, 0, x.dtype);
    const tokens = np.transpose(x, [1, 0, 2]);
    const own = { ...shared(params), input: params.input, write: params.write, keep: params.keep };
    const input = layer.inputs!(config, own, tokens.ref); // [T, B, n]
    const olds = np.split(state, iterations, 1).map((h) => h.reshape([1, batch, n]));
    /** One token later, from what was there before the first one. */
    const later = (first: JaxArray, all: JaxArray) =>
      length === 1 ? first : np.concatenate([first, np.split(all, [length - 1], 0)[0]], 0);
    let now = np.zeros([length, batch, n], { dtype: x.dtype });
    let before = now.ref;
    const lasts = olds.map((old) => {
      const target = mixed(shared(params), refOf(input), now, before);
      const [last, all] = scan(
        (_: unknown, h: JaxArray, { keep, target }: { keep: JaxArray; target: JaxArray }) => {
          const next = target.ref.add(keep.mul(h.sub(target)));
          return [next.ref, next] as [JaxArray, JaxArray];
        },
        [],
        old.ref.reshape([batch, n]),
        { keep: input.keep.ref, target },
      );
      now = all;
      before = later(old, all.ref);
      return last.reshape([batch, 1, n]);
    });
    const y = shown(params.read, input.token, before, now);
    return [
      np.concatenate(lasts, 1),
      np.transpose(layer.outputs!(config, params, y, tokens), [1, 0, 2]),
    ];
  },
};
