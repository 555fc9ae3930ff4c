/** @file HGRN2 whose gates also reverse what they multiply. */
import type { JaxArray } from "../../engine/arrays.ts";
import type { LowRankTokens } from "../low_rank_memory.ts";
import { withSigns } from "../signed_gates.ts";
import { type Config, layer as hgrn2, type Params } from "./hgrn2.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** S_t = diag(2 f_t - 1) S_{t-1} + (1 - f_t) v_t'. Options as HGRN2's. */
export const layer: SequenceLayer<Config, Params, JaxArray, LowRankTokens, JaxArray> = withSigns(
  hgrn2,
  { from: "hgrn2", to: "hgrn2_signed" },
  {
    name: "HGRN2 [-1, 1]",
    paper: "Qin et al., arXiv 2404.07904, section 3.2; signs as in Grazzi et al., arXiv 2411.12537",
    kind: "linear in the state",
    eigenvalues: "(2 lowerBound - 1, 1), twice the gates less one",
  },
);
