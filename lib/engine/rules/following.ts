/**
 * @file Follows elementwise values as functions of earlier ones, sampled at fixed points in float64. What is known by its samples
 * can be recognised however it is written (activations.ts).
 *
 * Why agreement at samples is enough. What is followed is built from analytic functions; the one way to
 * behave differently between the samples is a switch (a comparison, min, max), and a switch is followed only
 * between affine functions of x and only if it happens at 0, where the samples are dense. So a followed function
 * is analytic on either side of 0. float64 programs are left alone.
 */
import type { Equation, Graph, Observer, Value } from "../graph.ts";
import { erf, erfc } from "./erf.ts";

/** Magnitudes at which functions are compared: tiny, around 1, in the tails, and beyond the overflow of exp. */
const magnitudes = [
  ...[
    1e-30,
    1e-10,
    1e-4,
    0.013,
    0.11,
    0.37,
    0.61,
    0.9,
    1.3,
    1.7,
    2.2,
    2.6,
    3.1,
    3.9,
    4.7,
    5.9,
    7.3,
  ],
  ...[9.1, 13, 19, 31, 47, 67, 88, 120, 1e3, 1e10, 1e30, Infinity],
];
/** Where functions are sampled: NaN, 0, and magnitudes from 1e-30 to infinity with both signs. */
export const points: Float64Array = /* @__PURE__ */ Float64Array.from([
  NaN,
  0,
  ...magnitudes.map((x) => -x),
  ...magnitudes,
]);
/** A value is followed from at most this many earlier values at once. */
const maxCandidates = 24;

/** Values of a function at the {@linkcode points}, in their order. */
export type Samples = Float64Array;

/** One way to see a value: as an elementwise function of an earlier one. */
export interface Candidate {
  /** The value this one is a function of. */
  readonly source: Value;
  /** The value where the earlier one is each of the {@linkcode points}. */
  readonly samples: Samples;
  /** Nonlinear steps since the source; 0 for affine functions. */
  readonly depth: number;
}

const notes = new WeakMap<Graph, Map<Value, readonly Candidate[]>>();

const unary: Record<string, (x: number) => number> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  reciprocal: (x) => 1 / x,
  sqrt: Math.sqrt,
  erf,
  erfc,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};
const binary: Record<string, (x: number, y: number) => number> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  min: Math.min,
  max: Math.max,
};
const compare: Record<string, (x: number, y: number) => boolean> = {
  less: (x, y) => x < y,
  less_equal: (x, y) => x <= y,
  equal: (x, y) => x === y,
  not_equal: (x, y) => x !== y,
};
const linear = new Set(["neg", "add", "sub"]);

function candidatesOf(graph: Graph, value: Value): readonly Candidate[] {
  const known = notes.get(graph)?.get(value) ?? [];
  return [{ source: value, samples: points, depth: 0 }, ...known];
}

const sameShape = (a: Value, shape: readonly number[]) =>
  a.shape.length === shape.length && a.shape.every((d, i) => d === shape[i]);

/** All ways in which an elementwise result is a function of one earlier value. */
export function derive(
  graph: Graph,
  op: string,
  inputs: readonly Value[],
  params: Record<string, unknown>,
  shape: readonly number[],
): Candidate[] {
  const found: Candidate[] = [];
  const step = linear.has(op) ? 0 : 1;
  const add = (candidate: Candidate) => {
    if (found.length < maxCandidates) found.push(candidate);
  };
  const sampled = (v: Value) =>
    v.uniform !== undefined ? new Float64Array(points.length).fill(v.uniform) : undefined;
  const operands = inputs.filter((v) => v.uniform === undefined);
  // Booleans are followed from a comparison of floats to the selection it decides, and no further.
  if (op === "compare" && inputs.some((v) => v.dtype !== "float32")) return [];
  if (operands.length === 0 || operands.some((v) => !sameShape(v, shape))) return [];

  if (inputs.length === 1) {
    const f = unary[op];
    if (!f) return [];
    for (const c of candidatesOf(graph, inputs[0])) {
      add({ ...c, samples: c.samples.map(f), depth: c.depth + step });
    }
    return found;
  }

  const f = op === "compare"
    ? (x: number, y: number) => Number(compare[params.op as string](x, y))
    : binary[op];
  if (op === "where") {
    const [condition, ...branches] = inputs;
    for (const c of candidatesOf(graph, condition)) {
      if (c.source === condition) continue;
      const sides = branches.map((v) =>
        sampled(v) ?? candidatesOf(graph, v).find((d) => d.source === c.source)?.samples
      );
      const [yes, no] = sides;
      if (!yes || !no) continue;
      add({
        source: c.source,
        samples: c.samples.map((flag, i) => (flag ? yes[i] : no[i])),
        depth: c.depth + 1,
      });
    }
    return found;
  }
  if (!f) return [];
  const [x, y] = inputs;
  const switches = op === "compare" || op === "min" || op === "max";
  const literal = sampled(x) ?? sampled(y);
  if (literal) {
    const left = x.uniform !== undefined;
    for (const c of candidatesOf(graph, left ? y : x)) {
      if (switches && (c.depth > 0 || !switchesAtZero(c.samples, literal))) continue;
      const samples = c.samples.map((v, i) => left ? f(literal[i], v) : f(v, literal[i]));
      add({ ...c, samples, depth: c.depth + (switches ? 1 : 0) });
    }
    return found;
  }
  const [left, right] = [candidatesOf(graph, x), candidatesOf(graph, y)];
  for (const a of left) {
    for (const b of right) {
      if (a.source !== b.source) continue;
      if (found.length === maxCandidates) return found;
      if (switches) {
        if (a.depth + b.depth > 0 || !switchesAtZero(a.samples, b.samples)) continue;
      }
      const samples = a.samples.map((v, i) => f(v, b.samples[i]));
      add({ source: a.source, samples, depth: a.depth + b.depth + step });
    }
  }
  return found;
}

/** True if which of two affine functions is the larger depends on nothing but the sign of x. */
function switchesAtZero(a: Samples, b: Samples): boolean {
  const sides = [new Set<number>(), new Set<number>()];
  points.forEach((x, i) => {
    if (x !== 0 && Number.isFinite(x)) sides[Number(x > 0)].add(Math.sign(a[i] - b[i]));
  });
  return sides.every((signs) => signs.size === 1);
}

/** Later candidates replace earlier ones: those of a long form have not been through the short form's rounding. */
export function remember(graph: Graph, value: Value, candidates: readonly Candidate[]): void {
  let map = notes.get(graph);
  if (!map) notes.set(graph, map = new Map());
  const known = (map.get(value) ?? []).filter((k) =>
    !candidates.some((c) => c.source === k.source)
  );
  map.set(value, [...candidates, ...known]);
}

/** Notes how every new elementwise value depends on earlier ones; goes with the rule of activations.ts. */
export const followFunctions: Observer = (graph, equation: Equation) => {
  const [out] = equation.outs;
  if (equation.outs.length !== 1) return;
  if (out.dtype !== "float32" && equation.op !== "compare") return;
  const candidates = derive(graph, equation.op, equation.inputs, equation.params, out.shape);
  if (candidates.length > 0) remember(graph, out, candidates);
};
