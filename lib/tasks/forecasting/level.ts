/**
 * @file Windows and targets about the level of the window, the mean of its last rows: a map of what is left follows every shift of a
 * series, because its weights sum to one (subtracting the mean or the last value, as NLinear and instance normalisation do).
 *
 *   y - m 1 = W'(x - m 1) + intercept,  m = c'x,  c = 1 / rows on the last rows
 */
import type { Covariances } from "./moments.ts";

/** Covariances of x - m 1 and y - m 1 from those of x and y. @param rows that the level is the mean of, at most the lookback */
export function levelled(covariances: Covariances, rows: number): Covariances {
  const { lookback, horizon, count, G, C, energy, meanX, meanY } = covariances;
  const first = firstOf(lookback, rows);
  // Gc [lookback], C'c [horizon], c'Gc and c'meanX: each is a mean over the last rows.
  const Gc = new Float64Array(lookback);
  const Cc = new Float64Array(horizon);
  let cGc = 0, level = 0;
  for (let b = first; b < lookback; b++) {
    for (let a = 0; a < lookback; a++) Gc[a] += G[b * lookback + a] / rows;
    for (let h = 0; h < horizon; h++) Cc[h] += C[b * horizon + h] / rows;
    level += meanX[b] / rows;
  }
  for (let b = first; b < lookback; b++) cGc += Gc[b] / rows;
  const centredG = new Float64Array(lookback * lookback);
  const centredC = new Float64Array(lookback * horizon);
  for (let a = 0; a < lookback; a++) {
    for (let b = 0; b < lookback; b++) {
      centredG[a * lookback + b] = G[a * lookback + b] - Gc[a] - Gc[b] + cGc;
    }
    for (let h = 0; h < horizon; h++) {
      centredC[a * horizon + h] = C[a * horizon + h] - Gc[a] - Cc[h] + cGc;
    }
  }
  return {
    ...{ lookback, horizon, count, G: centredG, C: centredC },
    energy: Cc.reduce((sum, value) => sum - 2 * value, energy + horizon * cGc),
    meanX: meanX.map((mean) => mean - level),
    meanY: meanY.map((mean) => mean - level),
  };
}

/** Weights [lookback, horizon] of the window itself from weights of what is left of it about its level. */
export function withLevel(
  weights: Float64Array,
  lookback: number,
  horizon: number,
  rows: number,
): Float64Array {
  const first = firstOf(lookback, rows);
  const whole = weights.slice();
  for (let h = 0; h < horizon; h++) {
    let sum = 0;
    for (let a = 0; a < lookback; a++) sum += weights[a * horizon + h];
    for (let a = first; a < lookback; a++) whole[a * horizon + h] += (1 - sum) / rows;
  }
  return whole;
}

function firstOf(lookback: number, rows: number): number {
  if (Number.isInteger(rows) && rows >= 1 && rows <= lookback) return lookback - rows;
  throw new RangeError(
    `a level of ${rows} rows: expected a whole number from 1 to the lookback of ${lookback}.`,
  );
}
