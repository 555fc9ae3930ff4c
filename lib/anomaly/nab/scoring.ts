/**
 * @file The score of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015, arXiv 1510.03336; version 1.1): a detection early in a window
 * around an anomaly counts nearly 1, late in it nearly 0; one behind it costs the less the nearer it is; a window without one costs
 * its own weight.
 */

/** What detections and misses cost. */
export interface Profile {
  /** Of a false alarm far from any window. */
  readonly falseAlarm: number;
  /** Of a window without a detection. */
  readonly miss: number;
}

/** The benchmark's three. */
export const profiles = {
  standard: { falseAlarm: 0.11, miss: 1 },
  rewardLowFalseAlarms: { falseAlarm: 0.22, miss: 1 },
  rewardLowMisses: { falseAlarm: 0.11, miss: 2 },
} as const satisfies Record<string, Profile>;

/** One labelled series. */
export interface Labelled {
  /** Path inside the benchmark, for messages and order. */
  readonly file: string;
  /** One a row, oldest first. */
  readonly values: Float64Array;
  /** First and last row of each window around an anomaly, in order. */
  readonly windows: readonly (readonly [number, number])[];
}

/** What a detection on each row counts, before the largest of a window is taken. */
export interface RowScores {
  /** Index of the window that a row is in, -1 outside, -2 in the rows that are not scored. */
  readonly window: Int32Array;
  /** [rows]: above 0 and up to 1 in a window; outside from 0, close behind one, down to minus the cost of a false alarm. */
  readonly reward: Float64Array;
}

/** 2 / (1 + e^{5y}) - 1 of a position relative to a window's end, in window widths; -1 from 3 on. */
export function scaledSigmoid(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

/** Rows at the beginning that a detector may learn from and that are not scored: 15 %, of 5,000 rows at most. */
export function probation(rows: number): number {
  return Math.min(Math.floor(0.15 * rows), 0.15 * 5000);
}

/** What a detection counts on each row. */
export function rowScores({ values, windows }: Labelled, { falseAlarm }: Profile): RowScores {
  const rows = values.length;
  const window = new Int32Array(rows).fill(-1);
  const reward = new Float64Array(rows);
  const earliest = scaledSigmoid(-1);
  let next = 0;
  let before: readonly [number, number] | undefined;
  for (let i = 0; i < rows; i++) {
    const [first, last] = windows[next] ?? [Infinity, Infinity];
    if (i >= first) {
      window[i] = next;
      reward[i] = scaledSigmoid(-(last - i + 1) / (last - first + 1)) / earliest;
      if (i === last) before = windows[next++];
    } else {
      const past = before ? (i - before[1]) / (before[1] - before[0]) : Infinity;
      reward[i] = falseAlarm * scaledSigmoid(past);
    }
  }
  window.fill(-2, 0, probation(rows));
  return { window, reward };
}

/**
 * Raw score of one series by the rows on which a detector speaks: its best detection in each window, all false alarms, and the misses.
 * Windows that lie in the probation altogether cannot be missed.
 */
export function rawScore(
  { window, reward }: RowScores,
  speaks: (row: number) => boolean,
  { miss }: Profile,
): number {
  const best = new Map<number, number>();
  let alarms = 0;
  for (let i = 0; i < window.length; i++) {
    const at = window[i];
    if (at === -2) continue;
    if (at >= 0 && !best.has(at)) best.set(at, -miss);
    if (!speaks(i)) continue;
    if (at === -1) alarms += reward[i];
    else best.set(at, Math.max(best.get(at)!, reward[i]));
  }
  return [...best.values()].reduce((sum, value) => sum + value, alarms);
}

/** Rows of one series with what a detector says of them. */
export interface ScoredRows extends RowScores {
  /** [rows]: the larger, the sooner the detector speaks. */
  readonly scores: Float64Array;
}

/**
 * The threshold at which all series together score highest, as the benchmark sets it: on the labels. Found by sweeping over all scores
 * from the largest down.
 * @returns infinite where saying nothing is best
 */
export function bestThreshold(
  series: readonly ScoredRows[],
  { miss }: Profile,
): { threshold: number; raw: number } {
  const points = series.flatMap(({ window, reward, scores }, s) =>
    Array.from(scores, (score, i) => ({ score, window: window[i], reward: reward[i], s }))
      .filter((point) => point.window !== -2)
  ).sort((a, b) => b.score - a.score);
  const best = new Map<string, number>();
  for (const { s, window } of points) if (window >= 0) best.set(`${s} ${window}`, -miss);
  let raw = 0 - miss * best.size;
  let found = { threshold: Infinity, raw };
  for (const [k, { score, window, reward, s }] of points.entries()) {
    if (window === -1) raw += reward;
    else {
      const name = `${s} ${window}`;
      const more = Math.max(0, reward - best.get(name)!);
      raw += more;
      best.set(name, best.get(name)! + more);
    }
    // All rows of one score speak together.
    if (points[k + 1]?.score !== score && raw > found.raw) found = { threshold: score, raw };
  }
  return found;
}

/** 0 for saying nothing, 100 for the earliest detection of every window and nothing else. */
export function normalised(raw: number, windows: number, { miss }: Profile): number {
  return 100 * (raw + miss * windows) / (windows * (1 + miss));
}
