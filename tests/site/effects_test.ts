/** @file Which effect of an experiment the front page shows, and how. */
import assert from "node:assert/strict";
import { decidingClause, decidingEffect, written } from "../../site/effects.ts";
import type { Clause, ExperimentResult } from "../../site/results.ts";

const clause = (what: string, p: number, more: Partial<Clause> = {}): Clause => ({
  ...{ kind: "clause", what, metric: "m", scale: "plain", n: 20, effect: 0, p, ...more },
});

const experiment = (clauses: Clause[], more: Partial<ExperimentResult> = {}) =>
  ({ clauses, outcome: "supported", reason: "", ...more }) as ExperimentResult;

Deno.test("the clause that holds least surely decides, of a refuted hypothesis the one most surely reversed", () => {
  const clauses = [
    clause("a", 0.001, { reversed: 0.9 }),
    clause("b", 0.99, { reversed: 0.01 }),
    clause("c", 0.995, { reversed: 0.2 }),
    clause("control", 1, { kind: "control" }),
  ];
  const decides = (outcome: "supported" | "refuted" | "undecided") =>
    decidingClause(experiment(clauses, { outcome }))!.what;
  assert.deepEqual(
    [decides("supported"), decides("undecided"), decides("refuted")],
    ["c", "c", "b"],
  );
  assert.equal(decidingClause(experiment([])), undefined);
});

Deno.test("a logarithm is shown as a factor, a share in points, three digits each", () => {
  const shown = (scale: Clause["scale"], effect: number, ends: Partial<Clause> = {}) =>
    written(clause("w", 0, { scale, effect, ...ends }));
  assert.deepEqual(
    shown("factor", Math.log(1.5072), { low: Math.log(1.0406), high: Math.log(2.18) }),
    {
      number: "×1.51",
      interval: "[1.04, 2.18]",
    },
  );
  assert.deepEqual(shown("factor", Math.log(44651)), { number: "×44,700" });
  assert.deepEqual(shown("points", 0.047, { low: -0.05, high: 0.1436 }), {
    number: "4.70 points",
    interval: "[−5.00, 14.4]",
  });
  assert.deepEqual(shown("plain", 0.99996).number, "1.00");
  assert.deepEqual(shown("plain", 0).number, "0");
  assert.deepEqual(shown("plain", 3e-6).number, "3.00e−6");
  assert.deepEqual(shown("plain", NaN).number, "NaN");
});

Deno.test("a rule of its own is told by its first number, in points where percentages are subtracted", () => {
  const told = (reason: string) => decidingEffect(experiment([], { reason }));
  assert.deepEqual(
    told("LRU minus Transformer: 26.5 % (95 % interval -6.9 % to 46.1 %); 6 systems."),
    {
      number: "26.5 points",
      interval: "[−6.9, 46.1]",
      what: "LRU minus Transformer",
    },
  );
  assert.deepEqual(told("4 pairs: 10.8 % (95 % interval -14.5 % to -3.1 %)").number, "10.8\u00a0%");
  assert.deepEqual(told("4 pairs: 10.8 (95 % interval 1 to -3.1)"), {
    number: "10.8",
    interval: "[1, −3.1]",
    what: "4 pairs",
  });
  assert.deepEqual(told("13 of 15 converged; more."), { what: "13 of 15 converged" });
  const long = Array.from({ length: 40 }, (_, i) => `w${i}`).join(" ");
  assert.equal(told(long).what.split(" ").length, 17, "with the ellipsis");
  const judged = decidingEffect(experiment([clause("odd at -1", 0.1, { n: 7, effect: 2 })]));
  assert.deepEqual(judged, { number: "2.00", what: "odd at −1", n: 7 });
});
