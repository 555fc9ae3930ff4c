/** @file What a language of known law is: the probabilities of the next symbol after any past, symbol by symbol. */

/** A text that is being read, or made. */
export interface Walk {
  /** Of every symbol to be the next one; they sum to 1. Not to be changed. */
  probabilities(): Float64Array;
  /** Goes on by one symbol. */
  read(symbol: number): void;
}

/** A language of known law. */
export interface Law {
  /** Number of symbols. */
  readonly vocabulary: number;
  /** Before the first symbol. */
  start(): Walk;
}

/** The softmax of logits, in place. */
export function softmaxInPlace(logits: Float64Array): Float64Array {
  let largest = -Infinity;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (let v = 0; v < logits.length; v++) sum += logits[v] = Math.exp(logits[v] - largest);
  for (let v = 0; v < logits.length; v++) logits[v] /= sum;
  return logits;
}
