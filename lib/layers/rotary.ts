/** @file Rotary position embedding (Su et al., arXiv 2104.09864, eq. 34), in the half-split layout. */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/** Cosines and sines of the rotation angles, [positions, headDim] each. */
export interface RotaryTable {
  /** cos(position * base^(-2 i / headDim)), row-major by position. */
  readonly cos: Float64Array<ArrayBuffer>;
  /** The sines of the same angles. */
  readonly sin: Float64Array<ArrayBuffer>;
}

/**
 * Angles `position * base^(-2 i / headDim)`; both halves of the head dimension have the same ones.
 * @throws {RangeError} for an odd `headDim`: rotations need pairs.
 */
export function rotaryTable(positions: number, headDim: number, base = 10_000): RotaryTable {
  if (headDim % 2 !== 0) {
    throw new RangeError(
      `rotary embedding needs an even head dimension, got ${headDim}; choose d_model / heads even`,
    );
  }
  const half = headDim / 2;
  const cos = new Float64Array(positions * headDim);
  const sin = new Float64Array(positions * headDim);
  for (let t = 0; t < positions; t++) {
    for (let i = 0; i < headDim; i++) {
      const angle = t * base ** (-(i % half) / half);
      cos[t * headDim + i] = Math.cos(angle);
      sin[t * headDim + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/**
 * Rotates the pairs (x_i, x_{i + d/2}) of the last axis by the given angles: x cos + (x J) sin, where J maps (a, b) to
 * (-b, a). A product with the constant J costs less than cutting x in halves and joining them.
 * @param x [..., d]
 * @param cos broadcastable to x
 */
export function rotate(x: JaxArray, cos: JaxArray, sin: JaxArray): JaxArray {
  const d = x.shape.at(-1)!;
  const quarterTurn = new Float32Array(d * d);
  for (let i = 0; i < d / 2; i++) {
    quarterTurn[(i + d / 2) * d + i] = -1;
    quarterTurn[i * d + i + d / 2] = 1;
  }
  const turned = np.matmul(x.ref, np.array(quarterTurn, { shape: [d, d] }).astype(x.dtype));
  return x.mul(cos).add(turned.mul(sin));
}
