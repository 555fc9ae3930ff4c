/**
 * @file Simple exponential smoothing (Hyndman and Athanasopoulos 2021, section 8.1), its rate and first level by least squares of
 * the one-step errors.
 *
 *   e_t = y_t - l_t,  l_{t+1} = l_t + alpha e_t
 *
 * The errors are linear in the first level, so for each rate the best level is known, and only the rate is searched.
 */

/** Rates that published implementations allow. */
const [LOWEST, HIGHEST] = [1e-4, 0.9999];
/** Rates of the first search; the best of them is refined between its neighbours. */
const GRID = 40;
const REFINEMENTS = 60;

/** What it found. */
export interface Smoothed {
  /** Rate: the share of an error that the level follows. */
  alpha: number;
  /** After the last value: the forecast of every later one. */
  level: number;
  /** Sum of squared one-step errors. */
  squares: number;
}

/** Errors of one rate, at its best first level. */
function smoothAt(y: Float64Array, alpha: number): Smoothed {
  // e_t = a_t - d_t l_1, with a_t from a first level of 0 and d_t = (1 - alpha)^(t - 1).
  let level = 0, decay = 1, aa = 0, ad = 0, dd = 0;
  for (const value of y) {
    const error = value - level;
    aa += error * error;
    ad += error * decay;
    dd += decay * decay;
    level += alpha * error;
    decay *= 1 - alpha;
  }
  const first = ad / dd;
  return { alpha, level: level + decay * first, squares: Math.max(0, aa - ad * first) };
}

/** Fits a series of at least one value. */
export function smooth(y: Float64Array): Smoothed {
  const step = (HIGHEST - LOWEST) / GRID;
  let best = smoothAt(y, LOWEST);
  for (let k = 1; k <= GRID; k++) {
    const found = smoothAt(y, LOWEST + k * step);
    if (found.squares < best.squares) best = found;
  }
  // Golden section between the neighbours of the best.
  const share = (Math.sqrt(5) - 1) / 2;
  let low = Math.max(LOWEST, best.alpha - step), high = Math.min(HIGHEST, best.alpha + step);
  for (let k = 0; k < REFINEMENTS; k++) {
    const [a, b] = [high - share * (high - low), low + share * (high - low)].map((alpha) =>
      smoothAt(y, alpha)
    );
    for (const found of [a, b]) if (found.squares < best.squares) best = found;
    if (a.squares < b.squares) high = b.alpha;
    else low = a.alpha;
  }
  return best;
}
