/** @file Adam (Kingma and Ba, arXiv 1412.6980): adamw.ts without decay and without clipping. */
import * as z from "zod";
import { readOptions } from "../../options.ts";
import { adamwInit, type AdamWState, adamwUpdate } from "../adamw.ts";
import type { OptimiserModule } from "./optimiser.ts";

/** Options: `beta1` (0.9), `beta2` (0.999). */
export const optimiser: OptimiserModule = {
  configure(options) {
    const schema = z.strictObject({
      beta1: z.number().min(0).lt(1).default(0.9),
      beta2: z.number().min(0).lt(1).default(0.999),
    });
    const betas = readOptions("adam", schema, options);
    return {
      init: adamwInit,
      update(params, grads, state, rate) {
        const step = adamwUpdate(params, grads, state as AdamWState<typeof params>, rate, betas);
        step.gradNorm.dispose();
        return { params: step.params, state: step.state };
      },
    };
  },
};
