/**
 * @file The formulas of scaling_theory.ts at random settings, and what its page says beside what its own tables give: arithmetic, so that
 * whoever doubts it can do it again.
 */
import * as z from "zod";
import { readOptions } from "../../options.ts";
import { keyOf, uniforms } from "../../random/random.ts";
import {
  logCondition,
  rankThatKeeps,
  statedRank,
  stationaryDepth,
  widthOf,
} from "../scaling_theory.ts";
import type { StudyModule } from "../study.ts";

/** Depths that the page compares. */
const [shallow, deep] = [6, 26];
/** Its largest model. */
const stated = { parameters: 400e6, perLayer: 3 };

/**
 * Figures of the page's author. Depths, widths, parameters, losses and tokens a second: 400M_SCALING_STUDY.md, sections 2 and 3 (trainings of ten
 * minutes); `later`: E1_VS_MAMBA2_400M_STUDY.md (trainings of equal steps); `depths`: the page's own predictions, in the middle of each range.
 */
const quoted = {
  // E1 of 26 layers: matrices of d by d in a layer are five, as in all of its other rows.
  ...{ width: 1312, perLayer: 5, said: 403e6 },
  ...{ sampleEfficiency: 0.95, e1: 39_000, mamba2: 19_000, e1OfEqualSize: 27_000 },
  later: { e1: 15_800, mamba2: 23_800 },
  losses: [[6, 2.085], [12, 1.696], [18, 1.646], [22, 1.58], [32, 1.551]],
  /** That language needs, at least. */
  compositions: 20,
  depths: [[400e6, 29], [1e9, 45], [7e9, 70]],
} as const;

/**
 * Scalars at random settings (alpha from 1 to 1.5, epsilon from .01 to .1, 10^8 to 10^10 parameters, 3 to 6 matrices a layer, width 128 to 2,048):
 * `leaving`, the lower of the log condition numbers at half and twice the stationary depth over that at it, minus 1; `deeper`, log condition
 * number of 6 layers minus that of 26; `rank`; `rankError`, |log| of the stated rank, as a share of the width, over the counted one; `steeper`,
 * log of the counted rank at alpha + .5 over that at alpha. Of the page's own figures: `statedDepth` and `statedWidth`, of the stationary depth;
 * `condition6` and `condition26`, logs at alpha = 1; `depthExponent`, of its predicted depths in the parameters; `parameters26`;
 * `rate`, `rateOfEqualSize` and `laterRate`, E1's tokens a second times its sample efficiency over Mamba-2's tokens a second; `below`, share of
 * the fall of the loss from 6 to 32 layers that lies below the least depth that is said to be needed.
 */
export const study: StudyModule = {
  configure(options) {
    readOptions("scaling_formulas", z.strictObject({}), options);
    return {
      run(seed) {
        const [a, b, c, d, e] = uniforms(keyOf(seed), 5);
        const alpha = 1 + a / 2;
        const epsilon = 0.01 * 10 ** b;
        const budget = { parameters: 1e8 * 100 ** c, perLayer: 3 + Math.floor(4 * d) };
        const width = Math.round(128 * 16 ** e);
        const at = (factor: number) =>
          logCondition(budget, factor * stationaryDepth(budget), alpha);
        const rank = statedRank(alpha, epsilon);
        const counted = rankThatKeeps(alpha, epsilon, width);
        const { e1, mamba2, sampleEfficiency, later } = quoted;
        return {
          scalars: {
            leaving: Math.min(at(0.5), at(2)) / at(1) - 1,
            deeper: logCondition(budget, shallow, alpha) - logCondition(budget, deep, alpha),
            rank,
            rankError: Math.abs(Math.log(rank * width / counted)),
            steeper: Math.log(rankThatKeeps(alpha + 0.5, epsilon, width) / counted),
            statedDepth: stationaryDepth(stated),
            statedWidth: widthOf(stated, stationaryDepth(stated)),
            condition6: logCondition(stated, shallow, 1),
            condition26: logCondition(stated, deep, 1),
            depthExponent: exponentOf(quoted.depths),
            parameters26: quoted.perLayer * deep * quoted.width ** 2,
            rate: sampleEfficiency * e1 / mamba2,
            rateOfEqualSize: sampleEfficiency * quoted.e1OfEqualSize / mamba2,
            laterRate: sampleEfficiency * later.e1 / later.mamba2,
            below: fallBelow(quoted.losses, quoted.compositions),
          },
          details: { alpha, epsilon, ...budget, width, counted, quoted },
        };
      },
    };
  },
};

/** Exponent from the first to the last of points (x, y). */
function exponentOf(points: readonly (readonly [number, number])[]): number {
  const [[x, y], [X, Y]] = [points[0], points[points.length - 1]];
  return Math.log(Y / y) / Math.log(X / x);
}

/** Share of the fall from the first to the last loss that is done before the depth. */
function fallBelow(losses: readonly (readonly [number, number])[], depth: number): number {
  const [first, last] = [losses[0][1], losses[losses.length - 1][1]];
  const before = Math.min(...losses.filter(([at]) => at < depth).map(([, loss]) => loss));
  return (first - before) / (first - last);
}
