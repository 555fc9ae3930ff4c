/** @file What a detector of anomalies in one series is: a score of surprise for every row, from that row and those before it. */

/** Scores the rows of a series. */
export interface Detector {
  /**
   * One score a row, in [0, 1]; a larger one is a greater surprise. The score of a row depends on no later row, so that the detector
   * could run on a stream.
   */
  score(values: Float64Array): Float64Array;
}

/** Detects nothing: the zero of a benchmark's scale. */
export const nothing: Detector = { score: ({ length }) => new Float64Array(length) };
