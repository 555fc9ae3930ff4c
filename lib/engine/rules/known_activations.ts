/**
 * @file The activation functions that are recognised: each as a function of a number, and in its short form.
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
const normalCdf = (x: number) => 0.5 * erfc(-x * Math.SQRT1_2);

/** Short forms, built from `x` with the graph's own operations. */
export class Short {
  /** Short forms of `x`, added to `graph`. */
  constructor(readonly graph: Graph, readonly x: Value) {}
  /** An operation whose result has the shape and dtype of `x`. */
  op(op: string, ...inputs: Value[]): Value {
    return this.graph.emit(op, inputs, {}, this.x.shape, this.x.dtype);
  }
  /** 1 - value. */
  oneMinus(value: Value): Value {
    return this.op("sub", this.graph.uniform(1, [], this.x.dtype), value);
  }
}

/** A function that has a short form. */
export interface Activation {
  /** Its definition, in double precision. */
  readonly f: (x: number) => number;
  /** Emits its short form. */
  readonly build: (s: Short) => Value;
}

const library: readonly Activation[] = [
  { f: sigmoidOf, build: (s) => s.op("sigmoid", s.x) },
  { f: Math.tanh, build: (s) => s.op("tanh", s.x) },
  { f: (x) => x * sigmoidOf(x), build: (s) => s.op("mul", s.x, s.op("sigmoid", s.x)) },
  { f: softplusOf, build: (s) => s.op("softplus", s.x) },
  {
    // The logarithm of a sigmoid: the kernel's sigmoid is 0 below -18, as its error is absolute.
    f: (x) => -softplusOf(-x),
    build: (s) => s.op("neg", s.op("softplus", s.op("neg", s.x))),
  },
  { f: (x) => -softplusOf(x), build: (s) => s.op("neg", s.op("softplus", s.x)) },
  { f: (x) => sigmoidOf(-x), build: (s) => s.oneMinus(s.op("sigmoid", s.x)) },
  { f: (x) => x * sigmoidOf(2 * tanhGelu(x)), build: (s) => s.op("gelu_tanh", s.x) },
  { f: (x) => x * normalCdf(x), build: (s) => s.op("gelu_erf", s.x) },
];

/** An activation at the sample points, and how far a spelling of it may be off there. */
const librarySamples = /* @__PURE__ */ library.map(({ f }) => ({
  values: points.map(f),
  // Formulas such as 1 - 2 / (exp(2 x) + 1) cancel to double rounding; in the far tails nothing is left to cancel,
  // and below float32's smallest normal number nothing to tell apart.
  allowed: points.map((x) =>
    tolerance * Math.abs(f(x)) +
    (Math.abs(x) < overflow ? 1e-15 * Math.max(1, Math.abs(x)) : 1.2e-38)
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
