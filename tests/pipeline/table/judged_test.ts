/** @file Verdicts of the judge in words, from open fractions and from plain numbers, and what they are made of. */
import assert from "node:assert/strict";
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import {
  closedness,
  contrastMinus,
  contrastOver,
  effectOf,
  type OpenFractions,
  openRatio,
  plainEffect,
} from "../../../pipeline/table/effects.ts";
import { ruleFor, verdictOf } from "../../../pipeline/table/judged.ts";
import { minus, type Values } from "../../../pipeline/table/values.ts";

const systems = [0, 1, 2, 3, 4, 5, 6, 7];
const runsOf = (model: string) => systems.map((seed) => `model=${model}/seed=${seed}`);
const leaf = (metric: string, model: string, values: number[]): Values => ({
  ...{ tag: "seed", at: systems, values, runs: runsOf(model) },
  terms: [{ coefficient: 1, metric, runs: runsOf(model), values }],
});
const gaps = [9, 0.5, 6.5, 0.7, 1.4, 2, 3, 4].map((x) => x / 1000);
/** A model that leaves so much open, more or less. */
const model = (name: string, share: number): OpenFractions => ({
  excess: leaf("excess", name, gaps.map((gap, i) => gap * share * (1 + (i % 3) / 10))),
  gap: leaf("gap", name, gaps),
});
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);

const [good, bad] = [model("good", 0.1), model("bad", 0.4)];
const hypothesis: Hypothesis = {
  unit: "system",
  seeds: systems,
  clauses: [
    { what: "open fraction of bad over good", metric: "open fraction", scale: "factor" },
    {
      what: "one over that of good",
      metric: "open fraction",
      scale: "factor",
      margin: Math.log(5),
    },
  ],
  controls: [{
    what: "gap closed, good minus itself",
    metric: "gap closed",
    scale: "points",
    margin: 0.15,
  }],
};
const closed = leaf("gap closed", "good", gaps.map((_, i) => i / 100));
const same = leaf("gap closed", "twin", gaps.map((_, i) => (i + i % 2) / 100));

Deno.test("contrasts of open fractions: ratios, differences, means over settings", () => {
  const all = effectOf(openRatio(bad, good)).values;
  all.forEach((value) => near(value, Math.log(4)));
  near(effectOf(closedness(good)).values[0], Math.log(10));
  const twice = contrastOver([
    openRatio(bad, good),
    contrastMinus(openRatio(bad, good), closedness(bad)),
  ]);
  near(effectOf(twice).values[0], (Math.log(4) + Math.log(4) + Math.log(0.4)) / 2);
  const [first] = effectOf(openRatio(bad, good)).terms;
  assert.deepEqual(first, {
    ...{ coefficient: 1, metric: "excess", gap: "gap", runs: runsOf("bad") },
    ...{ values: bad.excess.values, gaps },
  });
  assert.deepEqual(effectOf(twice).terms.map(({ coefficient }) => coefficient), [
    0.5,
    -0.5,
    0.5,
    -0.5,
    0.5,
  ]);
});

Deno.test("open fractions of other systems, or without names, are refused", () => {
  const other = { ...good, excess: { ...good.excess, at: [...systems].reverse() } };
  assert.throws(() => effectOf(openRatio(bad, other)), /no pairs/);
  assert.throws(() => effectOf(closedness({ ...good, gap: other.excess })), /no pairs/);
  const { terms: _, ...nameless } = good.excess;
  assert.throws(() => effectOf(closedness({ ...good, excess: nameless })), /no score with a name/);
});

Deno.test("a verdict says every clause with factor, interval, p and ratio of means, and every control with its power", () => {
  const verdict = verdictOf(
    hypothesis,
    [effectOf(openRatio(bad, good)), effectOf(closedness(good))],
    [plainEffect(minus(closed, same))],
  );
  assert.equal(verdict.outcome, "supported");
  assert.equal(verdict.p, 2 / 256);
  assert.equal(verdict.rule, ruleFor(hypothesis));
  // Intervals and the p of equivalence by scipy.
  assert.equal(
    verdict.reason,
    "Open fraction of bad over good: 4 (95 % interval 4 to 4), p = 0.0039, ratio of means 4 (95 % interval 4 to 4); one over that of " +
      "good: 9.22 (95 % interval 8.65 to 9.83), p = 0.0039, ratio of means 9.22 (95 % interval 8.37 to 10.2); control, gap closed, " +
      "good minus itself: -0.5 points (90 % interval -0.9 to -0.1), within +-15.0 points with p = 8.4e-12 (power 1.00 if there is " +
      "nothing); 8 systems.",
  );
  assert.deepEqual(verdict.clauses!.map(({ kind, n, margin }) => [kind, n, margin]), [
    ["clause", 8, 0],
    ["clause", 8, Math.log(5)],
    ["control", 8, 0.15],
  ]);
  assert.deepEqual(
    verdict.clauses![2].terms.map(({ coefficient, metric }) => [coefficient, metric]),
    [
      [1, "gap closed"],
      [-1, "gap closed"],
    ],
  );
  near(verdict.clauses![0].means!.value, Math.log(4));
});

Deno.test("what is not decided says why; fewer systems than declared only illustrate", () => {
  const [effects, controls] = [
    [effectOf(openRatio(bad, bad)), effectOf(closedness(good))],
    [plainEffect(minus(closed, same))],
  ];
  const open = verdictOf(hypothesis, effects, controls);
  assert.equal(open.outcome, "undecided");
  assert.match(
    open.reason,
    /8 systems\. Not decided: with this spread 8 systems find a factor of 1/,
  );
  const more = verdictOf({ ...hypothesis, seeds: [...systems, 8, 9] }, effects, controls);
  assert.deepEqual([more.outcome, more.p], ["illustration", undefined]);
  assert.match(more.reason, /This only illustrates: 8 of the 10 systems/);
});

Deno.test("the rule names systems, clauses with margins, levels, controls, and what was changed later", () => {
  assert.equal(
    ruleFor({ ...hypothesis, amendments: ["the margin was 10 points."] }),
    "Mean over 8 systems (0 to 7), paired: open fraction of bad over good above 1; one over that of good above 5. Supported if " +
      "every clause holds by sign flips at one-sided 0.025 (all enumerated); refuted if one is reversed, by Holm over 2. Controls, " +
      "shown by equivalence at 0.05: gap closed, good minus itself within +-15.0 points. Undecided otherwise, where a ratio of " +
      "means significantly points the other way, and where the verdict does not stand among those of all experiments " +
      "(Benjamini-Hochberg at 0.05). Changed after a run had been seen: the margin was 10 points.",
  );
});

Deno.test("runs at the optimum are counted aloud", () => {
  const none = {
    ...good,
    excess: leaf("excess", "good", gaps.map((gap, i) => i < 2 ? 0 : gap / 10)),
  };
  const { reason } = verdictOf({ ...hypothesis, clauses: [hypothesis.clauses[0]], controls: [] }, [
    effectOf(openRatio(bad, none)),
  ]);
  assert.match(reason, /2 runs at the optimum, counted as a millionth/);
});
