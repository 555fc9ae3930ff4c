/** @file The table on the structure of the state matrix, from scores made by hand. */
import assert from "node:assert/strict";
import { createSystem, henrici } from "../../../../lib/ssm/mod.ts";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/diagonal_vs_dense.ts";
import { judged } from "../../../../pipeline/experiments/transformer_filters/shared/systems.ts";
import {
  assertCell,
  assertRow,
  computed,
  type Kind,
  little,
  madeTable,
  ratesOf,
} from "./made_scores.ts";

type Law = Pick<Kind, "structure" | "condition" | "observation">;

const dense = (condition: number, observation: Law["observation"] = "redrawn"): Law => ({
  structure: "dense",
  condition,
  observation,
});
const structures: Record<string, Partial<Law>> = {
  "diagonal": { structure: "diagonal" },
  "dense, condition 1, C matched": dense(1, "matched"),
  "dense, condition 10, C matched": dense(10, "matched"),
  "dense, condition 100, C matched": dense(100, "matched"),
  "dense, condition 1, C redrawn": dense(1),
  "dense, condition 10, C redrawn": dense(10),
  "dense, condition 100, C redrawn": dense(100),
};
/** At the lambda at which C is redrawn too, and at another. */
const kept = [0.68, 0.92];

Deno.test("every row on structures holds the scores of its own systems", async () => {
  const made = await madeTable(experiment, { keep: ({ lambda }) => kept.includes(lambda) });
  const { table } = made;
  assert.deepEqual(table.names("lambda"), kept);
  assert.deepEqual(table.names("structure"), Object.keys(structures));
  const at = (lambda: number) =>
    table.summary.rows.filter((row) => row.lambda === lambda).map((row) => row.structure);
  assert.deepEqual(at(0.92), Object.keys(structures));
  assert.deepEqual(at(0.68), Object.keys(structures).slice(0, 4));
  for (const lambda of kept) {
    const gap = (law: Partial<Law>) =>
      made.score({ ...law, lambda, what: "one step" }, "overall", "gapClosed");
    for (const [structure, law] of Object.entries(structures)) {
      if (!at(lambda).includes(structure)) continue;
      const zero = made.score(
        { ...law, lambda, what: "near baseline", model: "zero" },
        "overall",
        "zero",
      );
      const departure = judged.toSorted((a, b) => a - b).map((key) => {
        return henrici(createSystem(key, { ...law, lambda })).relative;
      });
      const row = { lambda, structure };
      const normal = !structure.includes("0,");
      if (normal) assert.ok(departure.every((d) => d < 1e-6), structure);
      const { henrici: found, ...measured } = table.row(row);
      assert.ok(found);
      assertCell(
        table.cell(row, "henrici"),
        { values: departure, runs: zero.runs },
        `henrici of ${structure}`,
      );
      if (structure.includes("1, C matched")) {
        // The same process: its baselines are a check, no model was trained on it.
        assert.deepEqual(Object.keys(measured).sort(), ["lambda", "structure", "zero"]);
        assertCell(table.cell(row, "zero"), zero, structure);
        continue;
      }
      const one = (field: "ratio" | "rawRatio" | "gapClosed") =>
        made.score({ ...law, lambda, what: "one step" }, "overall", field);
      assertRow(table, row, {
        henrici: { values: departure, runs: zero.runs },
        zero,
        ratio: one("ratio"),
        raw_ratio: one("rawRatio"),
        gap_closed: one("gapClosed"),
        ...ratesOf(made, { ...law, lambda }),
        ...(law.structure === "diagonal"
          ? {}
          : { difference: computed((a, b) => a - b, gap(structures.diagonal), gap(law)) }),
      });
    }
  }
});

/** What judges, at one lambda: a table of it is made in half the time, most of which goes into systems' departures from normality. */
const judging = ({ lambda, observation, condition }: Kind) =>
  lambda === 0.92 && (observation === "matched" || condition === 1);

