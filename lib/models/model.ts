/**
 * @file What a model is: it maps a task's inputs to its outputs. Most are stacks of sequence layers between two ends
 * (stack.ts); a module of this folder that can be named in a job exports `model`.
 */
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import type { SequenceLayer } from "../layers/sequence/sequence_layer.ts";
import type { Tensor, Tree } from "../tensor/tensor.ts";

/** What goes into the models of a task and what comes out of them. */
export type Signature =
  /**
   * Observations y [B, T, channels], the next patch out: entry k of [B, T / patch, patch, channels] predicts patch k + 1 from
   * patches 0..k. `statistics` of the training data standardise the input; mean 0 and variance 1 by default.
   */
  | {
    readonly kind: "series";
    readonly channels: number;
    readonly statistics?: {
      readonly mean: readonly number[];
      readonly variance: readonly number[];
    };
  }
  /** Tokens int32 [B, T] of a vocabulary, logits [B, T, classes] out. */
  | { readonly kind: "tokens"; readonly vocabulary: number; readonly classes: number }
  /** Windows [B, lookback, channels], [B, horizon, channels] out; every channel by the same map where the model is `shared`. */
  | {
    readonly kind: "window";
    readonly lookback: number;
    readonly horizon: number;
    readonly channels: number;
  };

/** A sequence layer that a model is built of, by the name of its file. */
export interface LayerChoice {
  /** Of its file in lib/layers/sequence, for messages. */
  readonly name: string;
  /** What the file exports as `layer`. */
  readonly layer: SequenceLayer;
  /** What its `configure` accepts. */
  readonly options: unknown;
}

/** What a model's `configure` is told beside its options. */
export interface Context {
  /** The task's: what goes in and what comes out. */
  readonly signature: Signature;
  /** Of a stack, from input to output; empty for the models that are none. */
  readonly layers: readonly LayerChoice[];
}

/** A configured model. */
export interface Model<Params extends Arrays = Arrays> {
  /** Fresh parameters, the same for the same seed, an integer from 0. */
  init(seed: number): Params;
  /** Outputs for whole inputs, see {@linkcode Signature}. */
  apply(params: Params, x: JaxArray): JaxArray;
  /** Numbers that its layers carry from one token of a sequence to the next, after so many observations or symbols. */
  memory?(observations: number): number;
}

/** A model that also goes token by token, so that it can run free on what it predicts. */
export interface SequenceModel<Params extends Arrays = Arrays, State extends Arrays = Arrays>
  extends Model<Params> {
  /** Observations (or symbols) in a token. */
  readonly patch: number;
  /** The state before the first token, on the host, with room for `capacity` tokens. */
  initialState(batch: number, capacity: number): Tree<Tensor>;
  /**
   * The same function as `apply`, one token at a time.
   * @param x one patch [B, patch, channels], or one symbol int32 [B, 1]
   * @param observed float scalar: 1 for data, 0 for what the model itself predicted, which no running statistics learn from.
   * @returns the next state and the prediction of the next token: [B, patch, channels], or logits [B, 1, classes]
   */
  step(params: Params, state: State, x: JaxArray, observed: JaxArray): [State, JaxArray];
}

/** What a module exports as `model`. */
export interface ModelModule<M extends Model = Model> {
  /**
   * The model that options describe, with the defaults of those that are left out.
   * @throws {Error} naming the option, its value and what is allowed, or the signature that it cannot serve.
   */
  configure(options: unknown, context: Context): M;
}

/** A model of windows that is one matrix in the end, the same for every channel. */
export interface LinearWindowModel<Params extends Arrays = Arrays> extends Model<Params> {
  /** The matrix [lookback, horizon], traced. */
  matrix(params: Params): JaxArray;
  /** The same in float64, row-major, of parameters on the host: the model as it is used. */
  collapse(params: Tree<Tensor>): Float64Array;
}

const isLinearWindowModel = (model: Model): model is LinearWindowModel =>
  "matrix" in model && "collapse" in model;

/** The model as one that is a single matrix. @param otherwise what to say of another @throws {TypeError} for another */
export function asLinearWindowModel(model: Model, otherwise: string): LinearWindowModel {
  if (isLinearWindowModel(model)) return model;
  throw new TypeError(otherwise);
}

const isSequenceModel = (model: Model): model is SequenceModel =>
  "patch" in model && "initialState" in model && "step" in model;

/** The model as one that goes token by token. @throws {TypeError} for a model of whole windows. */
export function asSequenceModel(model: Model): SequenceModel {
  if (isSequenceModel(model)) return model;
  throw new TypeError("this model maps whole windows; only a sequence model can run free");
}
