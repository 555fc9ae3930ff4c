/**
 * @file A diagonal state-space model (S4D): every channel is convolved with the impulse response of `modes` complex exponentials,
 *
 *     K[k] = 2 Re sum_n C_n (exp(dt A_n) - 1) / A_n exp(k dt A_n),   A_n = -exp(a_n) + i w_n
 *
 * (zero-order hold, B = 1, one of each conjugate pair). Without gates and without the skip D it is a time-invariant linear map:
 * a Toeplitz map whose kernel has few exponentials.
 */
import { numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { constant } from "../constant.ts";
import { fourierConvolution } from "../fourier_convolution.ts";
import type { Mixing } from "./mixing.ts";

/** Complex modes of a channel; each has a conjugate that is not stored. */
const modes = 16;

/** Of every channel. */
export type StateSpaceParams = {
  /** log dt [C] */
  step: JaxArray;
  /** log -Re A [C, N] */
  decay: JaxArray;
  /** Im A [C, N] */
  frequency: JaxArray;
  /** C, real and imaginary parts [C, N] */
  re: JaxArray;
  im: JaxArray;
};

/** K [length, C]. @param params consumed. */
export function kernelOf(
  { step, decay, frequency, re, im }: StateSpaceParams,
  length: number,
): JaxArray {
  const [channels, n] = decay.shape;
  const dt = np.exp(step).reshape([channels, 1]);
  const a = np.exp(decay).neg();
  const [x, y] = [a.ref.mul(dt.ref), frequency.ref.mul(dt)];
  // C (exp(x + i y) - 1) / (a + i w), number by number.
  const size = np.exp(x.ref);
  const [top, bottom] = [size.ref.mul(np.cos(y.ref)).sub(1), size.mul(np.sin(y.ref))];
  const scale = np.reciprocal(a.ref.mul(a.ref).add(frequency.ref.mul(frequency.ref)));
  const [p, q] = [
    top.ref.mul(a.ref).add(bottom.ref.mul(frequency.ref)).mul(scale.ref),
    bottom.mul(a).sub(top.mul(frequency)).mul(scale),
  ];
  const [u, v] = [
    re.ref.mul(p.ref).sub(im.ref.mul(q.ref)),
    re.mul(q).add(im.mul(p)),
  ];
  const times = constant(Float64Array.from({ length }, (_, k) => k), [1, 1, length], x.dtype);
  const each = (x: JaxArray) => x.reshape([channels, n, 1]);
  const decayed = np.exp(each(x).mul(times.ref));
  const angle = each(y).mul(times);
  const real = each(u).mul(np.cos(angle.ref)).sub(each(v).mul(np.sin(angle)));
  return np.transpose(np.sum(decayed.mul(real), 1).mul(2));
}

/** A convolution with the response, through the Fourier transform. */
export const mixing: Mixing<StateSpaceParams> = {
  about: {
    name: "state space (S4D)",
    paper: "Gu et al., arXiv 2206.11893, eq. 4, 7 and 9 (S4D-Lin)",
    kind: "time-invariant",
  },
  /** A_n = -1/2 + i pi n, log dt uniform: memories from the whole sequence down to a hundredth of it. */
  init({ channels, length }, key) {
    const [stepKey, reKey, imKey] = [...random.split(key, 3)];
    const [slow, fast] = [1 / length, 100 / length].map(Math.log);
    const noise = (key: JaxArray) =>
      random.normal(key, [channels, modes]).mul(Math.sqrt(0.5 / modes));
    const frequencies = Float64Array.from(
      { length: channels * modes },
      (_, i) => Math.PI * (i % modes),
    );
    return {
      step: random.uniform(stepKey, [channels]).mul(fast - slow).add(slow),
      decay: np.full([channels, modes], Math.log(0.5)),
      frequency: constant(frequencies, [channels, modes], np.float32),
      re: noise(reKey),
      im: noise(imKey),
    };
  },
  apply: (params, x) => fourierConvolution(kernelOf(params, x.shape[1]), x),
};
