/** @file Causal Toeplitz mixing: every channel is convolved with a learned kernel as long as the sequence. */
import { random } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { fourierConvolution } from "../fourier_convolution.ts";
import type { Mixing } from "./mixing.ts";

/** `kernel` [T, C], lag 0 first. */
export type ToeplitzParams = { kernel: JaxArray };

/** y_t = sum_{k <= t} kernel[k] x_{t-k}, through the Fourier transform. */
export const mixing: Mixing<ToeplitzParams> = {
  about: {
    name: "Toeplitz",
    paper: "Gray 2006, Toeplitz and Circulant Matrices, section 4",
    kind: "time-invariant",
  },
  init: ({ channels, length }, key) => ({
    kernel: random.normal(key, [length, channels]).mul(1 / Math.sqrt(length)),
  }),
  apply: ({ kernel }, x) => fourierConvolution(kernel, x),
};
