/**
 * @file The two ends of a stack: from what a task hands over into tokens of one width, and from there to what the task asks for.
 * One file of this folder for each kind of signature.
 */
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import type { Tensor, Tree } from "../../tensor/tensor.ts";

/** Inputs on their way through a stack: its tokens, and what makes outputs of them once the layers have done their work. */
export interface Passage {
  /** [B, N, width], or [B, width] of one step */
  readonly tokens: JaxArray;
  /** To be called once. @param h of the shape of `tokens`. */
  leave(h: JaxArray): JaxArray;
}

/** Configured ends. */
export interface Ends<Params extends Arrays = Arrays, State extends Arrays = Arrays> {
  /** Of the tokens that the layers see. */
  readonly width: number;
  /** Observations or symbols in a token. */
  readonly patch: number;
  /** Fresh parameters. @param key a jax-js key; consumed. Absent where the ends have none; they are {} then. */
  init?(key: JaxArray): Params;
  /** Whole inputs. */
  enter(params: Params, x: JaxArray): Passage;
  /** One token at a time; absent where outputs are not those of single tokens. */
  readonly step?: StepEnds<Params, State>;
}

/** The ends of a model that goes token by token, see `SequenceModel`. */
export interface StepEnds<Params extends Arrays = Arrays, State extends Arrays = Arrays> {
  /** Before the first token, on the host; {} where nothing is carried. */
  initialState(batch: number): Tree<Tensor>;
  /**
   * One token.
   * @param x a patch [B, patch, channels], or a symbol int32 [B, 1]
   * @param observed float scalar, 0 for a token that no statistics may learn from.
   * @returns what is carried on, and the token's passage.
   */
  enter(params: Params, state: State, x: JaxArray, observed: JaxArray): [State, Passage];
}
