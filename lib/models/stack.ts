/**
 * @file A stack of sequence layers between two ends: Transformers, recurrent networks, linear state-space models and hybrids of them
 * differ in the layers that a job names and in the block that holds each.
 */
import { nn, numpy as np, random, tree } from "@jax-js/jax";
import * as z from "zod";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import { linear, linearInit, type LinearParams } from "../layers/linear.ts";
import { rmsNorm } from "../layers/rms_norm.ts";
import { overSequence, step } from "../layers/sequence/forms.ts";
import type { Ends } from "./ends/ends.ts";
import * as patches from "./ends/patches.ts";
import * as tokens from "./ends/tokens.ts";
import * as window from "./ends/window.ts";
import { keysFor } from "./keys.ts";
import type {
  Context,
  LayerChoice,
  Model,
  ModelModule,
  SequenceModel,
  Signature,
} from "./model.ts";
import { readOptions } from "../options.ts";

const blockOptions = {
  /**
   * `residual`: every layer, normalised before it, adds to a stream of the width; so does an MLP after it (4 widths, GELU), unless
   * `mlp` is false; the stream is normalised before the head. `bare`: layer after layer and nothing between, so that linear layers
   * are a linear model.
   */
  block: z.enum(["residual", "bare"]).default("residual"),
  mlp: z.boolean().optional(),
  /** Of the embedding and of every layer. Without it there is neither embedding nor head: the layers see the tokens themselves. */
  width: z.number().int().min(1).optional(),
};

/** One layer with what is around it. */
export type Block = {
  norm?: JaxArray;
  layer: Arrays;
  mlp?: { norm: JaxArray; up: LinearParams; down: LinearParams };
};
/** Parameters of a stack; dotted names of its tensors are such as `blocks.0.layer.a`. */
export type StackParams = {
  /** {} where the ends have none. */
  ends: Arrays;
  blocks: Block[];
  /** Before the head. */
  norm?: JaxArray;
};
/** What a stack carries from token to token: the state of the ends (statistics) and of every layer, first to last. */
export type StackState = { ends: Arrays; layers: Arrays[] };

/** A layer with its configuration. */
interface Layer extends Pick<LayerChoice, "layer"> {
  readonly config: unknown;
}

/** Ends for a signature, and the options of the blocks. */
function read(options: unknown, signature: Signature) {
  const parse = <S extends z.ZodRawShape>(ends: S) =>
    readOptions("stack", z.strictObject({ ...blockOptions, ...ends }), options);
  switch (signature.kind) {
    case "series": {
      const chosen = parse(patches.options);
      return { chosen, ends: patches.ends(chosen, signature) };
    }
    case "tokens": {
      const chosen = parse(tokens.options);
      return { chosen, ends: tokens.ends(chosen, signature) };
    }
    case "window": {
      const chosen = parse(window.options);
      return { chosen, ends: window.ends(chosen, signature) };
    }
  }
}

/** @throws {Error} see {@linkcode ModelModule}. */
function configure(options: unknown, { signature, layers: choices }: Context): Model<StackParams> {
  const { chosen, ends } = read(options, signature);
  const residual = chosen.block === "residual";
  if (residual && chosen.width === undefined) {
    throw new RangeError(
      `stack options: width is missing; residual blocks add to a stream of that width (block: "bare" needs none)`,
    );
  }
  if (!residual && chosen.mlp) {
    throw new RangeError(
      `stack options: mlp = true: bare layers have nothing between them; leave it out, or choose block: "residual"`,
    );
  }
  if (choices.length === 0) {
    throw new RangeError("stack: no layers; name at least one");
  }
  const { width } = ends;
  const layers = choices.map(({ layer, options }) => ({
    layer,
    config: layer.configure(options, width),
  }));
  return modelOf(ends, layers, { residual, mlp: residual && chosen.mlp !== false });
}

