/** @file Draws loops as single operations of a random program: their cells are random programs themselves. */
import { numpy as np, vmap } from "@jax-js/jax";
import { sizeOf } from "../../lib/engine/mod.ts";
import { scan } from "../../lib/engine/scan.ts";
import { Generator, maxElements } from "./random_generator.ts";
import {
  type A,
  functionOf,
  listing,
  type RandomProgram,
  type Shape,
  type Step,
} from "./random_program.ts";

/** Draws one operation. */
export type Draw = (g: Generator, x: number, shape: Shape) => Step | undefined;

/** A scalar that depends on an array, near 0. */
const mean = (x: A) => np.tanh(np.mean(x)).mul(0.5);

/** The next state, of the state's shape, from any value of the cell. */
function nextState(state: Shape, value: Shape): { text: string; run: (s: A, v: A) => A } {
  return `${state}` === `${value}`
    ? { text: "($0 + np.tanh($1)) / 2", run: (s, v) => s.add(np.tanh(v)).mul(0.5) }
    : { text: "$0 + np.tanh(np.mean($1)) / 2", run: (s, v) => s.add(mean(v)) };
}

/** A program of params, state and slices to the next state and an output. */
function randomCell(
  g: Generator,
  params: readonly Shape[],
  state: Shape,
  slices: readonly Shape[],
  draw: Draw,
): RandomProgram {
  const inside = new Generator(g.random, [...params, state, ...slices]);
  const steps: Step[] = [];
  const add = (step: Step) => {
    steps.push(step);
    inside.shapes.push(step.shape);
  };
  const count = 2 + g.int(4);
  while (steps.length < count) {
    const x = inside.value()!;
    const step = draw(inside, x, inside.shapes[x]);
    if (step) add(step);
  }
  const last = inside.value()!;
  add({ args: [params.length, last], shape: state, ...nextState(state, inside.shapes[last]) });
  const next = inside.shapes.length - 1;
  const output = inside.value((shape) => sizeOf(shape) <= maxElements / 5) ?? next;
  return { inputs: inside.inputs, steps, outputs: [next, output], differentiate: false };
}

/**
 * A loop from a state of the pool, over none, one or two arrays of the pool along their first axis, in either direction,
 * mapped or not, in segments or not; what it gives is its last state or its outputs, or both added.
 * @param draw draws the operations of the cell.
 */
export const loop = (draw: Draw): Draw => (g, x, from) => {
  if (sizeOf(from) > maxElements / 4) return undefined;
  const mapped = from.length > 0 && g.random() < 0.25;
  const state = mapped ? from.slice(1) : from;
  const first = g.value((shape) => shape.length > 0 && shape[0] <= 5);
  const sequences = first === undefined || g.random() < 0.15 ? [] : [first];
  const most = sequences.length > 0 ? g.shapes[first!][0] : 5;
  // Of a sequence only the first turns, at times none.
  const length = g.random() < 0.7 ? most : g.int(most + 1);
  if (sequences.length > 0 && g.random() < 0.3) {
    const second = g.value((shape) => shape.length > 0 && shape[0] === most);
    if (second !== undefined) sequences.push(second);
  }
  const params = Array.from({ length: g.int(3) }, () => g.value()!);
  const captured = params.map(() => g.random() < 0.3);
  const options = { reverse: g.random() < 0.4, segments: g.pick([1, 1, 2, 3, 7]), length };
  const shapes = (list: readonly number[]) => list.map((i) => g.shapes[i]);
  const slices = shapes(sequences).map((shape) => shape.slice(1));
  const body = randomCell(g, shapes(params), state, slices, draw);
  const cell = functionOf(body);

  const outputShape = [...body.inputs, ...body.steps.map((s) => s.shape)][body.outputs[1]];
  const what = length === 0 ? "last" : g.pick(["last", "outputs", "both"] as const);
  const inner = what === "last" ? state : [length, ...outputShape];
  const shape = mapped ? [from[0], ...inner] : inner;
  if (sizeOf(shape) > maxElements) return undefined;

  const run = (...args: A[]): A => {
    const given = args.slice(0, params.length);
    const [state, ...xs] = args.slice(params.length);
    const rows = xs.map((x) => x.shape[0] === length ? x : x.slice([0, length]));
    const looped = (state: A, rows: A[]) => {
      const [last, outputs] = scan(
        (passed: A[], s: A, slices: A[]): [A, A] => {
          const all = given.map((p, i) => captured[i] ? p.ref : passed[i]);
          return cell(...all, s, ...slices) as [A, A];
        },
        // A place is kept for what is captured, so that positions agree.
        given.map((p) => p.ref),
        state,
        rows,
        options,
      );
      return what === "last" ? last : what === "outputs" ? outputs : outputs.add(mean(last));
    };
    // deno-lint-ignore no-explicit-any
    return mapped ? (vmap as any)(looped, [0, null])(state, rows) : looped(state, rows);
  };
  const described = JSON.stringify({ ...options, mapped, captured, what });
  const lines = listing(0, body).split("\n").slice(1).map((line) => `    ${line}`);
  return {
    args: [...params, x, ...sequences],
    shape,
    text: `loop(params: ${params.length}, args: ${
      [...params, x, ...sequences].map((_, i) => `$${i}`)
    }, ${described})\n${lines.join("\n")}\n   `,
    run,
  };
};
