/**
 * @file What an optimiser is to a training that chooses one by name: a module of this folder that exports `optimiser`. Updates are pure jax-js functions over
 * trees of parameters, with the state beside them, as adamw.ts has them.
 */
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import type { Tensor, Tree } from "../../tensor/tensor.ts";

/** A configured optimiser. */
export interface Optimiser {
  /** What it remembers before the first step, on the host. */
  init(params: Tree<Tensor>): Tree<Tensor>;
  /** One step; everything that is given is consumed. @param rate learning rate, scalar */
  update<P extends Arrays>(
    params: P,
    grads: P,
    state: Arrays,
    rate: JaxArray,
  ): { params: P; state: Arrays };
}

/** What a module of this folder exports as `optimiser`. */
export interface OptimiserModule {
  /** The optimiser that options describe. @throws {Error} naming the option, its value and what is allowed */
  configure(options: unknown): Optimiser;
}
