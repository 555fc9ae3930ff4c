/**
 * @file Draws operations that compute new elements, scaled so that values stay near 1. A function that returns
 * `undefined` found nothing that fits.
 */
import { lax, nn, numpy as np } from "@jax-js/jax";
import { sizeOf } from "../../lib/engine/mod.ts";
import { broadcastShapes, type Generator, maxElements } from "./random_generator.ts";
import type { A, Shape, Step } from "./random_program.ts";

export function unary(g: Generator, x: number, shape: Shape): Step {
  const c = g.literal();
  const [text, run] = g.pick<[string, (x: A) => A]>([
    ["np.tanh($0)", (x) => np.tanh(x)],
    ["nn.sigmoid($0)", (x) => nn.sigmoid(x)],
    ["nn.silu($0)", (x) => nn.silu(x)],
    ["nn.gelu($0)", (x) => nn.gelu(x)],
    ["nn.gelu($0, exact)", (x) => nn.gelu(x, { approximate: false })],
    ["nn.softplus($0)", (x) => nn.softplus(x)],
    ["nn.relu($0)", (x) => nn.relu(x)],
    ["np.exp(-($0 * $0))", (x) => np.exp(x.ref.mul(x).neg())],
    ["np.sqrt($0 * $0 + 0.5)", (x) => np.sqrt(x.ref.mul(x).add(0.5))],
    ["1 / ($0 * $0 + 1)", (x) => np.reciprocal(x.ref.mul(x).add(1))],
    ["np.log($0 * $0 + 0.5)", (x) => np.log(x.ref.mul(x).add(0.5))],
    ["np.sin($0)", (x) => np.sin(x)],
    ["np.cos($0)", (x) => np.cos(x)],
    ["-$0", (x) => x.neg()],
    [`$0 * ${c}`, (x) => x.mul(c)],
    [`$0 + ${c}`, (x) => x.add(c)],
    [`${c} - $0`, (x) => np.subtract(c, x)],
    [`np.maximum($0, ${c})`, (x) => np.maximum(x, c)],
    ["lax.stopGradient($0) * $0 / 2", (x) => lax.stopGradient(x.ref).mul(x).mul(0.5)],
  ]);
  return { args: [x], shape, text, run };
}

export function binary(g: Generator, x: number, from: Shape): Step | undefined {
  const y = g.value((s) => broadcastShapes(from, s) !== undefined);
  if (y === undefined) return undefined;
  const shape = broadcastShapes(from, g.shapes[y])!;
  const [text, run] = g.pick<[string, (x: A, y: A) => A]>([
    ["($0 + $1) / 2", (x, y) => x.add(y).mul(0.5)],
    ["$0 - $1", (x, y) => x.sub(y)],
    ["$0 * $1", (x, y) => x.mul(y)],
    ["$0 * $1 / 2", (x, y) => x.mul(y).mul(0.5)],
    ["$0 / (1 + $1 * $1)", (x, y) => np.trueDivide(x, y.ref.mul(y).add(1))],
    ["np.minimum($0, $1 + 0.1)", (x, y) => np.minimum(x, y.add(0.1))],
    ["np.maximum($0 + 0.1, $1)", (x, y) => np.maximum(x.add(0.1), y)],
    ["$0 * nn.sigmoid($1)", (x, y) => x.mul(nn.sigmoid(y))],
    ["np.tanh($0) * $1", (x, y) => np.tanh(x).mul(y)],
  ]);
  return { args: [x, y], shape, text, run };
}

export function select(g: Generator, x: number, from: Shape): Step | undefined {
  const y = g.value((s) => broadcastShapes(from, s) !== undefined);
  if (y === undefined) return undefined;
  const shape = broadcastShapes(from, g.shapes[y])!;
  const c = g.literal();
  const [text, run] = g.pick<[string, (x: A, y: A) => A]>([
    [`np.where($0 < ${c}, $0, $1)`, (x, y) => np.where(np.less(x.ref, c), x, y)],
    [`np.where($1 >= ${c}, $0, ${c})`, (x, y) => np.where(np.greaterEqual(y, c), x, c)],
    [
      "np.where($0 != $1 + 0.1, $0, -$1)",
      (x, y) => np.where(np.notEqual(x.ref, y.ref.add(0.1)), x, y.neg()),
    ],
  ]);
  return { args: [x, y], shape, text, run };
}

