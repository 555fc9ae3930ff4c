/**
 * @file Multi-query associative recall (Arora et al., "Zoology", arXiv 2312.04927): keys and their values first, then each key once
 * more, and its value is asked for. Sequences are those of the paper's released code: between the queries stand random symbols,
 * and the places of the queries follow a power law.
 *
 * @example A key comes back, and its value is asked for
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./recall.ts";
 *
 * const recall = task.configure({ vocabulary: 32, length: 16, pairs: 3 });
 * const { x, target } = recall.generate!(0, 1, 1);
 * const [sequence, answers] = [x, target].map(({ data }) => Array.from(data));
 * for (let t = 0; t < 16; t++) {
 *   if (answers[t] < 0) continue; // nothing is asked
 *   assert.equal(answers[t], sequence[sequence.indexOf(sequence[t]) + 1]);
 * }
 * ```
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import type { Model, Signature } from "../../models/model.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf } from "../../random/random.ts";
import { type Tensor, tensor, type Tree } from "../../tensor/tensor.ts";
import { gapClosed } from "../gap_closed.ts";
import { crossEntropy, scoreAnswers, sequencesOf, UNASKED } from "../symbols.ts";
import type { Task, TaskModule } from "../task.ts";
import { drawPairs, type Shape, valuesOf } from "./pairs.ts";

/** What an evaluation leaves. */
export interface Details {
  /** Share of the queries that are answered with the right value. */
  readonly accuracy: number;
  /** Of the error rate, from sequence to sequence. */
  readonly standardError: number;
  /** Mean over the queries, in nats. */
  readonly crossEntropy: number;
  /** Of the test data. */
  readonly sequences: number;
  /** By how many symbols a query comes after its key, in ranges that double: from `from` to `to`. */
  readonly bySymbolsSince: readonly {
    readonly from: number;
    readonly to: number;
    readonly queries: number;
    readonly accuracy: number;
  }[];
}

const schema = () =>
  z.strictObject({
    /** The lower half are keys, the upper half values. */
    vocabulary: z.number().int().min(1).max(2 ** 16).default(256),
    length: z.number().int().min(1).default(64),
    /** In a sequence. */
    pairs: z.number().int().min(1).default(8),
    /** Exponent a of the density x^(a - 1) of the queries' places; 1 is uniform. */
    power: z.number().gt(0).max(1).default(0.01),
  });

/** @throws {Error} naming the option, its value and what is allowed. */
function read(options: unknown): Shape {
  const shape = readOptions("recall", schema(), options);
  const { vocabulary, length, pairs } = shape;
  const wrong = (problem: string) => new RangeError(`recall options: ${problem}`);
  if (length % 2 !== 0) {
    throw wrong(
      `length = ${length} is odd; keys stand at even positions, so choose an even length`,
    );
  }
  if (4 * pairs > length) {
    throw wrong(
      `pairs = ${pairs} need a length of at least ${4 * pairs}, not ${length}: ` +
        `two symbols for each pair, and two for its query`,
    );
  }
  if (vocabulary <= length) {
    throw wrong(
      `vocabulary = ${vocabulary} is not larger than length = ${length}; choose one that is`,
    );
  }
  return shape;
}

function configure(options: unknown): Task<Model, Record<string, never>> {
  const shape = read(options);
  const { vocabulary, length, pairs } = shape;
  const signature: Extract<Signature, { kind: "tokens" }> = {
    kind: "tokens",
    vocabulary,
    classes: vocabulary,
  };
  return {
    signature,
    tokens: (batch) => batch * length,
    source({ data }, batch) {
      const key = keyOf(data);
      return (step): Tree<Tensor> => {
        const { x, target: { data } } = drawPairs(shape, fold(key, step), batch);
        const [asked, target] = [0, 0].map(() => tensor(0, [batch * pairs], "int32"));
        for (let i = 0, count = 0; i < data.length; i++) {
          if (data[i] === UNASKED) continue;
          asked.data[count] = i;
          target.data[count++] = data[i];
        }
        return { x, asked, target };
      };
    },
    // Logits of the positions that are asked for only: they are an eighth of all, and those of all are the largest array of a step.
    loss(model: Model, params: Arrays, batch: Arrays): JaxArray {
      const { x, asked, target } = batch as Record<"x" | "asked" | "target", JaxArray>;
      const logits = model.apply(params, x).reshape([-1, vocabulary]);
      return np.mean(crossEntropy(np.take(logits, asked, 0), target));
    },
    generate: (_instance, data, sequences) => drawPairs(shape, keyOf(data), sequences),
    async evaluate(runner, _instance, data) {
      const sequences = sequencesOf("recall", data, signature);
      const { data: symbols, shape: [, length] } = sequences.x;
      const { error, groups, ...scores } = await scoreAnswers(runner, sequences, {
        isScored: () => true,
        groupOf(sequence, position) {
          const start = sequence * length;
          const at = start + position;
          // Keys are no values and come first, so the first such symbol is the pair's.
          const since = at - symbols.indexOf(symbols[at], start);
          return 31 - Math.clz32(since); // its logarithm to base two, rounded down
        },
      });
      const losses = { loss: error, floor: 1 - 1 / valuesOf(shape), optimum: 0 };
      const details: Details = {
        accuracy: 1 - error,
        ...scores,
        bySymbolsSince: groups.map(({ group, answers, error }) => ({
          from: 2 ** group,
          to: 2 ** (group + 1) - 1,
          queries: answers,
          accuracy: 1 - error,
        })),
      };
      return { ...losses, gapClosed: gapClosed(losses), details };
    },
  };
}

/** Recalling the value of a key that was seen with it. */
export const task: TaskModule<Task<Model, Record<string, never>>> = {
  about: {
    name: "recall",
    floor: { name: "a guess among all values", known: "exact" },
    optimum: { name: "looking the key up", known: "exact" },
  },
  protocol: (options) => readOptions("recall protocol", z.strictObject({}), options),
  configure,
};
