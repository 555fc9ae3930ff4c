/** @file Loops over trees, integers and booleans, over nothing, and with results that depend on little. */
import { lax, nn, numpy as np } from "@jax-js/jax";
import { scan, type ScanOptions } from "../../../lib/engine/scan.ts";
import { type A, type Any, paddedLiteral, type ScanCases } from "./cases.ts";

const ints = { dtype: "int32", low: 0, high: 3 } as const;
const flags = { dtype: "bool", low: 0, high: 2 } as const;
const int = (value: number) => np.array(value, { dtype: np.int32 });

const forms: Record<string, (options: ScanOptions) => ScanCases[string]> = {
  "trees of everything": (options) => ({
    run: (w, b, h, c, x, y) =>
      scan(
        ({ layers: [w, { b }] }: Any, { h, more: [c] }: Any, [x, { y }]: Any) => {
          const next = np.tanh(np.matmul(h, w).add(b).add(x.ref));
          const sum = c.add(np.sum(next.ref.mul(y.ref)));
          return [
            { h: next.ref, more: [sum.ref] },
            [next.mul(x), { sum, deep: [y.ref.mul(y)] }],
          ];
        },
        { layers: [w, { b }] },
        { h, more: [c] },
        [x, { y }] as Any,
        options,
      ),
    inputs: [[[2, 2]], [[2]], [[2]], [[]], [[5, 2]], [[5, 2]]],
  }),
  "a counter and a flag as state": (options) => ({
    notInJit: paddedLiteral,
    run: (s: A, xs: A) =>
      scan(
        (_, { s, t, odd }: Any, x: A) => {
          const { dtype } = x;
          const next = np.where(odd.ref, s.ref.mul(x.ref), s.add(x.mul(t.ref.astype(dtype))));
          return [
            { s: next.ref, t: t.ref.add(int(1)), odd: odd.ref.notEqual(np.array(true)) },
            { next, t, odd },
          ];
        },
        [],
        { s, t: int(0), odd: np.array(false) },
        xs,
        options,
      ),
    inputs: [[[2]], [[5, 2]]],
    loss: ([state, y]: Any) => [state.s, y.next],
  }),
  "integers and flags as sequences and outputs": (options) => ({
    run: (table: A, s: A, i: A, flag: A) =>
      scan(
        (table, s, [i, flag]: Any) => {
          const row = np.take(table, i.ref, 0);
          const next = np.where(flag.ref, row.mul(s.ref), s);
          return [next.ref, [next, i.mul(int(2)), flag]] as Any;
        },
        table,
        s,
        [i, flag],
        options,
      ),
    inputs: [[[3, 2]], [[2]], [[5], ints], [[5], flags]],
    loss: ([state, [y]]: Any) => [state, y],
  }),
  "integers as params and in the state only": (options) => ({
    run: (step: A, count: A, s: A, xs: A) =>
      scan(
        (step, { count, s }: Any, x: A) => {
          const next = count.add(step);
          return [{ count: next.ref, s: s.ref.add(x.mul(next.ref.astype(s.dtype))) }, next] as Any;
        },
        step,
        { count, s },
        xs,
        options,
      ),
    inputs: [[[], ints], [[2], ints], [[2]], [[5, 2]]],
    loss: ([state]: Any) => state.s,
  }),
  "an empty state": (options) => ({
    run: (w: A, xs: A) => scan((w, s, x) => [s, np.sin(x.mul(w))], w, [], xs, options),
    inputs: [[[2]], [[5, 2]]],
  }),
  "no sequences": (options) => ({
    run: (w: A, s: A) =>
      scan((w, s, x) => [np.tanh(np.matmul(s.ref, w)), [s, x]] as Any, w, s, {}, {
        ...options,
        length: 5,
      }),
    inputs: [[[2, 2]], [[2]]],
  }),
  "no outputs": (options) => ({
    run: (w: A, s: A, xs: A) =>
      scan((w, s, x) => [np.tanh(s.mul(w)).add(x), {}], w, s, xs, options),
    inputs: [[[2]], [[2]], [[5, 2]]],
  }),
  "no params, no state": (options) => ({
    run: (xs: A) => scan((_, s, x) => [s, np.exp(x)], {}, {}, xs, options),
    inputs: [[[5, 2]]],
  }),
  "a state that nobody changes": (options) => ({
    run: (s: A, xs: A) => scan((_, s, x) => [s.ref, s.mul(x)], [], s, xs, options),
    inputs: [[[2]], [[5, 2]]],
  }),
  "a state that forgets": (options) => ({
    run: (s: A, xs: A) => scan((_, s, x) => [x.ref, s.mul(x)], [], s, xs, options),
    inputs: [[[2]], [[5, 2]]],
  }),
  "two states that change places": (options) => ({
    run: (a: A, b: A, xs: A) =>
      scan((_, [a, b]: Any, x: A) => [[b.mul(x), a.ref], a] as Any, [], [a, b], xs, options),
    inputs: [[[2]], [[2]], [[5, 2]]],
  }),
  "a constant state, and constant outputs": (options) => ({
    run: (xs: A) =>
      scan(
        (_, s, x) => [s.add(x.ref), [np.ones([3]), x, np.zeros([])]] as Any,
        [],
        np.zeros([2]).astype(xs.dtype),
        xs,
        options,
      ),
    inputs: [[[5, 2]]],
    loss: ([s, [, x]]: Any) => [s, x],
  }),
  "a state that only part of the gradient reaches": (options) => ({
    run: (w: A, a: A, b: A, xs: A) =>
      scan(
        (w, { a, b }: Any, x: A) => {
          const stopped = lax.stopGradient(a.ref).mul(b);
          return [{ a: np.tanh(a.mul(w)).add(x), b: stopped.ref }, stopped] as Any;
        },
        w,
        { a, b },
        xs,
        options,
      ),
    inputs: [[[2]], [[2]], [[2]], [[5, 2]]],
  }),
  "an array that is the state, the params and a sequence at once": (options) => ({
    run: (x: A) =>
      scan(
        (w, s, x) => [np.tanh(np.matmul(s, w)).add(x.ref), x],
        x.ref,
        x.ref.slice(0),
        x,
        options,
      ),
    inputs: [[[3, 3]]],
  }),
  "unused params, state, sequences and outputs": (options) => ({
    run: (w: A, v: A, s: A, q: A, xs: A, ys: A) => {
      const [last, outputs] = scan(
        ({ w }: Any, { s, q }: Any, { x }: Any) => {
          const next = np.sin(s.mul(w)).add(x);
          return [{ s: next.ref, q }, { y: next.ref, none: np.exp(next) }] as Any;
        },
        { w, v },
        { s, q },
        { x: xs, y: ys },
        options,
      ) as Any;
      return [last.s, outputs.y];
    },
    inputs: [[[2]], [[3]], [[2]], [[2]], [[5, 2]], [[5, 4]]],
  }),
  "sorting, indexing, products, a solve and a transform": (options) => ({
    notInJit: "it refuses a triangular solve after a product",
    run: (w: A, s: A, xs: A) =>
      scan(
        (w, s, x) => {
          const sorted = np.sort(s.ref.add(x));
          const product = np.prod(sorted.ref);
          const { real, imag } = np.fft.rfft(sorted);
          const part = np.concatenate([real, imag.slice([0, 1])]).mul(0.5);
          const triangle = np.eye(3).mul(2).astype(w.dtype).add(w);
          const solved = lax.linalg.triangularSolve(triangle, part.reshape([3, 1]), {
            leftSide: true,
            lower: true,
          }).reshape([3]);
          return [np.tanh(solved.ref), nn.softmax(solved).mul(product).add(s)] as Any;
        },
        w,
        s,
        xs,
        options,
      ),
    inputs: [[[3, 3]], [[3]], [[5, 3]]],
  }),
  "a size of nothing": (options) => ({
    run: (s: A, q: A, xs: A) =>
      scan(
        (_, [s, q]: Any, x: A) => [[s.add(np.sum(x.ref)), q.mul(2)], x] as Any,
        [],
        [s, q],
        xs,
        options,
      ),
    inputs: [[[2]], [[0, 2]], [[5, 0]]],
  }),
};

export const formCases: ScanCases = Object.fromEntries(
  Object.entries(forms).flatMap(([name, form]) => [
    [name, form({})],
    [`${name}, backwards`, form({ reverse: true })],
    [`${name}, in 3 segments`, { ...form({ segments: 3 }), oracle: name }],
  ]),
);
