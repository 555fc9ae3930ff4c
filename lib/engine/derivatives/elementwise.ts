/**
 * @file Derivatives of elementwise operations, activations included. Where a function has a corner its derivative is the mean of
 * both sides, as for a central difference: half of the cotangent for each of two equal operands of max.
 */
import type { Value } from "../graph.ts";
import { isFloat } from "../types.ts";
import type { Ops } from "./ops.ts";
import { type DerivativeRule, type DerivativeRules, unary } from "./rule.ts";

/** A rule of two operands that broadcast: their cotangents before what was stretched is summed. */
const binary = (
  rule: (ops: Ops, ct: Value, x: Value, y: Value) => readonly [() => Value, () => Value],
): DerivativeRule =>
({ ops, inputs: [x, y], cotangents: [ct], wanted }) => {
  const sides = rule(ops, ct!, x, y);
  return [x, y].map((v, i) => wanted[i] ? ops.unbroadcast(sides[i](), v.shape) : undefined);
};

/** The larger or the smaller of two; `order` says when it is the first one: when what comes first lies below. */
const extreme = (order: (x: Value, y: Value) => readonly [Value, Value]): DerivativeRule =>
  binary((ops, ct, x, y) => {
    const [below, above] = order(x, y);
    const [all, half, none] = [1, 0.5, 0].map((share) => ops.literal(share, ct));
    const share = ops.where(
      ops.compare("less", below, above),
      all,
      ops.where(ops.compare("equal", x, y), half, none),
    );
    return [() => ops.mul(ct, share), () => ops.mul(ct, ops.oneMinus(share))];
  });

/** d/dx of the gelu with tanh: with s = sigmoid(2 u), u = c (x + a x^3) and y = x s it is s + y (1 - s) 2 u'. */
const geluTanh = unary((ops, ct, x, y) => {
  const [a, c] = [0.044715, 2 * Math.sqrt(2 / Math.PI)];
  const square = ops.square(x);
  const gate = ops.map("sigmoid", ops.mul(x, ops.plus(ops.times(square, a * c), c)));
  const slope = ops.plus(ops.times(square, 3 * a * c), c);
  return ops.mul(ct, ops.add(gate, ops.mul(ops.mul(y, ops.oneMinus(gate)), slope)));
});

/** d/dx of x Phi(x): Phi(x) + x phi(x). */
const geluErf = unary((ops, ct, x) => {
  const cdf = ops.plus(ops.times(ops.map("erf", ops.times(x, Math.SQRT1_2)), 0.5), 0.5);
  const bell = ops.map("exp", ops.times(ops.square(x), -0.5));
  const slope = ops.add(cdf, ops.times(ops.mul(x, bell), 1 / Math.sqrt(2 * Math.PI)));
  return ops.mul(ct, slope);
});

/** 2 / sqrt(pi) exp(-x^2), times `sign`. */
const bell = (sign: number) =>
  unary((ops, ct, x) => {
    const density = ops.map("exp", ops.neg(ops.square(x)));
    return ops.mul(ct, ops.times(density, sign * 2 / Math.sqrt(Math.PI)));
  });

const zero = null;

/** Rules by operation: arithmetic, activations, selections and casts; `null` for steps, comparisons and bits. */
export const elementwise: DerivativeRules = {
  add: binary((_, ct) => [() => ct, () => ct]),
  sub: binary((ops, ct) => [() => ct, () => ops.neg(ct)]),
  mul: binary((ops, ct, x, y) => [() => ops.mul(ct, y), () => ops.mul(ct, x)]),
  neg: unary((ops, ct) => ops.neg(ct)),
  reciprocal: unary((ops, ct, _, y) => ops.neg(ops.mul(ct, ops.square(y)))),
  // x - y trunc(x / y)
  mod: binary((ops, ct, x, y) => {
    const operands = [x, y].map((v) => ops.cast(v, ct.dtype));
    return [() => ct, () => ops.neg(ops.mul(ct, ops.emit("idiv", operands, {}, ct.shape)))];
  }),
  min: extreme((x, y) => [x, y]),
  max: extreme((x, y) => [y, x]),
  sin: unary((ops, ct, x) => ops.mul(ct, ops.map("cos", x))),
  cos: unary((ops, ct, x) => ops.neg(ops.mul(ct, ops.map("sin", x)))),
  asin: unary((ops, ct, x) =>
    ops.mul(ct, ops.reciprocal(ops.map("sqrt", ops.oneMinus(ops.square(x)))))
  ),
  atan: unary((ops, ct, x) => ops.mul(ct, ops.reciprocal(ops.plus(ops.square(x), 1)))),
  exp: unary((ops, ct, _, y) => ops.mul(ct, y)),
  log: unary((ops, ct, x) => ops.mul(ct, ops.reciprocal(x))),
  sqrt: unary((ops, ct, _, y) => ops.mul(ct, ops.times(ops.reciprocal(y), 0.5))),
  erf: bell(1),
  erfc: bell(-1),
  tanh: unary((ops, ct, _, y) => ops.mul(ct, ops.oneMinus(ops.square(y)))),
  sigmoid: unary((ops, ct, _, y) => ops.mul(ct, ops.mul(y, ops.oneMinus(y)))),
  softplus: unary((ops, ct, x) => ops.mul(ct, ops.map("sigmoid", x))),
  gelu_tanh: geluTanh,
  gelu_erf: geluErf,
  softmax: unary((ops, ct, _, y, { axis }) => {
    const mean = ops.keep(ops.sum(ops.mul(ct, y), [axis]), y.shape, [axis]);
    return ops.mul(y, ops.sub(ct, mean));
  }),
  where: ({ ops, inputs: [condition, x, y], cotangents: [ct], wanted }) => {
    const none = ops.literal(0, ct!);
    const [yes, no] = [
      () => ops.where(condition, ct!, none),
      () => ops.where(condition, none, ct!),
    ];
    return [
      undefined,
      wanted[1] ? ops.unbroadcast(yes(), x.shape) : undefined,
      wanted[2] ? ops.unbroadcast(no(), y.shape) : undefined,
    ];
  },
  cast: ({ ops, inputs: [x], cotangents: [ct] }) => [
    isFloat(x.dtype) ? ops.cast(ct!, x.dtype) : undefined,
  ],
  // Steps, and what is no function of real numbers.
  floor: zero,
  ceil: zero,
  idiv: zero,
  compare: zero,
  stop_gradient: zero,
  bit_combine: zero,
  bit_shift: zero,
  bit_count: zero,
  bitcast: zero,
  random_bits: zero,
};
