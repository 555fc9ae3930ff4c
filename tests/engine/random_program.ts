/** @file Draws random small jax programs: shapes that match by luck or by broadcasting, values near 1. */
import { grad, lax, nn, numpy as np } from "@jax-js/jax";
import { sizeOf, type TracedFunction } from "../../lib/engine/mod.ts";
import { generator } from "./oracle.ts";

type A = np.Array;
type Shape = readonly number[];

/** One operation of a random program; the arguments are positions in the pool of values. */
interface Step {
  readonly args: readonly number[];
  readonly shape: Shape;
  /** How the listing shows it, with `$0`, `$1` for the arguments. */
  readonly text: string;
  readonly run: (...xs: A[]) => A;
}

export interface RandomProgram {
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

export function randomProgram(seed: number): RandomProgram {
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
export function functionOf({ inputs, steps, outputs }: RandomProgram): (...xs: A[]) => A[] {
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
export function withGradients(program: RandomProgram): TracedFunction {
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

export function listing(
  seed: number,
  { inputs, steps, outputs, differentiate }: RandomProgram,
): string {
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
