/** @file A gated recurrent unit whose gate and candidate do not see the state, which makes it linear in the state. */
import { nn } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { type Config, type Input, minimalUnit, type Params } from "../minimal_unit.ts";
import { positive } from "../positive.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

export type { Config, Input, Params };

/**
 * h_t = (1 - z_t) h_{t-1} + z_t g(W x_t) with z_t = sigmoid(V x_t), from any state, also a negative one; y is h, or a projection of
 * it. Option: `expansion` (1).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, Input, JaxArray> = minimalUnit({
  name: "mingru",
  about: {
    name: "minGRU",
    paper:
      "Feng et al., arXiv 2410.01201, section 3.1, with the positive candidate of appendix B.3",
    kind: "linear in the state",
    eigenvalues: "(0, 1), the gates",
  },
  maps: 2,
  gates: (candidate, gate) => ({
    keep: nn.sigmoid(gate.ref.neg()),
    write: nn.sigmoid(gate).mul(positive(candidate)),
  }),
});
