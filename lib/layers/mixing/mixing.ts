/**
 * @file What temporal mixing is: a map of x [B, T, C] to y [B, T, C] that connects times and leaves channels to the layers around
 * it. One file of this folder each; lib/models/deep_linear_time_series.ts puts them between an encoder and a decoder.
 */
import type { Arrays, JaxArray } from "../../engine/arrays.ts";

/** What a reader is told. */
export interface About {
  /** What tables call it. */
  readonly name: string;
  /** Authors, arXiv number or venue. */
  readonly paper: string;
  /**
   * `time-invariant`: linear, and the response to an impulse tells everything; beyond that `nonlinear`, whatever is said of a layer
   * "without softmax".
   */
  readonly kind: "time-invariant" | "nonlinear";
}

/** Sizes of the sequence that is mixed. */
export interface MixingShape {
  /** C. */
  readonly channels: number;
  /** T, times. */
  readonly length: number;
}

/** A way to mix times. */
export interface Mixing<Params extends Arrays = Arrays> {
  /** What tables and pages say of it. */
  readonly about: About;
  /**
   * Fresh parameters of a small map: entries of the response are noise whose sum over T times has a standard deviation of about 1.
   * @param key consumed.
   */
  init(shape: MixingShape, key: JaxArray): Params;
  /** y [B, T, C] of x [B, T, C]; both are consumed. */
  apply(params: Params, x: JaxArray): JaxArray;
}
