/** @file A minimal gated recurrent unit whose gate also reverses the state. */
import { nn } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { type Config, type Input, minimalUnit, type Params } from "../minimal_unit.ts";
import { positive } from "../positive.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** h_t = (1 - 2 z_t) h_{t-1} + z_t g(W x_t) with z_t = sigmoid(V x_t). Option: `expansion` (1). */
export const layer: SequenceLayer<Config, Params, JaxArray, Input, JaxArray> = minimalUnit({
  name: "mingru_signed",
  about: {
    name: "minGRU [-1, 1]",
    paper:
      "Feng et al., arXiv 2410.01201, section 3.1; signs as in Grazzi et al., arXiv 2411.12537",
    kind: "linear in the state",
    eigenvalues: "(-1, 1)",
  },
  maps: 2,
  gates(candidate, gate) {
    const write = nn.sigmoid(gate);
    return { keep: write.ref.mul(-2).add(1), write: write.mul(positive(candidate)) };
  },
});
