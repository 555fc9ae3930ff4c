/**
 * @file Ends for forecasting from a window: the lookback is read patch by patch, and what the last layer leaves after the last patch
 * is mapped to the whole horizon at once.
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { linear, linearInit, type LinearParams } from "../../layers/linear.ts";
import { keysFor } from "../keys.ts";
import type { Signature } from "../model.ts";
import type { Ends } from "./ends.ts";

/** Fields of the options of a model of windows, with their defaults; a model adds its own. */
export const options = {
  patch: z.number().int().min(1).default(1),
  shared: z.boolean().default(true),
  norm: z.enum(["none", "last", "mean"]).default("last"),
};

/** What {@linkcode ends} of a window are made from. */
export interface WindowOptions {
  /** Times in a token. */
  readonly patch: number;
  /** Every channel is a series of its own, and all go through the same model (Nie et al., arXiv 2211.14730); otherwise all at once. */
  readonly shared: boolean;
  /**
   * What is subtracted from a window and added to its forecast, channel by channel: its last value, its mean, or nothing. Series
   * drift, so a test window can lie where no training window did (Zeng et al., arXiv 2205.13504, NLinear).
   */
  readonly norm: "none" | "last" | "mean";
  /** Of the embedding; without one the layers see the patches themselves. */
  readonly width?: number;
}

/** The head is always there: a token is not a horizon. */
export type WindowParams = { embed?: LinearParams; head: LinearParams };

/**
 * Ends that read a window patch by patch and write its whole forecast.
 * @throws {RangeError} for a patch that does not divide the lookback.
 */
export function ends(
  { patch, shared, norm, width }: WindowOptions,
  { lookback, horizon, channels }: Extract<Signature, { kind: "window" }>,
): Ends<WindowParams> {
  if (lookback % patch !== 0) {
    throw new RangeError(
      `window: patch = ${patch} does not divide the lookback of ${lookback}; choose one that does`,
    );
  }
  const together = shared ? 1 : channels;
  const size = patch * together;
  const out = horizon * together;
  const d = width ?? size;
  return {
    width: d,
    patch,
    init(key) {
      const keys = keysFor(key, width === undefined ? 1 : 2);
      const head = linearInit(keys.at(-1)!, d, out, 0);
      return width === undefined ? { head } : { embed: linearInit(keys[0], size, d), head };
    },
    enter({ embed, head }, x) {
      const [batch] = x.shape;
      const level = levelOf(norm, x, lookback);
      const centred = level ? x.sub(level.ref) : x;
      const count = lookback / patch;
      const tokens = shared
        ? np.transpose(centred, [0, 2, 1]).reshape([batch * channels, count, size])
        : centred.reshape([batch, count, size]);
      return {
        tokens: embed ? linear(embed, tokens) : tokens,
        leave(h) {
          const last = h.slice([], [count - 1, count]).reshape([h.shape[0], d]);
          const forecast = linear(head, last);
          const shaped = shared
            ? np.transpose(forecast.reshape([batch, channels, horizon]), [0, 2, 1])
            : forecast.reshape([batch, horizon, channels]);
          return level ? shaped.add(level) : shaped;
        },
      };
    },
  };
}

/** [B, 1, channels] of x [B, lookback, channels], which is not consumed. */
function levelOf(
  norm: WindowOptions["norm"],
  x: JaxArray,
  lookback: number,
): JaxArray | undefined {
  if (norm === "last") return x.ref.slice([], [lookback - 1, lookback]);
  if (norm === "mean") return np.mean(x.ref, 1, { keepdims: true });
}
