/**
 * @file Linear regression in context (Garg et al., arXiv 2208.01066): every sequence has weights of its own, w ~ N(0, I / d), and pairs
 * y = w'x + noise with x ~ N(0, I). A token is the answer to the input before it, and the next input, whose answer is asked for. The
 * optimum is the posterior mean: recursive ridge regression with penalty sigma^2 d, which is what the Mesa layer computes
 * (von Oswald et al., arXiv 2309.05858).
 *
 * @example The answer to an input comes with the next one
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./in_context_regression.ts";
 *
 * const regression = task.configure({ inputs: 2, length: 3 });
 * const { x, target } = regression.generate!(0, 1, 1);
 * assert.deepEqual(x.shape, [1, 3, 3]);
 * assert.deepEqual([x.data[0], x.data[3], x.data[6]], [0, target.data[0], target.data[1]]);
 * ```
 */
import * as z from "zod";
import { type ValueTask, valueTask } from "../value_task.ts";
import { RecursiveRidge } from "./recursive_ridge.ts";

const schema = () =>
  z.strictObject({
    /** d: numbers in an input. */
    inputs: z.number().int().min(1).max(256).default(8),
    /** Standard deviation of the noise; answers without it have variance 1. */
    sigma: z.number().positive().default(0.2),
    /** Pairs in a sequence. */
    length: z.number().int().min(1).default(32),
  });

/** Predicting answers from the pairs so far. */
export const task: ValueTask = valueTask({
  about: {
    name: "in-context regression",
    optimum: { name: "recursive ridge regression", known: "exact" },
  },
  schema,
  quantity: ({ inputs, sigma, length }) => ({
    ...{ channels: inputs + 1, length },
    draws: inputs + length * (inputs + 1),
    write(next, x, target) {
      const weights = Float64Array.from({ length: inputs }, () => next() / Math.sqrt(inputs));
      for (let t = 0; t < length; t++) {
        const at = t * (inputs + 1);
        if (t > 0) x[at] = target[t - 1];
        let answer = sigma * next();
        for (let i = 0; i < inputs; i++) {
          x[at + 1 + i] = next();
          answer += weights[i] * x[at + 1 + i];
        }
        target[t] = answer;
      }
    },
    best(x) {
      const ridge = new RecursiveRidge(inputs, 1 / inputs, sigma ** 2);
      const input = (t: number) =>
        Array.from({ length: inputs }, (_, i) => x[t * (inputs + 1) + 1 + i]);
      return Array.from({ length: x.length / (inputs + 1) }, (_, t) => {
        if (t > 0) ridge.learn(input(t - 1), x[t * (inputs + 1)]);
        return ridge.predict(input(t));
      });
    },
  }),
});
