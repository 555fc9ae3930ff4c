/**
 * @file The lowest value of a smooth function by L-BFGS (Nocedal & Wright, "Numerical Optimization", 2006, algorithms 7.4 and 7.5), and
 * how far above it one is at most: of a function that is m-strongly convex, f(x) - f* <= |grad f(x)|^2 / (2 m) (Boyd & Vandenberghe,
 * "Convex Optimization", eq. 9.9), so the distance is not believed but shown.
 */

/** A function of n numbers. @param gradient [n], filled @returns the value */
export type Differentiable = (x: Float64Array, gradient: Float64Array) => number;

/** How long is searched. */
export interface MinimiseOptions {
  /** m, if the function is strongly convex; 0 where nothing is certified. */
  readonly convexity: number;
  /** Ends the search: the certified distance, or of a function without one the norm of the gradient. */
  readonly tolerance: number;
  /** Most evaluations. */
  readonly evaluations: number;
  /** Told after every step. */
  readonly onStep?: (value: number, gap: number, evaluations: number) => void;
}

/** Where the search ended. */
export interface Minimum {
  /** The point. */
  readonly x: Float64Array;
  /** Of the function there. */
  readonly value: number;
  /** The certified distance from the lowest value; of a function that is not strongly convex the norm of the gradient. */
  readonly gap: number;
  /** Of the function, in all. */
  readonly evaluations: number;
}

/** Steps that the curvature is read from. */
const memory = 12;
/** Share of the promised decrease that a step must bring (Armijo). */
const sufficient = 1e-4;

/** One step and how the gradient changed over it. */
interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  /** Their product, above 0. */
  readonly curvature: number;
}

/**
 * Searches downhill from a point until the tolerance holds, or evaluations are spent, or no step downhill is left in double precision.
 * @param start is not changed
 */
export function minimise(
  f: Differentiable,
  start: Float64Array,
  { convexity, tolerance, evaluations: most, onStep }: MinimiseOptions,
): Minimum {
  let x = start.slice();
  let gradient = new Float64Array(x.length);
  let value = f(x, gradient);
  let evaluations = 1;
  const pairs: Pair[] = [];
  const gapOf = (g: Float64Array) =>
    convexity > 0 ? dot(g, g) / (2 * convexity) : Math.sqrt(dot(g, g));
  let gap = gapOf(gradient);
  while (gap > tolerance) {
    const direction = downhill(gradient, pairs);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      pairs.length = 0;
      direction.set(gradient.map((value) => -value));
      slope = -dot(gradient, gradient);
    }
    // Without curvature nothing says how long a step is.
    let size = pairs.length ? 1 : Math.min(1, 1 / Math.sqrt(-slope));
    let [next, nextGradient, nextValue] = [x, gradient, Infinity];
    while (evaluations < most) {
      next = x.map((value, i) => value + size * direction[i]);
      nextGradient = new Float64Array(x.length);
      nextValue = f(next, nextGradient);
      evaluations++;
      if (nextValue <= value + sufficient * size * slope) break;
      size /= 2;
      if (size < 1e-12) return { x, value, gap, evaluations };
    }
    if (!(nextValue <= value)) break;
    const step = next.map((value, i) => value - x[i]);
    const change = nextGradient.map((value, i) => value - gradient[i]);
    const curvature = dot(step, change);
    if (curvature > 1e-14 * dot(change, change)) pairs.push({ step, change, curvature });
    if (pairs.length > memory) pairs.shift();
    [x, gradient, value] = [next, nextGradient, nextValue];
    gap = gapOf(gradient);
    onStep?.(value, gap, evaluations);
  }
  return { x, value, gap, evaluations };
}

/** Minus the inverse Hessian that the pairs speak of, times the gradient (algorithm 7.4). */
function downhill(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = gradient.map((value) => -value);
  const weights: number[] = [];
  for (const { step, change, curvature } of pairs.toReversed()) {
    const weight = dot(step, q) / curvature;
    weights.push(weight);
    for (let i = 0; i < q.length; i++) q[i] -= weight * change[i];
  }
  const newest = pairs.at(-1);
  if (newest) {
    const scale = newest.curvature / dot(newest.change, newest.change);
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  for (const { step, change, curvature } of pairs) {
    const weight = weights.pop()! - dot(change, q) / curvature;
    for (let i = 0; i < q.length; i++) q[i] += weight * step[i];
  }
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
