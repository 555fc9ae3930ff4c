/**
 * @file Running averages of values by exp of a logit, of which a token may fade all earlier ones: sum_s exp(-(t - s) w + l_s) v_s over the
 * same sum without v. Both sums are kept over exp(stabiliser), by which the lower one lies between exp(-1) and 2, so that none overflows
 * (Peng et al., arXiv 2305.13048, appendix D; Feng et al., arXiv 2405.13956, section 3.1).
 */
import { lax, numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** The stabiliser is a whole number, int32: what is read does not depend on it. Shapes are such that they broadcast to the numerator's. */
export type Average = { numerator: JaxArray; denominator: JaxArray; stabiliser: JaxArray };

/** So far below all logits that what there is of nothing is nothing. */
const ofNothing = -1_000_000;

/** Of no tokens. @param values shape of the numerator. @param logits shape of the denominator. */
export const emptyAverage = (
  values: number[],
  logits: number[],
): { numerator: Tensor; denominator: Tensor; stabiliser: Tensor } => ({
  numerator: tensor(0, values),
  denominator: tensor(0, logits),
  stabiliser: tensor(ofNothing, logits, "int32"),
});

const ceil = (x: JaxArray) => np.floor(x.neg()).neg();

/**
 * With one more token.
 * @param logit shaped as the denominator, and `value` as the numerator.
 * @param fade w, not below 0, of what was there before; nothing fades when left out.
 */
export function included(
  { numerator, denominator, stabiliser }: Average,
  logit: JaxArray,
  value: JaxArray,
  fade?: JaxArray,
): Average {
  const before = stabiliser.astype(logit.dtype);
  // (There is at least exp(-1) of a denominator that is not of nothing.)
  const held = before.ref.add(np.log(np.maximum(denominator.ref, 1e-30)));
  const left = fade ? held.sub(fade.ref) : held;
  const now = lax.stopGradient(ceil(np.maximum(left, logit.ref)));
  const since = before.sub(now.ref);
  const kept = np.exp(fade ? since.sub(fade) : since);
  const weight = np.exp(logit.sub(now.ref));
  return {
    numerator: numerator.mul(kept.ref).add(value.mul(weight.ref)),
    denominator: denominator.mul(kept).add(weight),
    stabiliser: now.astype(np.int32),
  };
}

/** The average itself, shaped as the numerator. */
export function averageOf({ numerator, denominator, stabiliser }: Average): JaxArray {
  stabiliser.dispose();
  return numerator.mul(np.reciprocal(denominator));
}
