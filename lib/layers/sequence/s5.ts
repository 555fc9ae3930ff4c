/** @file S5: one diagonal state space for all channels together, from the eigenvalues of HiPPO's normal part. */
import { numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { legendreModes } from "../hippo.ts";
import { type Config, jointStateSpace, type Params } from "../joint_state_space.ts";
import type { Complex } from "../modes.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** The states are one of each conjugate pair. Option: `state` (32 of them). */
export const layer: SequenceLayer<Config, Params, Complex, Complex, Complex> = jointStateSpace({
  name: "s5",
  about: {
    name: "S5",
    paper: "Smith et al., arXiv 2208.04933, section 3 and eq. 6, zero-order hold",
    kind: "linear in the state",
    eigenvalues: "|lambda| < 1, complex, fixed",
  },
  reading: 2,
  /**
   * Lambda = -1/2 + i frequency. Eigenvectors are unit vectors: what they make of a normal B and C is normal, and that is drawn, with the
   * variances of the authors' code.
   */
  start({ width, state }, [k1, k2, k3, k4], gain) {
    const normal = (key: JaxArray, shape: number[], variance: number) =>
      random.normal(key, shape).mul(Math.sqrt(variance));
    const all = 2 * state;
    return {
      decay: np.full([state], -0.5),
      frequency: np.array(Float32Array.from(legendreModes(state).frequency)),
      bRe: normal(k1, [state, width], 1 / (2 * all)),
      bIm: normal(k2, [state, width], 1 / (2 * all)),
      cRe: normal(k3, [width, state], gain ** 2 / all),
      cIm: normal(k4, [width, state], gain ** 2 / all),
    };
  },
});
