/** @file Gated linear attention whose gates also reverse what they multiply. */
import type { JaxArray } from "../../engine/arrays.ts";
import type { LowRankTokens } from "../low_rank_memory.ts";
import { withSigns } from "../signed_gates.ts";
import { type Config, layer as gla, type Params } from "./gla.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/**
 * S_t = diag(2 alpha_t - 1) S_{t-1} + k_t v_t'. Options as GLA's; with a `gateNormaliser` of 16, gates start near 1 and have far to go to where
 * they reverse.
 */
export const layer: SequenceLayer<Config, Params, JaxArray, LowRankTokens, JaxArray> = withSigns(
  gla,
  { from: "gla", to: "gla_signed" },
  {
    name: "GLA [-1, 1]",
    paper: "Yang et al., arXiv 2312.06635, section 4; signs as in Grazzi et al., arXiv 2411.12537",
    kind: "linear in the state",
    eigenvalues: "(-1, 1), twice the gates less one",
  },
);