export function reduction(g: Generator, x: number, from: Shape): Step | undefined {
  if (from.length === 0) return undefined;
  const axis = g.axes(from.length);
  const keepdims = g.random() < 0.5;
  const shape = from.flatMap((d, i) => !axis.includes(i) ? [d] : keepdims ? [1] : []);
  const name = g.pick(["sum", "mean", "max", "min"] as const);
  const scale = name === "sum" ? 1 / Math.sqrt(sizeOf(axis.map((i) => from[i]))) : 1;
  return {
    args: [x],
    shape,
    text: `np.${name}($0, [${axis}], { keepdims: ${keepdims} }) * ${scale}`,
    run: (x) => {
      const y = np[name](x, axis, { keepdims });
      return scale === 1 ? y : y.mul(scale);
    },
  };
}

/** Plain NumPy matrix products of equal rank (jax-js differs from NumPy for a 2-D times a 3-D operand). */
export function matmul(g: Generator, x: number, from: Shape): Step | undefined {
  if (from.length < 2) return undefined;
  const y = g.value((s) =>
    s.length === from.length && s.at(-2) === from.at(-1) &&
    s.slice(0, -2).every((d, i) => d === from[i] || d === 1 || from[i] === 1)
  );
  if (y === undefined) return undefined;
  const other = g.shapes[y];
  const lead = broadcastShapes(from.slice(0, -2), other.slice(0, -2))!;
  const shape = [...lead, from.at(-2)!, other.at(-1)!];
  if (sizeOf(shape) > maxElements) return undefined;
  const scale = 1 / Math.sqrt(from.at(-1)!);
  return {
    args: [x, y],
    shape,
    text: `np.matmul($0, $1) * ${scale}`,
    run: (x, y) => np.matmul(x, y).mul(scale),
  };
}

/** Letters for the axes of two operands, shared where the sizes agree; a random part of them survives. */
export function einsum(g: Generator, x: number, from: Shape): Step | undefined {
  const y = g.value((s) => s.length > 0);
  if (from.length === 0 || y === undefined) return undefined;
  const other = g.shapes[y];
  const left = [..."abcdefgh"].slice(0, from.length);
  const free = [..."stuvwxyz"];
  const right = other.map((d) => {
    const same = left.filter((_, i) => from[i] === d);
    return same.length > 0 && g.random() < 0.7 ? g.pick(same) : free.shift()!;
  });
  if (new Set(right).size < right.length) return undefined;
  const size = new Map([...left.entries()].map(([i, l]) => [l, from[i]]));
  right.forEach((l, i) => size.set(l, other[i]));
  const letters = [...size.keys()];
  if (sizeOf([...size.values()]) > 4 * maxElements) return undefined;
  const kept = g.permutation(letters.length).map((i) => letters[i])
    .filter(() => g.random() < 0.6);
  const shape = kept.map((l) => size.get(l)!);
  if (sizeOf(shape) > maxElements) return undefined;
  const scale = 1 / Math.sqrt(sizeOf([...size.values()]) / sizeOf(shape));
  const expression = `${left.join("")},${right.join("")}->${kept.join("")}`;
  return {
    args: [x, y],
    shape,
    text: `np.einsum("${expression}", $0, $1) * ${scale}`,
    run: (x, y) => np.einsum(expression, x, y).mul(scale),
  };
}

export function alongAxis(g: Generator, x: number, from: Shape): Step | undefined {
  if (from.length === 0) return undefined;
  const axis = g.int(from.length);
  const n = from[axis];
  const [text, run] = g.pick<[string, (x: A) => A]>([
    [`nn.softmax($0, ${axis})`, (x) => nn.softmax(x, axis)],
    [`nn.logSoftmax($0, ${axis})`, (x) => nn.logSoftmax(x, axis)],
    [`np.sort($0, ${axis})`, (x) => np.sort(x, axis)],
    [`cumsum($0, ${axis}) / ${n}`, (x) => {
      const last = np.moveaxis(x, axis, -1);
      const triangle = np.transpose(np.tri(n), [1, 0]).astype(last.dtype).mul(1 / n);
      const letters = "abcdefg".slice(0, from.length - 1);
      return np.moveaxis(np.einsum(`${letters}y,yz->${letters}z`, last, triangle), -1, axis);
    }],
  ]);
  return { args: [x], shape: from, text, run };
}
