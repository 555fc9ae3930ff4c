/** @file The table on the structure of the state matrix, from scores made by hand. */
import assert from "node:assert/strict";
import { createSystem, henrici } from "../../../../lib/ssm/mod.ts";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/diagonal_vs_dense.ts";
import type { Table } from "../grids.ts";
import {
  around,
  assertCell,
  assertRow,
  computed,
  type Kind,
  madeTable,
  type Making,
  reach,
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
  "dense, condition 1, C redrawn": dense(1),
  "dense, condition 10": dense(10),
  "dense, condition 100": dense(100),
};

Deno.test("every row on structures holds the scores of its own systems", async () => {
  const kept = [0.68, 0.99];
  const made = await madeTable(experiment, { keep: ({ lambda }) => kept.includes(lambda) });
  const { table } = made;
  assert.deepEqual(table.names("lambda"), kept);
  assert.deepEqual(table.names("structure"), Object.keys(structures));
  for (const lambda of kept) {
    const gap = (law: Partial<Law>) =>
      made.score({ ...law, lambda, what: "one step" }, "overall", "gapClosed");
    for (const [structure, law] of Object.entries(structures)) {
      const zero = made.score(
        { ...law, lambda, what: "near baseline", model: "zero" },
        "overall",
        "zero",
      );
      const departure = [0, 1, 2, 3, 4].map((key) => {
        return henrici(createSystem(key, { ...law, lambda })).relative;
      });
      const row = { lambda, structure };
      const normal = !structure.includes("0");
      if (normal) assert.ok(departure.every((d) => d < 1e-6), structure);
      const { henrici: found, ...measured } = table.row(row);
      assert.ok(found);
      assertCell(
        table.cell(row, "henrici"),
        { values: departure, runs: zero.runs },
        `henrici of ${structure}`,
      );
      if (structure.includes("matched")) {
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
        learning_rate: made.scalar({ ...law, lambda }, "learningRate"),
        ...(law.structure === "diagonal"
          ? {}
          : { difference: computed((a, b) => a - b, gap(structures.diagonal), gap(law)) }),
      });
    }
  }
});

/** Gaps closed on diagonal systems minus those on others, by system. */
function differences(of: (kind: Kind) => number, kept = [0.68]): Making {
  return {
    keep: ({ lambda }) => kept.includes(lambda),
    score: (kind, part, field) => {
      if (kind.what !== "one step" || part !== "overall" || field !== "gapClosed") return;
      return kind.structure === "diagonal" ? kind.system : kind.system - of(kind);
    },
  };
}

async function judged(treatment: readonly number[], control: readonly number[]): Promise<Table> {
  const { table } = await madeTable(
    experiment,
    differences(({ condition, system }) =>
      condition === 100 ? treatment[system] : condition === 1 ? control[system] : -5 - system
    ),
  );
  return table;
}

Deno.test("condition 100 decides, where the redrawn systems show no difference", async () => {
  const { summary, outcome } = await judged(around(0.5, 0.01), around(0.01, 0.01));
  assert.equal(outcome, "supported");
  assert.match(summary.verdict.reason, /^Gap closed, diagonal minus dense, condition 100: 50\.0 %/);
  assert.match(summary.verdict.reason, /; gap closed, .* condition 1, C redrawn: 1\.0 % \(/);
  assert.match(summary.findings[0], /condition 10: -700\.0 % \(95 % interval .*\)\.$/);
  // Five systems of four structures.
  assert.match(summary.findings.at(-1)!, /^Over 20 scored runs/);

  const less = async (treatment: readonly number[]) =>
    (await judged(treatment, around(0, 0.01))).outcome;
  assert.equal(await less(around((reach - 0.02) * 0.01, 0.01)), "undecided");
  assert.equal(await less(around(-0.5, 0.01)), "refuted");
});

Deno.test("a difference on the redrawn systems leaves the outcome undecided, on either side", async () => {
  for (const sign of [1, -1]) {
    const control = around(sign * (reach + 0.02) * 0.01, 0.01);
    assert.equal((await judged(around(0.5, 0.01), control)).outcome, "undecided");
  }
});

Deno.test("the means over lambdas decide, with one number for each system", async () => {
  const { table } = await madeTable(
    experiment,
    differences(({ condition, system, lambda }) => {
      if (condition !== 100) return [-1, 1, 0, 1, -1][system] * 0.01;
      return lambda === 0.68 ? 3 + system : -1 - system;
    }, [0.68, 0.99]),
  );
  assert.equal(table.outcome, "supported");
});

Deno.test("the unit test says the largest deviation of the matched systems, of either sign", async () => {
  const deviations = [1e-9, -3e-6, 0, 2e-6, 1e-7];
  const { table } = await madeTable(experiment, {
    keep: ({ lambda }) => lambda === 0.68,
    score: ({ what, model, structure, observation, system }, part, field) => {
      if (what !== "near baseline" || model !== "zero" || part !== "overall") return;
      if (field !== "zero") return;
      const matched = structure === "dense" && observation === "matched";
      return 2 + (matched ? deviations[system] : 0);
    },
  });
  assert.match(table.summary.findings[1], /by at most 3\.0e-6\.$/);
});
