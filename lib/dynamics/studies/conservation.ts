/**
 * @file Does every step of gradient descent keep the identity of balancedness.ts, and does what it does not keep vanish with the step? On inputs
 * that are not white, which the identity does not care about.
 */
import * as z from "zod";
import { multiplyTransposed } from "../../linalg/matrix.ts";
import { initialisationNames, initialised } from "../../models/initialisations.ts";
import { readOptions } from "../../options.ts";
import { keyOf, normals, split } from "../../random/random.ts";
import { conservationError, drift, imbalance } from "../balancedness.ts";
import { type Chain, descended, gradients } from "../chain.ts";
import { endGradient, type Regression } from "../regression.ts";
import type { StudyModule } from "../study.ts";

const schema = () =>
  z.strictObject({
    depth: z.number().int().min(2),
    width: z.number().int().min(1).default(6),
    initialisation: z.enum(initialisationNames),
    /** Learning rate times depth: deeper products take smaller steps. */
    rate: z.number().positive().default(0.01),
    /** Steps over depth. */
    steps: z.number().int().min(1).default(20),
  });

/**
 * Scalars: `identityError`, the largest entry by which any step missed the identity; `driftRatio`, the drift over that with twice the steps of half the
 * size; `imbalance` at the start.
 */
export const study: StudyModule = {
  configure(options) {
    const { depth, width, initialisation, rate, steps } = readOptions(
      "conservation",
      schema(),
      options,
    );
    return {
      run(seed, _data, progress) {
        const [forLayers, forTeacher, forInputs] = split(keyOf(seed), 3);
        const sizes = Array<number>(depth + 1).fill(width);
        const start: Chain = { sizes, layers: initialised(initialisation, forLayers, sizes) };
        const root = normals(forInputs, width * width).map((x) => x / Math.sqrt(width));
        const regression: Regression = {
          rows: width,
          columns: width,
          covariance: multiplyTransposed(root, root, width, width, width),
          optimum: normals(forTeacher, width * width).map((x) => x / Math.sqrt(width)),
        };
        const trained = (rate: number, steps: number) => {
          let [chain, worst] = [start, 0];
          for (let step = 0; step < steps; step++) {
            const G = gradients(chain, (X) => endGradient(regression, X));
            const next = descended(chain, G, rate);
            worst = Math.max(worst, conservationError(chain, G, rate, next));
            chain = next;
          }
          return { drift: drift(start, chain), worst };
        };
        const whole = trained(rate / depth, steps * depth);
        progress(1, 3);
        const halves = trained(rate / depth / 2, 2 * steps * depth);
        progress(3, 3);
        return {
          scalars: {
            identityError: Math.max(whole.worst, halves.worst),
            driftRatio: whole.drift / halves.drift,
            imbalance: imbalance(start),
          },
          details: { drift: whole.drift, driftOfHalves: halves.drift },
        };
      },
    };
  },
};
