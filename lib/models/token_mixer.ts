/**
 * @file The linear mixer: an embedding, one causal matrix over the positions, and a head. Everything is linear, so the model is
 * logits_t = Q sum_s M_ts e_{x_s} + b_t h with one matrix Q of vocabulary by vocabulary, whatever the width (collapsed_mixer.ts). Where that
 * is less work, it is so trained: of 2,048 tokens a step takes half the time of its matrix products as the model is written (`deno task bench language`).
 *
 * It is class LinearMixer of github.com/blbadger/maskedmixers@38c17d8, mixer_lm/linear_mixer.py: mixing adds to what comes in, and has a
 * bias a position that all units share. The same with a ReLU after it is the class since 2963da8; with a second mixing after a GELU
 * it is the "nearly linear" mixer of https://blbadger.github.io/linear-lms.html.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { constant } from "../layers/constant.ts";
import { readOptions } from "../options.ts";
import { keysFor } from "./keys.ts";
import type { Model, ModelModule } from "./model.ts";

/** A causal map over positions: weights [T, T], of which the lower triangle counts, or [T] of the distances; and a bias [T]. */
export type MixingParams = { weight: JaxArray; bias: JaxArray };

/** E [V, d], the mixing, another one where there are two, maps [d, d] between it and the head, and the head [d, V]. */
export type TokenMixerParams = {
  embed: JaxArray;
  mixing: MixingParams;
  second?: MixingParams;
  maps?: JaxArray[];
  head: JaxArray;
};

/** What stands between mixing and head. */
export const kinds = ["linear", "relu", "nearly linear"] as const;

/** What a mixer is made of beside its width. */
export interface TokenMixer extends Model<TokenMixerParams> {
  /** One of {@linkcode kinds}. */
  readonly kind: typeof kinds[number];
  /** T */
  readonly length: number;
  /** Whether a weight belongs to a distance, not to two positions. */
  readonly toeplitz: boolean;
}

/**
 * Options: `width` d, `length` T, `kind`, `toeplitz` (weights by distance), `maps` (matrices [d, d] before the head, which add no function).
 * For symbols, in sequences of T; it takes no layers.
 */
export const model: ModelModule<TokenMixer> = {
  configure(options, { signature, layers }) {
    const schema = z.strictObject({
      width: z.number().int().min(1),
      length: z.number().int().min(1).default(32),
      kind: z.enum(kinds).default("linear"),
      toeplitz: z.boolean().default(false),
      maps: z.number().int().min(0).default(0),
    });
    const { width, length, kind, toeplitz, maps: count } = readOptions(
      "token_mixer",
      schema,
      options,
    );
    if (signature.kind !== "tokens") {
      throw new TypeError(
        `token_mixer: a task of ${signature.kind}; it reads symbols, choose another model`,
      );
    }
    if (layers.length > 0) {
      throw new RangeError(
        `token_mixer: ${layers.length} layers; it is no stack of layers, leave them out`,
      );
    }
    const { vocabulary, classes } = signature;
    const mixingInit = (key: JaxArray): MixingParams => {
      const [weightKey, biasKey] = random.split(key, 2);
      const uniform = (key: JaxArray, shape: number[]) =>
        random.uniform(key, shape, within(length));
      return {
        weight: uniform(weightKey, toeplitz ? [length] : [length, length]),
        bias: uniform(biasKey, [length]),
      };
    };
    return {
      ...{ kind, length, toeplitz },
      /** As in its code: a standard normal embedding, and PyTorch's uniform weights of convolutions and of the head. */
      init(seed) {
        const [embedKey, mixingKey, secondKey, headKey] = random.split(random.key(seed), 4);
        const [own, ...mapKeys] = keysFor(headKey, count + 1);
        const params = {
          embed: random.normal(embedKey, [vocabulary, width]),
          mixing: mixingInit(mixingKey),
          ...(count > 0
            ? { maps: mapKeys.map((key) => random.uniform(key, [width, width], within(width))) }
            : {}),
          head: random.uniform(own, [width, classes], within(width)),
        };
        if (kind === "nearly linear") return { ...params, second: mixingInit(secondKey) };
        secondKey.dispose();
        return params;
      },
      apply(params, x) {
        const [batch, tokens] = x.shape;
        if (tokens !== length) {
          throw new RangeError(
            `token_mixer: sequences of ${tokens} tokens, but length = ${length}; its weights belong to positions, so make them equal`,
          );
        }
        // Positions first: mixing is then one product of matrices.
        const mix = ({ weight, bias }: MixingParams, h: JaxArray) =>
          np.matmul(causal(weight, length, toeplitz), h).add(bias.reshape([length, 1]));
        const taken = (table: JaxArray) => {
          const columns = batch * table.shape[1];
          return np.take(table, np.transpose(x), 0).reshape([length, columns]);
        };
        const sequencesFirst = (rows: JaxArray) =>
          np.transpose(rows.reshape([length, batch, rows.shape[1] / batch]), [1, 0, 2]);

        const { embed, mixing, second, maps = [], head } = params;
        const onward = (rows: JaxArray) =>
          [...maps, head].reduce((rows, map) => np.matmul(rows, map), rows);
        if (kind === "linear" && vocabulary <= Math.min(width, batch * tokens)) {
          // What acts on units may act before what acts on positions, on the fewer rows of the vocabulary: one matrix Q, and h below it.
          const ones = np.ones([1, width], { dtype: embed.dtype });
          const [Q, h] = np.split(onward(np.concatenate([embed, ones], 0)), [vocabulary], 0);
          const past = np.eye(length, length, { dtype: embed.dtype });
          const M = causal(mixing.weight, length, toeplitz).add(past);
          const bias = mixing.bias.reshape([length, 1]).mul(h);
          return sequencesFirst(np.matmul(M, taken(Q))).add(bias);
        }
        const e = taken(embed);
        const mixed = mix(mixing, e.ref);
        const h = second ? mix(second, nn.gelu(mixed)).add(e) : mixed.add(e);
        const units = kind === "relu" ? nn.relu(h) : h;
        return onward(sequencesFirst(units).reshape([batch * length, width]))
          .reshape([batch, length, classes]);
      },
    };
  },
};

/** The model as a mixer. @throws {TypeError} for another */
export function asTokenMixer(model: Model): TokenMixer {
  if ("kind" in model && "toeplitz" in model) return model as TokenMixer;
  throw new TypeError("this model is no token_mixer; only a linear mixer is one matrix");
}

/** Bounds of uniform weights of so many inputs, as PyTorch draws them. */
const within = (inputs: number) => ({
  minval: -1 / Math.sqrt(inputs),
  maxval: 1 / Math.sqrt(inputs),
});

/** The lower triangular matrix [T, T] of weights, consumed. */
function causal(weight: JaxArray, length: number, toeplitz: boolean): JaxArray {
  const shape = [length, length];
  if (!toeplitz) {
    const below = Float32Array.from(
      { length: length ** 2 },
      (_, i) => Number(i % length <= Math.floor(i / length)),
    );
    return weight.mul(constant(below, shape, weight.dtype));
  }
  // The zero after the weights is what lies above the diagonal.
  const distances = Int32Array.from({ length: length ** 2 }, (_, i) => {
    const distance = Math.floor(i / length) - i % length;
    return distance < 0 ? length : distance;
  });
  const padded = np.concatenate([weight, np.zeros([1], { dtype: weight.dtype })], 0);
  return np.take(padded, np.array(distances, { shape }), 0);
}
