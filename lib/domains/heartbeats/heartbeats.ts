/** @file Telling abnormal beats of one electrocardiogram from normal ones, by a score that is made without labels. */
import * as z from "zod";
import { readOptions } from "../../options.ts";
import { linearForecaster } from "../../tasks/forecasting/linear_map.ts";
import { centre, windowMoments } from "../../tasks/forecasting/moments.ts";
import { solveLeastSquares, withIntercept } from "../../tasks/forecasting/references/ols.ts";
import { type Domain, fileOf } from "../domain.ts";
import { type Beat, readBeats, readSignals } from "./record.ts";

/** Samples a second. */
const rate = 360;
/** Methods learn from the first five minutes; later beats are scored. */
const learned = 5 * 60 * rate;
/** A beat, around its R wave. */
const [before, after] = [Math.round(0.25 * rate), Math.round(0.4 * rate)];
/** The linear map sees more than one beat, and forecasts a tenth of a second. */
const [lookback, horizon] = [400, 36];
/** Intervals whose mean is what is expected of the next one. */
const intervals = 8;

/** A score of every beat that is asked for, larger for stranger ones. */
type Scorer = (signal: Float64Array, beats: readonly Beat[], asked: readonly number[]) => number[];

const scorers: Record<string, Scorer> = {
  /** How much earlier than the last intervals say: what a cardiologist looks at first. */
  prematurity: (_signal, beats, asked) =>
    asked.map((b) => {
      const expected = (beats[b - 1].sample - beats[b - 1 - intervals].sample) / intervals;
      return 1 - (beats[b].sample - beats[b - 1].sample) / expected;
    }),
  /** One minus the correlation with the mean beat of the first minutes. */
  template(signal, beats, asked) {
    const shape = new Float64Array(before + after);
    for (const { sample } of beats) {
      if (sample < before || sample + after > learned) continue;
      for (let i = 0; i < shape.length; i++) shape[i] += signal[sample - before + i];
    }
    return asked.map((b) => 1 - correlation(shape, around(signal, beats[b])));
  },
  /** Mean squared error of a linear forecast a tenth of a second ahead, over the samples around the beat. */
  "linear-prediction"(signal, beats, asked) {
    const covariances = centre(windowMoments([signal], [0, learned], lookback, horizon));
    const { weights, intercept } = withIntercept(covariances, solveLeastSquares(covariances));
    // Of the forecasts only the last step.
    const last = Float64Array.from({ length: lookback }, (_, a) => weights[(a + 1) * horizon - 1]);
    const map = linearForecaster({
      ...{ lookback, horizon: 1, weights: last, intercept: intercept.slice(-1) },
    });
    const out = new Float64Array(before + after);
    return asked.map((b) => {
      const real = around(signal, beats[b]);
      map.predict(signal, beats[b].sample - before - horizon + 1, out.length, out);
      return real.reduce((sum, x, i) => sum + (x - out[i]) ** 2, 0) / out.length;
    });
  },
};

const schema = () => z.strictObject({ method: z.enum(Object.keys(scorers)) });

/**
 * Scores: `auc`, the area under the receiver's curve, `abnormal` and `normal` beats that were scored. Parts `auc`: of each abnormal beat
 * the share of normal ones with a lower score (half for equal ones), whose mean the area is.
 */
export const domain: Domain = {
  assess(files, options) {
    const { method } = readOptions("heartbeats", schema(), options);
    const [signal] = readSignals(fileOf(files, "100.dat"), "100.dat");
    const beats = readBeats(fileOf(files, "100.atr"), "100.atr");
    const asked = beats.flatMap(({ sample }, b) =>
      sample - before >= learned && sample + after <= signal.length && b > intervals ? [b] : []
    );
    const scores = scorers[method](signal, beats, asked);
    const isNormal = asked.map((b) => beats[b].kind === "N");
    const normal = scores.filter((_, i) => isNormal[i]).sort((a, b) => a - b);
    const shares = scores.filter((_, i) => !isNormal[i]).map((score) => shareBelow(normal, score));
    return {
      scores: {
        auc: shares.reduce((sum, share) => sum + share, 0) / shares.length,
        ...{ abnormal: shares.length, normal: normal.length },
      },
      parts: { auc: shares },
    };
  },
};

const around = (signal: Float64Array, { sample }: Beat) =>
  signal.subarray(sample - before, sample + after);

function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (x: Float64Array) => x.reduce((sum, value) => sum + value, 0) / x.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - meanA) * (b[i] - meanB);
    aa += (a[i] - meanA) ** 2;
    bb += (b[i] - meanB) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Share of ascending numbers below one, equal ones counted half. */
export function shareBelow(ascending: readonly number[], value: number): number {
  const count = (holds: (x: number) => boolean) => {
    let [from, to] = [0, ascending.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (holds(ascending[middle])) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  return (count((x) => x < value) + count((x) => x <= value)) / 2 / ascending.length;
}
