/** @file Loops of many lengths, in both directions, in segments; and losses that read only part of what a loop gives. */
import { numpy as np } from "@jax-js/jax";
import { scan, type ScanOptions } from "../../../lib/engine/scan.ts";
import {
  type A,
  type Any,
  recurrent,
  recurrentInputs,
  type ScanCase,
  type ScanCases,
} from "./cases.ts";

const loop = (length: number, options: ScanOptions = {}): ScanCase => ({
  run: (w, u, b, h, xs) => scan(recurrent, { w, u, b }, h, xs, options),
  inputs: recurrentInputs(length),
});

/** Loops of these lengths, forwards and backwards, in few segments, as many as turns, and more. */
export const lengthCases = (lengths: readonly number[]): ScanCases =>
  Object.fromEntries(
    lengths.flatMap((length) =>
      [false, true].flatMap((reverse) =>
        // (More segments than turns are as many as there are turns.)
        [...new Set([1, 2, 3, 4, length, length + 5])]
          .filter((segments) => segments > 0 && (segments <= Math.max(1, length) || segments > 4))
          .map((segments) => [
            `length ${length}, ${reverse ? "backwards" : "forwards"}, ${segments} segments`,
            {
              ...loop(length, { reverse, segments }),
              oracle: `${length} ${reverse}`,
            },
          ])
      )
    ),
  );

const cell = ({ w }: Any, { h, c }: Any, { x, scale }: Any) => {
  const next = np.tanh(np.matmul(h, w).add(x.ref.mul(c.ref)));
  const after = c.mul(0.875).add(np.sum(scale.mul(next.ref)));
  return [
    { h: next.ref, c: after.ref },
    { y: next.ref, z: { twice: after.mul(2), squares: [next.mul(x)] } },
  ] as [Any, Any];
};
const parts = (loss: ScanCase["loss"], options: ScanOptions = {}): ScanCase => ({
  run: (w, h, c, x, scale) => scan(cell, { w }, { h, c }, { x, scale }, options),
  inputs: [[[2, 2]], [[2]], [[]], [[5, 2]], [[5]]],
  loss,
});
const losses: Record<string, ScanCase["loss"]> = {
  "only the last state": ([state]: Any) => [state.h, state.c],
  "only one leaf of the last state": ([state]: Any) => state.c,
  "only the outputs": ([, y]: Any) => [y.y, y.z.twice, y.z.squares[0]],
  "only one leaf of the outputs": ([, y]: Any) => y.z.squares[0],
  "only the first turn": ([, y]: Any) => y.y.slice(0),
  "only the last turn": ([, y]: Any) => y.z.twice.slice(-1),
  "a sum of squares": ([state, y]: Any) => np.sum(np.square(y.y)).add(np.square(state.c)),
};
const losing: ScanCases = Object.fromEntries(
  Object.entries(losses).flatMap(([name, loss]) => [
    [name, parts(loss)],
    [`${name}, backwards in 2 segments`, parts(loss, { reverse: true, segments: 2 })],
  ]),
);

export const optionCases: ScanCases = {
  // (A longer one: tests/long/engine.)
  ...lengthCases([0, 1, 2, 3, 7, 17]),
  ...losing,
  "a state of scalars": {
    run: (a: A, s: A, xs: A) => scan((a, s, x) => [s.ref.mul(a).add(x), s], a, s, xs),
    inputs: [[[]], [[]], [[6]]],
  },
  "all sizes equal, a state from a matrix product": {
    run: (w: A, s: A, xs: A) =>
      scan(
        (w, s, x) => {
          const next = np.matmul(np.matmul(s, w), x);
          return [next.ref, np.transpose(next)];
        },
        w,
        s,
        xs,
        { segments: 2 },
      ),
    inputs: [[[3, 3]], [[3, 3]], [[3, 3, 3]]],
  },
};
