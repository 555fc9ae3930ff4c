/**
 * @file Muon (Jordan et al. 2024; arXiv 2502.16982): the momentum of every matrix is replaced by the nearest orthogonal one, found to a few per cent by five quintic
 * Newton-Schulz iterations, so that a step moves all of its singular directions by about the same amount.
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { leavesOf, treeLike } from "../../engine/trees.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { mapTensors } from "../../tensor/trees.ts";
import { frobenius, requireMatrix, transposed } from "./matrices.ts";
import type { OptimiserModule } from "./optimiser.ts";

/** Coefficients of x, x^3 and x^5: as steep at 0 as stays within .7 to 1.2. */
const [a, b, c] = [3.4445, -4.775, 2.0315];

/** G [..., rows, columns] with its singular values brought to between .7 and 1.2. */
export function orthogonalised(G: JaxArray): JaxArray {
  const tall = G.shape[G.ndim - 2] > G.shape[G.ndim - 1];
  const wide = tall ? transposed(G) : G;
  let X = wide.ref.div(frobenius(wide).add(1e-7));
  for (let k = 0; k < 5; k++) {
    const A = np.matmul(X.ref, transposed(X.ref));
    const B = A.ref.mul(b).add(np.matmul(A.ref, A).mul(c));
    X = X.ref.mul(a).add(np.matmul(B, X));
  }
  return tall ? transposed(X) : X;
}

/** Option: `momentum`, 0.95. Nesterov's form, as the authors use it. */
export const optimiser: OptimiserModule = {
  configure(options) {
    const schema = z.strictObject({ momentum: z.number().min(0).lt(1).default(0.95) });
    const { momentum } = readOptions("muon", schema, options);
    return {
      init: (params) => ({
        velocity: mapTensors(params, ({ shape, dtype }) => {
          requireMatrix("muon", shape);
          return tensor(0, shape, dtype);
        }),
      }),
      update(params, grads, state, rate) {
        const before = leavesOf((state as { velocity: typeof grads }).velocity);
        const velocities: JaxArray[] = [];
        const gradients = leavesOf(grads);
        const moved = leavesOf(params).map((p, i) => {
          const v = before[i].mul(momentum).add(gradients[i].ref);
          velocities.push(v.ref);
          const ahead = gradients[i].add(v.mul(momentum));
          return p.sub(orthogonalised(ahead).mul(rate.ref));
        });
        return {
          params: treeLike(params, moved),
          state: { velocity: treeLike(params, velocities) },
        };
      },
    };
  },
};
