/**
 * @file Draws operations that move, repeat or drop elements. A function that returns `undefined` found nothing
 * that fits.
 */
import { numpy as np } from "@jax-js/jax";
import { sizeOf } from "../../lib/engine/mod.ts";
import { type Generator, maxElements } from "./random_generator.ts";
import type { Shape, Step } from "./random_program.ts";

export function transpose(g: Generator, x: number, from: Shape): Step {
  const perm = g.permutation(from.length);
  return {
    args: [x],
    shape: perm.map((p) => from[p]),
    text: `np.transpose($0, [${perm}])`,
    run: (x) => np.transpose(x, perm),
  };
}

export function reshape(g: Generator, x: number, from: Shape): Step {
  const primes = from.flatMap((d) => (d === 4 ? [2, 2] : d === 6 ? [2, 3] : [d]));
  const shape: number[] = [];
  for (const p of primes) {
    if (shape.length > 0 && g.random() < 0.5) shape[shape.length - 1] *= p;
    else shape.push(p);
    if (g.random() < 0.1) shape.push(1);
  }
  const final = g.random() < 0.3 ? shape.filter((d) => d !== 1) : shape;
  return {
    args: [x],
    shape: final,
    text: `$0.reshape([${final}])`,
    run: (x) => x.reshape([...final]),
  };
}

export function broadcast(g: Generator, x: number, from: Shape): Step | undefined {
  const lead = g.random() < 0.5 ? [g.pick([1, 2, 3])] : [];
  const shape = [...lead, ...from.map((d) => (d === 1 ? g.pick([1, 2, 3, 5]) : d))];
  if (sizeOf(shape) > maxElements) return undefined;
  return {
    args: [x],
    shape,
    text: `np.broadcastTo($0, [${shape}])`,
    run: (x) => np.broadcastTo(x, [...shape]),
  };
}

export function movement(g: Generator, x: number, from: Shape): Step | undefined {
  if (from.length === 0) return undefined;
  switch (g.int(4)) {
    case 0: {
      const axis = g.axes(from.length);
      return {
        args: [x],
        shape: from,
        text: `np.flip($0, [${axis}])`,
        run: (x) => np.flip(x, axis),
      };
    }
    case 1: {
      const slices = from.map((d): [number, number] => {
        const start = g.int(d);
        return [start, start + 1 + g.int(d - start)];
      });
      return {
        args: [x],
        shape: slices.map(([a, b]) => b - a),
        text: `$0.slice(${JSON.stringify(slices)})`,
        run: (x) => x.slice(...slices),
      };
    }
    case 2: {
      const width = from.map((): [number, number] => [g.int(3), g.int(2)]);
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
      const axis = g.int(from.length);
      if (from[axis] < 2) return undefined;
      const at = 1 + g.int(from[axis] - 1);
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

export function concatenate(g: Generator, x: number, from: Shape): Step | undefined {
  if (from.length === 0) return undefined;
  const axis = g.int(from.length);
  const y = g.value((s) =>
    s.length === from.length && s.every((d, i) => i === axis || d === from[i])
  )!;
  const shape = from.with(axis, from[axis] + g.shapes[y][axis]);
  if (sizeOf(shape) > maxElements) return undefined;
  return {
    args: [x, y],
    shape,
    text: `np.concatenate([$0, $1], ${axis})`,
    run: (x, y) => np.concatenate([x, y], axis),
  };
}

export function take(g: Generator, x: number, from: Shape): Step | undefined {
  if (from.length === 0) return undefined;
  const axis = g.int(from.length);
  const indices = Array.from({ length: 1 + g.int(5) }, () => g.int(from[axis]));
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
