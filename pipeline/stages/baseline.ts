/**
 * @file Stage that scores the two ends of the scale on the same data: predicting zero, and the Kalman filter
 * itself, whose measured loss must lie around its exact one.
 */
import { z } from "zod";
import {
  createSystem,
  forecast,
  type Forecasts,
  kalman,
  oneStep,
  score,
} from "../../lib/ssm/mod.ts";
import type { StageContext, StageResult } from "../stage.ts";
import { type SystemParams, systemSchema } from "../system_params.ts";

export interface Params {
  system: SystemParams;
  warmup: number;
  horizons: number[];
}

export function params() {
  return z.strictObject({
    system: systemSchema(),
    warmup: z.number().int().min(1).default(64),
    horizons: z.array(z.number().int().min(1)).min(1).default([2, 4, 8, 16, 32, 64]),
  });
}

/**
 * Input: `data` (of generate). Leaves `scores.json` with {kalman, zero}, each {oneStep, rollout: Score[]}.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { system: { key, ...options }, warmup, horizons } = ctx.params;
  const { y } = await ctx.inputs.data.tensors("observations.safetensors");
  const length = y.shape[1];
  const filter = kalman(createSystem(key, options), length);
  const sequences = y.shape[0];
  ctx.progress(0, sequences);
  const both = (forecasts: Forecasts) => {
    const optimal = forecast(filter, y, forecasts);
    const nothing = { shape: optimal.shape, data: new Float64Array(optimal.data.length) };
    return [optimal, nothing].map((prediction) => score(filter, y, prediction, forecasts));
  };
  const [kalmanStep, zeroStep] = both(oneStep(length));
  const [kalmanAhead, zeroAhead] = both({ contexts: [warmup], horizons });
  ctx.progress(sequences, sequences);
  const of = (step: typeof kalmanStep, ahead: typeof kalmanStep) => ({
    oneStep: step.overall,
    rollout: ahead.byHorizon,
  });
  return {
    files: {
      "scores.json": {
        json: { kalman: of(kalmanStep, kalmanAhead), zero: of(zeroStep, zeroAhead), horizons },
      },
    },
  };
}
