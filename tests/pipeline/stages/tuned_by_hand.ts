/** @file A search for a learning rate on a small model, and its candidates trained by hand in float64. */
import assert from "node:assert/strict";
import * as affine from "../../train/affine_model.ts";
import { trainByHand } from "../../train/affine_model.ts";

export const parallel = affine;
export const kinds = [["in parallel", parallel], ["as a loop", affine.looped]] as const;
export const distribution = { latentDim: 3, obsDim: 2, lambda: 0.8 };
export const length = 6;
export const size = { batch: 2, warmup: 3, weightDecay: 0.4, clipNorm: 1 };
export const seed = { instance: 3, initialisation: 2, data: 5 };
export const params = {
  ...size,
  task: { name: "filtering", options: { ...distribution, length } },
  model: { name: "affine", options: { patch: 2 } },
  seeds: [seed],
};

/** Losses of one candidate, at every step; the rate stays at its peak after the warm-up. */
export const lossesOf = (rate: number, steps: number, warmup = size.warmup, of = seed) =>
  trainByHand({
    ...size,
    distribution,
    length,
    patch: 2,
    seed: of,
    steps,
    rateOf: (step) => step + 1 < warmup ? rate * (step + 1) / warmup : rate,
  }).losses;

export const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
export const near = (got: number, want: number, what: string) =>
  assert.ok(Math.abs(got - want) <= 1e-4 * Math.abs(want), `${what}: ${got}, ${want}`);
