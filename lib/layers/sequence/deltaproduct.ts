/** @file DeltaProduct: several delta rules a token, so that the memory is multiplied by a product of reflections. */
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
 * n times S = (I - beta k k') S + beta k v' with keys, values and betas of their own, after S = a_t S_{t-1}, a = exp(-rate softplus(.)).
 * Options: `heads` (4), `expandKey` (1), `expandValue` (2), `conv` (4; 0 for none), `steps` (n, 2), `negative` (true; by it beta goes up to 2).
 */
export const layer: SequenceLayer<Config, Params<HeadRate, JaxArray>, State, Input, JaxArray> =
  gatedDeltaLayer({
    name: "deltaproduct",
    about: {
      name: "DeltaProduct",
      paper: "Siems et al., arXiv 2502.10297, eq. 3 and section 3, with the gate of fla/layers",
      kind: "linear in the state",
      eigenvalues:
        "|lambda| <= 1, complex from steps = 2 on; [0, 1] of each factor with negative: false",
    },
    defaults: { expandValue: 2, negative: true },
    steps: 2,
    init: (config, { values }, [key, ...rates]) => ({
      forget: headRateInit(config, rates),
      gate: weightInit(key, config.width, values),
    }),
    logGate: headRate,
    open: (gate, x) => nn.silu(np.matmul(x, gate)),
  });
