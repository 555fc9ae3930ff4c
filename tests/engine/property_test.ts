/**
 * @file Random small programs give equal results on engine `ort` and in jax-js, and so do programs written to
 * break one rewrite or one layout decision each.
 *
 * The reference is jax-js's interpreter in float64 (its exp, log and sin are those of `Math`), so a difference
 * is float32 rounding on our side or a bug. The programs keep their values near 1 and have at most 25
 * operations over at most some hundred elements: rounding then stays below 1e-5 of a tensor's norm, also
 * after the cancellations of a gradient, while one wrong element of a hundred is off by 1e-1. The bound
 * between the two is 1e-4 of the norm, with a floor for tensors that are zero but for rounding.
 */
import { grad, init, lax, nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { sizeOf, type Tensor, tensor, type TracedFunction } from "../../lib/engine/mod.ts";
import { Graph, type Value } from "../../lib/engine/graph.ts";
import { activations, followFunctions } from "../../lib/engine/rules/activations.ts";
import { algebra } from "../../lib/engine/rules/algebra.ts";
import { softmax } from "../../lib/engine/rules/softmax.ts";
import { trace } from "../../lib/engine/trace.ts";
import { assertClose, generator, randomTensor, runEngine, runJax } from "./oracle.ts";

type A = np.Array;
type Shape = readonly number[];

await init("wasm");

/** One operation of a random program; the arguments are positions in the pool of values. */
interface Step {
  readonly args: readonly number[];
  readonly shape: Shape;
  /** How the listing shows it, with `$0`, `$1` for the arguments. */
  readonly text: string;
  readonly run: (...xs: A[]) => A;
}

interface RandomProgram {
  readonly inputs: readonly Shape[];
  readonly steps: readonly Step[];
  /** The values nobody used. */
  readonly outputs: readonly number[];
  readonly differentiate: boolean;
}

const maxElements = 240;

const broadcastShapes = (a: Shape, b: Shape): Shape | undefined => {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let i = 1; i <= rank; i++) {
    const [m, n] = [a.at(-i) ?? 1, b.at(-i) ?? 1];
    if (i > a.length) shape.unshift(n);
    else if (i > b.length) shape.unshift(m);
    else if (m !== n && m !== 1 && n !== 1) return undefined;
    else shape.unshift(m === 1 ? n : m);
  }
  return sizeOf(shape) <= maxElements ? shape : undefined;
};

/** Draws programs; every method that returns `undefined` found nothing that fits. */
class Generator {
  readonly shapes: Shape[];
  readonly steps: Step[] = [];
  readonly inputs: readonly Shape[];

  constructor(readonly random: () => number) {
    this.inputs = Array.from({ length: 2 + this.int(3) }, () => this.shape());
    this.shapes = [...this.inputs];
  }

