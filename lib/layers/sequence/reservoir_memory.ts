/** @file A linear memory that turns its numbers around, and a reservoir that sees it; nobody trains them, what reads them is learned. */
import type { JaxArray } from "../../engine/arrays.ts";
import type { LinearParams } from "../linear.ts";
import { type Config, residualReservoir, type State } from "../residual_reservoir.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/**
 * m_t = C m_{t-1} + V_x x_t with the cyclic C, h_t = alpha O h_{t-1} + beta tanh(W h_{t-1} + U [x_t, m_t]), y = V h + b. Options: `state` (n, 64),
 * `memory` (64), `radius` (of W, .9), `keep` (alpha, .5), `write` (beta, .5).
 */
export const layer: SequenceLayer<Config, LinearParams, State, JaxArray, JaxArray> =
  residualReservoir("reservoir_memory", {
    name: "residual reservoir memory",
    paper: "Pinna et al., arXiv 2508.09925, eq. 1 and 2, with random orthogonal O",
    kind: "nonlinear",
    eigenvalues:
      "any, those of alpha O + beta W times the slopes of tanh, drawn; |lambda| = 1, of the memory",
  }, "memory");
