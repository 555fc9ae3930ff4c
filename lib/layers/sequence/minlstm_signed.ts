/** @file A minimal LSTM whose forget gate also reverses the state. */
import { nn } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { type Config, type Input, minimalUnit, type Params } from "../minimal_unit.ts";
import { positive } from "../positive.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** h_t = (2 f'_t - 1) h_{t-1} + i'_t g(W x_t), with f' = f / (f + i) and i' = 1 - f'. Option: `expansion` (1). */
export const layer: SequenceLayer<Config, Params, JaxArray, Input, JaxArray> = minimalUnit({
  name: "minlstm_signed",
  about: {
    name: "minLSTM [-1, 1]",
    paper:
      "Feng et al., arXiv 2410.01201, section 3.2; signs as in Grazzi et al., arXiv 2411.12537",
    kind: "linear in the state",
    eigenvalues: "(-1, 1)",
  },
  maps: 3,
  gates(candidate, forget, write) {
    const against = nn.sigmoid(nn.logSigmoid(write).sub(nn.logSigmoid(forget)));
    return { keep: against.ref.mul(-2).add(1), write: against.mul(positive(candidate)) };
  },
});
