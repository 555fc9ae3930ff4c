/** @file What a language model says next, drawn from its logits. */

/** How sharp the draw is. */
export interface Sharpness {
  /** Logits are divided by it; 0 takes the largest. */
  readonly temperature: number;
  /** Only the likeliest tokens, as few as have this probability together (Holtzman et al., arXiv 1904.09751, section 3.1). */
  readonly topP: number;
}

/**
 * The probabilities that are drawn from.
 * @throws {RangeError} for a temperature below 0, a share that is not in (0, 1], and logits that are not finite
 */
export function nucleus(
  logits: Float64Array,
  { temperature, topP }: Sharpness,
): Float64Array<ArrayBuffer> {
  if (!(temperature >= 0) || !(topP > 0 && topP <= 1)) {
    throw new RangeError(
      `temperature = ${temperature}, topP = ${topP}: expected a temperature from 0, and a share above 0 and up to 1`,
    );
  }
  const bad = logits.findIndex((logit) => !Number.isFinite(logit));
  if (bad >= 0) {
    throw new RangeError(`logit ${bad} is ${logits[bad]}; expected finite numbers`);
  }
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b);
  const kept = new Float64Array(logits.length);
  if (temperature === 0) {
    kept[order[0]] = 1;
    return kept;
  }
  const weights = logits.map((logit) => Math.exp((logit - logits[order[0]]) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let mass = 0;
  for (const v of order) {
    kept[v] = weights[v] / total;
    mass += kept[v];
    if (mass >= topP) break;
  }
  return kept.map((probability) => probability / mass);
}

/** The token at which the sum of the probabilities passes u of [0, 1). */
export function drawToken(probabilities: Float64Array, u: number): number {
  let last = 0;
  for (let v = 0; v < probabilities.length; v++) {
    if (probabilities[v] === 0) continue;
    last = v;
    u -= probabilities[v];
    if (u < 0) break;
  }
  return last;
}
