/**
 * @file Where a model of patches meets the data: observations enter standardised and linearly embedded, predictions leave
 * in the data's units (see `instance_norm.ts` for the modes).
 */
import { numpy as np } from "@jax-js/jax";
import type { NormMode, Statistics } from "./instance_norm.ts";
import { linear, type LinearParams } from "./linear.ts";

/** What inputs are standardised with, broadcastable to [B, N, patch, obs]. */
export interface Normaliser {
  readonly mean: np.Array;
  readonly deviation: np.Array;
}

/** The normaliser of modes `none` and `fixed`. */
export function trainNormaliser({ mean, variance }: Statistics): Normaliser {
  return { mean, deviation: np.sqrt(variance) };
}

/** Patches [B, N, patch, obs] in normalised units, one vector each: [B, N, patch obs]. */
export function standardise(tokens: np.Array, { mean, deviation }: Normaliser): np.Array {
  const [batch, count, patch, obs] = tokens.shape;
  const normalised = tokens.sub(mean).mul(np.reciprocal(deviation));
  return normalised.reshape([batch, count, patch * obs]);
}

/** Patches [B, N, patch, obs] embedded: [B, N, d]. */
export function embedPatches(
  params: LinearParams,
  tokens: np.Array,
  normaliser: Normaliser,
): np.Array {
  return linear(params, standardise(tokens, normaliser));
}

/** The head's outputs [B, N, patch obs] as predictions [B, N, patch, obs] in the data's units. */
export function restore(
  out: np.Array,
  { patch, obsDim, norm }: { patch: number; obsDim: number; norm: NormMode },
  { mean, deviation }: Normaliser,
): np.Array {
  const [batch, count] = out.shape;
  const shaped = out.reshape([batch, count, patch, obsDim]);
  return norm === "none" ? shaped : shaped.mul(deviation).add(mean);
}
