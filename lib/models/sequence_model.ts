/**
 * @file What every model of an observed sequence offers, so that training, scoring and rollouts are written
 * once. A model module exports these names; a job names one module and nothing else of the zoo.
 */
import type { np } from "../engine/arrays.ts";
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
   * Over y [B, T, obs] at once: entry k of the result [B, T / patch, patch, obs] predicts patch k + 1 from patches 0..k.
   */
  forward(config: C, params: Params, train: Statistics, y: np.Array): np.Array;
  /** State of the step form before the first patch, with room for `capacity` tokens. */
  initialState(config: C, batch: number, capacity: number): Tree<Tensor>;
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
}
