/**
 * @file How fast steps of natural_gradient.ts shrink the distance to the optimum: (1 - rate) a step at any depth is what they are made for. The control is the end-to-end matrix by
 * itself under the same rate, which is what an optimiser that undoes the depth comes to: descent on one matrix, preconditioned to least squares.
 */
import { determinant, Matrix as Dense } from "ml-matrix";
import * as z from "zod";
import { multiply, transpose } from "../../linalg/matrix.ts";
import { randomOrthogonal } from "../../linalg/orthogonal.ts";
import type { Svd } from "../../linalg/svd.ts";
import { factored } from "../../models/initialisations.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf } from "../../random/random.ts";
import { type Chain, descended, productOf } from "../chain.ts";
import { blockDiagonalStep, minimumNormStep } from "../natural_gradient.ts";
import { excessLoss, relativeExcess } from "../regression.ts";
import type { StudyModule } from "../study.ts";
import { assembled, geometric, randomTeacher } from "../teacher.ts";

const schema = () =>
  z.strictObject({
    rows: z.number().int().min(1),
    columns: z.number().int().min(1),
    depth: z.number().int().min(1),
    method: z.enum(["minimum norm", "block-diagonal", "end-to-end"]),
    /** aligned: the start has the teacher's frames; rotated: random ones. */
    frames: z.enum(["aligned", "rotated"]),
    /** Of the teacher, whose singular values are around 1. */
    condition: z.number().min(1).default(4),
    /** Of the inputs' covariance, whose eigenvalues are around 1. */
    inputs: z.number().min(1).default(10),
    /** All singular values of the product at the start. */
    start: z.number().positive().default(1),
    rate: z.number().positive().lt(1).default(0.05),
    steps: z.number().int().min(1).default(200),
  });

/**
 * Scalars: `contraction`, minus the logarithm of what a step left of |X - X*|, the mean over all steps, -1 at least; `predicted`, -log(1 - rate); `crosses`, 1 where the segment from the start to
 * the optimum has a singular matrix on it, which no path of invertible layers follows; `lost`, 1 where there was no step left to take; `toTarget`, steps until the training loss is 1 % above least
 * squares with noise as strong as the signal, `steps` where that came first.
 */
export const study: StudyModule = {
  configure(options) {
    const read = readOptions("natural_gradient", schema(), options);
    const { rows, columns, depth, method, frames, condition, inputs, start, rate, steps } = read;
    const width = Math.min(rows, columns);
    return {
      run(seed, _data, progress) {
        const key = keyOf(seed);
        const teacher = randomTeacher(fold(key, 1), rows, columns, geometric(width, condition));
        const optimum = assembled(teacher, rows, columns);
        const Q = randomOrthogonal(fold(key, 2), rows);
        const powers = geometric(rows, inputs);
        const scaled = transpose(Q, rows, rows).map((q, e) => q * powers[e % rows]);
        const covariance = multiply(scaled, Q, rows, rows, rows);
        const signal = { rows, columns, covariance, optimum };
        const noise = excessLoss(signal, new Float64Array(rows * columns));
        const regression = { ...signal, noise };
        const s = new Float64Array(width).fill(start);
        const own: Svd = frames === "aligned"
          ? { ...teacher, s }
          : randomTeacher(fold(key, 3), rows, columns, s);
        const sizes = [rows, ...Array<number>(depth - 1).fill(width), columns];
        const starting: Chain = { sizes, layers: factored(own, sizes, fold(key, 4)) };
        let chain = starting;
        let X = productOf(chain);
        const first = distance(X, optimum);
        let toTarget = steps;
        let lost = 0;
        for (let step = 0; step < steps && !lost; step++) {
          if (relativeExcess(regression, X) <= 0.01) toTarget = Math.min(toTarget, step);
          const residual = X.map((x, e) => x - optimum[e]);
          if (method === "end-to-end") X = X.map((x, e) => x - rate * residual[e]);
          else {
            const step = method === "minimum norm" ? minimumNormStep : blockDiagonalStep;
            try {
              chain = descended(chain, step(chain, residual), rate);
            } catch (error) {
              // The layers have lost a direction, or are so large that rounding has.
              if (!(error instanceof RangeError)) throw error;
              lost = 1;
            }
            X = productOf(chain);
          }
        }
        progress(1, 1);
        return {
          scalars: {
            contraction: Math.max(-1, Math.log(first / distance(X, optimum)) / steps || -1),
            predicted: -Math.log(1 - rate),
            crosses: rows === columns && crosses(productOf(starting), optimum, rows) ? 1 : 0,
            lost,
            toTarget,
          },
          details: {},
        };
      },
    };
  },
};

function distance(X: Float64Array, Y: Float64Array): number {
  return Math.sqrt(X.reduce((sum, x, e) => sum + (x - Y[e]) ** 2, 0));
}

/** Does the determinant change its sign between X and Y [n, n]? At 400 points. */
function crosses(X: Float64Array, Y: Float64Array, n: number): boolean {
  const sign = (share: number) => {
    const between = Array.from(X, (x, e) => (1 - share) * x + share * Y[e]);
    return Math.sign(determinant(Dense.from1DArray(n, n, between)));
  };
  return Array.from({ length: 401 }, (_, k) => sign(k / 400)).some((s, _, all) => s !== all[0]);
}
