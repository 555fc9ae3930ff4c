/**
 * @file Ends for observed series: a token is a patch of observations, standardised (see instance_norm.ts for the modes); the
 * prediction is the next patch in the data's units.
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray, JaxDType } from "../../engine/arrays.ts";
import { linear, linearInit, type LinearParams } from "../../layers/linear.ts";
import type { Tensor, Tree } from "../../tensor/tensor.ts";
import { keysFor } from "../keys.ts";
import type { Signature } from "../model.ts";
import type { Ends, Passage } from "./ends.ts";
import {
  emptySums,
  expandingStatistics,
  learn,
  type Normaliser,
  runningStatistics,
  type RunningSums,
  type Statistics,
  trainNormaliser,
} from "./instance_norm.ts";

/** Fields of the options of a model of series, with their defaults; a model adds its own. */
export const options = {
  patch: z.number().int().min(1).max(32).default(1),
  norm: z.enum(["none", "fixed", "causal"]).default("fixed"),
};

/** What {@linkcode ends} of a series are made from. */
export interface PatchOptions {
  /** Observations in a token. */
  readonly patch: number;
  /** How inputs are standardised, see instance_norm.ts. */
  readonly norm: "none" | "fixed" | "causal";
  /** Of the embedding; without one the layers see the patches themselves, and what leaves the last layer is the prediction. */
  readonly width?: number;
}

/** Both or none of them. */
export type PatchParams = { embed?: LinearParams; head?: LinearParams };
/** Sums in mode `causal` only. */
export type PatchState = { sums?: RunningSums };

/**
 * Ends that cut a series into patches.
 * @throws {RangeError} for statistics that are not one for each channel.
 */
export function ends(
  { patch, norm, width }: PatchOptions,
  { channels, statistics }: Extract<Signature, { kind: "series" }>,
): Ends<PatchParams, PatchState> & Required<Pick<Ends<PatchParams, PatchState>, "step">> {
  const size = patch * channels;
  for (const [name, values] of Object.entries(statistics ?? {})) {
    if (values.length !== channels) {
      throw new RangeError(
        `patches: ${values.length} numbers in statistics.${name} of a series of ${channels} channels; expected one for each`,
      );
    }
  }
  const causal = norm === "causal";
  const trainStatistics = (dtype: JaxDType): Statistics => {
    const { mean = Array(channels).fill(0), variance = Array(channels).fill(1) } = statistics ?? {};
    return { mean: np.array([...mean], { dtype }), variance: np.array([...variance], { dtype }) };
  };
  // Nothing is standardised by mean 0 and variance 1.
  const fixedNormaliser = (dtype: JaxDType) =>
    statistics ? trainNormaliser(trainStatistics(dtype)) : undefined;

  /** @param patches [B, N, patch, channels] */
  const pass = (
    { embed, head }: PatchParams,
    patches: JaxArray,
    normaliser: Normaliser | undefined,
  ): Passage => {
    const [batch, count] = patches.shape;
    const tokens = standardise(patches, normaliser).reshape([batch, count, size]);
    return {
      tokens: embed ? linear(embed, tokens) : tokens,
      leave(h) {
        const out = (head ? linear(head, h) : h).reshape([batch, count, patch, channels]);
        if (!normaliser) return out;
        const { mean, deviation } = normaliser;
        if (norm !== "none") return out.mul(deviation).add(mean);
        mean.dispose();
        deviation.dispose();
        return out;
      },
    };
  };

  return {
    width: width ?? size,
    patch,
    ...(width === undefined ? {} : {
      init(key) {
        const [embedKey, headKey] = keysFor(key, 2);
        // From zero on, so that a fresh model predicts zero in normalised units.
        return {
          embed: linearInit(embedKey, size, width),
          head: linearInit(headKey, width, size, 0),
        };
      },
    }),
    enter(params, y) {
      const [batch, length] = y.shape;
      if (length % patch !== 0) {
        throw new RangeError(
          `patches: a series of ${length} observations cannot be cut into patches of ${patch}; choose a multiple of the patch`,
        );
      }
      const normaliser = causal
        ? expandingStatistics(trainStatistics(y.dtype), y.ref, patch)
        : fixedNormaliser(y.dtype);
      return pass(params, y.reshape([batch, length / patch, patch, channels]), normaliser);
    },
    step: {
      initialState(batch): Tree<Tensor> {
        return causal ? { sums: emptySums(batch, channels) } : {};
      },
      enter(params, { sums: before }, y, observed) {
        const [batch] = y.shape;
        const sums = before && learn(before, y.ref, observed);
        if (!sums) observed.dispose();
        const normaliser = sums
          ? runningStatistics(trainStatistics(y.dtype), {
            sum: sums.sum.ref,
            square: sums.square.ref,
            count: sums.count.ref,
          })
          : fixedNormaliser(y.dtype);
        const { tokens, leave } = pass(params, y.reshape([batch, 1, patch, channels]), normaliser);
        const passage: Passage = {
          tokens: tokens.reshape([batch, width ?? size]),
          leave: (h) =>
            leave(h.reshape([batch, 1, width ?? size])).reshape([batch, patch, channels]),
        };
        return [sums ? { sums } : {}, passage];
      },
    },
  };
}

function standardise(x: JaxArray, normaliser: Normaliser | undefined): JaxArray {
  if (!normaliser) return x;
  return x.sub(normaliser.mean.ref).mul(np.reciprocal(normaliser.deviation.ref));
}
