/** @file The page of the theory: what it asks of tables is there, and it says nothing of those that are not published. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as composition from "../../../../pipeline/experiments/unified_scaling_theory/composition_depth.ts";
import * as depth from "../../../../pipeline/experiments/unified_scaling_theory/depth_against_width.ts";
import * as throughput from "../../../../pipeline/experiments/unified_scaling_theory/e1_throughput.ts";
import * as jacobian from "../../../../pipeline/experiments/unified_scaling_theory/jacobian_condition.ts";
import * as formulas from "../../../../pipeline/experiments/unified_scaling_theory/theory_formulas.ts";
import { report } from "../../../../pipeline/publish/reports.ts";
import type { ExperimentRecord } from "../../../../pipeline/publish/source.ts";
import { isObserved, type PublishedSummary } from "../../../../pipeline/results.ts";
import { VERSION } from "../../../site/fixtures/records.ts";
import { type Experiment, runsOf, tableOf } from "../grids.ts";

const path = "pipeline/experiments/unified_scaling_theory/unified-scaling-theory.report.md";
const template = readFileSync(
  fileURLToPath(new URL(`../../../../${path}`, import.meta.url)),
  "utf8",
);
const curve = [[1, 8], [9, 16], [17, 24], [25, 32]].map(([from, to]) => ({ from, to, error: 0.5 }));

/** A published table of runs in which every number is a half. */
async function published(experiment: Experiment): Promise<ExperimentRecord> {
  const scalars = new Proxy({}, { get: () => 0.5 });
  const { summary } = await tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => ({ tags, scalars, scores: { curve } })),
  );
  const rows = summary.rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([id, value]) => [
        id,
        isObserved(value) ? { value: 0.5, runs: value.runs } : value,
      ]),
    )
  );
  const { meta } = experiment;
  return {
    meta: { ...meta, command: "-" },
    summary: { ...summary, rows } as PublishedSummary,
    runs: {},
    version: VERSION,
  } as ExperimentRecord;
}

Deno.test("with all tables every claim has its number, with none nothing is said, with some what they say", async () => {
  const records: ExperimentRecord[] = [];
  for (const experiment of [formulas, depth, jacobian, throughput, composition]) {
    records.push(await published(experiment));
  }
  const whole = await report(template, path, records);
  const headings = whole.match(/^## .*$/gm);
  assert.deepEqual(headings, [
    ...["## By its own formulas", "## Depth against width", "## Condition numbers", "## Speed"],
    ...["## Linear and nonlinear", "## What survives"],
  ]);
  assert.ok(!/undefined|NaN|\{\{|\}\}/.test(whole), whole);
  for (const { meta: { id } } of records) assert.ok(whole.includes(`(standard/${id}.md)`), id);
  assert.equal((await report(template, path, [])).match(/^## .*$/gm), null);
  const some = await report(template, path, records.slice(2, 3));
  assert.deepEqual(some.match(/^## .*$/gm), ["## Condition numbers"]);
});
