/**
 * @file Mixing in the frequency domain: every frequency of a channel is multiplied by a learned complex number. That is a circulant
 * map: it wraps around, so the last times reach the first ones. A model that pads the times to come with zeros loses nothing by it,
 * and its maps are the Toeplitz ones, learned by frequency instead of by lag.
 */
import { numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { constant } from "../constant.ts";
import type { Mixing } from "./mixing.ts";

/** The response at the frequencies 0..T/2, real and imaginary parts [T/2 + 1, C]. */
export type FourierParams = { re: JaxArray; im: JaxArray };

/**
 * cos and -sin [T, F] of the real transform, and their pseudo-inverses [F, T]: windows are short, and the products with tables are
 * exact for every length, primes too.
 */
function tables(length: number) {
  const frequencies = Math.floor(length / 2) + 1;
  const made = [Math.cos, (angle: number) => -Math.sin(angle)].map((f) => {
    const there = new Float64Array(length * frequencies);
    const back = new Float64Array(frequencies * length);
    for (let k = 0; k < frequencies; k++) {
      // Every frequency but 0 and the Nyquist frequency stands for its mirror image, too.
      const share = (k === 0 || 2 * k === length ? 1 : 2) / length;
      for (let t = 0; t < length; t++) {
        const value = f(2 * Math.PI * ((k * t) % length) / length);
        there[t * frequencies + k] = value;
        back[k * length + t] = share * value;
      }
    }
    return { there, back };
  });
  return { frequencies, cos: made[0], sin: made[1] };
}

/** y = irfft(response * rfft(x)), channel by channel. */
export const mixing: Mixing<FourierParams> = {
  about: {
    name: "Fourier",
    paper:
      "Lee-Thorp et al., arXiv 2105.03824; with learned responses Rao et al., arXiv 2107.00645",
    kind: "time-invariant",
  },
  init({ channels, length }, key) {
    const frequencies = Math.floor(length / 2) + 1;
    const [re, im] = [...random.split(key, 2)].map((key) =>
      random.normal(key, [frequencies, channels]).mul(Math.SQRT1_2)
    );
    return { re, im };
  },
  apply({ re, im }, x) {
    const [, length] = x.shape;
    const { dtype } = x;
    const { frequencies, cos, sin } = tables(length);
    const there = (data: Float64Array<ArrayBuffer>) => constant(data, [length, frequencies], dtype);
    const back = (data: Float64Array<ArrayBuffer>) => constant(data, [frequencies, length], dtype);
    const rows = np.transpose(x, [0, 2, 1]);
    const a = np.matmul(rows.ref, there(cos.there));
    const b = np.matmul(rows, there(sin.there));
    const [c, d] = [np.transpose(re), np.transpose(im)];
    const real = a.ref.mul(c.ref).sub(b.ref.mul(d.ref));
    const imag = a.mul(d).add(b.mul(c));
    const y = np.matmul(real, back(cos.back)).add(np.matmul(imag, back(sin.back)));
    return np.transpose(y, [0, 2, 1]);
  },
};
