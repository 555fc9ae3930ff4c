/**
 * @file Linear mixers on top of each other, token by token and layer by layer: what generation costs where no two linear maps were
 * composed. All layers together are one matrix and one weight for each distance (one_matrix.ts); between them stands nothing but, in
 * the nearly linear kind, a GELU inside of the mixing.
 *
 * The masked convolution of https://blbadger.github.io/linear-lms.html has a weight for each pair of positions; here a weight belongs
 * to a distance, so that a layer keeps its last tokens and one more costs the same wherever it stands.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { overSequence, step } from "../layers/sequence/forms.ts";
import { layer as mixing, type Params as MixingParams } from "../layers/sequence/token_mixing.ts";
import { multiply } from "../linalg/matrix.ts";
import { readOptions } from "../options.ts";
import { type Tensor, tensor, type Tree } from "../tensor/tensor.ts";
import { flatten } from "../tensor/trees.ts";
import { keysFor } from "./keys.ts";
import type { ModelModule, SequenceModel } from "./model.ts";

/** One mixing, or two with a GELU between them, and the map [d, d] after it. */
export type MixerLayer = { mixing: MixingParams; second?: MixingParams; map: JaxArray };
/** E [V, d], the layers, and the head [d, V]. */
export type MixerStackParams = { embed: JaxArray; layers: MixerLayer[]; head: JaxArray };
/** The last tokens [B, K, d] that each mixing sees. */
export type MixerStackState = { layers: { mixing: JaxArray; second?: JaxArray }[] };

/** `linear`: h <- (mix(h) + h) W. `nearly linear`: h <- (mix(gelu(mix(h))) + h) W. */
export const kinds = ["linear", "nearly linear"] as const;

/** What such a stack is made of beside its width. */
export interface MixerStack extends SequenceModel<MixerStackParams, MixerStackState> {
  /** One of {@linkcode kinds}. */
  readonly kind: typeof kinds[number];
  /** K, tokens that a layer mixes. */
  readonly taps: number;
  /** Layers. */
  readonly depth: number;
}

/** Options: `width` d, `taps` K, `depth`, `kind`. For symbols; it takes no layers. */
export const model: ModelModule<MixerStack> = {
  configure(options, { signature, layers: named }) {
    const count = () => z.number().int().min(1);
    const schema = z.strictObject({
      ...{ width: count(), taps: count(), depth: count() },
      kind: z.enum(kinds).default("linear"),
    });
    const { width, taps, depth, kind } = readOptions("mixer_stack", schema, options);
    if (signature.kind !== "tokens") {
      throw new TypeError(
        `mixer_stack: a task of ${signature.kind}; it reads symbols, choose another model`,
      );
    }
    if (named.length > 0) {
      throw new RangeError(
        `mixer_stack: ${named.length} layers; it has its own, say how many by depth`,
      );
    }
    const { vocabulary, classes } = signature;
    const config = mixing.configure({ taps }, width) as { width: number; taps: number };
    const twice = kind === "nearly linear";
    const uniform = (key: JaxArray, shape: number[]) => {
      const bound = 1 / Math.sqrt(shape[0]);
      return random.uniform(key, shape, { minval: -bound, maxval: bound });
    };
    /** Every layer over h. @param mix mixing `which` of layer `i` at work */
    const through = (
      layers: MixerLayer[],
      h: JaxArray,
      mix: (i: number, which: "mixing" | "second", params: MixingParams, h: JaxArray) => JaxArray,
    ) => {
      layers.forEach(({ mixing, second, map }, i) => {
        const mixed = mix(i, "mixing", mixing, h.ref);
        const sum = (second ? mix(i, "second", second, nn.gelu(mixed)) : mixed).add(h);
        h = np.matmul(sum, map);
      });
      return h;
    };
    return {
      ...{ kind, taps, depth, patch: 1 },
      /** As token_mixer.ts: a standard normal embedding, and uniform weights within one over the root of what is summed. */
      init(seed) {
        const [embedKey, headKey, ...layerKeys] = keysFor(random.key(seed), depth + 2);
        return {
          embed: random.normal(embedKey, [vocabulary, width]),
          layers: layerKeys.map((key): MixerLayer => {
            const [own, map, ...rest] = keysFor(key, twice ? 3 : 2);
            const layer = { mixing: mixing.init(config, own), map: uniform(map, [width, width]) };
            return twice ? { ...layer, second: mixing.init(config, rest[0]) } : layer;
          }),
          head: uniform(headKey, [width, classes]),
        };
      },
      apply({ embed, layers, head }, x) {
        const h = through(layers, np.take(embed, x, 0), (_i, _which, params, h) => {
          const [last, y] = overSequence(mixing, config, params, h);
          last.dispose();
          return y;
        });
        return np.matmul(h, head);
      },
      initialState: (batch, capacity) => ({
        layers: Array.from({ length: depth }, (): Tree<Tensor> => {
          const fresh = () => mixing.initialState(config, batch, capacity);
          return { mixing: fresh(), ...(twice ? { second: fresh() } : {}) };
        }),
      }),
      step({ embed, layers, head }, state, x, observed) {
        observed.dispose();
        const [batch] = x.shape;
        const next = state.layers.map((layer) => ({ ...layer }));
        const h = np.take(embed, x, 0).reshape([batch, width]);
        const out = through(layers, h, (i, which, params, h) => {
          const [after, y] = step(mixing, config, params, state.layers[i][which]!, h);
          next[i][which] = after;
          return y;
        });
        return [{ layers: next }, np.matmul(out, head).reshape([batch, 1, classes])];
      },
    };
  },
};

/**
 * The parameters of the model one_matrix.ts that is the same function: `matrix` [V, V] and `weight` [taps]. Sequences of more tokens are
 * another function there, since layers upon layers look further back.
 * @param taps tokens of a sequence
 * @throws {TypeError} for a stack that is not linear
 */
export function composed(
  { kind, depth }: MixerStack,
  params: Tree<Tensor>,
  taps: number,
): Tree<Tensor> {
  if (kind !== "linear") {
    throw new TypeError(`mixer_stack: kind = ${JSON.stringify(kind)} is not one matrix`);
  }
  const { embed, head, ...rest } = flatten(params);
  const [vocabulary, width] = embed.shape;
  const [, classes] = head.shape;
  const float64 = ({ data }: Tensor) => Float64Array.from(data);
  let rows = float64(embed);
  // What token k back counts for, after the layers so far.
  let weight = Float64Array.from({ length: taps }, (_, k) => Number(k === 0));
  for (let i = 0; i < depth; i++) {
    rows = multiply(rows, float64(rest[`layers.${i}.map`]), vocabulary, width, width);
    const own = rest[`layers.${i}.mixing.weight`].data;
    weight = weight.map((before, k) => {
      let sum = before; // of what goes past the mixing
      for (let j = 0; j <= k && j < own.length; j++) sum += own[j] * weight[k - j];
      return sum;
    });
  }
  const matrix = multiply(rows, float64(head), vocabulary, width, classes);
  return {
    matrix: tensor(Float32Array.from(matrix), [vocabulary, classes]),
    weight: tensor(Float32Array.from(weight), [taps]),
  };
}
