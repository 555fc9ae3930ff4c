/**
 * @file The modes of a product during gradient descent beside the curves of mode_curve.ts: from balanced layers that are aligned with the
 * teacher, where the curves are exact for small steps, and from a random rotation of the same size, where they are not promised.
 */
import * as z from "zod";
import { determinant, Matrix as Dense } from "ml-matrix";
import type { Matrix } from "../../linalg/matrix.ts";
import type { Svd } from "../../linalg/svd.ts";
import { factored } from "../../models/initialisations.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf } from "../../random/random.ts";
import { DynamicsAnalyzer } from "../analyzer.ts";
import { type Chain, descended, gradients, productOf } from "../chain.ts";
import { strengthAfter, timeTo } from "../mode_curve.ts";
import { endGradient } from "../regression.ts";
import { largestStableRate } from "../step_laws.ts";
import type { StudyModule } from "../study.ts";
import { assembled, randomTeacher } from "../teacher.ts";

const schema = () =>
  z.strictObject({
    depth: z.number().int().min(1),
    /** Singular values of the teacher, descending. */
    targets: z.array(z.number().positive()).min(1),
    /** Singular values at the start, below every target. */
    start: z.number().positive(),
    /** aligned: the singular vectors are the teacher's; rotated: they are random. */
    frames: z.enum(["aligned", "rotated"]),
    /** Learning rate as a share of the largest stable one. */
    share: z.number().positive().default(0.01),
    /** Times at which the modes are compared, beside 0. */
    points: z.number().int().min(2).default(10),
  });

/** What it leaves as details; lists by mode, then by time. */
export interface ModeCurves {
  /** Of all comparisons, in units of the flow (rate times steps). */
  readonly times: number[];
  /** u_i' X v_i of the teacher's singular vectors. */
  readonly strengths: number[][];
  /** Descending. */
  readonly singularValues: number[][];
  /** The curve. */
  readonly theory: number[][];
}

/**
 * Scalars: `deviation`, the largest |strength - curve| over its target; `ordered`, the share of pairs of modes of which the stronger one passes half of
 * its target first; `steps`.
 */
export const study: StudyModule = {
  configure(options) {
    const read = readOptions("mode_curves", schema(), options);
    const { depth, targets, start, frames, share, points } = read;
    const n = targets.length;
    const rate = share * largestStableRate(
      { rows: n, columns: n, largest: targets[0], smallest: targets[n - 1] },
      depth,
    );
    const until = 1.25 * timeTo(0.95 * targets[n - 1], { depth, target: targets[n - 1], start });
    const steps = Math.ceil(until / rate);
    return {
      run(seed, _data, progress) {
        const teacher = randomTeacher(keyOf(seed), n, n, Float64Array.from(targets));
        const regression = { rows: n, columns: n, optimum: assembled(teacher, n, n) };
        const sizes = Array<number>(depth + 1).fill(n);
        const s = new Float64Array(n).fill(start);
        const frame = frames === "aligned" ? { ...teacher, s } : otherFrame(seed, teacher, s);
        let chain: Chain = { sizes, layers: factored(frame, sizes, fold(keyOf(seed), 3)) };
        const analyzer = new DynamicsAnalyzer({ rows: n, columns: n });
        const [times, strengths]: [number[], number[][]] = [[], []];
        const halfway = Array<number>(n).fill(Infinity);
        for (let step = 0; step <= steps; step++) {
          const modes = strengthsOf(productOf(chain), teacher);
          modes.forEach((u, i) => {
            if (u >= targets[i] / 2) halfway[i] = Math.min(halfway[i], step);
          });
          if (step === Math.round(times.length * steps / points)) {
            times.push(step * rate);
            strengths.push(modes);
            analyzer.observe(step, { chain });
            progress(step, steps);
          }
          const G = gradients(chain, (X) => endGradient(regression, X));
          chain = descended(chain, G, rate);
        }
        const byMode = (lists: readonly (readonly number[])[]) =>
          targets.map((_, i) => lists.map((list) => list[i]));
        const details: ModeCurves = {
          times,
          strengths: byMode(strengths),
          singularValues: byMode(analyzer.observations.map(({ singularValues }) => singularValues)),
          theory: targets.map((target) =>
            times.map((time) => strengthAfter(time, { depth, target, start }))
          ),
        };
        const errors = targets.flatMap((target, i) =>
          details.theory[i].map((u, t) => Math.abs(details.strengths[i][t] - u) / target)
        );
        return {
          scalars: { deviation: Math.max(...errors), ordered: ordered(halfway), steps },
          details,
        };
      },
    };
  },
};

/** u_i' X v_i. */
function strengthsOf(X: Matrix, { U, s, V }: Svd): number[] {
  const n = s.length;
  return Array.from(s, (_, i) => {
    let sum = 0;
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < n; b++) sum += U[a * n + i] * X[a * n + b] * V[b * n + i];
    }
    return sum;
  });
}

/** Random frames whose determinant has the teacher's sign: the flow never changes it, and no mode is out of reach. */
function otherFrame(seed: number, teacher: Svd, s: Matrix): Svd {
  const n = s.length;
  const { U, V } = randomTeacher(fold(keyOf(seed), 2), n, n, s);
  const sign = (A: Matrix) => Math.sign(determinant(Dense.from1DArray(n, n, [...A])));
  const wrong = sign(U) * sign(V) !== sign(teacher.U) * sign(teacher.V);
  return { U: wrong ? U.map((u, e) => e % n === 0 ? -u : u) : U, s, V };
}

/** Share of pairs i < j with at[i] < at[j]; 1 for a single mode. */
function ordered(at: readonly number[]): number {
  const pairs = at.flatMap((a, i) => at.slice(i + 1).map((b) => a < b));
  return pairs.length === 0 ? 1 : pairs.filter(Boolean).length / pairs.length;
}
