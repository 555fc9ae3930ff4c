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
import {
  bitcast,
  bitCount,
  bitShift,
  randomBits,
  turned,
  unsignedQuotient,
  unsignedRemainder,
} from "./bits.ts";
import { contract } from "./contraction.ts";
import { gather, scatter, sort } from "./indexing.ts";
import { fourier, triangularSolve } from "./linalg.ts";
import { concatenate, flip, pad, shrink, split } from "./movement.ts";
import { broadcast, elementwise, reduce, reshape, type Stretched, transpose } from "./stretched.ts";
import { convolve, pool, poolTranspose } from "./windows.ts";

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
    inputs.map((x) => cast(c.tf, x, c.dtype)),
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

/** x converted to another dtype; from uint32 by its unsigned value. */
export function cast(tf: TF, x: Stretched, dtype: DType): Stretched {
  if (x.dtype === dtype) return x;
  const carried = (type: DType) => (type === "uint32" ? "int32" : type) as "int32";
  let tensor: TfTensor = x.tensor;
  if (carried(dtype) !== tensor.dtype) tensor = tf.cast(tensor, carried(dtype));
  if (x.dtype === "uint32" && dtype === "float32") {
    tensor = tf.where(tf.less(x.tensor, 0), tf.add(tensor, 2 ** 32), tensor);
  }
  return { ...x, tensor, dtype };
}

const promotion: readonly DType[] = ["bool", "uint32", "int32", "float32", "float64"];

function compare(c: Context, x: Stretched, y: Stretched): Stretched {
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
    [x, y].map((v) => cast(tf, v, dtype)),
    c.shape,
    "bool",
    (a, b) => ordered && dtype === "uint32" ? kernel(turned(tf, a), turned(tf, b)) : kernel(a, b),
  );
}

function where(c: Context, condition: Stretched, x: Stretched, y: Stretched): Stretched {
  const { tf } = c;
  const operands = [cast(tf, condition, "bool"), cast(tf, x, c.dtype), cast(tf, y, c.dtype)];
  return elementwise(tf, operands, c.shape, c.dtype, (k, a, b) => tf.where(k, a, b));
}

/** Quotient rounded towards zero. */
function idiv(tf: TF, x: TfTensor, y: TfTensor): TfTensor {
  if (x.dtype === "int32") {
    const size = tf.floorDiv(tf.abs(x), tf.abs(y));
    return tf.mul(size, tf.mul(tf.sign(x), tf.sign(y)));
  }
  const quotient = tf.div(x, y);
  return tf.where(tf.less(quotient, 0), tf.ceil(quotient), tf.floor(quotient));
}

/** The remainder with the sign of the dividend; that of TensorFlow has the divisor's. */
function remainder(tf: TF, x: TfTensor, y: TfTensor): TfTensor {
  const size = tf.mod(tf.abs(x), tf.abs(y));
  return tf.where(tf.less(x, 0), tf.neg(size), size);
}

function reduction(c: Context, x: Stretched): Stretched {
  const { tf } = c;
  const { op, axis } = c.params as { op: "Add" | "Mul" | "Max" | "Min"; axis: number[] };
  const through = c.dtype === "bool" ? cast(tf, x, "int32") : x;
  const order = c.dtype === "uint32" && (op === "Max" || op === "Min");
  const turn = (v: Stretched) => (order ? { ...v, tensor: turned(tf, v.tensor) } : v);
  return cast(tf, turn(reduce(tf, turn(through), axis, op)), c.dtype);
}

