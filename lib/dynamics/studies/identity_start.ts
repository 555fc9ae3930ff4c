/**
 * @file Layers that start as the identity and a teacher that reverses one direction: the determinant of a balanced product keeps its sign under the
 * flow, so that the product gets as far as 0 in that direction and stays (Bartlett, Helmbold, Long, arXiv 1802.06093, section 4). One row of one layer
 * with the other sign, and there is nothing to stay at.
 */
import * as z from "zod";
import { identity, multiply, transpose } from "../../linalg/matrix.ts";
import { randomOrthogonal } from "../../linalg/orthogonal.ts";
import { readOptions } from "../../options.ts";
import { keyOf } from "../../random/random.ts";
import { type Chain, descended, gradients, productOf } from "../chain.ts";
import { endGradient, excessLoss } from "../regression.ts";
import type { StudyModule } from "../study.ts";

const schema = () =>
  z.strictObject({
    depth: z.number().int().min(2),
    width: z.number().int().min(1).default(4),
    /** identity: all layers are. flipped: the first row of the first layer has the other sign. */
    start: z.enum(["identity", "flipped"]),
    /** Learning rate as a share of the largest stable one, 2 / depth. */
    share: z.number().positive().default(0.25),
    steps: z.number().int().min(1).default(4000),
  });

/** Scalars: `loss` after the last step (of a teacher with one reversed direction: 1/2 for a product that is 0 there), and `steps`. */
export const study: StudyModule = {
  configure(options) {
    const { depth, width, start, share, steps } = readOptions("identity_start", schema(), options);
    return {
      run(seed, _data, progress) {
        const R = randomOrthogonal(keyOf(seed), width);
        const reflected = R.map((value, e) => e < width ? -value : value);
        const optimum = multiply(transpose(R, width, width), reflected, width, width, width);
        const regression = { rows: width, columns: width, optimum };
        const layers = Array.from({ length: depth }, () => identity(width));
        if (start === "flipped") layers[0][0] = -1;
        let chain: Chain = { sizes: Array<number>(depth + 1).fill(width), layers };
        for (let step = 0; step < steps; step++) {
          const G = gradients(chain, (X) => endGradient(regression, X));
          chain = descended(chain, G, share * 2 / depth);
          if (step % 500 === 0) progress(step, steps);
        }
        return { scalars: { loss: excessLoss(regression, productOf(chain)), steps }, details: {} };
      },
    };
  },
};
