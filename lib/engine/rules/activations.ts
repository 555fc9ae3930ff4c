/**
 * @file Recognises activation functions and their derivatives, however they are written.
 *
 * jax-js writes tanh, gelu and their gradients as ten to thirty elementwise equations. Matching each
 * spelling by structure would break at the next release. Instead every elementwise value is followed
 * as a function of one earlier value x, sampled at fixed points in float64: `f(x)`, or `f(x) * gain`
 * for a gradient on its way back. When the samples agree with a known function to float32 accuracy, the
 * value is emitted in its short form; the long one dies unused.
 *
 * Two functions that agree to float32 rounding at all sample points are interchangeable in a float32
 * program; float64 programs are left alone.
 */
import type { Equation, Graph, Observer, Rule, Value } from "../graph.ts";
import { erf, erfc } from "./erf.ts";

/** Where functions are compared: both signs, near zero, and far enough to tell tails apart. */
const points = /* @__PURE__ */ Float64Array.from([
  ...[
    -9.1,
    -7.3,
    -5.9,
    -4.7,
    -3.9,
    -3.1,
    -2.6,
    -2.2,
    -1.7,
    -1.3,
    -0.9,
    -0.61,
    -0.37,
    -0.11,
    -0.013,
  ],
  ...[0.017, 0.13, 0.41, 0.67, 1.01, 1.37, 1.9, 2.3, 2.9, 3.3, 4.1, 4.9, 6.1, 7.7, 9.3],
]);
const tolerance = 4e-6;
/** A value is followed from at most this many earlier values at once. */
const maxCandidates = 24;

type Samples = Float64Array;

interface Candidate {
  /** The value this one is a function of. */
  readonly source: Value;
  readonly samples: Samples;
  /** If set, the value is `f(source) * gain`. */
  readonly gain?: Value;
  /** Nonlinear steps since the source. */
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
const tanhGelu = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
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

const library: { f: (x: number) => number; build: (s: Short) => Value }[] = [
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
    f: (x) => 1 - Math.tanh(x) ** 2,
    build: (s) => {
      const y = s.op("tanh", s.x);
      return s.oneMinus(s.op("mul", y, y));
    },
  },
  { f: (x) => x * sigmoidOf(x), build: (s) => s.op("mul", s.x, s.op("sigmoid", s.x)) },
  {
    // d/dx x s(x) = s + y (1 - s) with y = x s(x): reuses the forward value.
    f: (x) => sigmoidOf(x) * (1 + x * sigmoidOf(-x)),
    build: (s) => {
      const gate = s.op("sigmoid", s.x);
      const y = s.op("mul", s.x, gate);
      return s.op("add", gate, s.op("mul", y, s.oneMinus(gate)));
    },
  },
  { f: (x) => Math.log1p(Math.exp(x)), build: (s) => s.op("softplus", s.x) },
  { f: (x) => 0.5 * x * (1 + Math.tanh(tanhGelu(x))), build: (s) => s.op("gelu_tanh", s.x) },
  {
    // With y = gelu(x), s = sigmoid(2 u), u = c (x + a x^3): y' = s + y (1 - s) 2 u'.
    f: (x) => {
      const t = Math.tanh(tanhGelu(x));
      const slope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope;
    },
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
    build: (s) => {
      const cdf = s.plus(s.times(s.op("erf", s.times(s.x, Math.SQRT1_2)), 0.5), 0.5);
      const bell = s.op("exp", s.times(s.op("mul", s.x, s.x), -0.5));
      return s.op("add", cdf, s.times(s.op("mul", s.x, bell), 1 / Math.sqrt(2 * Math.PI)));
    },
  },
];
const librarySamples = /* @__PURE__ */ library.map(({ f }) => points.map(f));

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
  const literal = sampled(x) ?? sampled(y);
  if (literal) {
    const left = x.uniform !== undefined;
    for (const c of candidatesOf(graph, left ? y : x)) {
      if (c.gain && op !== "mul") continue;
      const samples = c.samples.map((v, i) => left ? f(literal[i], v) : f(v, literal[i]));
      add({ ...c, samples, depth: c.depth + (op === "compare" ? 1 : 0) });
    }
    return found;
  }
  const [left, right] = [candidatesOf(graph, x), candidatesOf(graph, y)];
  for (const a of left) {
    const b = right.find((d) =>
      d.source === a.source &&
      (op === "mul" ? !(a.gain && d.gain) : a.gain === d.gain)
    );
    if (!b || (op === "compare" && a.gain) || ((op === "min" || op === "max") && a.gain)) continue;
    const samples = a.samples.map((v, i) => f(v, b.samples[i]));
    add({ source: a.source, samples, gain: a.gain ?? b.gain, depth: a.depth + b.depth + step });
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

function identify(samples: Samples): number {
  return librarySamples.findIndex((known) =>
    known.every((k, i) => Math.abs(k - samples[i]) <= tolerance * Math.max(Math.abs(k), 1e-2))
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

function remember(graph: Graph, value: Value, candidates: readonly Candidate[]): void {
  let map = notes.get(graph);
  if (!map) notes.set(graph, map = new Map());
  const known = map.get(value) ?? [];
  const fresh = candidates.filter((c) =>
    !known.some((k) => k.source === c.source && k.gain === c.gain)
  );
  map.set(value, [...known, ...fresh]);
}

/** Notes how every new elementwise value depends on earlier ones; goes with {@linkcode activations}. */
export const followFunctions: Observer = (graph, equation: Equation) => {
  const [out] = equation.outs;
  if (equation.outs.length !== 1 || (out.dtype !== "float32" && out.dtype !== "bool")) return;
  const candidates = derive(graph, equation.op, equation.inputs, equation.params, out.shape);
  if (candidates.length > 0) remember(graph, out, candidates);
};
