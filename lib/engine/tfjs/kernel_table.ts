/**
 * @file What engine `tfjs` does for every primitive of jax-js: one small rule each. A rule gets its operands as
 * stretched values and returns values; the files beside this one hold the longer ones.
 *
 * TensorFlow.js has no unsigned integers. A uint32 is carried as the int32 of the same bits: sums, products, quotients,
 * comparisons, minima and casts are those of unsigned numbers.
 */
import type { ConvParams } from "../graph.ts";
import { broadcastShape, type DType } from "../types.ts";
import type { TF, TfTensor } from "./backend.ts";
import * as bit from "./bits.ts";
import { turned, unsignedQuotient, unsignedRemainder } from "./bits.ts";
import { castTo } from "./casts.ts";
import * as contraction from "./contraction.ts";
import * as indexing from "./indexing.ts";
import { fourier, triangularSolve } from "./linalg.ts";
import * as movement from "./movement.ts";
import * as stretched from "./stretched.ts";
import { elementwise, type Stretched } from "./stretched.ts";
import * as windows from "./windows.ts";

/** What a rule knows beside its operands. */
export interface Context {
  /** The TensorFlow.js that computes. */
  readonly tf: TF;
  /** Of the first result. */
  readonly shape: readonly number[];
  /** Of the first result. */
  readonly dtype: DType;
  /** Parameters of the equation; each rule knows its own. */
  // deno-lint-ignore no-explicit-any
  readonly params: any;
}

/** Computes one equation. @returns its result, or a list of several. */
export type Kernel = (c: Context, ...inputs: Stretched[]) => Stretched | Stretched[];

const bits = 2 ** 16;

/** An elementwise kernel on operands of the result's dtype. */
const simple = (kernel: (tf: TF, ...tensors: TfTensor[]) => TfTensor): Kernel => (c, ...inputs) =>
  elementwise(
    c.tf,
    inputs.map((x) => castTo(c.tf, x, c.dtype)),
    c.shape,
    c.dtype,
    (...tensors) => kernel(c.tf, ...tensors),
  );

/** Booleans have logical kernels in place of arithmetic; unsigned integers may have one of their own. */
const numeric = (
  kernel: (tf: TF, x: TfTensor, y: TfTensor) => TfTensor,
  logical?: (tf: TF, x: TfTensor, y: TfTensor) => TfTensor,
  unsigned?: (tf: TF, x: TfTensor, y: TfTensor) => TfTensor,
): Kernel =>
(c, ...inputs) => {
  const chosen = c.dtype === "bool" ? logical : c.dtype === "uint32" ? unsigned : undefined;
  return simple((tf, x, y) => (chosen ?? kernel)(tf, x, y))(c, ...inputs);
};

/**
 * The low 32 bits of a product. The pure backend multiplies in double precision, which keeps 53 of the 64, so the
 * product is put together from halves.
 */
function productOfBits(tf: TF, x: TfTensor, y: TfTensor): TfTensor {
  const half = tf.scalar(bits, "int32");
  const [xLow, yLow] = [tf.mod(x, half), tf.mod(y, half)];
  const [xHigh, yHigh] = [tf.floorDiv(tf.sub(x, xLow), half), tf.floorDiv(tf.sub(y, yLow), half)];
  const middle = tf.add(tf.mul(xHigh, yLow), tf.mul(xLow, yHigh));
  return tf.add(tf.mul(xLow, yLow), tf.mul(tf.mod(middle, half), half));
}

const promotion: readonly DType[] = ["bool", "uint32", "int32", "float32", "float64"];

/** Which of two is larger, or whether they are equal. */
export function compare(c: Context, x: Stretched, y: Stretched): Stretched {
  const { tf } = c;
  const op = c.params.op as string;
  const kernel = {
    less: tf.less,
    less_equal: tf.lessEqual,
    equal: tf.equal,
    not_equal: tf.notEqual,
  }[op]!;
  const ordered = op.startsWith("less");
  let dtype = promotion[Math.max(promotion.indexOf(x.dtype), promotion.indexOf(y.dtype))];
  if (dtype === "bool") dtype = "int32";
  return elementwise(
    tf,
    [x, y].map((v) => castTo(tf, v, dtype)),
    c.shape,
    "bool",
    (a, b) => ordered && dtype === "uint32" ? kernel(turned(tf, a), turned(tf, b)) : kernel(a, b),
  );
}

/** x where the condition holds, else y. */
export function where(c: Context, condition: Stretched, x: Stretched, y: Stretched): Stretched {
  const { tf } = c;
  const operands = [castTo(tf, condition, "bool"), castTo(tf, x, c.dtype), castTo(tf, y, c.dtype)];
  return elementwise(tf, operands, c.shape, c.dtype, (k, a, b) => tf.where(k, a, b));
}

/** The absolute value of an int32 as an unsigned number; `abs` of the pure backend rounds it to float32. */
const magnitude = (tf: TF, x: TfTensor) => tf.maximum(x, tf.neg(x));

