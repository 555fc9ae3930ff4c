/**
 * @file How many steps of gradient descent a start takes to 1 % above least squares, at the best of a few rates. White inputs, noise as strong as what can be
 * explained, so that 1 % above the optimum is 99 % of the way. The sign of the determinant is a choice: where layers are balanced the flow never changes it.
 */
import { determinant, Matrix as Dense } from "ml-matrix";
import * as z from "zod";
import { initialisationNames, initialised } from "../../models/initialisations.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf } from "../../random/random.ts";
import { type Chain, descended, gradients } from "../chain.ts";
import { endGradient, type Regression, relativeExcess } from "../regression.ts";
import { largestStableRate } from "../step_laws.ts";
import type { StudyModule } from "../study.ts";
import { assembled, geometric, randomTeacher } from "../teacher.ts";

const schema = () =>
  z.strictObject({
    initialisation: z.enum(initialisationNames),
    /** Sign of the start's determinant: that of the teacher, or not. */
    sign: z.enum(["same", "other"]),
    depth: z.number().int().min(2),
    width: z.number().int().min(1).default(8),
    /** Of the teacher, whose singular values are around 1. */
    condition: z.number().min(1).default(4),
    /** Learning rates, as shares of the largest that is stable at the optimum. */
    shares: z.array(z.number().positive()).min(1).default([0.003, 0.03, 0.3, 0.9]),
    /** Excess over least squares at which training is done. */
    target: z.number().positive().default(0.01),
    /** Steps after which a rate is given up. */
    cap: z.number().int().min(1).default(1000),
  });

/**
 * Scalars: `steps` at the best rate, the cap where none got there; `reached`, 1 or 0; `share`, the rate, 0 where none; `excess`, the least at the end of any
 * rate that stayed finite, 1e9 at most.
 */
export const study: StudyModule = {
  configure(options) {
    const { initialisation, sign, depth, width, condition, shares, target, cap } = readOptions(
      "initialisation",
      schema(),
      options,
    );
    const s = geometric(width, condition);
    const limit = largestStableRate(
      { rows: width, columns: width, largest: s[0], smallest: s[width - 1] },
      depth,
    );
    return {
      run(seed, _data, progress) {
        const teacher = assembled(
          randomTeacher(fold(keyOf(seed), 1), width, width, s),
          width,
          width,
        );
        const energy = teacher.reduce((sum, x) => sum + x * x, 0);
        const regression: Regression = {
          ...{ rows: width, columns: width, optimum: teacher, noise: energy / 2 },
        };
        const sizes = Array<number>(depth + 1).fill(width);
        const layers = initialised(initialisation, fold(keyOf(seed), 2), sizes);
        const signOf = (matrices: readonly Float64Array[]) =>
          matrices.reduce(
            (product, W) =>
              product * Math.sign(determinant(Dense.from1DArray(width, width, [...W]))),
            1,
          );
        const same = signOf(layers) === signOf([teacher]);
        if (same !== (sign === "same")) {
          for (let column = 0; column < width; column++) layers[0][column] *= -1;
        }
        const start: Chain = { sizes, layers };
        let best = { steps: cap, share: 0, excess: 1e9 };
        for (const [i, share] of shares.entries()) {
          const found = trained(start, regression, share * limit, target, best.steps);
          if (found.excess <= target) best = { steps: found.steps, share, excess: found.excess };
          else if (best.share === 0) best.excess = Math.min(best.excess, found.excess);
          progress(i + 1, shares.length);
        }
        return {
          scalars: {
            steps: best.steps,
            reached: best.share > 0 ? 1 : 0,
            share: best.share,
            excess: best.excess,
          },
          details: { limit },
        };
      },
    };
  },
};

/** Steps until the target, fewer than `most`; the excess there, infinite where training blew up. */
function trained(
  start: Chain,
  regression: Regression,
  rate: number,
  target: number,
  most: number,
): { steps: number; excess: number } {
  let chain = start;
  for (let steps = 0;; steps++) {
    let excess = Infinity;
    const G = gradients(chain, (X) => {
      excess = relativeExcess(regression, X);
      return endGradient(regression, X);
    });
    if (!Number.isFinite(excess) || excess > 1e12) return { steps, excess: Infinity };
    if (excess <= target || steps === most - 1) return { steps, excess };
    chain = descended(chain, G, rate);
  }
}
