/**
 * @file Causal convolution channel by channel through the Fourier transform: T log T operations where the Toeplitz matrix of the
 * kernel has T^2 numbers. The transform is circular, so both are padded with zeros to twice their length: without that the last
 * times would reach the first ones.
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import { forward, inverse, smoothSize } from "./fourier_transform.ts";

/**
 * y_t = sum_{k <= t} kernel[k] x_{t-k}, channel by channel.
 * @param kernel [T, C], lag 0 first; consumed, as x is.
 * @param x [B, T, C]
 * @returns [B, T, C]
 */
export function fourierConvolution(kernel: JaxArray, x: JaxArray): JaxArray {
  const [batch, length, channels] = x.shape;
  const size = smoothSize(2 * length - 1);
  const spectrum = (rows: JaxArray) => forward({ re: np.pad(rows, [[0, 0], [0, size - length]]) });
  const k = spectrum(np.transpose(kernel));
  const u = spectrum(np.transpose(x, [0, 2, 1]).reshape([batch * channels, length]));
  const [kRe, kIm] = [k.re, k.im].map((x) => x.reshape([1, channels, size]));
  const [uRe, uIm] = [u.re, u.im].map((x) => x.reshape([batch, channels, size]));
  const re = uRe.ref.mul(kRe.ref).sub(uIm.ref.mul(kIm.ref));
  const im = uRe.mul(kIm).add(uIm.mul(kRe));
  const flat = (x: JaxArray) => x.reshape([batch * channels, size]);
  const [y, beyond] = np.split(inverse({ re: flat(re), im: flat(im) }), [length], 1);
  beyond.dispose();
  return np.transpose(y.reshape([batch, channels, length]), [0, 2, 1]);
}
