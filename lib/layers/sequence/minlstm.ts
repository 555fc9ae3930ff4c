/** @file An LSTM whose gates and candidate do not see the state, which makes it linear in the state. */
import { nn } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { type Config, type Input, minimalUnit, type Params } from "../minimal_unit.ts";
import { positive } from "../positive.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

export type { Config, Input, Params };

/**
 * h_t = f'_t h_{t-1} + i'_t g(W x_t) with f' = f / (f + i) and i' = i / (f + i), f and i sigmoids of x_t; y is h, or a projection of
 * it. Option: `expansion` (1).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, Input, JaxArray> = minimalUnit({
  name: "minlstm",
  about: {
    name: "minLSTM",
    paper:
      "Feng et al., arXiv 2410.01201, section 3.2, with the positive candidate of appendix B.3",
    kind: "linear in the state",
    eigenvalues: "(0, 1), the normalised forget gates",
  },
  maps: 3,
  gates(candidate, forget, write) {
    // f / (f + i) is the sigmoid of log f - log i, which no gate near zero can break.
    const odds = nn.logSigmoid(forget).sub(nn.logSigmoid(write));
    return {
      keep: nn.sigmoid(odds.ref),
      write: nn.sigmoid(odds.neg()).mul(positive(candidate)),
    };
  },
});
