/**
 * @file Generalised teacher forcing (Hess et al., arXiv 2306.04406, equation 4) of any sequence model, at its input: a token is alpha times what was
 * observed plus 1 - alpha times what the model itself predicted. At alpha = 1 that is teacher forcing; below, errors feed back in training as they do
 * when the model runs free, and gradients shrink by 1 - alpha a step in place of growing as fast as the system is chaotic.
 */
import { numpy as np, tree } from "@jax-js/jax";
import type { Arrays, JaxArray, JaxDType } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";
import { constant } from "../../layers/constant.ts";
import type { SequenceModel } from "../../models/model.ts";
import { isFloat, type Tensor, type Tree } from "../../tensor/tensor.ts";
import { isSpec, mapLeaves } from "../../tensor/trees.ts";

/**
 * Predictions of the next observation, token by token.
 * @param y [B, T, channels]; consumed, like the parameters
 * @returns [B, T, channels]; entry t predicts observation t + 1
 */
export function forcedPredictions(
  model: SequenceModel,
  params: Arrays,
  y: JaxArray,
  alpha: number,
): JaxArray {
  const [batch, length, channels] = y.shape;
  const start = onDevice(model.initialState(batch, length), y.dtype);
  // Time first, and a patch of one observation each.
  const tokens = np.transpose(y, [1, 0, 2]).reshape([length, batch, 1, channels]);
  const guess = tokens.ref.slice([0, 1]).reshape([batch, 1, channels]);
  const [last, predictions] = scan(
    (params: Arrays, { state, guess }: { state: Arrays; guess: JaxArray }, observed: JaxArray) => {
      const token = observed.mul(alpha).add(guess.mul(1 - alpha));
      const [next, prediction] = model.step(params, state, token, np.array(1).astype(y.dtype));
      return [{ state: next, guess: prediction.ref }, prediction];
    },
    params,
    { state: start, guess },
    tokens,
  );
  tree.dispose(last);
  return np.transpose(predictions.reshape([length, batch, channels]), [1, 0, 2]);
}

/** Positions and counts of a state stay integers. */
function onDevice(state: Tree<Tensor>, dtype: JaxDType): Arrays {
  const isLeaf = (value: Tree<Tensor>): value is Tensor => isSpec(value);
  return mapLeaves(
    state,
    isLeaf,
    ({ data, dtype: stored, shape }) =>
      isFloat(stored)
        ? constant(Float64Array.from(data), [...shape], dtype)
        : np.array(Int32Array.from(data), { shape: [...shape], dtype: np.int32 }),
  ) as Arrays;
}
