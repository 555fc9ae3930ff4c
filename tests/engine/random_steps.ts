/** @file Draws a random program, operation by operation; the same seed always gives the same program. */
import {
  alongAxis,
  binary,
  einsum,
  matmul,
  reduction,
  select,
  unary,
} from "./random_arithmetic.ts";
import { Generator } from "./random_generator.ts";
import { broadcast, concatenate, movement, reshape, take, transpose } from "./random_movement.ts";
import type { RandomProgram, Shape, Step } from "./random_program.ts";
import { generator } from "./oracle.ts";

/** Every operation as often as it is listed; the first argument is drawn before the operation. */
const kinds: ((g: Generator, x: number, shape: Shape) => Step | undefined)[] = [
  unary,
  binary,
  binary,
  binary,
  select,
  reduction,
  reduction,
  matmul,
  einsum,
  transpose,
  reshape,
  reshape,
  broadcast,
  movement,
  movement,
  concatenate,
  take,
  alongAxis,
];

function randomStep(g: Generator): Step | undefined {
  const x = g.value()!;
  return g.pick(kinds)(g, x, g.shapes[x]);
}

export function randomProgram(seed: number): RandomProgram {
  const random = generator(1000 + seed);
  const g = new Generator(random);
  const length = 5 + g.int(21);
  const steps: Step[] = [];
  while (steps.length < length) {
    const step = randomStep(g);
    if (!step) continue;
    steps.push(step);
    g.shapes.push(step.shape);
  }
  const used = new Set(steps.flatMap((s) => s.args));
  const outputs = [...g.shapes.keys()].filter((i) => !used.has(i));
  return { inputs: g.inputs, steps, outputs, differentiate: seed % 2 === 1 };
}
