/**
 * @file What every model of an observed sequence offers, so that training, scoring and rollouts are written
 * once. A model module exports these names; a job names one module and nothing else of the zoo.
 */
import type { np } from "../engine/arrays.ts";
import type { Block } from "../engine/chain.ts";
import type { Tensor, Tree } from "../engine/types.ts";
import type { Statistics } from "../layers/instance_norm.ts";

// deno-lint-ignore no-explicit-any
export type Params = any;

/** Common to all configurations: what a token is. */
export interface SequenceConfig {
  readonly obsDim: number;
  /** Observations in a token. */
  readonly patch: number;
}

export interface SequenceModel<C extends SequenceConfig = SequenceConfig> {
  /** Validates options and fills the defaults. @throws {Error} naming the option and what is allowed. */
  configure(options: unknown, obsDim: number): C;
  /** Fresh parameters, a tree of jax-js arrays. */
  init(config: C, seed: number): Params;
  /**
   * Parallel form over y [B, T, obs]: entry k of `prediction` [B, T / patch, patch, obs] predicts patch k + 1 from
   * patches 0..k; `caches` is what the step form needs to go on.
   */
  forward(
    config: C,
    params: Params,
    train: Statistics,
    y: np.Array,
  ): { prediction: np.Array; caches: unknown };
  /** State of the step form after `forward` over `y`, with room for `capacity` tokens in all. */
  continueFrom(config: C, caches: unknown, y: np.Array, capacity: number): unknown;
  /**
   * Step form: one patch [B, patch, obs] at token index `position` (int32 scalar); `learn` is 1 to let it enter the expanding
   * statistics and 0 to leave them frozen.
   */
  step(
    config: C,
    params: Params,
    train: Statistics,
    state: unknown,
    y: np.Array,
    position: np.Array,
    learn: np.Array,
  ): { prediction: np.Array; state: unknown };
  /** Bytes that one sequence of a rollout holds at once, for sizing batches before they start. */
  rolloutBytes(config: C, capacity: number): number;
  /**
   * Only models whose `forward` has to unroll a loop over time: the same as a chain of blocks from y [B, T, obs] to
   * `prediction`, to train with. Every parameter is a leaf of the given tree (of specs or tensors) and belongs to one
   * block; the statistics become constants.
   */
  chain?(
    config: C,
    params: Params,
    batch: number,
    train: { mean: Tensor; variance: Tensor },
  ): Block[];
  /**
   * Only such models: the state of the step form before the first patch. Where it is there, evaluation runs the step form
   * from it instead of `forward`.
   */
  initialState?(config: C, batch: number): Tree<Tensor>;
}
