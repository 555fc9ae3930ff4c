/**
 * @file What a sequence layer is: a causal map of x [B, T, d] to y [B, T, d], one file of this folder. Whatever else is
 * wanted of it (training, rollouts, the float64 oracle) is derived from these functions, see forms.ts.
 *
 * @example A sum of all tokens so far: its loop over a sequence
 * ```ts
 * import assert from "node:assert/strict";
 * import { numpy as np } from "@jax-js/jax";
 * import { compile, tensor } from "../../engine/mod.ts";
 * import { overSequence } from "./forms.ts";
 * import type { SequenceLayer } from "./sequence_layer.ts";
 *
 * const sum: SequenceLayer<{ width: number }, Record<never, never>, np.Array, np.Array, np.Array> = {
 *   about: { name: "sum", paper: "none", kind: "linear map", eigenvalues: "1" },
 *   configure: (_options, width) => ({ width }),
 *   init: (_config, key) => (key.dispose(), {}),
 *   initialState: ({ width }, batch) => tensor(0, [batch, width]),
 *   cell(_config, _params, state, x) {
 *     const next = state.add(x);
 *     return [next.ref, next]; // the state, and y
 *   },
 * };
 *
 * const program = await compile(
 *   (x: np.Array) => overSequence(sum, { width: 1 }, {}, x)[1],
 *   [{ dtype: "float32", shape: [1, 4, 1] }],
 * );
 * const y = await program.run(tensor([1, 2, 3, 4], [1, 4, 1]));
 * assert.deepEqual([...(await y.read()).data], [1, 3, 6, 10]);
 * ```
 */
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import type { Tensor, Tree } from "../../tensor/tensor.ts";

/** What a reader is told about a layer. */
export interface About {
  /** What tables call it, such as "LRU". */
  readonly name: string;
  /** Authors, arXiv number or venue, and the equation that `cell` is. */
  readonly paper: string;
  /**
   * `linear map`: y is a linear function of x. `linear in the state`: the next state is linear in the last one, with coefficients
   * that depend on x. `nonlinear`: neither.
   */
  readonly kind: "linear map" | "linear in the state" | "nonlinear";
  /** Where the eigenvalues of the state's transition can lie, such as "|lambda| < 1" or "[0, 1]". */
  readonly eigenvalues: string;
}

/**
 * `Input` is what the cell reads of one token, `Output` what it leaves for `outputs`; both are arrays or trees of them, and x and y
 * themselves where `inputs` and `outputs` are left out.
 */
export interface SequenceLayer<
  Config = unknown,
  Params extends Arrays = Arrays,
  State extends Arrays = Arrays,
  Input extends Arrays = Arrays,
  Output extends Arrays = Arrays,
> {
  /** For readers, and a claim that tests hold the layer to. */
  readonly about: About;
  /**
   * Validates options and fills the defaults.
   * @param width d
   * @throws {Error} naming the option, its value and what is allowed.
   */
  configure(options: unknown, width: number): Config;
  /**
   * Fresh parameters.
   * @param key a jax-js key; consumed.
   * @param gain factor on the standard deviation of the last projection, for layers that have one: below 1 where many of them add
   *   to one residual stream, 0 where a stack is to begin without what its last layer says.
   */
  init(config: Config, key: JaxArray, gain?: number): Params;
  /**
   * The state before the first token, on the host, float32 (int32 for positions). Its size is the layer's memory.
   * @param capacity tokens that it must have room for; only attention needs to know.
   */
  initialState(config: Config, batch: number, capacity: number): Tree<Tensor>;
  /**
   * Projections that do not depend on the state, each token by itself.
   * @param x [..., d], with any leading axes.
   * @returns what `cell` reads, with the same leading axes.
   */
  inputs?(config: Config, params: Params, x: JaxArray): Input;
  /**
   * One token, the recurrence as the paper prints it.
   * @param input of the token: leaves [B, ...]
   * @returns the next state and the token's output, leaves [B, ...]
   */
  cell(config: Config, params: Params, state: State, input: Input): [State, Output];
  /**
   * Gates, norms and projections after the recurrence, each token by itself.
   * @param output of `cell`, with any leading axes.
   * @param x [..., d], what came in.
   * @returns y [..., d]
   */
  outputs?(config: Config, params: Params, output: Output, x: JaxArray): JaxArray;
  /**
   * All tokens at once, where that pays: the same function as `cell`, token by token.
   * @param x [B, T, d]
   * @param state before the first token; that of `initialState` when left out, which costs nothing.
   * @returns the state after the last token (attention's has room for what it holds when `state` was left out) and y [B, T, d]
   */
  parallel?(config: Config, params: Params, x: JaxArray, state?: State): [State, JaxArray];
}