function modelOf(
  ends: Ends,
  layers: readonly Layer[],
  { residual, mlp }: { residual: boolean; mlp: boolean },
): Model<StackParams> | SequenceModel<StackParams, StackState> {
  const { width } = ends;
  // Projections into the residual stream: its variance does not grow with their number (Radford et al. 2019).
  const gain = residual ? 1 / Math.sqrt((mlp ? 2 : 1) * layers.length) : undefined;

  const initBlock = ({ layer, config }: Layer, key: JaxArray): Block => {
    const [layerKey, upKey, downKey] = keysFor(key, mlp ? 3 : 1);
    const block: Block = { layer: layer.init(config, layerKey, gain) };
    if (residual) block.norm = np.ones([width]);
    if (mlp) {
      block.mlp = {
        norm: np.ones([width]),
        up: linearInit(upKey, width, 4 * width),
        down: linearInit(downKey, 4 * width, width, gain),
      };
    }
    return block;
  };

  /** All blocks over x, whatever its leading axes. @param mix layer number i at work. */
  const through = (
    { blocks, norm }: Omit<StackParams, "ends">,
    x: JaxArray,
    mix: (i: number, params: Arrays, x: JaxArray) => JaxArray,
  ): JaxArray => {
    blocks.forEach(({ norm, layer, mlp }, i) => {
      x = norm ? x.ref.add(mix(i, layer, rmsNorm(norm, x))) : mix(i, layer, x);
      if (!mlp) return;
      const hidden = nn.gelu(linear(mlp.up, rmsNorm(mlp.norm, x.ref)));
      x = x.add(linear(mlp.down, hidden));
    });
    return norm ? rmsNorm(norm, x) : x;
  };

  const model: Model<StackParams> = {
    init(seed) {
      const keys = keysFor(random.key(seed), layers.length + (ends.init ? 1 : 0));
      const blocks = layers.map((layer, i) => initBlock(layer, keys[i]));
      const params: StackParams = { ends: ends.init?.(keys[layers.length]) ?? {}, blocks };
      if (residual) params.norm = np.ones([width]);
      return params;
    },
    apply({ ends: params, ...rest }, x) {
      const { tokens, leave } = ends.enter(params, x);
      return leave(through(rest, tokens, (i, params, x) => {
        const { layer, config } = layers[i];
        const [last, y] = overSequence(layer, config, params, x);
        tree.dispose(last);
        return y;
      }));
    },
  };
  const { step: one } = ends;
  if (!one) return model;
  const sequenceModel: SequenceModel<StackParams, StackState> = {
    ...model,
    patch: one.patch,
    initialState: (batch, capacity) => ({
      ends: one.initialState(batch),
      layers: layers.map(({ layer, config }) => layer.initialState(config, batch, capacity)),
    }),
    step({ ends: params, ...rest }, state, x, observed) {
      const [before, { tokens, leave }] = one.enter(params, state.ends, x, observed);
      const states: Arrays[] = [];
      const h = through(rest, tokens, (i, params, x) => {
        const { layer, config } = layers[i];
        const [next, y] = step(layer, config, params, state.layers[i], x);
        states.push(next);
        return y;
      });
      return [{ ends: before, layers: states }, leave(h)];
    },
  };
  return sequenceModel;
}

/**
 * A stack of the layers that the context names. Options: `block` ("residual", or "bare": nothing between the layers), `mlp` (true, of
 * residual blocks), `width` (of the layers; residual blocks need one, bare ones without see the tokens themselves), and those of the
 * ends for the signature: `patch` and `norm` of series and windows, `shared` of windows, `tie` of tokens.
 *
 * @example One LSTM between embedding and head, for series of two channels
 * ```ts
 * import assert from "node:assert/strict";
 * import { layer } from "../layers/sequence/lstm.ts";
 * import { flatten } from "../tensor/trees.ts";
 * import { asSequenceModel } from "./model.ts";
 * import { model } from "./stack.ts";
 *
 * const stack = asSequenceModel(model.configure({ width: 16, patch: 4 }, {
 *   signature: { kind: "series", channels: 2 },
 *   layers: [{ name: "lstm", layer, options: {} }],
 * }));
 * assert.equal(stack.patch, 4); // it predicts four observations from each four
 * const state = flatten(stack.initialState(8, 64)); // of 8 sequences, before the first token, on the host
 * assert.deepEqual(state["layers.0.h"].shape, [8, 16]);
 * ```
 */
export const model: ModelModule<Model<StackParams>> = { configure };
