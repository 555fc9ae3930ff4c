/** @file How a model is trained, whatever its learning rate: what the stages `train` and `tune` have in common. */
import { z } from "zod";
import type { AdamWOptions } from "../lib/train/adamw.ts";
import { type Parts, partsFields } from "./parts.ts";

export interface TrainingParams extends Parts {
  /** Sequences of each seed in a step. */
  batch: number;
  /** Steps of linear warm-up. */
  warmup: number;
  weightDecay: number;
  /** Largest global norm of a gradient; null for no clipping. */
  clipNorm: number | null;
}

export function trainingFields() {
  return {
    ...partsFields(),
    batch: z.number().int().min(1).default(16),
    warmup: z.number().int().min(0).default(20),
    weightDecay: z.number().min(0).default(0.01),
    clipNorm: z.number().positive().nullable().default(1),
  };
}

export function optimiserOf(
  { weightDecay, clipNorm }: Pick<TrainingParams, "weightDecay" | "clipNorm">,
): AdamWOptions {
  return { weightDecay, clipNorm: clipNorm ?? undefined };
}
