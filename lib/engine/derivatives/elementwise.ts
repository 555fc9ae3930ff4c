/**
 * @file Derivatives of elementwise operations, activations included. Where a function has a corner its derivative is the mean of
 * both sides, as for a central difference: half of the cotangent for each of two equal operands of max.
 */
import type { Value } from "../graph.ts";
import { isFloat } from "../types.ts";
import type { Ops } from "./ops.ts";
import { type Cotangents, type DerivativeRule, unary } from "./rule.ts";

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

/** d(x + y) = dx + dy. */
export const add: DerivativeRule = binary((_, ct) => [() => ct, () => ct]);

/** d(x - y) = dx - dy. */
export const sub: DerivativeRule = binary((ops, ct) => [() => ct, () => ops.neg(ct)]);

/** d(x y) = y dx + x dy. */
export const mul: DerivativeRule = binary((
  ops,
  ct,
  x,
  y,
) => [() => ops.mul(ct, y), () => ops.mul(ct, x)]);

/** d(-x) = -dx. */
export const neg: DerivativeRule = unary((ops, ct) => ops.neg(ct));

/** d(1 / x) = -dx / x^2. */
export const reciprocal: DerivativeRule = unary((ops, ct, _, y) =>
  ops.neg(ops.mul(ct, ops.square(y)))
);
// x - y trunc(x / y)
/** d(x mod y) = dx - trunc(x / y) dy. */
export const mod: DerivativeRule = binary((ops, ct, x, y) => {
  const operands = [x, y].map((v) => ops.cast(v, ct.dtype));
  return [() => ct, () => ops.neg(ops.mul(ct, ops.emit("idiv", operands, {}, ct.shape)))];
});

/** To the smaller one. */
export const min: DerivativeRule = extreme((x, y) => [x, y]);

/** To the larger one. */
export const max: DerivativeRule = extreme((x, y) => [y, x]);

/** cos(x) dx. */
export const sin: DerivativeRule = unary((ops, ct, x) => ops.mul(ct, ops.map("cos", x)));

/** -sin(x) dx. */
export const cos: DerivativeRule = unary((ops, ct, x) => ops.neg(ops.mul(ct, ops.map("sin", x))));

/** dx / sqrt(1 - x^2). */
export const asin: DerivativeRule = unary((ops, ct, x) =>
  ops.mul(ct, ops.reciprocal(ops.map("sqrt", ops.oneMinus(ops.square(x)))))
);

/** dx / (1 + x^2). */
export const atan: DerivativeRule = unary((ops, ct, x) =>
  ops.mul(ct, ops.reciprocal(ops.plus(ops.square(x), 1)))
);

/** e^x dx. */
export const exp: DerivativeRule = unary((ops, ct, _, y) => ops.mul(ct, y));

/** dx / x. */
export const log: DerivativeRule = unary((ops, ct, x) => ops.mul(ct, ops.reciprocal(x)));

/** dx / (2 sqrt(x)). */
export const sqrt: DerivativeRule = unary((ops, ct, _, y) =>
  ops.mul(ct, ops.times(ops.reciprocal(y), 0.5))
);

/** 2 / sqrt(pi) exp(-x^2) dx. */
export const erf: DerivativeRule = bell(1);

/** -2 / sqrt(pi) exp(-x^2) dx. */
export const erfc: DerivativeRule = bell(-1);

/** (1 - tanh(x)^2) dx. */
export const tanh: DerivativeRule = unary((ops, ct, _, y) =>
  ops.mul(ct, ops.oneMinus(ops.square(y)))
);

/** s (1 - s) dx. */
export const sigmoid: DerivativeRule = unary((ops, ct, _, y) =>
  ops.mul(ct, ops.mul(y, ops.oneMinus(y)))
);

/** sigmoid(x) dx. */
export const softplus: DerivativeRule = unary((ops, ct, x) => ops.mul(ct, ops.map("sigmoid", x)));

/** See geluTanh. */
export const gelu_tanh: DerivativeRule = geluTanh;

/** (Phi(x) + x phi(x)) dx. */
export const gelu_erf: DerivativeRule = geluErf;

/** y (ct - sum(ct y)). */
export const softmax: DerivativeRule = unary((ops, ct, _, y, { axis }) => {
  const mean = ops.keep(ops.sum(ops.mul(ct, y), [axis]), y.shape, [axis]);
  return ops.mul(y, ops.sub(ct, mean));
});

/** To the operand that was chosen. */
export const where: DerivativeRule = (
  { ops, inputs: [condition, x, y], cotangents: [ct], wanted },
): Cotangents => {
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
};

/** In the dtype of the operand; integers have none. */
export const cast: DerivativeRule = ({ ops, inputs: [x], cotangents: [ct] }): Cotangents => [
  isFloat(x.dtype) ? ops.cast(ct!, x.dtype) : undefined,
];
/** A step, or no function of real numbers: zero. */
export const floor: null = null;

/** A step, or no function of real numbers: zero. */
export const ceil: null = null;

/** A step, or no function of real numbers: zero. */
export const idiv: null = null;

/** A step, or no function of real numbers: zero. */
export const compare: null = null;

/** A step, or no function of real numbers: zero. */
export const stop_gradient: null = null;

/** A step, or no function of real numbers: zero. */
export const bit_combine: null = null;

/** A step, or no function of real numbers: zero. */
export const bit_shift: null = null;

/** A step, or no function of real numbers: zero. */
export const bit_count: null = null;

/** A step, or no function of real numbers: zero. */
export const bitcast: null = null;

/** A step, or no function of real numbers: zero. */
export const random_bits: null = null;
