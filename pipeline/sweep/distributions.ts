/**
 * @file The distributions of a W&B sweep's parameters: what each is made of, a draw from it, and the
 * values that a grid takes from those that can be counted.
 *
 * Meanings are those of W&B (docs.wandb.ai, "sweep configuration options"). Not here: beta and q_beta.
 */
import { canonical } from "../content/canonical.ts";

export type Scalar = string | number | boolean | null;
/** A value of a parameter: whatever YAML can say. */
export type Value = Scalar | Value[] | { [name: string]: Value };

export type Distribution =
  | { distribution: "constant"; value: Value }
  | { distribution: "categorical"; values: Value[]; probabilities?: number[] }
  | { distribution: Ranged; min: number; max: number }
  | { distribution: QuantisedRanged; min: number; max: number; q: number }
  | { distribution: Normal; mu: number; sigma: number }
  | { distribution: QuantisedNormal; mu: number; sigma: number; q: number };

type Ranged =
  | "int_uniform"
  | "uniform"
  | "log_uniform"
  | "log_uniform_values"
  | "inv_log_uniform"
  | "inv_log_uniform_values";
type QuantisedRanged = "q_uniform" | "q_log_uniform" | "q_log_uniform_values";
type Normal = "normal" | "log_normal";
type QuantisedNormal = "q_normal" | "q_log_normal";

const range = ["min", "max"] as const;
const moments = ["mu", "sigma"] as const;

/** Which keys each takes; q, mu, sigma and probabilities have defaults, the others have none. */
export const KEYS: Record<Distribution["distribution"], readonly string[]> = {
  constant: ["value"],
  categorical: ["values", "probabilities"],
  int_uniform: range,
  uniform: range,
  q_uniform: [...range, "q"],
  log_uniform: range,
  log_uniform_values: range,
  q_log_uniform: [...range, "q"],
  q_log_uniform_values: [...range, "q"],
  inv_log_uniform: range,
  inv_log_uniform_values: range,
  normal: moments,
  q_normal: [...moments, "q"],
  log_normal: moments,
  q_log_normal: [...moments, "q"],
};

/**
 * One draw.
 *
 * @param u two independent uniform numbers in (0, 1)
 */
export function draw(d: Distribution, u: readonly [number, number]): Value {
  switch (d.distribution) {
    case "constant":
      return d.value;
    case "categorical":
      return d.values[d.probabilities ? pick(d.probabilities, u[0]) : below(d.values.length, u[0])];
    case "int_uniform":
      return d.min + below(d.max - d.min + 1, u[0]);
    case "uniform":
      return between(d.min, d.max, u[0]);
    case "q_uniform":
      return quantise(between(d.min, d.max, u[0]), d.q);
    // The bounds of these are exponents of e ...
    case "log_uniform":
      return Math.exp(between(d.min, d.max, u[0]));
    case "q_log_uniform":
      return quantise(Math.exp(between(d.min, d.max, u[0])), d.q);
    case "inv_log_uniform":
      return Math.exp(-between(d.min, d.max, 1 - u[0]));
    // ... and of these the values themselves. The inverse of a log-uniform value is log-uniform.
    case "log_uniform_values":
    case "inv_log_uniform_values":
      return clamp(Math.exp(between(Math.log(d.min), Math.log(d.max), u[0])), d.min, d.max);
    case "q_log_uniform_values":
      return quantise(Math.exp(between(Math.log(d.min), Math.log(d.max), u[0])), d.q);
    case "normal":
      return d.mu + d.sigma * standardNormal(u);
    case "q_normal":
      return quantise(d.mu + d.sigma * standardNormal(u), d.q);
    case "log_normal":
      return Math.exp(d.mu + d.sigma * standardNormal(u));
    case "q_log_normal":
      return quantise(Math.exp(d.mu + d.sigma * standardNormal(u)), d.q);
  }
}

/** False when a draw may be infinite: its extremes are those of `u`, which has 48 bits. */
export function isBounded(d: Distribution): boolean {
  const ends = [2 ** -49, 1 - 2 ** -49];
  return ends.every((u) => [2 ** -49, 0.5].every((v) => Number.isFinite(draw(d, [u, v]))));
}

/** What a grid goes through; undefined where values cannot be counted. */
export interface Axis {
  count: number;
  at(index: number): Value;
}

export function axisOf(d: Distribution): Axis | undefined {
  if (d.distribution === "constant") return { count: 1, at: () => d.value };
  if (d.distribution === "categorical") {
    // Weights mean nothing to a grid, and leaving them out silently would.
    if (d.probabilities) return undefined;
    const values = [...new Map(d.values.map((value) => [canonical(value), value])).values()];
    return { count: values.length, at: (i) => values[i] };
  }
  if (d.distribution === "int_uniform") {
    return { count: d.max - d.min + 1, at: (i) => d.min + i };
  }
  if (d.distribution === "q_uniform") {
    // As W&B does: from min in steps of q, max excluded.
    const count = Math.ceil(tidy((d.max - d.min) / d.q));
    return { count, at: (i) => tidy(d.min + i * d.q) };
  }
  return undefined;
}

function between(min: number, max: number, u: number): number {
  return min + u * (max - min);
}

function below(count: number, u: number): number {
  return Math.min(count - 1, Math.floor(u * count));
}

function clamp(x: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, x));
}

function pick(probabilities: number[], u: number): number {
  let sum = 0;
  for (const [i, p] of probabilities.entries()) if (u < (sum += p)) return i;
  // The sum may be a rounding error below 1; what cannot be drawn must not be drawn here either.
  return probabilities.findLastIndex((p) => p > 0);
}

/** Nearest multiple of q, halves to even as in NumPy. */
function quantise(x: number, q: number): number {
  const ratio = x / q;
  const floor = Math.floor(ratio);
  const half = ratio - floor === 0.5;
  return tidy((half ? floor + Math.abs(floor % 2) : Math.round(ratio)) * q);
}

/** Without the last digits of binary fractions: 0.3, not 0.30000000000000004. */
function tidy(x: number): number {
  return Number(x.toPrecision(13));
}

/** Box and Muller (1958). */
function standardNormal([u, v]: readonly [number, number]): number {
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}
