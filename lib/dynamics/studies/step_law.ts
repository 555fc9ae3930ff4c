/**
 * @file The laws of step_laws.ts on white inputs: the rate at which the distance to a balanced optimum shrinks at last, and where steps are too large.
 */
import * as z from "zod";
import type { Matrix } from "../../linalg/matrix.ts";
import { factored } from "../../models/initialisations.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf, normals } from "../../random/random.ts";
import { type Chain, descended, gradients, productOf } from "../chain.ts";
import { endGradient } from "../regression.ts";
import { contraction, largestStableRate } from "../step_laws.ts";
import type { StudyModule } from "../study.ts";
import { assembled, geometric, randomTeacher } from "../teacher.ts";

const schema = () =>
  z.strictObject({
    rows: z.number().int().min(1),
    columns: z.number().int().min(1),
    depth: z.number().int().min(1),
    /** Largest over smallest singular value of the optimum. */
    condition: z.number().min(1),
    /** Rate of the measured contraction, as a share of the largest stable one. */
    share: z.number().positive().max(0.5).default(0.4),
  });

/** Standard deviation of the entries by which layers start beside the optimum. */
const beside = 1e-4;
/** Steps over which stability is watched. */
const watched = 300;

/**
 * Scalars: `predicted` and `measured`, minus the logarithm of what one step leaves of the distance, at last; `above` and `below`, the logarithm of the
 * growth of the distance over 300 steps at 1.03 and .97 of the largest stable rate.
 */
export const study: StudyModule = {
  configure(options) {
    const { rows, columns, depth, condition, share } = readOptions("step_law", schema(), options);
    const width = Math.min(rows, columns);
    const s = geometric(width, condition);
    const optimum = { rows, columns, largest: s[0], smallest: s[width - 1] };
    const predicted = -Math.log(contraction(optimum, depth, share));
    const limit = largestStableRate(optimum, depth);
    return {
      run(seed, _data, progress) {
        const teacher = randomTeacher(keyOf(seed), rows, columns, s);
        const X = assembled(teacher, rows, columns);
        const regression = { rows, columns, optimum: X };
        const sizes = [rows, ...Array<number>(depth - 1).fill(width), columns];
        const layers = factored(teacher, sizes, fold(keyOf(seed), 3)).map((W, l) => {
          const noise = normals(fold(keyOf(seed), 4 + l), W.length);
          return W.map((w, e) => w + beside * noise[e] / Math.sqrt(depth));
        });
        const start: Chain = { sizes, layers };
        /** Distances from the optimum after steps that are listed in order. */
        const distances = (rate: number, at: readonly number[]): number[] => {
          let chain = start;
          const found: number[] = [];
          for (let step = 0; step <= at[at.length - 1]; step++) {
            if (at.includes(step)) found.push(distance(productOf(chain), X));
            chain = descended(chain, gradients(chain, (X) => endGradient(regression, X)), rate);
          }
          return found;
        };
        // Eight e-folds for the other directions to die out, another eight to measure.
        const ends = [8, 16].map((folds) => Math.ceil(folds / predicted));
        const [from, to] = distances(share * limit, ends);
        progress(1, 2);
        const growth = (factor: number) => {
          const [first, last] = distances(factor * limit, [0, watched]);
          return Math.log(last / first);
        };
        const [above, below] = [growth(1.03), growth(0.97)];
        progress(2, 2);
        const measured = Math.log(from / to) / (ends[1] - ends[0]);
        return { scalars: { predicted, measured, above, below }, details: { ends } };
      },
    };
  },
};

function distance(X: Matrix, Y: Matrix): number {
  return Math.sqrt(X.reduce((sum, x, e) => sum + (x - Y[e]) ** 2, 0));
}