/** The sum over axes of a product, seen with all axes that both factors have together; for `dot` over the last one. */
function contraction(c: Context, x: Stretched, y: Stretched): Stretched {
  const [a, b] = [x, y].map((v) => cast(c.tf, v, c.dtype));
  const full = broadcastShape(x.shape, y.shape);
  return contract(c.tf, a, b, full, c.params.axis ?? [full.length - 1], c.dtype);
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

/** The rules, by primitive. */
export const kernels: Record<string, Kernel> = {
  add: numeric((tf, x, y) => tf.add(x, y), (tf, x, y) => tf.logicalOr(x, y)),
  mul: numeric((tf, x, y) => tf.mul(x, y), (tf, x, y) => tf.logicalAnd(x, y), productOfBits),
  sub: simple((tf, x, y) => tf.sub(x, y)),
  neg: simple((tf, x) => tf.neg(x)),
  min: numeric(
    (tf, x, y) => tf.minimum(x, y),
    (tf, x, y) => tf.logicalAnd(x, y),
    (tf, x, y) => turned(tf, tf.minimum(turned(tf, x), turned(tf, y))),
  ),
  max: numeric(
    (tf, x, y) => tf.maximum(x, y),
    (tf, x, y) => tf.logicalOr(x, y),
    (tf, x, y) => turned(tf, tf.maximum(turned(tf, x), turned(tf, y))),
  ),
  idiv: numeric(idiv, undefined, unsignedQuotient),
  mod: numeric(remainder, undefined, unsignedRemainder),
  reciprocal: simple((tf, x) => tf.reciprocal(x)),
  floor: simple((tf, x) => tf.floor(x)),
  ceil: simple((tf, x) => tf.ceil(x)),
  sin: simple((tf, x) => tf.sin(x)),
  cos: simple((tf, x) => tf.cos(x)),
  asin: simple((tf, x) => tf.asin(x)),
  atan: simple((tf, x) => tf.atan(x)),
  exp: simple((tf, x) => tf.exp(x)),
  log: simple((tf, x) => tf.log(x)),
  sqrt: simple((tf, x) => tf.sqrt(x)),
  erf: simple((tf, x) => tf.erf(x)),
  erfc: simple((tf, x) => tf.sub(tf.scalar(1), tf.erf(x))),
  stop_gradient: (_, x) => x,
  cast: (c, x) => cast(c.tf, x, c.dtype),
  bit_combine: bitCombine,
  bit_shift: (c, x, y) => bitShift(c.tf, x, y, c.params.op, c.shape),
  bit_count: (c, x) => bitCount(c.tf, x),
  bitcast: (c, x) => bitcast(c.tf, x, c.dtype),
  random_bits: (c, k0, k1) => randomBits(c.tf, k0, k1, c.params),
  compare,
  where,
  reduce: reduction,
  dot: contraction,
  contract: contraction,
  conv: (c, x, y) => convolve(c.tf, x, y, c.params as ConvParams, c.shape),
  pool: (c, x) => pool(c.tf, x, c.params.window, c.params.strides, c.shape),
  pool_transpose: (c, x) => poolTranspose(c.tf, x, c.shape, c.params.window, c.params.strides),
  concatenate: (c, ...xs) =>
    concatenate(c.tf, xs.map((x) => cast(c.tf, x, c.dtype)), c.params.axis),
  split: (c, x) => split(c.tf, x, c.params.axis, c.params.sizes),
  gather: (c, x, ...indices) => gather(c.tf, x, indices, c.params),
  scatter: (c, x, ...indices) => scatter(c.tf, x, indices, c.params),
  transpose: (c, x) => transpose(c.tf, x, c.params.perm),
  broadcast: (c, x) => broadcast(c.tf, x, c.params.shape, c.params.axis),
  reshape: (c, x) => reshape(c.tf, x, c.shape),
  flip: (c, x) => flip(c.tf, x, c.params.axis),
  shrink: (c, x) => shrink(c.tf, x, c.params.slice),
  pad: (c, x) => pad(c.tf, x, c.params.width),
  sort: (c, x) => sort(c.tf, x)[0],
  argsort: (c, x) => sort(c.tf, x),
  triangular_solve: (c, a, b) => triangularSolve(c.tf, a, b, c.params.unitDiagonal),
  fft: (c, real, imag) => fourier(c.tf, real, imag, c.params.inverse),
};
