/** @file Learning-rate schedule: linear warm-up, then a cosine to a floor. */

/** Learning rates of a training of known length. */
export interface Schedule {
  /** The highest learning rate, reached when the warm-up ends. */
  readonly peak: number;
  /** Of the whole training, warm-up included. */
  readonly steps: number;
  /** Steps of linear warm-up. */
  readonly warmup: number;
  /** The last learning rate as a fraction of the peak. */
  readonly floor?: number;
}

/**
 * Learning rate of step `step` (counted from 0). The first step already moves: its rate is peak / warmup.
 */
export function learningRate(
  { peak, steps, warmup, floor = 0.05 }: Schedule,
  step: number,
): number {
  if (step < warmup) return peak * (step + 1) / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - 1 - warmup));
  return peak * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}

/** Learning rates of the steps of each training, those of the first one first. */
export function scaledRates(
  rates: readonly number[],
  trainings: number,
  scales: readonly number[] = Array(trainings).fill(1),
): number[] {
  if (scales.length === trainings) {
    return scales.flatMap((scale) => rates.map((rate) => scale * rate));
  }
  throw new RangeError(
    `training: ${scales.length} scales of the learning rate for ${trainings} trainings; expected one for each`,
  );
}
