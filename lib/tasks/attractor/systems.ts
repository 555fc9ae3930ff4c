/**
 * @file Chaotic flows of three variables and orbits of them: Lorenz 1963 and Rössler 1976, at the parameters that everybody takes, by the classical
 * Runge-Kutta method, standardised so that every variable has mean 0 and variance 1 over a long orbit.
 */
import { fold, type Key, keyOf, normals } from "../../random/random.ts";

/** A chaotic system of differential equations. */
export interface Flow {
  /** dx/dt at x, written to `out`. */
  slope(x: Float64Array, out: Float64Array): void;
  /** Time between observations. */
  readonly interval: number;
  /** A point from which orbits reach the attractor, give or take a tenth. */
  readonly start: readonly number[];
}

/** By name. */
export const flows = {
  lorenz: {
    slope({ 0: x, 1: y, 2: z }, out) {
      out[0] = 10 * (y - x);
      out[1] = x * (28 - z) - y;
      out[2] = x * y - 8 / 3 * z;
    },
    interval: 0.05,
    start: [1, 1, 20],
  },
  rossler: {
    slope({ 0: x, 1: y, 2: z }, out) {
      out[0] = -y - z;
      out[1] = x + 0.2 * y;
      out[2] = 0.2 + z * (x - 5.7);
    },
    interval: 0.25,
    start: [1, 1, 0.1],
  },
} satisfies Record<string, Flow>;

/** One of them. */
export type FlowName = keyof typeof flows;

/** Numbers in a point. */
export const DIMENSIONS = 3;
/** Runge-Kutta steps between observations: one is at most .01 of Lorenz's time, .05 of Rössler's. */
const substeps = 5;
/** Observations that are left out until an orbit is on the attractor. */
const settled = 400;

/** Room for the slopes and the point between. */
const slopes = [0, 1, 2, 3].map(() => new Float64Array(DIMENSIONS));
const between = new Float64Array(DIMENSIONS);

/** A step of the classical Runge-Kutta method, in place. @param x of at most three variables */
export function advance(slope: Flow["slope"], x: Float64Array, h: number): void {
  const [first, second, third, fourth] = slopes;
  slope(x, first);
  moved(x, h / 2, first);
  slope(between, second);
  moved(x, h / 2, second);
  slope(between, third);
  moved(x, h, third);
  slope(between, fourth);
  for (let i = 0; i < x.length; i++) {
    x[i] += h / 6 * (first[i] + 2 * second[i] + 2 * third[i] + fourth[i]);
  }
}

function moved(x: Float64Array, h: number, slope: Float64Array): void {
  for (let i = 0; i < x.length; i++) between[i] = x[i] + h * slope[i];
}

/** Observations of an orbit on the attractor, as they are. @returns [length, 3] */
function raw(name: FlowName, key: Key, length: number): Float64Array {
  const { slope, interval, start }: Flow = flows[name];
  const noise = normals(key, start.length);
  const x = Float64Array.from(start, (value, i) => value + 0.1 * noise[i]);
  const out = new Float64Array(length * DIMENSIONS);
  for (let t = -settled; t < length; t++) {
    if (t >= 0) out.set(x, t * DIMENSIONS);
    for (let k = 0; k < substeps; k++) advance(slope, x, interval / substeps);
  }
  return out;
}

/** Mean and standard deviation of each variable. */
interface Scale {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}
const scales = new Map<FlowName, Scale>();

/** Over an orbit that is none of those that are learned from or scored. */
function scaleOf(name: FlowName): Scale {
  const known = scales.get(name);
  if (known) return known;
  const length = 8000;
  const orbit = raw(name, fold(keyOf(0), 1), length);
  const each = [0, 1, 2].map((i) => orbit.filter((_, at) => at % DIMENSIONS === i));
  const mean = each.map((values) => values.reduce((sum, value) => sum + value, 0) / length);
  const deviation = each.map((values, i) =>
    Math.sqrt(values.reduce((sum, value) => sum + (value - mean[i]) ** 2, 0) / length)
  );
  scales.set(name, { mean, deviation });
  return { mean, deviation };
}

/** An orbit on the attractor, standardised. @returns [length, 3] */
export function orbitOf(name: FlowName, key: Key, length: number): Float64Array<ArrayBuffer> {
  const { mean, deviation } = scaleOf(name);
  return Float64Array.from(
    raw(name, key, length),
    (value, at) => (value - mean[at % DIMENSIONS]) / deviation[at % DIMENSIONS],
  );
}
