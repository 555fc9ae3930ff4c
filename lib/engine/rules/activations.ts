/**
 * @file Recognises activation functions and their derivatives, however they are written.
 *
 * jax-js writes tanh, gelu and their gradients as ten to thirty elementwise equations. Matching each
 * spelling by structure would break at the next release. Instead every elementwise value is followed
 * as a function of one earlier value x, sampled at fixed points in float64: `f(x)`, or `f(x) * gain`
 * for a gradient on its way back. When the samples agree with a known function to float32 accuracy, the
 * value is emitted in its short form; the long one dies unused.
 *
 * Why agreement at samples is enough. What is followed is built from analytic functions; the one way to
 * behave differently between the samples is a switch (a comparison, min, max), and a switch is followed only
 * between affine functions of x and only if it happens at 0, where the samples are dense. So a followed function
 * is analytic on either side of 0. The samples reach from 1e-30 to infinity, and the tolerance is relative in
 * the tails too: `max(sigmoid(x), 1e-9)` is no sigmoid, because somebody may take its logarithm. NaN must give NaN.
 * Where |x| is so large that exp overflows, the written-out form may be infinite or NaN and the short form
 * gives the limit. float64 programs are left alone.
 */
import type { Equation, Graph, Observer, Rule, Value } from "../graph.ts";
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
const points = /* @__PURE__ */ Float64Array.from([
  NaN,
  0,
  ...magnitudes.map((x) => -x),
  ...magnitudes,
]);
/** float32 rounding of the literals in a formula, amplified in the tails of a gelu. */
const tolerance = 4e-6;
/** From here on exp(|x|) leaves float32, or soon will. */
const overflow = 90;
/** A value is followed from at most this many earlier values at once. */
const maxCandidates = 24;

type Samples = Float64Array;

