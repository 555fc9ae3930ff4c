/**
 * @file The benchmark's simplest serious detector: how far in the tail of a normal distribution, fitted to a window of earlier rows, a
 * value lies (NAB's `windowedGaussian`; its README lists 39.6 for it).
 */
import type { Detector } from "./detector.ts";
import { normalTail } from "./normal_tail.ts";

/** Rows of the window, which NAB tuned on its corpus. */
export const windowRows = 6400;
/** A full window moves by so many rows at once. */
export const windowStep = 100;
/** In place of a deviation of 0, in the units of the series, as in NAB. */
export const leastDeviation = 1e-6;

/** One minus the tail probability beyond the value. */
export const windowedGaussian: Detector = {
  score(values) {
    const scores = new Float64Array(values.length);
    const moments = new Moments();
    let from = 0;
    for (let i = 0; i < values.length; i++) {
      // The first row has nothing to be compared with.
      if (i > 0) scores[i] = 1 - normalTail(Math.abs(values[i] - moments.mean) / moments.deviation);
      if (i < windowRows) moments.add(values[i]);
      else if (i + 1 - from === windowRows + windowStep) {
        from += windowStep;
        moments.reset(values.subarray(from, i + 1));
      }
    }
    return scores;
  },
};

/** Mean and population deviation of values that come one by one (Welford 1962). */
class Moments {
  mean = 0;
  #count = 0;
  #squares = 0;

  add(value: number): void {
    const distance = value - this.mean;
    this.mean += distance / ++this.#count;
    this.#squares += distance * (value - this.mean);
  }

  reset(values: Float64Array): void {
    this.mean = this.#count = this.#squares = 0;
    for (const value of values) this.add(value);
  }

  get deviation(): number {
    return Math.sqrt(this.#squares / this.#count) || leastDeviation;
  }
}