/** Quotient rounded towards zero. */
function quotient(tf: TF, x: TfTensor, y: TfTensor): TfTensor {
  if (x.dtype === "int32") {
    const size = unsignedQuotient(tf, magnitude(tf, x), magnitude(tf, y));
    return tf.mul(size, tf.mul(tf.sign(x), tf.sign(y)));
  }
  const quotient = tf.div(x, y);
  return tf.where(tf.less(quotient, 0), tf.ceil(quotient), tf.floor(quotient));
}

/** The remainder with the sign of the dividend; that of TensorFlow has the divisor's. */
function remainder(tf: TF, x: TfTensor, y: TfTensor): TfTensor {
  const size = x.dtype === "int32"
    ? unsignedRemainder(tf, magnitude(tf, x), magnitude(tf, y))
    : tf.mod(tf.abs(x), tf.abs(y));
  return tf.where(tf.less(x, 0), tf.neg(size), size);
}

function reduction(c: Context, x: Stretched): Stretched {
  const { tf } = c;
  const { op, axis } = c.params as { op: "Add" | "Mul" | "Max" | "Min"; axis: number[] };
  const through = c.dtype === "bool" ? castTo(tf, x, "int32") : x;
  const order = c.dtype === "uint32" && (op === "Max" || op === "Min");
  const turn = (v: Stretched) => (order ? { ...v, tensor: turned(tf, v.tensor) } : v);
  return castTo(tf, turn(stretched.reduce(tf, turn(through), axis, op)), c.dtype);
}

/** The sum over axes of a product, seen with all axes that both factors have together; for `dot` over the last one. */
function sumOfProduct(c: Context, x: Stretched, y: Stretched): Stretched {
  const [a, b] = [x, y].map((v) => castTo(c.tf, v, c.dtype));
  const full = broadcastShape(x.shape, y.shape);
  return contraction.contract(c.tf, a, b, full, c.params.axis ?? [full.length - 1], c.dtype);
}

function bitCombine(c: Context, x: Stretched, y: Stretched): Stretched {
  const op = c.params.op as "and" | "or" | "xor";
  const logical = {
    and: (tf: TF, a: TfTensor, b: TfTensor) => tf.logicalAnd(a, b),
    or: (tf: TF, a: TfTensor, b: TfTensor) => tf.logicalOr(a, b),
    xor: (tf: TF, a: TfTensor, b: TfTensor) => tf.notEqual(a, b),
  };
  // Integers: the conjunction is a kernel (of the pure backend), and sums wrap like bits.
  const integral = {
    and: (tf: TF, a: TfTensor, b: TfTensor) => tf.bitwiseAnd(a, b),
    or: (tf: TF, a: TfTensor, b: TfTensor) => tf.sub(tf.add(a, b), tf.bitwiseAnd(a, b)),
    xor: (tf: TF, a: TfTensor, b: TfTensor) => {
      const both = tf.bitwiseAnd(a, b);
      return tf.sub(tf.sub(a, both), tf.sub(both, b));
    },
  };
  return simple((c.dtype === "bool" ? logical : integral)[op])(c, x, y) as Stretched;
}

/** x + y; of booleans, or. */
export const add: Kernel = numeric((tf, x, y) => tf.add(x, y), (tf, x, y) => tf.logicalOr(x, y));

/** x y; of booleans, and. */
export const mul: Kernel = numeric(
  (tf, x, y) => x.dtype === "int32" ? productOfBits(tf, x, y) : tf.mul(x, y),
  (tf, x, y) => tf.logicalAnd(x, y),
);

/** x - y. */
export const sub: Kernel = simple((tf, x, y) => tf.sub(x, y));

/** -x. */
export const neg: Kernel = simple((tf, x) => tf.neg(x));

/** The smaller of two; of booleans, and. */
export const min: Kernel = numeric(
  (tf, x, y) => tf.minimum(x, y),
  (tf, x, y) => tf.logicalAnd(x, y),
  (tf, x, y) => turned(tf, tf.minimum(turned(tf, x), turned(tf, y))),
);

/** The larger of two; of booleans, or. */
export const max: Kernel = numeric(
  (tf, x, y) => tf.maximum(x, y),
  (tf, x, y) => tf.logicalOr(x, y),
  (tf, x, y) => turned(tf, tf.maximum(turned(tf, x), turned(tf, y))),
);

/** x / y, truncated towards zero. */
export const idiv: Kernel = numeric(quotient, undefined, unsignedQuotient);

/** The remainder of x / y, of the sign of x. */
export const mod: Kernel = numeric(remainder, undefined, unsignedRemainder);

/** 1 / x. */
export const reciprocal: Kernel = simple((tf, x) => tf.reciprocal(x));

/** The largest integer that is not above x. */
export const floor: Kernel = simple((tf, x) => tf.floor(x));

/** The smallest integer that is not below x. */
export const ceil: Kernel = simple((tf, x) => tf.ceil(x));

/** Sine. */
export const sin: Kernel = simple((tf, x) => tf.sin(x));

/** Cosine. */
export const cos: Kernel = simple((tf, x) => tf.cos(x));

