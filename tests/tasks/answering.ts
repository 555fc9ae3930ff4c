/** @file Runners whose answers are given, in place of a trained model. */
import assert from "node:assert/strict";
import { type Tensor, tensor } from "../../lib/engine/mod.ts";
import type { Model } from "../../lib/models/model.ts";
import type { Runner } from "../../lib/tasks/task.ts";

/** Logits of one position, by the symbols up to it. */
export type Predictor = (symbols: readonly number[], sequence: number) => readonly number[];

/**
 * A runner that answers in batches.
 * @param logits those of every position, sequence after sequence, or what gives them.
 */
export function answering(logits: readonly (readonly number[])[] | Predictor, batch = 3): Runner {
  return {
    model: undefined as unknown as Model,
    params: {},
    apply: () => assert.fail("all outputs at once"),
    generate: () => assert.fail("not asked for"),
    async *outputs({ shape: [sequences, length], data }: Tensor) {
      for (let first = 0; first < sequences; first += batch) {
        const count = Math.min(batch, sequences - first);
        const values = Array.from({ length: count * length }, (_, i) => {
          const [b, t] = [first + Math.floor(i / length), i % length];
          if (typeof logits !== "function") return logits[b * length + t];
          return logits(Array.from(data.subarray(b * length, b * length + t + 1)), b);
        });
        await Promise.resolve();
        const shape = [count, length, values[0].length];
        yield { first, values: tensor(values.flat(), shape) };
      }
    },
  };
}
