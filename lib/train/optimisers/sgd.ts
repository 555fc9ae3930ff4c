/** @file Gradient descent, with a heavy ball where `momentum` is not 0 (Polyak 1964): v <- momentum v + G, W <- W - rate v. */
import * as z from "zod";
import { leavesOf, treeLike } from "../../engine/trees.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { mapTensors } from "../../tensor/trees.ts";
import type { OptimiserModule } from "./optimiser.ts";

/** Option: `momentum`, 0 to below 1; 0. */
export const optimiser: OptimiserModule = {
  configure(options) {
    const schema = z.strictObject({ momentum: z.number().min(0).lt(1).default(0) });
    const { momentum } = readOptions("sgd", schema, options);
    return {
      init: (params) => ({
        velocity: mapTensors(params, ({ shape, dtype }) => tensor(0, shape, dtype)),
      }),
      update(params, grads, state, rate) {
        const before = leavesOf((state as { velocity: typeof grads }).velocity);
        const after = leavesOf(grads).map((g, i) => before[i].mul(momentum).add(g));
        const moved = leavesOf(params).map((p, i) => p.sub(after[i].ref.mul(rate.ref)));
        return { params: treeLike(params, moved), state: { velocity: treeLike(params, after) } };
      },
    };
  },
};
