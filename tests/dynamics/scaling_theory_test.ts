/** @file Formulas of a theory of depth and width: what they are, and counterexamples to what is said of them. */
import assert from "node:assert/strict";
import {
  logCondition,
  rankThatKeeps,
  statedRank,
  stationaryDepth,
  widthOf,
} from "../../lib/dynamics/scaling_theory.ts";
import { study } from "../../lib/dynamics/studies/scaling_formulas.ts";
import { keyOf, uniforms } from "../../lib/random/random.ts";

const close = (a: number, b: number, within = 1e-9) =>
  assert.ok(Math.abs(a - b) <= within * Math.max(1, Math.abs(b)), `${a}, ${b}`);

Deno.test("width and condition number by hand: three layers of width 4 at two matrices a layer", () => {
  const budget = { parameters: 96, perLayer: 2 };
  close(widthOf(budget, 3), 4);
  close(logCondition(budget, 3, 0.5), Math.log(4 ** 0.5) * 3);
});

Deno.test("the stationary depth is where the slope is 0, and both sides are lower: a maximum", () => {
  const drawn = uniforms(keyOf(1), 60);
  for (let k = 0; k < 20; k++) {
    const budget = {
      parameters: 10 ** (2 + 8 * drawn[3 * k]),
      perLayer: 1 + 6 * drawn[3 * k + 1],
    };
    const alpha = 0.1 + 3 * drawn[3 * k + 2];
    const at = stationaryDepth(budget);
    const f = (factor: number) => logCondition(budget, factor * at, alpha);
    close((f(1 + 1e-5) - f(1 - 1e-5)) / (2e-5 * f(1)), 0, 1e-8);
    for (const factor of [0.01, 0.5, 0.9, 1.1, 2, 2.7]) assert.ok(f(factor) < f(1), `${factor}`);
    // Second derivative -alpha / (2 L), by differences.
    const h = 1e-3;
    close((f(1 + h) - 2 * f(1) + f(1 - h)) / (h * at) ** 2 * at, -alpha / 2, 1e-5);
    close(widthOf(budget, at), Math.sqrt(Math.E));
  }
});

Deno.test("the stated rank lies below 1 for every spectrum; the counted one keeps the variance, one less does not", () => {
  for (const alpha of [0.6, 1, 1.35, 2]) {
    for (const epsilon of [0.3, 0.05, 0.001]) {
      assert.ok(statedRank(alpha, epsilon) < 1);
      for (const width of [1, 7, 300]) {
        const rank = rankThatKeeps(alpha, epsilon, width);
        const kept = (r: number) => {
          let sum = 0;
          for (let i = 1; i <= r; i++) sum += i ** (-2 * alpha);
          return sum;
        };
        assert.ok(kept(rank) >= (1 - epsilon) * kept(width) * (1 - 1e-12));
        assert.ok(rank === 1 || kept(rank - 1) < (1 - epsilon) * kept(width));
      }
    }
  }
  close(statedRank(1, 0.05), 0.05);
  close(statedRank(1.35, 0.05), 0.172, 1e-3); // as SpectralLowRank.lean has it
  // Nothing is lost: all of them.
  assert.equal(rankThatKeeps(1, 0, 9), 9);
  // A share of the width it is not: four times the width, the same rank.
  assert.equal(rankThatKeeps(1.35, 0.05, 1312), rankThatKeeps(1.35, 0.05, 4 * 1312));
});

Deno.test("the study: the page's own figures by hand, random settings that differ by seed", () => {
  const of = (seed: number) => study.configure({}).run(seed, {}, () => {}).scalars;
  const { scalars, details } = study.configure({}).run(3, {}, () => {});
  close(scalars.condition6, 3 * Math.log(4e8 / 18));
  close(scalars.condition26, 13 * Math.log(4e8 / 78));
  close(scalars.statedDepth, 4e8 / (3 * Math.E));
  close(scalars.statedWidth, 1.6487212707);
  assert.equal(scalars.parameters26, 223_774_720);
  close(scalars.rate, 1.95);
  close(scalars.rateOfEqualSize, 1.35);
  close(scalars.laterRate, 0.95 * 15.8 / 23.8);
  close(scalars.below, (2.085 - 1.646) / (2.085 - 1.551));
  close(scalars.depthExponent, 0.30783, 1e-4); // log(70 / 29) / log(17.5)
  close(scalars.leaving, 2 * (1 - Math.log(2)) - 1);
  const own = details as Record<"alpha" | "epsilon" | "width" | "counted" | "parameters", number>;
  close(scalars.rank, own.epsilon ** (1 / (2 * own.alpha - 1)));
  close(scalars.rankError, Math.abs(Math.log(scalars.rank * own.width / own.counted)));
  assert.equal(own.counted, rankThatKeeps(own.alpha, own.epsilon, own.width));
  close(
    scalars.steeper,
    Math.log(rankThatKeeps(own.alpha + 0.5, own.epsilon, own.width) / own.counted),
  );
  assert.ok(scalars.deeper < 0);
  for (const name of ["deeper", "rank", "rankError"]) {
    assert.equal(new Set([1, 2, 3].map((seed) => of(seed)[name])).size, 3, name);
  }
  assert.throws(() => study.configure({ alpha: 1 }), /scaling_formulas options/);
});
