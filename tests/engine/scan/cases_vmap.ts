/** @file Loops that are mapped: over all of their arguments or a few, over other axes than the first, twice; in loops. */
import { jit, numpy as np, vmap as jaxVmap } from "@jax-js/jax";
import { grad } from "../../../lib/engine/gradient.ts";
import { scan, type ScanOptions } from "../../../lib/engine/scan.ts";
import {
  type A,
  type Any,
  type Input,
  recurrent,
  recurrentInputs,
  type ScanCase,
  type ScanCases,
} from "./cases.ts";

type Axes = number | (number | null | Any)[];
const vmap = (fn: (...args: Any[]) => Any, axes?: Axes): (...args: Any[]) => Any =>
  jaxVmap(fn as never, axes as never) as Any;

const inputs = recurrentInputs(4);
const loop = (options: ScanOptions) => (w: A, u: A, b: A, h: A, xs: A) =>
  scan(recurrent, { w, u, b }, h, xs, options);

/** The inputs of a loop with an axis of 3 where `axes` says. */
const mappedInputs = (axes: readonly (number | null)[], size = 3): Input[] =>
  inputs.map(([shape, options], i) => [
    axes[i] === null ? shape : shape.toSpliced(axes[i], 0, size),
    options,
  ]);
const mapped = (axes: readonly (number | null)[], options: ScanOptions = {}): ScanCase => ({
  run: vmap(loop(options), [...axes]),
  inputs: mappedInputs(axes),
});

const [all, params, state, sequences] = [
  [0, 0, 0, 0, 0],
  [0, 0, 0, null, null],
  [null, null, null, 0, null],
  [null, null, null, null, 0],
];
const over: Record<string, readonly (number | null)[]> = {
  "everything": all,
  "only params": params,
  "only one of the params": [null, null, 0, null, null],
  "only the state": state,
  "only sequences": sequences,
  "the last axes": [2, 2, 1, 1, 2],
  "the axis of time moved to the middle": [1, null, 0, 1, 1],
};
const single: ScanCases = Object.fromEntries(
  Object.entries(over).flatMap(([name, axes]) => [
    [`over ${name}`, mapped(axes)],
    [`over ${name}, backwards`, mapped(axes, { reverse: true })],
    [`over ${name}, in 3 segments`, { ...mapped(axes, { segments: 3 }), oracle: `over ${name}` }],
  ]),
);

/** A loop whose body maps a loop. */
const loopOfMapped = (options: ScanOptions) => (w: A, s: A, xs: A) =>
  scan(
    (w, s: A, x) =>
      vmap((w: A, s: A, row: A) => {
        const [last, ys] = scan(
          (w, h, v) => {
            const next = np.tanh(h.mul(w).add(v));
            return [next.ref, np.sin(next)];
          },
          w,
          s,
          row,
          options,
        );
        return [last, ys];
      }, [null, 0, 0])(w, s, x),
    w,
    s,
    xs,
    options,
  );

export const vmapCases: ScanCases = {
  ...single,
  "batches of one": { run: vmap(loop({})), inputs: mappedInputs(all, 1) },
  "as many as there are turns": { run: vmap(loop({})), inputs: mappedInputs(all, 4) },
  "twice, over everything": {
    run: vmap(vmap(loop({}))),
    inputs: inputs.map(([shape]) => [[3, 2, ...shape]]),
  },
  "twice, in segments, backwards": {
    run: vmap(vmap(loop({ segments: 2, reverse: true }))),
    inputs: inputs.map(([shape]) => [[2, 3, ...shape]]),
  },
  "twice, over params first and then over sequences": {
    run: vmap(vmap(loop({}), sequences), params),
    inputs: inputs.map(([shape], i) => [[...(i === 4 || i < 3 ? [2] : []), ...shape]]),
  },
  "twice, over sequences first and then over params, at other axes": {
    run: vmap(vmap(loop({}), [1, 1, 1, null, null]), [null, null, null, 1, 2]),
    inputs: inputs.map(([shape], i) =>
      i < 3 ? [shape.toSpliced(1, 0, 3)] : i === 3 ? [[2, 3]] : [[4, 2, 3]]
    ),
  },
  "three times": {
    run: vmap(vmap(vmap(loop({}), state), sequences), [0, 0, 0, null, null]),
    inputs: inputs.map(([shape], i) => [[2, ...shape].slice(i < 5 ? 0 : 1)]),
  },
  "three times, each over something else at another axis": {
    run: vmap(
      vmap(vmap(loop({ segments: 2 }), [2, 2, 1, null, null]), [null, null, null, 1, null]),
      [null, null, null, null, 1],
    ),
    inputs: inputs.map(([shape], i) => i < 3 ? [[...shape, 3]] : i === 3 ? [[2, 2]] : [[4, 5, 2]]),
  },
  "with integers and flags as state": {
    run: vmap((s: A, i: A, xs: A) =>
      scan(
        (_, { s, i, big }: Any, x: A) => {
          const next = np.where(big.ref, s.ref, s.ref.mul(x.ref)).add(x);
          return [
            {
              s: next.ref,
              i: i.ref.add(np.array(1, { dtype: np.int32 })),
              big: np.all(s.greater(0)),
            },
            [next, i, big],
          ] as Any;
        },
        [],
        { s, i, big: np.array(true) },
        xs,
      )
    ),
    inputs: [[[3, 2]], [[3, 2], { dtype: "int32", low: 0, high: 9 }], [[3, 4, 2]]],
    loss: ([state, [y]]: Any) => [state.s, y],
  },
  "a jit with a loop in it, mapped": {
    run: vmap(jit(loop({}) as Any) as Any),
    inputs: mappedInputs(all),
  },
  "the gradient of a loop, mapped": {
    run: vmap(
      grad((w: A, h: A, xs: A) =>
        np.sum(
          scan(
            (w, h, x) => {
              const next = np.tanh(np.matmul(h, w).add(x));
              return [next.ref, np.square(next)];
            },
            w,
            h,
            xs,
            { segments: 2 },
          )[1],
        )
      ),
      [null, 0, 0],
    ),
    inputs: [[[2, 2]], [[3, 2]], [[3, 4, 2]]],
  },
  "the gradient of a mapped loop": {
    run: grad((w: A, xs: A) =>
      np.sum(np.sin(
        vmap((w: A, xs: A) =>
          scan((w, h, x) => [np.tanh(h.mul(w)).add(x), []], w, xs.ref.slice(0), xs)[0], [
          null,
          1,
        ])(w, xs),
      ))
    ),
    inputs: [[[2]], [[4, 3, 2]]],
  },
  "in a loop": { run: loopOfMapped({}), inputs: [[[]], [[2]], [[4, 2, 3]]] },
  "in a loop, in segments, backwards": {
    run: loopOfMapped({ segments: 2, reverse: true }),
    inputs: [[[]], [[2]], [[4, 2, 3]]],
  },
  "in a loop that is mapped": {
    run: vmap(loopOfMapped({}), [null, 0, 1]),
    inputs: [[[]], [[3, 2]], [[4, 3, 2, 3]]],
  },
};
