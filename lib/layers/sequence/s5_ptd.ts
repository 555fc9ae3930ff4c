/** @file S5-PTD: an S5 that starts from all of HiPPO, not from its normal part, which a small perturbation makes safe to diagonalise. */
import { numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { complexInverse, eigen } from "../../linalg/eigen.ts";
import { keyOf, normals } from "../../random/random.ts";
import { legendreMatrix } from "../hippo.ts";
import { type Config, jointStateSpace, type Params } from "../joint_state_space.ts";
import type { Complex } from "../modes.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Of a perturbation, beside HiPPO's matrix: both by their Frobenius norms. */
export const perturbation = 0.1;

/**
 * HiPPO's matrix and a Gaussian one, which has eigenvectors far from parallel with probability 1 (Banks et al., arXiv 1906.11819). The same
 * for all keys: it is a way to diagonalise, not a draw.
 * @returns [n, n]
 */
export function perturbedLegendre(n: number): Float64Array {
  const hippo = legendreMatrix(n);
  const noise = normals(keyOf(0), n * n);
  const scale = perturbation * Math.hypot(...hippo) / Math.hypot(...noise);
  return hippo.map((v, i) => v + scale * noise[i]);
}

/** The states are all of HiPPO's, not one of each pair: there are real eigenvalues among them. Option: `state` (32). */
export const layer: SequenceLayer<Config, Params, Complex, Complex, Complex> = jointStateSpace({
  name: "s5_ptd",
  about: {
    name: "S5-PTD",
    paper:
      "Yu et al., arXiv 2310.01698, section 4: perturb, then diagonalise, with a random matrix",
    kind: "linear in the state",
    eigenvalues: "|lambda| < 1, complex, fixed",
  },
  reading: 1,
  /** B and C are normal for HiPPO's own states, as S5's: the diagonal ones see V^-1 B and C V. */
  start({ width, state: n }, [k1, k2, k3, k4], gain) {
    k4.dispose();
    const { values, vectors } = eigen(perturbedLegendre(n), n);
    const inverse = complexInverse(vectors, n);
    const square = (data: Float64Array) => np.array(Float32Array.from(data), { shape: [n, n] });
    const normal = (key: JaxArray, shape: number[], deviation: number) =>
      random.normal(key, shape).mul(deviation / Math.sqrt(n));
    const b = normal(k1, [n, width], 1);
    const [c, none] = [normal(k2, [width, n], gain), k3];
    none.dispose();
    const parts = {
      decay: np.array(Float32Array.from(values.re)),
      frequency: np.array(Float32Array.from(values.im)),
      bRe: np.matmul(square(inverse.re), b.ref),
      bIm: np.matmul(square(inverse.im), b),
      cRe: np.matmul(c.ref, square(vectors.re)),
      cIm: np.matmul(c, square(vectors.im)),
    };
    return parts;
  },
});
