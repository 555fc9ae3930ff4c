/**
 * @file Parity with steps: n bits, then steps that are written down, then whether the number of ones is odd. A model is trained on right
 * steps and scored by its answer after steps of its own, each the likeliest symbol.
 *
 * That linear predictors of the next token approximate whatever a Turing machine computes efficiently, given steps to learn from, is
 * Malach, "Auto-Regressive Next-Token Predictors are Universal Learners", arXiv 2309.06979; which steps they need is what this
 * task varies.
 *
 * @example The count of ones, step by step
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./stepwise_parity.ts";
 *
 * const parity = task.configure({ bits: 3, steps: "count" });
 * const { x, target } = parity.generate!(0, 1, 1);
 * const ones = (t: number) => Array.from(x.data.slice(0, t)).reduce((sum, bit) => sum + bit, 0);
 * assert.deepEqual([...target.data], [-1, -1, 4 + ones(1), 4 + ones(2), 4 + ones(3), 2 + ones(3) % 2]);
 * assert.deepEqual([...x.data.slice(3)], [...target.data.slice(2, 5)]); // every step is read by the next
 * ```
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import type { Model, Signature } from "../../models/model.ts";
import { readOptions } from "../../options.ts";
import { fold, type Key, keyOf, uniforms } from "../../random/random.ts";
import type { Tensor, Tree } from "../../tensor/tensor.ts";
import { gapClosed } from "../gap_closed.ts";
import { crossEntropy, emptySequences, type Sequences, sequencesOf } from "../symbols.ts";
import type { Runner, Task, TaskModule } from "../task.ts";
import { chainOf, type StepKind, stepKinds, vocabularyOf } from "./steps.ts";

/** What an evaluation leaves. */
export interface Details {
  /** Share of the answers, after steps of its own, that are right. */
  readonly accuracy: number;
  /** The same where the right steps are given. */
  readonly given: number;
  /** Share of the steps, the answer among them, that are right where those before are given. */
  readonly steps: number;
  /** Steps, the answer among them. */
  readonly chain: number;
  /** Of the test data. */
  readonly sequences: number;
}

const schema = () =>
  z.strictObject({
    /** n, of a sequence. */
    bits: z.number().int().min(1).default(8),
    /** What is written down between them and the answer. */
    steps: z.enum(stepKinds as [StepKind, ...StepKind[]]).default("none"),
  });

function configure(options: unknown): Task<Model, Record<string, never>> {
  const { bits, steps } = readOptions("stepwise_parity", schema(), options);
  const chain = chainOf(steps, Array<number>(bits).fill(0)).length;
  const length = bits + chain - 1;
  const vocabulary = vocabularyOf(steps, bits);
  const signature: Extract<Signature, { kind: "tokens" }> = {
    ...{ kind: "tokens", vocabulary },
    classes: vocabulary,
  };
  const drawn = (key: Key, count: number): Sequences => {
    const sequences = emptySequences(count, length);
    const draws = uniforms(key, count * bits);
    for (let b = 0; b < count; b++) {
      const own = Array.from(draws.subarray(b * bits, (b + 1) * bits), (u) => Number(u >= 0.5));
      const right = chainOf(steps, own);
      sequences.x.data.set([...own, ...right.slice(0, -1)], b * length);
      sequences.target.data.set(right, b * length + bits - 1);
    }
    return sequences;
  };
  return {
    signature,
    tokens: (batch) => batch * length,
    source({ data }, batch) {
      const key = keyOf(data);
      return (step): Tree<Tensor> => drawn(fold(key, step), batch);
    },
    loss(model: Model, params: Arrays, batch: Arrays): JaxArray {
      const { x, target } = batch as Record<"x" | "target", JaxArray>;
      const asked = (of: JaxArray) => bits === 1 ? of : np.split(of, [bits - 1], 1)[1];
      return np.mean(crossEntropy(asked(model.apply(params, x)), asked(target)));
    },
    generate: (_instance, data, sequences) => drawn(keyOf(data), sequences),
    async evaluate(runner, _instance, data) {
      const { x, target } = sequencesOf("stepwise_parity", data, signature);
      const [sequences] = x.shape;
      const right = (position: number, said: Int32Array) =>
        said.reduce(
          (sum, symbol, b) => sum + Number(symbol === target.data[b * length + position]),
          0,
        );
      const given = await likeliest(
        runner,
        x,
        Array.from({ length: chain }, (_, i) => bits - 1 + i),
      );
      const rightSteps = given.map((said, i) => right(bits - 1 + i, said));
      // Its own steps take the place of the right ones, of which nothing is left for it to read.
      const own: Tensor = { ...x, data: Int32Array.from(x.data) };
      for (let b = 0; b < sequences; b++) own.data.fill(0, b * length + bits, (b + 1) * length);
      let answers = 0;
      for (let position = bits - 1; position < length; position++) {
        const [said] = await likeliest(runner, own, [position]);
        if (position === length - 1) answers = right(position, said);
        else said.forEach((symbol, b) => own.data[b * length + position + 1] = symbol);
      }
      const losses = { loss: 1 - answers / sequences, floor: 0.5, optimum: 0 };
      const details: Details = {
        accuracy: answers / sequences,
        given: rightSteps.at(-1)! / sequences,
        steps: rightSteps.reduce((a, b) => a + b, 0) / chain / sequences,
        ...{ chain, sequences },
      };
      return { ...losses, gapClosed: gapClosed(losses), details };
    },
  };
}

/** The likeliest symbol after some positions, by sequence; where no logit is a number it is a bit, which is never right. */
async function likeliest(
  runner: Runner,
  x: Tensor,
  positions: readonly number[],
): Promise<Int32Array[]> {
  const [sequences, length] = x.shape;
  const said = positions.map(() => new Int32Array(sequences));
  for await (const { first, values: { data, shape: [count, , classes] } } of runner.outputs(x)) {
    for (let s = 0; s < count; s++) {
      for (const [i, position] of positions.entries()) {
        const at = (s * length + position) * classes;
        let best = -Infinity;
        for (let v = 0; v < classes; v++) {
          if (!(data[at + v] > best)) continue;
          best = data[at + v];
          said[i][first + s] = v;
        }
      }
    }
  }
  return said;
}

/** Its answer is one of two that are equally likely. */
export const task: TaskModule<Task<Model, Record<string, never>>> = {
  about: {
    name: "parity with steps",
    floor: { name: "even or odd at random", known: "exact" },
    optimum: { name: "the parity", known: "exact" },
  },
  configure,
  protocol: (options) => readOptions("stepwise_parity protocol", z.strictObject({}), options),
};
