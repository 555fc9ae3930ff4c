/**
 * @file Integration of white noise with a leak (the target of linear recurrent networks in arXiv 2503.18754): z_t = decay z_{t-1} + u_t with
 * u white, of which only u + noise is seen, and z is asked for after every token. Given what was seen, each u is a share
 * 1 / (1 + sigma^2) of it, so the best predictor integrates that: a linear recurrence of one number. z has variance 1 in the end.
 *
 * @example Without noise the integral of what is seen is the answer
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./noise_integration.ts";
 *
 * const integration = task.configure({ decay: 0.6, sigma: 0, length: 4 });
 * const { x, target } = integration.generate!(0, 1, 1);
 * let z = 0;
 * x.data.forEach((u, t) => assert.ok(Math.abs((z = 0.6 * z + 0.8 * u) - target.data[t]) < 1e-6)); // 0.8 = sqrt(1 - 0.6^2)
 * ```
 */
import * as z from "zod";
import { type ValueTask, valueTask } from "../value_task.ts";

const schema = () =>
  z.strictObject({
    /** Of the integral from one token to the next. */
    decay: z.number().min(0).lt(1).default(0.95),
    /** Standard deviation of the noise on what is seen, over that of the input. */
    sigma: z.number().min(0).default(0.5),
    length: z.number().int().min(1).default(64),
  });

/** Integrating what is seen under noise. */
export const task: ValueTask = valueTask({
  about: {
    name: "noise integration",
    optimum: { name: "the posterior mean of the integral", known: "exact" },
  },
  schema,
  quantity({ decay, sigma, length }) {
    const scale = Math.sqrt(1 - decay ** 2);
    return {
      ...{ channels: 1, length, draws: 2 * length },
      write(next, x, target) {
        for (let t = 0, integral = 0; t < length; t++) {
          const input = next();
          x[t] = input + sigma * next();
          target[t] = integral = decay * integral + scale * input;
        }
      },
      best(x) {
        let integral = 0;
        const share = scale / (1 + sigma ** 2);
        return Array.from(x, (seen) => integral = decay * integral + share * seen);
      },
    };
  },
});
