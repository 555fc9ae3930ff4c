/** @file The Numenta Anomaly Benchmark: detectors on 58 labelled series, by the benchmark's own score. */
import * as z from "zod";
import { nothing } from "../../anomaly/detector.ts";
import { linearPrediction, standardPrediction } from "../../anomaly/linear_prediction.ts";
import { readCorpus } from "../../anomaly/nab/corpus.ts";
import {
  bestThreshold,
  type Labelled,
  normalised,
  probation,
  type Profile,
  profiles,
  rawScore,
  rowScores,
  type ScoredRows,
} from "../../anomaly/nab/scoring.ts";
import { windowedGaussian } from "../../anomaly/windowed_gaussian.ts";
import { readOptions } from "../../options.ts";
import type { Domain } from "../domain.ts";

const detectors = {
  "nothing": nothing,
  "windowed-gaussian": windowedGaussian,
  "linear-prediction": linearPrediction(standardPrediction),
};

/** How it is decided which scores are alarms. */
const thresholds = {
  /** By the benchmark: the one of all series that is best on the labels. */
  labels: (series: readonly ScoredRows[], profile: Profile) => {
    const { threshold } = bestThreshold(series, profile);
    return series.map(() => threshold);
  },
  /** Without labels: more than anything in the series' probation. */
  probation: (series: readonly ScoredRows[]) =>
    series.map(({ scores }) => {
      const largest = scores.subarray(0, probation(scores.length)).reduce(
        (most, score) => Math.max(most, score),
        0,
      );
      return nextUp(largest);
    }),
  /**
   * Certainty, which is where the benchmark's search ended for the windowed Gaussian: its result files hold twelve digits, so all that
   * they round to 1 is 1.
   */
  certainty: (series: readonly ScoredRows[]) => series.map(() => 1 - 5e-13),
};

const schema = () =>
  z.strictObject({
    detector: z.enum(Object.keys(detectors) as [keyof typeof detectors]),
  });

/**
 * For each threshold rule R and profile P the score `R P`, 0 to 100; the parts `R` are what each series adds to it under the
 * standard profile, in the order of the files, times the number of series, so that their mean is the score.
 */
export const domain: Domain = {
  assess(files, options) {
    const { detector } = readOptions("nab", schema(), options);
    const corpus = readCorpus(files);
    const surprises = corpus.map(({ values }) => detectors[detector].score(values));
    const scores: Record<string, number> = {};
    const parts: Record<string, number[]> = {};
    for (const [name, profile] of Object.entries(profiles)) {
      const series = corpus.map((labelled, i) => ({
        ...rowScores(labelled, profile),
        scores: surprises[i],
      }));
      for (const [rule, thresholdsOf] of Object.entries(thresholds)) {
        const least = thresholdsOf(series, profile);
        const shares = shareOf(corpus, series, least, profile);
        scores[`${rule} ${name}`] = shares.reduce((sum, share) => sum + share, 0) / shares.length;
        if (profile === profiles.standard) parts[rule] = shares;
      }
    }
    return { scores, parts };
  },
};

/** What each series adds to the score, times the number of series. */
function shareOf(
  corpus: readonly Labelled[],
  series: readonly ScoredRows[],
  thresholds: readonly number[],
  profile: Profile,
): number[] {
  const all = corpus.reduce((sum, { windows }) => sum + windows.length, 0);
  return series.map((rows, i) => {
    const raw = rawScore(rows, (row) => rows.scores[row] >= thresholds[i], profile);
    const own = corpus[i].windows.length;
    // The score is affine in the raw score: each series has its own zero.
    return corpus.length *
      (normalised(raw, all, profile) - normalised(-profile.miss * own, all, profile));
  });
}

/** The next larger double of a number from 0 on. */
function nextUp(value: number): number {
  const bits = new BigUint64Array(Float64Array.of(value).buffer);
  bits[0]++;
  return new Float64Array(bits.buffer)[0];
}