interface Candidate {
  /** The value this one is a function of. */
  readonly source: Value;
  readonly samples: Samples;
  /** If set, the value is `f(source) * gain`. */
  readonly gain?: Value;
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

const sigmoidOf = (x: number) => 1 / (1 + Math.exp(-x));
const softplusOf = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const tanhGelu = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
/** x d/dx sigmoid(2 tanhGelu(x)) */
const tanhGeluSlope = (x: number) => {
  const gate = sigmoidOf(2 * tanhGelu(x)) * sigmoidOf(-2 * tanhGelu(x));
  // Beyond the tails the product would be 0 times infinity.
  return gate && gate * x * 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
};
const normalCdf = (x: number) => 0.5 * erfc(-x * Math.SQRT1_2);
const normalPdf = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

/** Short forms, built from `x` with the graph's own operations. */
class Short {
  constructor(readonly graph: Graph, readonly x: Value) {}
  op(op: string, ...inputs: Value[]): Value {
    return this.graph.emit(op, inputs, {}, this.x.shape, this.x.dtype);
  }
  literal(value: number): Value {
    return this.graph.uniform(value, [], this.x.dtype);
  }
  times(value: Value, factor: number): Value {
    return this.op("mul", value, this.literal(factor));
  }
  plus(value: Value, term: number): Value {
    return this.op("add", value, this.literal(term));
  }
  oneMinus(value: Value): Value {
    return this.op("sub", this.literal(1), value);
  }
}

interface Activation {
  readonly f: (x: number) => number;
  /** The size of the terms where `f` is a sum that crosses zero; |f| by default. */
  readonly scale?: (x: number) => number;
  readonly build: (s: Short) => Value;
}

const library: readonly Activation[] = [
  { f: sigmoidOf, build: (s) => s.op("sigmoid", s.x) },
  { f: Math.tanh, build: (s) => s.op("tanh", s.x) },
  {
    f: (x) => sigmoidOf(x) * sigmoidOf(-x),
    build: (s) => {
      const y = s.op("sigmoid", s.x);
      return s.op("mul", y, s.oneMinus(y));
    },
  },
  {
    f: (x) => 1 / Math.cosh(x) ** 2,
    build: (s) => {
      const y = s.op("tanh", s.x);
      return s.oneMinus(s.op("mul", y, y));
    },
  },
  { f: (x) => x * sigmoidOf(x), build: (s) => s.op("mul", s.x, s.op("sigmoid", s.x)) },
  {
    // d/dx x s(x) = s + y (1 - s) with y = x s(x): reuses the forward value.
    f: (x) => sigmoidOf(x) * (1 + x * sigmoidOf(-x)),
    scale: (x) => sigmoidOf(x) * (1 + Math.abs(x) * sigmoidOf(-x)),
    build: (s) => {
      const gate = s.op("sigmoid", s.x);
      const y = s.op("mul", s.x, gate);
      return s.op("add", gate, s.op("mul", y, s.oneMinus(gate)));
    },
  },
  { f: softplusOf, build: (s) => s.op("softplus", s.x) },
  {
    // The logarithm of a sigmoid: the kernel's sigmoid is 0 below -18, as its error is absolute.
    f: (x) => -softplusOf(-x),
    build: (s) => s.op("neg", s.op("softplus", s.op("neg", s.x))),
  },
  { f: (x) => -softplusOf(x), build: (s) => s.op("neg", s.op("softplus", s.x)) },
  { f: (x) => sigmoidOf(-x), build: (s) => s.oneMinus(s.op("sigmoid", s.x)) },
  { f: (x) => x * sigmoidOf(2 * tanhGelu(x)), build: (s) => s.op("gelu_tanh", s.x) },
  {
    // With y = gelu(x), s = sigmoid(2 u), u = c (x + a x^3): y' = s + y (1 - s) 2 u'.
    f: (x) => sigmoidOf(2 * tanhGelu(x)) + tanhGeluSlope(x),
    scale: (x) => sigmoidOf(2 * tanhGelu(x)) + Math.abs(tanhGeluSlope(x)),
    build: (s) => {
      const c = 2 * Math.sqrt(2 / Math.PI);
      const square = s.op("mul", s.x, s.x);
      const inner = s.op("mul", s.x, s.plus(s.times(square, c * 0.044715), c));
      const gate = s.op("sigmoid", inner);
      const slope = s.plus(s.times(square, 3 * c * 0.044715), c);
      const y = s.op("gelu_tanh", s.x);
      return s.op("add", gate, s.op("mul", s.op("mul", y, s.oneMinus(gate)), slope));
    },
  },
  { f: (x) => x * normalCdf(x), build: (s) => s.op("gelu_erf", s.x) },
  {
    f: (x) => normalCdf(x) + x * normalPdf(x),
    scale: (x) => normalCdf(x) + Math.abs(x) * normalPdf(x),
    build: (s) => {
      const cdf = s.plus(s.times(s.op("erf", s.times(s.x, Math.SQRT1_2)), 0.5), 0.5);
      const bell = s.op("exp", s.times(s.op("mul", s.x, s.x), -0.5));
      return s.op("add", cdf, s.times(s.op("mul", s.x, bell), 1 / Math.sqrt(2 * Math.PI)));
    },
  },
];

/** An activation at the sample points, and how far a spelling of it may be off there. */
const librarySamples = /* @__PURE__ */ library.map(({ f, scale = (x) => Math.abs(f(x)) }) => ({
  values: points.map(f),
  // Formulas such as 1 - tanh(x)^2 cancel to double rounding; in the far tails nothing is left to cancel,
  // and below float32's smallest normal number nothing to tell apart.
  allowed: points.map((x) =>
    tolerance * scale(x) + (Math.abs(x) < overflow ? 1e-15 * Math.max(1, Math.abs(x)) : 1.2e-38)
  ),
}));

/** Operations that are already the short form of something. */
const shortForms = new Set(["sigmoid", "tanh", "softplus", "gelu_tanh", "gelu_erf"]);
const building = new WeakSet<Graph>();

function candidatesOf(graph: Graph, value: Value): readonly Candidate[] {
  const known = notes.get(graph)?.get(value) ?? [];
  return [{ source: value, samples: points, depth: 0 }, ...known];
}

const sameShape = (a: Value, shape: readonly number[]) =>
  a.shape.length === shape.length && a.shape.every((d, i) => d === shape[i]);

/** All ways in which an elementwise result is a function of one earlier value. */
function derive(
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
      if (c.gain && op !== "neg") continue;
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
      if (c.source === condition || c.gain) continue;
      const sides = branches.map((v) =>
        sampled(v) ??
          candidatesOf(graph, v).find((d) => d.source === c.source && !d.gain)?.samples
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
      if (c.gain && op !== "mul") continue;
      if (switches && (c.depth > 0 || !switchesAtZero(c.samples, literal))) continue;
      const samples = c.samples.map((v, i) => left ? f(literal[i], v) : f(v, literal[i]));
      add({ ...c, samples, depth: c.depth + (switches ? 1 : 0) });
    }
    return found;
  }
  const [left, right] = [candidatesOf(graph, x), candidatesOf(graph, y)];
  for (const a of left) {
    for (const b of right) {
      const combine = a.source === b.source &&
        (op === "mul" ? !(a.gain && b.gain) : a.gain === b.gain);
      if (!combine) continue;
      if (found.length === maxCandidates) return found;
      if (switches) {
        const plain = !a.gain && a.depth + b.depth === 0;
        if (!plain || !switchesAtZero(a.samples, b.samples)) continue;
      }
      const samples = a.samples.map((v, i) => f(v, b.samples[i]));
      add({ source: a.source, samples, gain: a.gain ?? b.gain, depth: a.depth + b.depth + step });
    }
  }
  if (op === "mul") {
    // A gradient arrives: f(x) times something that is no function of x.
    for (const [side, gain] of [[left, y], [right, x]] as const) {
      for (const c of side) {
        const fresh = !c.gain && c.source !== gain &&
          !found.some((d) => d.source === c.source && d.gain === gain);
        if (fresh) add({ ...c, gain });
      }
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

/** The activation that samples belong to, or -1. */
function identify(samples: Samples): number {
  return librarySamples.findIndex(({ values, allowed }) =>
    points.every((x, i) => {
      const [known, value] = [values[i], samples[i]];
      if (Number.isNaN(x)) return Number.isNaN(value);
      // Both forms may end in infinity minus, or times zero.
      if (Number.isNaN(known)) return true;
      if (!Number.isFinite(value)) return Math.abs(x) >= overflow;
      return Math.abs(known - value) <= allowed[i];
    })
  );
}

/** Replaces a value that is a known activation of an earlier one, times an optional gain. */
export const activations: Rule = (graph, op, inputs, params, { shape, dtype }) => {
  if (dtype !== "float32" || building.has(graph) || shortForms.has(op)) return undefined;
  const candidates = derive(graph, op, inputs, params, shape);
  // The earliest source first: s'(x) = s'(-x), and it is x whose sigmoid exists already.
  for (const c of candidates.toSorted((a, b) => a.source.id - b.source.id)) {
    if (c.depth < 2 || c.source.dtype !== "float32") continue;
    const at = identify(c.samples);
    if (at < 0) continue;
    building.add(graph);
    try {
      const short = library[at].build(new Short(graph, c.source));
      const result = c.gain ? graph.emit("mul", [short, c.gain], {}, shape, dtype) : short;
      remember(graph, result, candidates);
      return result;
    } finally {
      building.delete(graph);
    }
  }
  return undefined;
};

/** Later candidates replace earlier ones: those of a long form have not been through the short form's rounding. */
function remember(graph: Graph, value: Value, candidates: readonly Candidate[]): void {
  let map = notes.get(graph);
  if (!map) notes.set(graph, map = new Map());
  const known = (map.get(value) ?? []).filter((k) =>
    !candidates.some((c) => c.source === k.source && c.gain === k.gain)
  );
  map.set(value, [...candidates, ...known]);
}

/** Notes how every new elementwise value depends on earlier ones; goes with {@linkcode activations}. */
export const followFunctions: Observer = (graph, equation: Equation) => {
  const [out] = equation.outs;
  if (equation.outs.length !== 1) return;
  if (out.dtype !== "float32" && equation.op !== "compare") return;
  const candidates = derive(graph, equation.op, equation.inputs, equation.params, out.shape);
  if (candidates.length > 0) remember(graph, out, candidates);
};
