/** @file Reservoirs that nobody trains, one above the other, each with a turned part of its last state kept; what reads them is learned. */
import type { JaxArray } from "../../engine/arrays.ts";
import type { LinearParams } from "../linear.ts";
import { type Config, residualReservoir, type State } from "../residual_reservoir.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/**
 * h_t = alpha O h_{t-1} + beta tanh(W h_{t-1} + U u_t) for every level, where u is the token or the level below, and y = V (all levels) + b.
 * Options: `state` (n, 64), `depth` (2), `radius` (of W, .9), `keep` (alpha, .5), `write` (beta, .5).
 */
export const layer: SequenceLayer<Config, LinearParams, State, JaxArray, JaxArray> =
  residualReservoir("deep_reservoir", {
    name: "deep reservoir",
    paper: "Pinna et al., arXiv 2508.21172, eq. 4, with random orthogonal O",
    kind: "nonlinear",
    eigenvalues: "any, those of alpha O + beta W times the slopes of tanh, drawn",
  }, "deep");
