/**
 * @file Shampoo (Gupta, Koren, Singer, arXiv 1802.09568, algorithm 1) with exponents -1/4: W <- W - rate L^{-1/4} G R^{-1/4}, where L and R are running means of
 * G G' and G'G (theirs are sums, whose steps shrink; a mean keeps the scale, as later implementations do). Roots by Newton's iteration in the graph.
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { leavesOf, treeLike } from "../../engine/trees.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { mapTensors } from "../../tensor/trees.ts";
import { inverseFourthRoot, requireMatrix, transposed } from "./matrices.ts";
import type { OptimiserModule } from "./optimiser.ts";

/** Option: `beta`, share of the running means that is kept in a step; 0.9. */
export const optimiser: OptimiserModule = {
  configure(options) {
    const schema = z.strictObject({ beta: z.number().min(0).lt(1).default(0.9) });
    const { beta } = readOptions("shampoo", schema, options);
    return {
      init: (params) => ({
        left: mapTensors(params, ({ shape, dtype }) => {
          requireMatrix("shampoo", shape);
          const rows = shape[shape.length - 2];
          return tensor(0, [...shape.slice(0, -2), rows, rows], dtype);
        }),
        right: mapTensors(params, ({ shape, dtype }) => {
          const columns = shape[shape.length - 1];
          return tensor(0, [...shape.slice(0, -2), columns, columns], dtype);
        }),
      }),
      update(params, grads, state, rate) {
        const { left, right } = state as { left: typeof grads; right: typeof grads };
        const [lefts, rights, gradients] = [left, right, grads].map(leavesOf);
        const [nextLeft, nextRight]: JaxArray[][] = [[], []];
        const moved = leavesOf(params).map((p, i) => {
          const G = gradients[i];
          const mean = (old: JaxArray, square: JaxArray) => old.mul(beta).add(square.mul(1 - beta));
          const L = mean(lefts[i], np.matmul(G.ref, transposed(G.ref)));
          const R = mean(rights[i], np.matmul(transposed(G.ref), G.ref));
          nextLeft.push(L.ref);
          nextRight.push(R.ref);
          const half = np.matmul(inverseFourthRoot(L), G);
          return p.sub(np.matmul(half, inverseFourthRoot(R)).mul(rate.ref));
        });
        return {
          params: treeLike(params, moved),
          state: { left: treeLike(params, nextLeft), right: treeLike(params, nextRight) },
        };
      },
    };
  },
};
