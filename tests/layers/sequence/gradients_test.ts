/**
 * @file Gradients of sequence layers, through outputs and last state, by parameters, tokens and state before: in float64 against
 * central differences, and in float32 against those. Of every fifth layer here, whose rules of differentiation are those of the others;
 * of all, on engine `jax`, and against jax-js's own gradients of the unrolled loop, in tests/long/layers.
 */
import { cases } from "./layers.ts";
import { isQuick, testSlopes } from "./layer_slopes.ts";

testSlopes(cases.filter(isQuick));