/** The verdict when structures leave so much open over what diagonal systems do, and have so much to learn over them. */
async function judge(
  { open, gap = () => 1, keep = judging }: {
    open: (kind: Kind) => number;
    gap?: (kind: Kind) => number;
    keep?: (kind: Kind) => boolean;
  },
) {
  const own = ({ rank }: Kind) => 0.01 * 1.2 ** rank;
  const { table } = await madeTable(experiment, {
    keep,
    score(kind, part, field) {
      if (kind.what !== "one step" || part !== "overall") return;
      const isDense = kind.structure === "dense";
      const left = 0.2 * (isDense ? open(kind) * Math.exp(0.1 * little(kind)) : 1);
      const whole = own(kind) * (isDense ? gap(kind) : 1);
      if (field === "zero") return 1 + whole;
      if (field === "ratio") return 1 + left * whole;
      if (field === "gapClosed") return 1 - left;
    },
  });
  return table.summary;
}

const isMatched = ({ observation, condition }: Kind) => observation === "matched" && condition > 1;

Deno.test("the hypothesis needs both conditions of a matched C, and both measures", async () => {
  const of = async (open: (kind: Kind) => number, gap?: (kind: Kind) => number) =>
    (await judge({ open: (kind) => isMatched(kind) ? open(kind) : 1, gap })).verdict;
  const all = await of(() => 2);
  assert.equal(all.outcome, "supported");
  assert.match(
    all.reason,
    /^Open fraction, dense of condition 10 over diagonal, .*: 2 \(.*; excess loss, dense of condition 10 over diagonal/,
  );
  const { clauses } = await of(({ condition }) => condition === 10 ? 2 : 3, () => 0.5);
  // A half of a gap of which twice and three times as much is open.
  const factors = [2, 1, 3, 1.5];
  factors.forEach((factor, i) =>
    assert.ok(Math.abs(clauses![i].effect - Math.log(factor)) < 1e-9, `${i}`)
  );
  assert.equal((await of(({ condition }) => condition === 10 ? 2 : 1)).outcome, "undecided");
  assert.equal((await of(({ condition }) => condition === 100 ? 2 : 0.5)).outcome, "refuted");
  // What flips with the measure is not supported: more is open, of so little that the excess is smaller.
  assert.equal((await of(() => 2, () => 0.25)).outcome, "refuted");
});

Deno.test("redrawn systems of condition 1 must be shown to be like diagonal ones", async () => {
  const of = async (redrawn: number) =>
    (await judge({
      open: (kind) =>
        isMatched(kind) ? 2 : kind.condition === 1 && kind.observation === "redrawn" ? redrawn : 9,
    })).verdict;
  const alike = await of(1.5); // 10 points
  assert.equal(alike.outcome, "supported");
  assert.match(
    alike.reason,
    /control, gap closed at lambda 0\.92, redrawn C of condition 1 minus diagonal: -10\.0 points/,
  );
  for (const far of [2, 0.1]) {
    const { outcome, reason } = await of(far); // -20 points, 18 points
    assert.equal(outcome, "undecided");
    assert.match(reason, /is not shown to lie within/);
  }
});

Deno.test("the mean over lambdas decides, and the findings tell of a redrawn C", async () => {
  const { verdict, findings } = await judge({
    keep: ({ lambda }) => kept.includes(lambda),
    open: (kind) =>
      isMatched(kind)
        ? (kind.lambda === 0.68 ? 8 : 0.5)
        : kind.condition === 1
        ? 1
        : kind.condition,
  });
  assert.ok(Math.abs(verdict.clauses![0].effect - Math.log(2)) < 1e-9);
  assert.match(
    findings[0],
    /^dense, condition 10, C redrawn, over diagonal, at lambda 0\.92: open fraction by a factor of 10\.0 \(95 % .*, excess loss by a factor of 10\.0 \(/,
  );
  assert.match(findings[1], /^dense, condition 100, .* open fraction by a factor of 100 \(/);
  // Two lambdas of 20 systems with three structures, and three more at one of them.
  assert.match(findings.at(-1)!, /^Leak test over 180 scored runs: no run/);
});

Deno.test("the unit test says the largest deviation of the matched systems, of either sign", async () => {
  const deviations = [1e-9, -3e-6, 0, 2e-6, 1e-7];
  const { table } = await madeTable(experiment, {
    keep: ({ lambda }) => lambda === 0.92,
    score: ({ what, model, structure, observation, condition, rank }, part, field) => {
      if (what !== "near baseline" || model !== "zero" || part !== "overall") return;
      if (field !== "zero") return;
      const matched = structure === "dense" && observation === "matched" && condition === 1;
      return 2 + (matched ? deviations[rank % 5] : 0);
    },
  });
  assert.match(table.summary.findings[2], /by at most 3\.0e-6\.$/);
});
