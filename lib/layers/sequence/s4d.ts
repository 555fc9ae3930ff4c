/** @file S4D: a diagonal state space for every channel, discretised exactly. */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import {
  type Complex,
  type Config,
  diagonalStateSpace,
  type Params,
} from "../diagonal_state_space.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** A = -exp(parameter) + i frequency, with the frequencies pi m of S4D-Lin. Option: `state` (32 complex states a channel). */
export const layer: SequenceLayer<Config, Params, Complex, JaxArray, JaxArray> = diagonalStateSpace(
  {
    name: "s4d",
    about: {
      name: "S4D",
      paper: "Gu et al., arXiv 2206.11893, eq. 7 and section 4.3 (S4D-Lin), zero-order hold",
      kind: "linear in the state",
      eigenvalues: "|lambda| < 1, complex, fixed",
    },
    rate: (decay) => np.exp(decay),
    half: Math.log(0.5),
  },
);
