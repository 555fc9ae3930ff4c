/** @file Cases for the derivatives of operations that move elements. */
import { numpy as np } from "@jax-js/jax";
import type { InputOptions } from "../oracle.ts";
import type { DerivativeCase } from "./differences.ts";

type A = np.Array;

/** Fewer places than indices, so that some are read twice. */
const index: InputOptions = { dtype: "int32", low: 0, high: 3 };
const ints = (...values: number[]) => np.array(values, { dtype: np.int32 });

/** A scatter with repeated places is the way back of a gather. */
const scatter = (
  name: string,
  shape: readonly number[],
  axis: readonly number[],
  outDim: number,
  updates: readonly number[],
  ...indices: readonly (readonly number[])[]
): DerivativeCase => ({
  name,
  build: (ops, [x, ...indices]) => {
    const params = { op: "add", shape, axis, outDim, uniqueIndices: false };
    return [ops.emit("scatter", [x, ...indices], params, shape)];
  },
  inputs: [[updates], ...indices.map((shape) => [shape, index] as const)],
});

export const movementCases: Record<string, DerivativeCase[]> = {
  reshape: [
    { name: "merges axes", fn: (x: A) => x.reshape([6, 2]), inputs: [[[2, 3, 2]]] },
    { name: "to a scalar", fn: (x: A) => x.reshape([]), inputs: [[[1, 1]]] },
    { name: "of nothing", fn: (x: A) => x.reshape([3, 0]), inputs: [[[0, 2]]] },
  ],
  transpose: [
    {
      name: "a cycle of three axes",
      fn: (x: A) => np.transpose(x, [2, 0, 1]),
      inputs: [[[2, 3, 4]]],
    },
    { name: "with axes of size 1", fn: (x: A) => np.transpose(x, [1, 0]), inputs: [[[1, 4]]] },
  ],
  broadcast: [
    { name: "new axes in front", fn: (x: A) => np.broadcastTo(x, [2, 3, 4]), inputs: [[[4]]] },
    { name: "stretched axes", fn: (x: A) => np.broadcastTo(x, [3, 2, 5]), inputs: [[[3, 1, 5]]] },
    { name: "both", fn: (x: A) => np.broadcastTo(x, [2, 3, 5]), inputs: [[[1, 5]]] },
    { name: "of a scalar", fn: (x: A) => np.broadcastTo(x, [2, 3]), inputs: [[[]]] },
    {
      name: "an axis in the middle",
      build: (ops, [x]) => [ops.emit("broadcast", [x], { shape: [2, 4, 3], axis: [1] }, [2, 4, 3])],
      inputs: [[[2, 3]]],
    },
    {
      name: "an axis in the middle beside one of size 1",
      build: (ops, [x]) => [ops.emit("broadcast", [x], { shape: [2, 4, 3], axis: [1] }, [2, 4, 3])],
      inputs: [[[1, 3]]],
    },
    {
      name: "two axes in the middle",
      build: (ops, [x]) => [
        ops.emit("broadcast", [x], { shape: [2, 4, 5, 3], axis: [1, 2] }, [2, 4, 5, 3]),
      ],
      inputs: [[[2, 3]]],
    },
    { name: "to size 1", fn: (x: A) => np.broadcastTo(x, [1, 1, 3]), inputs: [[[3]]] },
  ],
  flip: [
    { name: "two axes", fn: (x: A) => np.flip(x, [0, 2]), inputs: [[[2, 1, 4]]] },
    { name: "one axis", fn: (x: A) => np.flip(x, 1), inputs: [[[2, 3]]] },
  ],
  shrink: [
    { name: "from the middle", fn: (x: A) => x.slice([1, 3], [], [0, 1]), inputs: [[[4, 2, 3]]] },
    { name: "to nothing", fn: (x: A) => x.slice([2, 2]), inputs: [[[4, 2]]] },
  ],
  pad: [
    { name: "unequal sides", fn: (x: A) => np.pad(x, [[1, 0], [0, 2]]), inputs: [[[2, 3]]] },
    { name: "of nothing", fn: (x: A) => np.pad(x, [[1, 1]]), inputs: [[[0]]] },
  ],
  concatenate: [
    {
      name: "three parts, one of them twice",
      fn: (x: A, y: A) => np.concatenate([x.ref, y, x], 1),
      inputs: [[[2, 3]], [[2, 1]]],
    },
    { name: "an empty part", fn: (x: A, y: A) => np.concatenate([x, y]), inputs: [[[0]], [[3]]] },
    {
      name: "beside a constant",
      fn: (x: A) => np.concatenate([np.ones([2]).astype(np.float64), x]),
      inputs: [[[3]]],
    },
  ],
  split: [
    { name: "unequal parts", fn: (x: A) => np.split(x, [1, 3], 1), inputs: [[[2, 6]]] },
    {
      name: "a part that nobody reads",
      fn: (x: A) => {
        const [a, b, c] = np.split(x, [1, 3], 0);
        b.dispose();
        return [c.mul(2), np.sin(a)];
      },
      inputs: [[[4, 2]]],
    },
  ],
  gather: [
    { name: "rows", fn: (x: A, i: A) => np.take(x, i, 0), inputs: [[[3, 2]], [[2, 4], index]] },
    { name: "columns", fn: (x: A, i: A) => np.take(x, i, 1), inputs: [[[2, 3]], [[5], index]] },
    { name: "one element", fn: (x: A, i: A) => np.take(x, i, 0), inputs: [[[3]], [[], index]] },
    {
      name: "two axes, with indices that broadcast",
      fn: (x: A, i: A, j: A) => x.slice(i, j),
      inputs: [[[3, 4, 2]], [[4], index], [[3, 1], index]],
    },
    {
      name: "two axes apart",
      fn: (x: A, i: A, j: A) => x.slice(i, [], j),
      inputs: [[[3, 2, 3]], [[4], index], [[4], index]],
    },
    {
      name: "the last of three axes",
      fn: (x: A, i: A) => x.slice([], [], i),
      inputs: [[[2, 1, 3]], [[2, 2], index]],
    },
    { name: "constant places", fn: (x: A) => np.take(x, ints(2, 0, 2, 2), 0), inputs: [[[3, 2]]] },
  ],
  scatter: [
    scatter("rows", [4, 2], [0], 0, [5, 2], [5]),
    scatter("columns", [2, 4], [1], 1, [2, 5], [5]),
    scatter("two axes", [3, 4, 2], [0, 1], 0, [2, 3, 2], [2, 1], [3]),
    scatter("two axes apart", [3, 2, 4], [0, 2], 0, [4, 2], [4], [4]),
  ],
  sort: [
    { name: "rows", fn: (x: A) => np.sort(x), inputs: [[[3, 5]]] },
    { name: "one row", fn: (x: A) => np.sort(x), inputs: [[[6]]] },
    { name: "columns", fn: (x: A) => np.sort(x, 0), inputs: [[[4, 2]]] },
    { name: "three axes", fn: (x: A) => np.sort(x), inputs: [[[2, 2, 3]]] },
  ],
  argsort: [
    {
      name: "rows, and the order as factors",
      build: (ops, [x]) => {
        const outs = [x, { shape: x.shape, dtype: "int32" as const }];
        const [sorted, order] = ops.graph.emitMany("argsort", [x], {}, outs);
        return [ops.mul(sorted, ops.cast(order, "float64")), order];
      },
      inputs: [[[2, 5]]],
    },
    {
      name: "only the order",
      build: (ops, [x]) => {
        const outs = [x, { shape: x.shape, dtype: "int32" as const }];
        const [, order] = ops.graph.emitMany("argsort", [x], {}, outs);
        return [ops.mul(x, ops.cast(order, "float64"))];
      },
      inputs: [[[4]]],
    },
  ],
};
