/**
 * @file Rolling origins: forecasts from evenly spaced rows of the test range, scored step by step, with intervals as they would
 * have been made then, from the errors known by then (those of windows whose target had come). Nothing is fitted again.
 */
import { absoluteErrors, countErrors, rankOf, strideOf } from "./calibration.ts";
import type { Forecaster } from "./forecaster.ts";
import { countWindows } from "./metrics.ts";
import type { Problem } from "./problem.ts";

/** Over all origins and columns, on standardised values. */
export interface StepScores {
  /** Rows ahead, from 1 on. */
  step: number;
  /** Mean squared error. */
  mse: number;
  /** Mean absolute error. */
  mae: number;
  /** Of each level, the share of values inside their intervals; absent where an origin had too few errors for it. */
  coverage: (number | undefined)[];
}

/** Origins in the test range that there are. */
export function mostOrigins({ split, horizon }: Problem): number {
  return countWindows(split.test, horizon);
}

/** Rows of `count` evenly spaced origins, the last one of the test range among them. */
export function originsOf(problem: Problem, count: number): number[] {
  const windows = mostOrigins(problem);
  return Array.from(
    { length: count },
    (_, k) => problem.split.test[0] + Math.round((k + 1) * windows / count) - 1,
  );
}

/**
 * Scores of every step ahead.
 * @param forecaster fitted on the training rows
 * @param levels shares of values that intervals should cover
 * @param count of origins, at most {@linkcode mostOrigins}
 * @throws {RangeError} for more origins than there are, or none
 */
export async function rollingScores(
  problem: Problem,
  forecaster: Forecaster,
  levels: readonly number[],
  count: number,
): Promise<StepScores[]> {
  const { split: { validation, test }, horizon, channels } = problem;
  const most = mostOrigins(problem);
  if (!(Number.isInteger(count) && count >= 1 && count <= most)) {
    throw new RangeError(`${count} origins: the test rows have 1 to ${most}.`);
  }
  const origins = originsOf(problem, count);
  const before = countErrors(validation, horizon), after = countErrors(test, horizon);
  const stride = strideOf(most);
  const early = new Float64Array(horizon * before), late = new Float64Array(horizon * after);
  const known = new Known(before + after);
  const sums = Array.from({ length: horizon }, () => ({
    ...{ squares: 0, absolutes: 0, inside: levels.map(() => 0) },
  }));
  const short = new Set<number>();
  const forecasts = origins.map(() => new Float64Array(horizon));
  for (const channel of channels) {
    for (const [k, origin] of origins.entries()) {
      await forecaster.predict(channel, origin, 1, forecasts[k]);
    }
    if (levels.length > 0) {
      await absoluteErrors(channel, forecaster, validation, early, before);
      await absoluteErrors(channel, forecaster, test, late, after);
    }
    sums.forEach((sum, h) => {
      known.start(early.subarray(h * before, (h + 1) * before));
      let next = 0;
      for (const [k, origin] of origins.entries()) {
        const error = Math.abs(forecasts[k][h] - channel[origin + h]);
        sum.squares += error * error;
        sum.absolutes += error;
        if (levels.length === 0) continue;
        // The window that starts at this row has its step h at row + h, which must lie before the origin.
        for (; next < after && test[0] + next * stride + h < origin; next++) {
          known.add(late[h * after + next]);
        }
        for (const [l, level] of levels.entries()) {
          const half = known.quantile(level);
          if (half === undefined) short.add(l);
          else if (error <= half) sum.inside[l]++;
        }
      }
    });
  }
  const total = count * channels.length;
  return sums.map(({ squares, absolutes, inside }, h) => ({
    step: h + 1,
    mse: squares / total,
    mae: absolutes / total,
    coverage: inside.map((n, l) => short.has(l) ? undefined : n / total),
  }));
}

/** Errors in order of size, to which more are added. */
class Known {
  readonly #sorted: Float64Array;
  #count = 0;

  constructor(most: number) {
    this.#sorted = new Float64Array(most);
  }

  /** Forgets all others. */
  start(errors: Float64Array): void {
    this.#sorted.set(errors);
    this.#sorted.subarray(0, errors.length).sort();
    this.#count = errors.length;
  }

  add(error: number): void {
    let low = 0, high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle] <= error) low = middle + 1;
      else high = middle;
    }
    this.#sorted.copyWithin(low + 1, low, this.#count++);
    this.#sorted[low] = error;
  }

  /** The conformal quantile; undefined with too few errors for the level. */
  quantile(level: number): number | undefined {
    const rank = rankOf(this.#count, level);
    return rank > this.#count ? undefined : this.#sorted[rank - 1];
  }
}
