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
import { nearestWidth, parameterCount } from "./size.ts";
import type { Context, LayerChoice, Model, ModelModule, SequenceModel } from "./model.ts";
import { readOptions } from "../options.ts";
import { leavesOf } from "../tensor/trees.ts";

const blockOptions = {
  /**
   * `residual`: every layer, normalised before it, adds to a stream of the width; so does an MLP after it (4 widths, GELU), unless
   * `mlp` is false; the stream is normalised before the head. `bare`: layer after layer and nothing between, so that linear layers
   * are a linear model.
   */
  block: z.enum(["residual", "bare"]).default("residual"),
  mlp: z.boolean().optional(),
  /** Hidden units of an MLP, 4 widths by default. */
  mlpWidth: z.number().int().min(1).optional(),
  /** Of the embedding and of every layer. Without it there is neither embedding nor head: the layers see the tokens themselves. */
  width: z.number().int().min(1).optional(),
  /**
   * Instead of a width: that of the stack which has nearly so many parameters between its ends, a multiple of 8. The width of the
   * MLPs makes up for what is left, so that stacks of different layers are equally large.
   */
  parameters: z.number().int().min(1).optional(),
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

/** What is inside of a stack, whatever its ends. */
interface Inside {
  readonly layers: readonly Layer[];
  /** Norms and sums around the layers; otherwise they follow one another. */
  readonly residual: boolean;
  /** Hidden units of the MLP of each block, 0 for none. */
  readonly mlpWidth: number;
}

/** Ends for a signature, and the options of the blocks, with a width where there is to be one. */
function read(options: unknown, { signature, layers }: Context) {
  const parse = <S extends z.ZodRawShape>(ends: S) =>
    readOptions("stack", z.strictObject({ ...blockOptions, ...ends }), options);
  const sized = <O extends BlockOptions>(options: O) => ({
    ...options,
    ...sizeOf(options, layers),
  });
  switch (signature.kind) {
    case "series": {
      const chosen = sized(parse(patches.options));
      return { chosen, ends: patches.ends(chosen, signature) };
    }
    case "tokens": {
      const chosen = sized(parse(tokens.options));
      return { chosen, ends: tokens.ends(chosen, signature) };
    }
    case "window": {
      const chosen = sized(parse(window.options));
      return { chosen, ends: window.ends(chosen, signature) };
    }
  }
}

type BlockOptions = z.output<z.ZodObject<typeof blockOptions>>;

/** Width and width of the MLPs, of stacks that are given by their number of parameters. */
function sizeOf(
  options: BlockOptions,
  choices: readonly LayerChoice[],
): Pick<BlockOptions, "width" | "mlpWidth"> {
  const { block, mlp = block === "residual", width, mlpWidth, parameters } = options;
  if (parameters === undefined) return { width, mlpWidth };
  const given = width === undefined ? mlpWidth && `mlpWidth = ${mlpWidth}` : `width = ${width}`;
  if (given) {
    throw new RangeError(
      `stack options: parameters = ${parameters} and ${given}: one follows from the other; leave one of them out`,
    );
  }
  const inside = (width: number, mlpWidth = 4 * width): Inside => ({
    layers: configured(choices, width),
    residual: block === "residual",
    mlpWidth: mlp ? mlpWidth : 0,
  });
  const countAt = (width: number, mlpWidth?: number) =>
    parameterCount((key) =>
      insideInit(inside(width, mlpWidth), width, keysFor(key, choices.length))
    );
  const found = nearestWidth(parameters, countAt);
  if (!mlp) return { width: found };
  const [one, two] = [countAt(found, 1), countAt(found, 2)];
  return { width: found, mlpWidth: Math.max(1, 1 + Math.round((parameters - one) / (two - one))) };
}

const configured = (choices: readonly LayerChoice[], width: number): Layer[] =>
  choices.map(({ layer, options }) => ({ layer, config: layer.configure(options, width) }));

/** @throws {Error} see {@linkcode ModelModule}. */
function configure(options: unknown, context: Context): Model<StackParams> {
  const { layers: choices } = context;
  if (choices.length === 0) throw new RangeError("stack: no layers; name at least one");
  const { chosen, ends } = read(options, context);
  const residual = chosen.block === "residual";
  if (residual && chosen.width === undefined) {
    throw new RangeError(
      "stack options: width is missing; residual blocks add to a stream of that width, so name it, or parameters " +
        '(block: "bare" needs none)',
    );
  }
  const mlp = chosen.mlp ?? residual;
  if (!residual && mlp) {
    throw new RangeError(
      `stack options: mlp = true: bare layers have nothing between them; leave it out, or choose block: "residual"`,
    );
  }
  if (!mlp && chosen.mlpWidth !== undefined) {
    throw new RangeError(
      `stack options: mlpWidth = ${chosen.mlpWidth}, but there are no MLPs; leave it out, or choose residual blocks with mlp: true`,
    );
  }
  const { width } = ends;
  const layers = configured(choices, width);
  return modelOf(ends, { layers, residual, mlpWidth: mlp ? chosen.mlpWidth ?? 4 * width : 0 });
}

/** Fresh parameters of all that is inside. @param last gain of the last layer where nothing comes after it. */
function insideInit(
  { layers, residual, mlpWidth }: Inside,
  width: number,
  keys: readonly JaxArray[],
  last = 1,
): Omit<StackParams, "ends"> {
  // Projections into the residual stream: its variance does not grow with their number (Radford et al. 2019).
  const share = 1 / Math.sqrt((mlpWidth > 0 ? 2 : 1) * layers.length);
  const blocks = layers.map(({ layer, config }, i): Block => {
    const [layerKey, upKey, downKey] = keysFor(keys[i], mlpWidth > 0 ? 3 : 1);
    if (!residual) {
      return { layer: layer.init(config, layerKey, i === layers.length - 1 ? last : 1) };
    }
    const block: Block = { layer: layer.init(config, layerKey, share), norm: np.ones([width]) };
    if (mlpWidth > 0) {
      block.mlp = {
        norm: np.ones([width]),
        up: linearInit(upKey, width, mlpWidth),
        down: linearInit(downKey, mlpWidth, width, share),
      };
    }
    return block;
  });
  return residual ? { blocks, norm: np.ones([width]) } : { blocks };
}

function modelOf(
  ends: Ends,
  inside: Inside,
): Model<StackParams> | SequenceModel<StackParams, StackState> {
  const { width } = ends;
  const { layers } = inside;

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
    memory(observations) {
      const capacity = Math.ceil(observations / ends.patch);
      const states = layers.map(({ layer, config }) => layer.initialState(config, 1, capacity));
      return states.flatMap(leavesOf).reduce((sum, { data }) => sum + data.length, 0);
    },
    init(seed) {
      const keys = keysFor(random.key(seed), layers.length + (ends.init ? 1 : 0));
      // Without a head the last layer is the prediction, which starts at zero as that of a head does.
      const body = insideInit(inside, width, keys, ends.init ? 1 : 0);
      return { ends: ends.init?.(keys[layers.length]) ?? {}, ...body };
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
    patch: ends.patch,
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
