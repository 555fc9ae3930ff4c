/** @file Test sequences of a task on symbols as lists, and its ends on them. */
import type { SymbolTask } from "../../lib/tasks/symbol_task.ts";
import type { Evaluation } from "../../lib/tasks/task.ts";
import { answering, type Predictor } from "./answering.ts";

/** One sequence and its answers. */
export interface Drawn {
  x: number[];
  target: number[];
}

/** Sequences that the task makes. */
export function drawn(module: SymbolTask, options: object, count: number, data = 7): Drawn[] {
  const { x, target } = module.configure(options).generate!(0, data, count);
  const [, across] = x.shape;
  const row = (values: ArrayLike<number>, b: number) =>
    Array.from({ length: across }, (_, t) => values[b * across + t]);
  return Array.from({ length: count }, (_, b) => ({
    x: row(x.data, b),
    target: row(target.data, b),
  }));
}

/** Scores of given answers on such sequences. */
export async function scored(
  module: SymbolTask,
  options: object,
  predictor: Predictor,
  { count = 40, protocol = {} as object, data = 7 } = {},
): Promise<Evaluation> {
  const task = module.configure(options);
  const tensors = task.generate!(0, data, count);
  return await task.evaluate(answering(predictor), 0, { tensors }, module.protocol(protocol));
}

/** All of the mass on one class. */
export const oneHot = (k: number, classes: number): number[] =>
  Array.from({ length: classes }, (_, i) => Number(i === k));

/** The statistic of Pearson's test that counts of `values` are those of the probabilities. */
export function chiSquare(values: readonly number[], probabilities: readonly number[]): number {
  return probabilities.reduce((sum, p, k) => {
    const expected = p * values.length;
    return sum + (values.filter((value) => value === k).length - expected) ** 2 / expected;
  }, 0);
}