/** Arc sine. */
export const asin: Kernel = simple((tf, x) => tf.asin(x));

/** Arc tangent. */
export const atan: Kernel = simple((tf, x) => tf.atan(x));

/** e^x. */
export const exp: Kernel = simple((tf, x) => tf.exp(x));

/** Natural logarithm. */
export const log: Kernel = simple((tf, x) => tf.log(x));

/** Square root. */
export const sqrt: Kernel = simple((tf, x) => tf.sqrt(x));

/** Error function. */
export const erf: Kernel = simple((tf, x) => tf.erf(x));

/** 1 - erf(x). */
export const erfc: Kernel = simple((tf, x) => tf.sub(tf.scalar(1), tf.erf(x)));

/** The operand itself. */
export const stop_gradient: Kernel = (_, x): Stretched | Stretched[] => x;

/** The same numbers in another dtype. */
export const cast: Kernel = (c, x): Stretched | Stretched[] => castTo(c.tf, x, c.dtype);

/** And, or, exclusive or of bits. */
export const bit_combine: Kernel = bitCombine;

/** Bits moved to the left or the right. */
export const bit_shift: Kernel = (c, x, y): Stretched | Stretched[] =>
  bit.bitShift(c.tf, x, y, c.params.op, c.shape);

/** How many bits are set. */
export const bit_count: Kernel = (c, x): Stretched | Stretched[] => bit.bitCount(c.tf, x);

/** The same bits as another dtype. */
export const bitcast: Kernel = (c, x): Stretched | Stretched[] => bit.bitcast(c.tf, x, c.dtype);

/** Bits of threefry-2x32. */
export const random_bits: Kernel = (c, k0, k1): Stretched | Stretched[] =>
  bit.randomBits(c.tf, k0, k1, c.params);

/** Sum, product, maximum or minimum over axes. */
export const reduce: Kernel = reduction;

/** The sum of x y over the last axis. */
export const dot: Kernel = sumOfProduct;

/** The sum of x y over axes. */
export const contract: Kernel = sumOfProduct;

/** Convolution. */
export const conv: Kernel = (c, x, y): Stretched | Stretched[] =>
  windows.convolve(c.tf, x, y, c.params as ConvParams, c.shape);

/** Windows as a further axis. */
export const pool: Kernel = (c, x): Stretched | Stretched[] =>
  windows.pool(c.tf, x, c.params.window, c.params.strides, c.shape);

/** The sum of windows at their places. */
export const pool_transpose: Kernel = (c, x): Stretched | Stretched[] =>
  windows.poolTranspose(c.tf, x, c.shape, c.params.window, c.params.strides);

/** Arrays one behind the other along an axis. */
export const concatenate: Kernel = (c, ...xs): Stretched | Stretched[] =>
  movement.concatenate(c.tf, xs.map((x) => castTo(c.tf, x, c.dtype)), c.params.axis);

/** The parts of an array along an axis. */
export const split: Kernel = (c, x): Stretched | Stretched[] =>
  movement.split(c.tf, x, c.params.axis, c.params.sizes);

/** Elements by computed indices. */
export const gather: Kernel = (c, x, ...indices): Stretched | Stretched[] =>
  indexing.gather(c.tf, x, indices, c.params);

/** Updates added at computed indices. */
export const scatter: Kernel = (c, x, ...indices): Stretched | Stretched[] =>
  indexing.scatter(c.tf, x, indices, c.params);

/** Axes in another order. */
export const transpose: Kernel = (c, x): Stretched | Stretched[] =>
  stretched.transpose(c.tf, x, c.params.perm);

/** Stretched along new axes. */
export const broadcast: Kernel = (c, x): Stretched | Stretched[] =>
  stretched.broadcast(c.tf, x, c.params.shape, c.params.axis);

/** The same elements in another shape. */
export const reshape: Kernel = (c, x): Stretched | Stretched[] =>
  stretched.reshape(c.tf, x, c.shape);

/** Backwards along axes. */
export const flip: Kernel = (c, x): Stretched | Stretched[] =>
  movement.flip(c.tf, x, c.params.axis);

/** A box cut out. */
export const shrink: Kernel = (c, x): Stretched | Stretched[] =>
  movement.shrink(c.tf, x, c.params.slice);

/** Zeros around. */
export const pad: Kernel = (c, x): Stretched | Stretched[] => movement.pad(c.tf, x, c.params.width);

/** Sorted along the last axis, NaN last. */
export const sort: Kernel = (c, x): Stretched | Stretched[] => indexing.sort(c.tf, x)[0];

/** Sorted along the last axis, and where the elements stood. */
export const argsort: Kernel = (c, x): Stretched | Stretched[] => indexing.sort(c.tf, x);

/** x of a x^T = b^T with an upper triangle a. */
export const triangular_solve: Kernel = (c, a, b): Stretched | Stretched[] =>
  triangularSolve(c.tf, a, b, c.params.unitDiagonal);

/** Discrete Fourier transform along the last axis. */
export const fft: Kernel = (c, real, imag): Stretched | Stretched[] =>
  fourier(c.tf, real, imag, c.params.inverse);
