/** @file The type of a traced array, and trees of them, for modules that need no function of jax-js. */
import type { numpy as np } from "@jax-js/jax";
import type { Tree } from "../tensor/tensor.ts";

export type { np };
/** Parameters, states, batches: arrays in records and lists. */
export type Arrays = Tree<np.Array>;
