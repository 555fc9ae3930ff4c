/** @file The type of a traced array, and trees of them, for modules that need no function of jax-js. */
import type { numpy } from "@jax-js/jax";
import type { Tree } from "../tensor/tensor.ts";

/** An array of jax-js, traced or not. Every use consumes a reference; `x.ref` takes another one. */
export type JaxArray = numpy.Array;
/** Element type of a {@linkcode JaxArray}. */
export type JaxDType = numpy.DType;
/** Parameters, states, batches: arrays in records and lists. */
export type Arrays = Tree<JaxArray>;
