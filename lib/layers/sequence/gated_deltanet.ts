/** @file DeltaNet that forgets: before the delta rule, the memory of a head fades by a factor that the token chooses. */
import { nn, numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import {
  type Config,
  gatedDeltaLayer,
  type Input,
  type Params,
  type State,
  weightInit,
} from "../gated_delta_layer.ts";
import { type HeadRate, headRate, headRateInit } from "../head_rate.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/**
 * S_t = a_t (I - beta_t k_t k_t') S_{t-1} + beta_t k_t v_t', with a = exp(-rate softplus(.)). Options: `heads` (4), `expandKey` (1),
 * `expandValue` (2), `conv` (4; 0 for none), `negative` (false; by it beta goes up to 2).
 */
export const layer: SequenceLayer<Config, Params<HeadRate, JaxArray>, State, Input, JaxArray> =
  gatedDeltaLayer({
    name: "gated_deltanet",
    about: {
      name: "Gated DeltaNet",
      paper:
        "Yang et al., arXiv 2412.06464, eq. 10; with `negative`: Grazzi et al., arXiv 2411.12537, section 4.2",
      kind: "linear in the state",
      eigenvalues: "[0, 1]; [-1, 1] with negative: true",
    },
    defaults: { expandValue: 2, negative: false },
    init: (config, { values }, [key, ...rates]) => ({
      forget: headRateInit(config, rates),
      gate: weightInit(key, config.width, values),
    }),
    logGate: headRate,
    open: (gate, x) => nn.silu(np.matmul(x, gate)),
  });
