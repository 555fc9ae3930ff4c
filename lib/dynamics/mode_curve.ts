/**
 * @file The strength of one mode during training (Saxe, McClelland, Ganguli, arXiv 1312.6120, equations 13 to 16; for N layers): where white
 * inputs meet a teacher with the singular value s, and the layers start aligned with it and balanced, the singular value u of the product obeys
 *
 *     du/dt = N u^{2 - 2/N} (s - u)
 *
 * by itself (their N_l is N + 1 here). One layer relaxes exponentially, two follow a logistic curve, more wait for about
 * u_0^{-(1 - 2/N)} / ((N - 2) s) and then jump.
 */

/** One mode. */
export interface Mode {
  /** Layers, N. */
  readonly depth: number;
  /** Singular value of the teacher, s > 0. */
  readonly target: number;
  /** Strength at time 0, 0 < u_0 < s. */
  readonly start: number;
}

/** Panels of Simpson's rule between two values of the logit; the integrand is smooth there. */
const panels = 400;

/**
 * Time at which the mode reaches u: the integral of dv / (N v^{2 - 2/N} (s - v)) from u_0, in the logit of v / s, by Simpson's rule
 * (relative error below 1e-9).
 * @throws {RangeError} unless 0 < u_0 <= u < s
 */
export function timeTo(u: number, { depth, target, start }: Mode): number {
  if (!(start > 0 && start <= u && u < target)) {
    throw new RangeError(
      `mode: strength ${u} from ${start} towards ${target}; expected 0 < start <= strength < target.`,
    );
  }
  const logit = (v: number) => Math.log(v / (target - v));
  const [from, to] = [logit(start), logit(u)];
  const count = panels * Math.max(1, Math.ceil((to - from) / 4));
  const h = (to - from) / count;
  // dv = v (s - v) / s dy, so that dt = v^{2/N - 1} / (N s) dy.
  const slope = (y: number) => strengthAt(y, target) ** (2 / depth - 1) / (depth * target);
  let sum = slope(from) + slope(to);
  for (let k = 1; k < count; k++) sum += (k % 2 ? 4 : 2) * slope(from + k * h);
  return sum * h / 3;
}

/**
 * Strength at a time, by bisection of {@linkcode timeTo} to 1e-10 of s.
 * @throws {RangeError} for a negative time, and unless 0 < u_0 < s
 */
export function strengthAfter(time: number, mode: Mode): number {
  const { target, start } = mode;
  if (!(time >= 0)) throw new RangeError(`mode: time ${time}; expected at least 0.`);
  let [low, high] = [start, target * (1 - 1e-12)];
  if (time >= timeTo(high, mode)) return target;
  while (high - low > 1e-10 * target) {
    const middle = (low + high) / 2;
    if (timeTo(middle, mode) > time) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** u of the logit y of u / s. */
function strengthAt(y: number, target: number): number {
  return target / (1 + Math.exp(-y));
}
