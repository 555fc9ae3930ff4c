/** @file Runners whose answers to tokens of values are given, in place of a trained model. */
import assert from "node:assert/strict";
import type { SequenceModel } from "../../lib/models/model.ts";
import type { Evaluation, Runner } from "../../lib/tasks/task.ts";
import type { ValueTask } from "../../lib/tasks/value_task.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";

/** The answer after these tokens, each a list of numbers. */
export type Answer = (tokens: readonly number[][], sequence: number) => number;

/** The tokens of a sequence. */
export const tokensOf = ({ data, shape: [, length, channels] }: Tensor, sequence: number) =>
  Array.from({ length }, (_, t) => {
    const at = (sequence * length + t) * channels;
    return Array.from(data.slice(at, at + channels));
  });

/** A runner that answers in batches; its other output channels are of no account. */
export function answeringValues(answer: Answer, batch = 3): Runner<SequenceModel> {
  return {
    model: undefined as unknown as SequenceModel,
    params: {},
    apply: () => assert.fail("all outputs at once"),
    generate: () => assert.fail("not asked for"),
    async *outputs(x: Tensor) {
      const [sequences, length, channels] = x.shape;
      for (let first = 0; first < sequences; first += batch) {
        const count = Math.min(batch, sequences - first);
        const values = Array.from({ length: count }, (_, b) => {
          const tokens = tokensOf(x, first + b);
          return tokens.flatMap((_, t) => [
            answer(tokens.slice(0, t + 1), first + b),
            ...Array<number>(channels - 1).fill(99),
          ]);
        });
        await Promise.resolve();
        yield { first, values: tensor(values.flat(), [count, length, 1, channels]) };
      }
    },
  };
}

/** Scores of given answers on sequences that the task makes. */
export async function scoredValues(
  module: ValueTask,
  options: object,
  answer: Answer,
  count = 20,
): Promise<Evaluation> {
  const task = module.configure(options);
  const tensors = task.generate!(0, 7, count);
  return await task.evaluate(answeringValues(answer), 0, { tensors }, {});
}
