/**
 * @file The activation functions that are recognised, and their derivatives: each as a function of a number, and in its
 * short form.
 *
 * The samples reach from 1e-30 to infinity, and the tolerance is relative in the tails too:
 * `max(sigmoid(x), 1e-9)` is no sigmoid, because somebody may take its logarithm. NaN must give NaN.
 * Where |x| is so large that exp overflows, the written-out form may be infinite or NaN and the short form
 * gives the limit.
 */
import type { Graph, Value } from "../graph.ts";
import { erfc } from "./erf.ts";
import { points, type Samples } from "./following.ts";

/** float32 rounding of the literals in a formula, amplified in the tails of a gelu. */
const tolerance = 4e-6;
/** From here on exp(|x|) leaves float32, or soon will. */
const overflow = 90;
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
export class Short {
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

export interface Activation {
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

/** The activation that samples belong to. */
export function identify(samples: Samples): Activation | undefined {
  const at = librarySamples.findIndex(({ values, allowed }) =>
    points.every((x, i) => {
      const [known, value] = [values[i], samples[i]];
      if (Number.isNaN(x)) return Number.isNaN(value);
      // Both forms may end in infinity minus, or times zero.
      if (Number.isNaN(known)) return true;
      if (!Number.isFinite(value)) return Math.abs(x) >= overflow;
      return Math.abs(known - value) <= allowed[i];
    })
  );
  return library[at];
}