  int(n: number): number {
    return Math.floor(this.random() * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }
  shape(): Shape {
    for (;;) {
      const shape = Array.from({ length: this.int(5) }, () => this.pick([1, 2, 3, 3, 4, 5, 6]));
      if (sizeOf(shape) <= maxElements / 4) return shape;
    }
  }
  /** Favours recent values, so that programs grow deep. */
  value(fits: (shape: Shape) => boolean = () => true): number | undefined {
    const all = [...this.shapes.keys()].filter((i) => fits(this.shapes[i]));
    const recent = all.slice(-4);
    return all.length === 0 ? undefined : this.pick(this.random() < 0.7 ? recent : all);
  }
  axes(rank: number): number[] {
    const chosen = [...Array(rank).keys()].filter(() => this.random() < 0.5);
    return chosen.length > 0 ? chosen : [this.int(rank)];
  }
  permutation(rank: number): number[] {
    return [...Array(rank).keys()].map((i) => [this.random(), i]).sort((a, b) => a[0] - b[0])
      .map(([, i]) => i);
  }
  literal(): number {
    return Math.round((this.random() * 3 - 1.5) * 100) / 100 + 0.003;
  }

  step(): Step | undefined {
    const kinds: ((x: number, shape: Shape) => Step | undefined)[] = [
      this.unary,
      this.binary,
      this.binary,
      this.binary,
      this.select,
      this.reduction,
      this.reduction,
      this.matmul,
      this.einsum,
      this.transpose,
      this.reshape,
      this.reshape,
      this.broadcast,
      this.movement,
      this.movement,
      this.concatenate,
      this.take,
      this.alongAxis,
    ];
    const x = this.value()!;
    return this.pick(kinds).call(this, x, this.shapes[x]);
  }

  unary(x: number, shape: Shape): Step {
    const c = this.literal();
    const [text, run] = this.pick<[string, (x: A) => A]>([
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

  binary(x: number, from: Shape): Step | undefined {
    const y = this.value((s) => broadcastShapes(from, s) !== undefined);
    if (y === undefined) return undefined;
    const shape = broadcastShapes(from, this.shapes[y])!;
    const [text, run] = this.pick<[string, (x: A, y: A) => A]>([
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

  select(x: number, from: Shape): Step | undefined {
    const y = this.value((s) => broadcastShapes(from, s) !== undefined);
    if (y === undefined) return undefined;
    const shape = broadcastShapes(from, this.shapes[y])!;
    const c = this.literal();
    const [text, run] = this.pick<[string, (x: A, y: A) => A]>([
      [`np.where($0 < ${c}, $0, $1)`, (x, y) => np.where(np.less(x.ref, c), x, y)],
      [`np.where($1 >= ${c}, $0, ${c})`, (x, y) => np.where(np.greaterEqual(y, c), x, c)],
      [
        "np.where($0 != $1 + 0.1, $0, -$1)",
        (x, y) => np.where(np.notEqual(x.ref, y.ref.add(0.1)), x, y.neg()),
      ],
    ]);
    return { args: [x, y], shape, text, run };
  }

  reduction(x: number, from: Shape): Step | undefined {
    if (from.length === 0) return undefined;
    const axis = this.axes(from.length);
    const keepdims = this.random() < 0.5;
    const shape = from.flatMap((d, i) => !axis.includes(i) ? [d] : keepdims ? [1] : []);
    const name = this.pick(["sum", "mean", "max", "min"] as const);
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
  matmul(x: number, from: Shape): Step | undefined {
    if (from.length < 2) return undefined;
    const y = this.value((s) =>
      s.length === from.length && s.at(-2) === from.at(-1) &&
      s.slice(0, -2).every((d, i) => d === from[i] || d === 1 || from[i] === 1)
    );
    if (y === undefined) return undefined;
    const other = this.shapes[y];
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
  einsum(x: number, from: Shape): Step | undefined {
    const y = this.value((s) => s.length > 0);
    if (from.length === 0 || y === undefined) return undefined;
    const other = this.shapes[y];
    const left = [..."abcdefgh"].slice(0, from.length);
    const free = [..."stuvwxyz"];
    const right = other.map((d) => {
      const same = left.filter((_, i) => from[i] === d);
      return same.length > 0 && this.random() < 0.7 ? this.pick(same) : free.shift()!;
    });
    if (new Set(right).size < right.length) return undefined;
    const size = new Map([...left.entries()].map(([i, l]) => [l, from[i]]));
    right.forEach((l, i) => size.set(l, other[i]));
    const letters = [...size.keys()];
    if (sizeOf([...size.values()]) > 4 * maxElements) return undefined;
    const kept = this.permutation(letters.length).map((i) => letters[i])
      .filter(() => this.random() < 0.6);
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

  transpose(x: number, from: Shape): Step {
    const perm = this.permutation(from.length);
    return {
      args: [x],
      shape: perm.map((p) => from[p]),
      text: `np.transpose($0, [${perm}])`,
      run: (x) => np.transpose(x, perm),
    };
  }

  reshape(x: number, from: Shape): Step {
    const primes = from.flatMap((d) => (d === 4 ? [2, 2] : d === 6 ? [2, 3] : [d]));
    const shape: number[] = [];
    for (const p of primes) {
      if (shape.length > 0 && this.random() < 0.5) shape[shape.length - 1] *= p;
      else shape.push(p);
      if (this.random() < 0.1) shape.push(1);
    }
    const final = this.random() < 0.3 ? shape.filter((d) => d !== 1) : shape;
    return {
      args: [x],
      shape: final,
      text: `$0.reshape([${final}])`,
      run: (x) => x.reshape([...final]),
    };
  }

  broadcast(x: number, from: Shape): Step | undefined {
    const lead = this.random() < 0.5 ? [this.pick([1, 2, 3])] : [];
    const shape = [...lead, ...from.map((d) => (d === 1 ? this.pick([1, 2, 3, 5]) : d))];
    if (sizeOf(shape) > maxElements) return undefined;
    return {
      args: [x],
      shape,
      text: `np.broadcastTo($0, [${shape}])`,
      run: (x) => np.broadcastTo(x, [...shape]),
    };
  }

  movement(x: number, from: Shape): Step | undefined {
    if (from.length === 0) return undefined;
    switch (this.int(4)) {
      case 0: {
        const axis = this.axes(from.length);
        return {
          args: [x],
          shape: from,
          text: `np.flip($0, [${axis}])`,
          run: (x) => np.flip(x, axis),
        };
      }
      case 1: {
        const slices = from.map((d): [number, number] => {
          const start = this.int(d);
          return [start, start + 1 + this.int(d - start)];
        });
        return {
          args: [x],
          shape: slices.map(([a, b]) => b - a),
          text: `$0.slice(${JSON.stringify(slices)})`,
          run: (x) => x.slice(...slices),
        };
      }
      case 2: {
        const width = from.map((): [number, number] => [this.int(3), this.int(2)]);
        const shape = from.map((d, i) => d + width[i][0] + width[i][1]);
        if (sizeOf(shape) > maxElements) return undefined;
        return {
          args: [x],
          shape,
          text: `np.pad($0, ${JSON.stringify(width)})`,
          run: (x) => np.pad(x, width),
        };
      }
      default: {
        const axis = this.int(from.length);
        if (from[axis] < 2) return undefined;
        const at = 1 + this.int(from[axis] - 1);
        return {
          args: [x],
          shape: from.with(axis, from[axis] - at),
          text: `np.split($0, [${at}], ${axis})[1] * split[0].sum()`,
          run: (x) => {
            const [a, b] = np.split(x, [at], axis);
            return b.mul(np.tanh(np.sum(a)));
          },
        };
      }
    }
  }

  concatenate(x: number, from: Shape): Step | undefined {
    if (from.length === 0) return undefined;
    const axis = this.int(from.length);
    const y = this.value((s) =>
      s.length === from.length && s.every((d, i) => i === axis || d === from[i])
    )!;
    const shape = from.with(axis, from[axis] + this.shapes[y][axis]);
    if (sizeOf(shape) > maxElements) return undefined;
    return {
      args: [x, y],
      shape,
      text: `np.concatenate([$0, $1], ${axis})`,
      run: (x, y) => np.concatenate([x, y], axis),
    };
  }

  take(x: number, from: Shape): Step | undefined {
    if (from.length === 0) return undefined;
    const axis = this.int(from.length);
    const indices = Array.from({ length: 1 + this.int(5) }, () => this.int(from[axis]));
    const shape = from.with(axis, indices.length);
    if (sizeOf(shape) > maxElements) return undefined;
    return {
      args: [x],
      shape,
      text: `np.take($0, [${indices}], ${axis}) * 0.9`,
      // The product is there for jax-js: the gradient of a `take` is wrong there where it arrives as a slice.
      run: (x) => np.take(x, np.array(indices, { dtype: np.int32 }), axis).mul(0.9),
    };
  }

  alongAxis(x: number, from: Shape): Step | undefined {
    if (from.length === 0) return undefined;
    const axis = this.int(from.length);
    const n = from[axis];
    const [text, run] = this.pick<[string, (x: A) => A]>([
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
}

function randomProgram(seed: number): RandomProgram {
  const random = generator(1000 + seed);
  const g = new Generator(random);
  const length = 5 + g.int(21);
  while (g.steps.length < length) {
    const step = g.step();
    if (!step) continue;
    g.steps.push(step);
    g.shapes.push(step.shape);
  }
  const used = new Set(g.steps.flatMap((s) => s.args));
  const outputs = [...g.shapes.keys()].filter((i) => !used.has(i));
  return { inputs: g.inputs, steps: g.steps, outputs, differentiate: seed % 2 === 1 };
}

/** The program as a jax-js function; every use of a value but its last takes a reference. */
function functionOf({ inputs, steps, outputs }: RandomProgram): (...xs: A[]) => A[] {
  return (...xs) => {
    const uses = [...inputs, ...steps].map(() => 0);
    for (const i of [...steps.flatMap((s) => s.args), ...outputs]) uses[i]++;
    const pool = [...xs];
    const use = (i: number) => (--uses[i] > 0 ? pool[i].ref : pool[i]);
    for (const { args, run } of steps) pool.push(run(...args.map(use)));
    return outputs.map(use);
  };
}

/** Outputs, and with `differentiate` the gradients of their weighted sum by every input. */
function withGradients(program: RandomProgram): TracedFunction {
  const forward = functionOf(program);
  if (!program.differentiate) return forward;
  const loss = (...xs: A[]) =>
    forward(...xs).map((y) => {
      const weights = Float32Array.from({ length: y.size }, (_, k) => Math.sin(3 * k + 1));
      return np.sum(np.array(weights, { shape: y.shape }).astype(y.dtype).mul(y));
    }).reduce((a, b) => a.add(b));
  const argnums = program.inputs.map((_, i) => i);
  // deno-lint-ignore no-explicit-any
  const gradient = (grad as any)(loss, { argnums });
  return (...xs: A[]) => [...forward(...xs.map((x) => x.ref)), ...gradient(...xs)];
}

function listing(seed: number, { inputs, steps, outputs, differentiate }: RandomProgram): string {
  const name = (i: number) => (i < inputs.length ? `x${i}` : `t${i - inputs.length}`);
  return [
    `seed ${seed}${differentiate ? ", with gradients" : ""}`,
    ...inputs.map((shape, i) => `x${i}: [${shape}]`),
    ...steps.map(({ args, shape, text }, i) =>
      `t${i} = ${text.replace(/\$(\d)/g, (_, k) => name(args[k]))}  // [${shape}]`
    ),
    `return ${outputs.map(name)}`,
  ].join("\n");
}

const norm = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((s, v) => s + v * v, 0));

/** |got - want| <= tolerance * max(|want|, floor), tensor by tensor. */
function assertEqualByNorm(got: readonly Tensor[], want: readonly Tensor[], tolerance = 1e-4) {
  assert.equal(got.length, want.length);
  want.forEach((b, i) => {
    const a = got[i];
    assert.deepEqual([...a.shape], [...b.shape], `output ${i}: shape`);
    const difference = norm(Array.from(a.data, (x, k) => x - b.data[k]));
    const limit = tolerance * Math.max(norm(b.data), 1e-2 * Math.sqrt(b.data.length));
    assert.ok(difference <= limit, `output ${i} is off by ${difference}, allowed ${limit}`);
  });
}

Deno.test("random programs give equal results on ort and in jax-js", async () => {
  const failures: string[] = [];
  for (let seed = 0; seed < 500; seed++) {
    const program = randomProgram(seed);
    const random = generator(seed);
    const args = program.inputs.map((shape) => randomTensor(random, shape));
    const fn = withGradients(program);
    try {
      const got = await runEngine(fn, args);
      assertEqualByNorm(got, runJax(fn, args, "float64"));
    } catch (error) {
      failures.push(`${listing(seed, program)}\n${error}`);
    }
  }
  assert.equal(
    failures.length,
    0,
    `${failures.length} failed\n${failures.slice(0, 3).join("\n\n")}`,
  );
});

const ints = (values: readonly number[], dtype: "int32" | "uint32" | "bool" = "int32") =>
  tensor(values, [values.length], dtype);
const square = tensor([0.3, -1.2, 0.8, 2.1, 0.5, -0.7, 1.9, -0.4, 0.6], [3, 3]);
const uint32 = (value: number) => np.array(value, { dtype: np.uint32 });
const softmaxBy =
  (axes: readonly [max: number, sum: number], keepdims: readonly [boolean, boolean]) => (x: A) => {
    const max = lax.stopGradient(np.max(x.ref, axes[0], { keepdims: keepdims[0] }));
    const e = np.exp(x.sub(max));
    return e.ref.div(np.sum(e, axes[1], { keepdims: keepdims[1] }));
  };
// deno-lint-ignore no-explicit-any
const gradient = (f: (x: A) => A) => (grad as any)(f) as (x: A) => A;

/** Programs that a careless rewrite or layout gets wrong. The reference is float64, integers as they are. */
const programs: Record<string, [TracedFunction, Tensor[]]> = {
  // Literal arithmetic.
  "int32 products wrap": [(x: A) => x.mul(65537).mul(65537).neg(), [ints([3, -5, 70000])]],
  "infinity times 0 and minus itself": [
    (x: A, y: A) => [x.ref.mul(y), x.ref.sub(x)],
    [tensor([NaN, Infinity, -2, 0]), tensor([0, 0, 0, 1])],
  ],
  "two scales that overflow together": [
    (x: A) => [x.ref.mul(1e30).mul(1e30), x.mul(1e-30).mul(1e-30)],
    [tensor([0, 0, 0])],
  ],
  "scales of two shapes": [
    (x: A) => [x.ref.mul(2).mul(np.broadcastTo(np.array(3), [2, 3])), x.mul(6)],
    [tensor([1, 2, 3])],
  ],
  "a sum of no infinities": [(x: A) => x.add(np.sum(np.full([0], Infinity))), [tensor([1, 2])]],
  "negations everywhere": [
    (x: A, y: A) => x.ref.neg().mul(y.ref.neg()).sub(y.ref.neg()).add(x.neg()).neg().mul(y.neg()),
    [tensor([1, -2, 3]), tensor([0.5, 4, -1])],
  ],
  // Softmax between axes of equal size.
  "softmax by hand": [softmaxBy([1, 1], [true, true]), [square]],
  "the maximum over the other axis": [softmaxBy([0, 1], [true, true]), [square]],
  "the maximum spread along the other axis": [softmaxBy([1, 1], [false, true]), [square]],
  "the sum over the other axis": [softmaxBy([1, 0], [true, true]), [square]],
  "the sum spread along the other axis": [softmaxBy([1, 1], [true, false]), [square]],
  "an outer product with the sums": [
    (x: A) => {
      const e = np.exp(x.ref.sub(lax.stopGradient(np.max(x, 2, { keepdims: true }))));
      return e.ref.mul(np.reciprocal(np.sum(e, 2)).reshape([3, 1, 1]));
    },
    [tensor([...square.data], [1, 3, 3])],
  ],
  "the maximum of something else": [
    (x: A) => {
      const e = np.exp(x.ref.sub(np.max(x.mul(2), 1, { keepdims: true })));
      return e.ref.div(np.sum(e, 1, { keepdims: true }));
    },
    [square],
  ],
  "rows of -infinity": [
    (x: A) => nn.softmax(np.where(np.less(x.ref, 0), -Infinity, x), -1),
    [tensor([-1, -1, -1, 2, 3, -1], [2, 3])],
  ],
  "softmax of infinity and NaN": [(x: A) => nn.softmax(x), [tensor([Infinity, 1, NaN, 0], [2, 2])]],
  "negated gradient of softmax": [
    gradient((x) => np.sum(nn.softmax(x.ref, 1).mul(x).neg())),
    [square],
  ],
  "the gradient of softmax is the exponential": [
    (x: A) => {
      const e = np.exp(x.ref.sub(np.max(x.ref, 1, { keepdims: true })));
      const r = np.reciprocal(np.sum(e.ref, 1, { keepdims: true }));
      const other = np.sum(e.ref.mul(x), 1, { keepdims: true });
      return e.ref.mul(e.mul(r.ref).sub(r.ref.mul(r).mul(other)));
    },
    [square],
  ],
  // Contractions.
  "both operands broadcast on the summed axis": [
    (x: A, y: A) =>
      np.einsum("ab,cb->ac", np.broadcastTo(x, [3, 5]), np.broadcastTo(y, [2, 5])).mul(2),
    [tensor([1, 2, 3], [3, 1]), tensor([4, 5], [2, 1])],
  ],
  "all of a product broadcast": [
    (x: A) => np.matmul(np.broadcastTo(x.ref, [3, 3]), np.broadcastTo(x, [3, 3])),
    [tensor([2], [1, 1])],
  ],
  "batch axes interleaved": [
    (x: A, y: A) => np.einsum("aibj,bkaj->iakb", x, y),
    [randomTensor(generator(1), [2, 3, 4, 5]), randomTensor(generator(2), [4, 3, 2, 5])],
  ],
  "a matrix times itself, transposed too": [
    (
      x: A,
    ) => [np.matmul(x.ref, x.ref), np.matmul(x.ref, np.transpose(x.ref)), np.sum(x.ref.mul(x))],
    [square],
  ],
  // Views.
  "reshape of a transpose of a broadcast": [
    (x: A) => {
      const wide = np.broadcastTo(x, [2, 3, 4]);
      return np.transpose(wide, [1, 0, 2]).reshape([6, 4]).mul(np.arange(4)).reshape([2, 12]);
    },
    [tensor([1, 2, 3], [3, 1])],
  ],
  "rank 0 and back": [
    (x: A) => np.broadcastTo(np.transpose(x.reshape([])).reshape([1, 1]), [2, 3]).add(1),
    [tensor([7], [1, 1, 1])],
  ],
  // Results.
  "inputs, constants and the same value twice": [
    (x: A, y: A) => [x.ref, y, x.ref, x, np.array([1, 2]), np.array(3), np.array([1, 2])],
    [tensor([1, 2, 3]), tensor([5])],
  ],
  "nothing depends on the input": [() => [np.array([1, 2]).add(1)], [tensor([1])]],
  "empty pieces": [(x: A) => np.split(x, [0, 2], 0), [tensor([1, 2, 3])]],
  // Other dtypes.
  "uint32 beyond int32": [
    (x: A, y: A) => [
      np.minimum(x.ref, y.ref),
      np.maximum(x.ref, y),
      np.max(x.ref),
      np.min(x.ref),
      np.sum(x.ref).mod(uint32(1000)),
      np.sort(x.ref),
      x.neg(),
    ],
    [ints([1, 3e9, 4294967295, 7], "uint32"), ints([2147483648, 5, 4294967294, 7], "uint32")],
  ],
  "a negative integer as uint32": [
    (x: A) => np.less(x.astype(np.uint32), uint32(7)),
    [ints([-1, 5])],
  ],
  "floats to integers saturate": [
    (x: A) => [x.ref.astype(np.int32), x.astype(np.uint32)],
    [tensor([1.9, -1.9, 3e9, -3e9, 5e9, NaN, Infinity, -Infinity])],
  ],
  "booleans in and out": [
    (b: A, x: A) => [
      np.where(b.ref, x.ref, 0),
      np.where(x.ref.less(2), b.ref, x.less(3)),
      np.logicalNot(b.ref),
      b.astype(np.float32).mul(2),
    ],
    [ints([0, 1, 1], "bool"), tensor([1, 2, 3])],
  ],
};

Deno.test("programs written to break a rewrite agree with jax-js", async (t) => {
  for (const [name, [fn, args]] of Object.entries(programs)) {
    await t.step(name, async () => {
      const got = await runEngine(fn, args);
      const want = runJax(fn, args, "float64");
      assert.equal(got.length, want.length);
      got.forEach((g, i) => assertClose(g, want[i], 1e-5, `output ${i}`));
    });
  }
});

Deno.test("literal integers fold as they would be computed", () => {
  const graph = new Graph([algebra]);
  const uint = (value: number) => graph.uniform(value, [], "uint32");
  const int = (value: number) => graph.uniform(value, [], "int32");
  const fold = (op: string, ...xs: Value[]) => graph.emit(op, xs, {}, [], xs[0].dtype).uniform;
  assert.equal(fold("neg", uint(1)), 2 ** 32 - 1);
  assert.equal(fold("add", uint(2 ** 32 - 1), uint(3)), 2);
  assert.equal(fold("mul", uint(2 ** 32 - 5), uint(2 ** 32 - 17)), 85);
  assert.equal(fold("add", int(2 ** 31 - 1), int(1)), -(2 ** 31));
  assert.equal(fold("mul", int(2 ** 31 - 1), int(2 ** 31 - 1)), 1);
  const x = graph.input([], "uint32");
  const minus = graph.emit("neg", [x], {}, [], "uint32");
  const product = graph.emit("mul", [minus, uint(3)], {}, [], "uint32");
  assert.equal(graph.made(product, "mul")?.inputs[1].uniform, 2 ** 32 - 3);
});

Deno.test("the logarithm of a sigmoid keeps its tail", async () => {
  const x = tensor([-80, -30, -19, -2, 0, 3]);
  const f = (
    x: A,
  ) => [np.log(nn.sigmoid(x.ref)), gradient((x) => np.sum(np.log(nn.sigmoid(x))))(x)];
  const [got, want] = [await runEngine(f, [x]), runJax(f, [x], "float64")];
  got.forEach((g, i) => assertClose(g, want[i], 1e-6, `output ${i}`));
});

Deno.test("NaN survives a product with the literal 0", async () => {
  // jax-js itself folds it to 0.
  const [y] = await runEngine((x: A) => x.mul(0), [tensor([NaN, Infinity, 1])]);
  assert.deepEqual([...y.data], [NaN, NaN, 0]);
});

Deno.test("a product over an empty axis is zero", async () => {
  const [x, y] = [tensor([], [2, 0]), tensor([], [0, 3])];
  const [product] = await runEngine((x: A, y: A) => np.matmul(x, y), [x, y]);
  assert.deepEqual([product.shape, [...product.data]], [[2, 3], [0, 0, 0, 0, 0, 0]]);
});

Deno.test("negative indices count from the end, others out of range are an error", async () => {
  // NumPy's rule. jax-js reads element 0 for both, which hides mistakes.
  const take = (x: A, i: A) => np.take(x, i, 0);
  const x = tensor([1, 2, 3, 4]);
  assert.deepEqual([...(await runEngine(take, [x, ints([-1, -4, 2])]))[0].data], [4, 1, 3]);
  await assert.rejects(runEngine(take, [x, ints([0, 4])]), /out of data bounds/);
  const pairs = (x: A, i: A, j: A) => x.slice(i, j);
  const table = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
  const [i, j] = [ints([1, -1, 0]), ints([-1, 0, -2])];
  assert.deepEqual([...(await runEngine(pairs, [table, i, j]))[0].data], [6, 4, 2]);
  await assert.rejects(runEngine(pairs, [table, ints([0]), ints([3])]), /invalid index/);
  // The gradient adds up duplicates, wherever they were counted from.
  const scatter = (x: A, i: A, j: A) =>
    gradient((x) => np.sum(x.slice(i, j).mul(np.array([1, 10, 100]))))(x);
  const [g] = await runEngine(scatter, [table, ints([1, -1, 1]), ints([-1, 2, 0])]);
  assert.deepEqual([...g.data], [0, 0, 0, 100, 0, 11]);
});

const fused = ["sigmoid", "tanh", "softplus", "gelu_tanh", "gelu_erf"];
const options = { rules: [algebra, softmax, activations], observers: [followFunctions] };

async function operations(fn: TracedFunction, args: readonly Tensor[]): Promise<string[]> {
  return (await trace(fn, args, options)).graph.live().map((e) => e.op);
}

/** Values on which near misses of activations differ from them. */
const reach = tensor([
  -60,
  -19.5,
  -10.7,
  -9.6,
  -3,
  -0.7,
  -1e-6,
  0,
  1e-6,
  0.4,
  2.5,
  9.6,
  10.7,
  40,
  1e4,
]);

Deno.test("activations and their gradients are recognised and right far out", async () => {
  const recognised: Record<string, [(x: A) => A, string]> = {
    tanh: [np.tanh, "tanh"],
    sigmoid: [nn.sigmoid, "sigmoid"],
    silu: [nn.silu, "sigmoid"],
    softplus: [nn.softplus, "softplus"],
    gelu: [(x) => nn.gelu(x), "gelu_tanh"],
    exact: [(x) => nn.gelu(x, { approximate: false }), "gelu_erf"],
  };
  // Beyond 80 jax-js's own softplus and its gradients overflow.
  const x = { ...reach, data: reach.data.map((v) => Math.min(v, 80)) };
  for (const [name, [fn, op]] of Object.entries(recognised)) {
    const step = (x: A) => [fn(x.ref), gradient((x) => np.sum(fn(x)))(x)];
    const ops = await operations(step, [x]);
    assert.ok(ops.includes(op), `${name} is fused: ${ops}`);
    assert.ok(name === "exact" || !ops.includes("exp"), `the gradient of ${name} is fused: ${ops}`);
    const [got, want] = [await runEngine(step, [x]), runJax(step, [x], "float64")];
    got.forEach((g, i) =>
      g.data.forEach((v, k) => {
        const w = want[i].data[k];
        const close =
          Math.abs(v - w) <= 2e-5 * Math.abs(w) + 2e-7 * Math.max(1, Math.abs(x.data[k]));
        assert.ok(close, `${name} ${i} at ${x.data[k]}: ${v}, expected ${w}`);
      })
    );
  }
});

Deno.test("functions that resemble an activation are left alone", async () => {
  const sigmoid = (x: A) => np.reciprocal(np.exp(x.neg()).add(1));
  // The last of all operations must not be hidden in a fused one; `kept` is what shows that it is still there.
  const nearMisses: Record<string, [(x: A) => A, string]> = {
    "tanh, clipped": [(x) => np.clip(np.tanh(x), -0.9999, 0.9999), "min"],
    "tanh, bent at 9.5": [
      (x) => np.tanh(x.ref).add(np.maximum(x.sub(9.5), 0).mul(1e-3)),
      "max",
    ],
    "tanh with a bump": [
      (x) => np.tanh(x.ref).add(np.where(np.less(np.abs(x.sub(10.7)), 0.1), 1, 0)),
      "where",
    ],
    "tanh with a smooth bump": [
      (x) => {
        const d = x.ref.sub(10.7);
        return np.tanh(x).add(np.where(np.less(d.ref.mul(d), 0.01), 1, 0));
      },
      "where",
    ],
    "tanh, 2 at 0": [(x) => np.where(np.equal(x.ref, 0), 2, np.tanh(x)), "where"],
    "tanh, flat near 0": [
      (x) => np.where(np.less(np.abs(x.ref), 1e-5), 0, np.tanh(x)),
      "where",
    ],
    "sigmoid, clipped": [(x) => np.maximum(sigmoid(x), 1e-12), "max"],
    "sigmoid and epsilon": [(x) => sigmoid(x).add(1e-20), "add"],
    "sigmoid, cut off below": [(x) => np.where(np.less(x.ref, -19), 0, sigmoid(x)), "where"],
    "leaky silu": [(x) => np.maximum(nn.silu(x.ref), x.mul(0.01)), "max"],
    "NaN replaced": [(x) => np.where(np.isnan(x.ref), 0, np.tanh(x)), "where"],
    "tanh by another name": [(x) => np.tanh(x.ref).mul(np.where(np.less(x, 30), 1, 0.5)), "where"],
  };
  for (const [name, [fn, kept]] of Object.entries(nearMisses)) {
    const ops = await operations(fn, [reach]);
    assert.ok(ops.includes(kept), `${name} keeps its ${kept}: ${ops}`);
    const x = { ...reach, data: reach.data.with(0, name.startsWith("NaN") ? NaN : -60) };
    const [[got], [want]] = [await runEngine(fn, [x]), runJax(fn, [x], "float64")];
    got.data.forEach((v, k) => {
      const w = want.data[k];
      const close = Math.abs(v - w) <= 1e-5 * Math.abs(w) + 1e-7 * Math.max(1, Math.abs(x.data[k]));
      assert.ok(Object.is(v, w) || close, `${name} at ${x.data[k]}: ${v}, expected ${w}`);
    });
  }
  // Other functions altogether.
  const others: Record<string, (x: A) => A> = {
    "quick gelu": (x) => x.ref.mul(sigmoid(x.mul(1.702))),
    "gelu with another constant": (x) =>
      x.ref.mul(sigmoid(x.ref.add(x.ref.mul(x.ref).mul(x).mul(0.0447)).mul(1.5958))),
  };
  for (const [name, fn] of Object.entries(others)) {
    const ops = await operations(fn, [reach]);
    assert.ok(!ops.includes("gelu_tanh") && !ops.includes("gelu_erf"), `${name}: ${ops}`);
  }
  const wide = { ...reach, dtype: "float64" as const, data: Float64Array.from(reach.data) };
  const ops = await operations(np.tanh, [wide]);
  assert.ok(!ops.some((op) => fused.includes(op)), `float64 is left alone: ${ops}`);
});

Deno.test("gains that hide the activation's own argument", async () => {
  const [x, y] = [tensor([-2, -0.3, 0, 0.8, 3]), tensor([0.5, 2, -1, 0.1, -0.7])];
  const cases: Record<string, TracedFunction> = {
    "the gain is the argument": (x: A, y: A) => {
      const gain = lax.stopGradient(x.ref).mul(y);
      return [nn.sigmoid(x.ref).mul(gain.ref), np.tanh(x).mul(gain)];
    },
    "one value in two roles": (x: A, y: A) => {
      const s = nn.sigmoid(x);
      return [s.ref.mul(np.subtract(1, s.ref)).mul(y.ref), s.ref.mul(s.ref).mul(y), s];
    },
    "two variables": (x: A, y: A) => [
      nn.sigmoid(x.ref.add(y.ref)),
      nn.sigmoid(x.ref).mul(nn.sigmoid(y.ref)),
      np.tanh(x.ref).add(nn.sigmoid(y.ref).mul(x)).mul(y),
    ],
  };
  for (const [name, fn] of Object.entries(cases)) {
    const sum = (x: A, y: A) => fn(x, y).map((z: A) => np.sum(z)).reduce((a: A, b: A) => a.add(b));
    // deno-lint-ignore no-explicit-any
    const gradients = (grad as any)(sum, { argnums: [0, 1] });
    const both = (x: A, y: A) => [...fn(x.ref, y.ref), ...gradients(x, y)];
    const [got, want] = [await runEngine(both, [x, y]), runJax(both, [x, y], "float64")];
    want.forEach((w, i) => assertClose(got[i], w, 2e-6, `${name}, output ${i}`));
  }
});
