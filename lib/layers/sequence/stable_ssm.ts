/** @file StableSSM: a diagonal state space whose rates of decay are so made of parameters that gradients stay in proportion to them. */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import {
  type Complex,
  type Config,
  diagonalStateSpace,
  type Params,
} from "../diagonal_state_space.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** As S4D with A = -1 / (parameter^2 + 0.1) + i frequency. Option: `state` (32 complex states a channel). */
export const layer: SequenceLayer<Config, Params, Complex, JaxArray, JaxArray> = diagonalStateSpace(
  {
    name: "stable_ssm",
    about: {
      name: "StableSSM",
      paper:
        "Wang & Li, arXiv 2311.14495, section 3.3 and table 1, the parameterisation called best",
      kind: "linear in the state",
      eigenvalues: "|lambda| < 1, complex, fixed",
    },
    rate: (decay) => np.reciprocal(decay.ref.mul(decay).add(0.1)),
    half: Math.sqrt(1.9),
  },
);
