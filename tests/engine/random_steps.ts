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
import { type Draw, loop } from "./random_loops.ts";
import { broadcast, concatenate, movement, reshape, take, transpose } from "./random_movement.ts";
import type { RandomProgram, Step } from "./random_program.ts";
import { generator } from "./oracle.ts";

/** Every operation as often as it is listed; the first argument is drawn before the operation. */
const kinds: Draw[] = [
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

/** Any operation, or a loop of such operations. */
const draw = (depth: number): Draw => (g, x, shape) =>
  depth > 0 && g.random() < 0.15 ? loop(draw(depth - 1))(g, x, shape) : g.pick(kinds)(g, x, shape);

function randomStep(g: Generator): Step | undefined {
  const x = g.value()!;
  return g.pick(kinds)(g, x, g.shapes[x]);
}

/** A few operations, at least one of them a loop, in whose cell there may be another. */
export function randomProgramWithLoops(seed: number): RandomProgram {
  const g = new Generator(generator(70_000 + seed));
  const length = 2 + g.int(5);
  const steps: Step[] = [];
  const needed = g.int(length);
  while (steps.length < length) {
    const x = g.value()!;
    const drawn = steps.length === needed ? loop(draw(1)) : draw(1);
    const step = drawn(g, x, g.shapes[x]);
    if (!step) continue;
    steps.push(step);
    g.shapes.push(step.shape);
  }
  return { inputs: g.inputs, steps, outputs: unused(g, steps), differentiate: true };
}

/** The values of the pool that no step reads. */
function unused(g: Generator, steps: readonly Step[]): number[] {
  const used = new Set(steps.flatMap((s) => s.args));
  return [...g.shapes.keys()].filter((i) => !used.has(i));
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
  return { inputs: g.inputs, steps, outputs: unused(g, steps), differentiate: seed % 2 === 1 };
}
