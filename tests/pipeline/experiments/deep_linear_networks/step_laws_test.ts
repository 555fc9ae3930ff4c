/** @file Steps by depth: the grid, the table from rates made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/step_laws.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf } from "../grids.ts";
import { interval, judged, madeOf, type Scalars, settingsOf } from "./made_studies.ts";

Deno.test("the grid: square maps of two conditions to 64 layers, rectangular ones to 16", () => {
  assert.equal(graphOf(experiment, "quick").later.get("step-laws"), "standard");
  const settings = settingsOf(experiment, "standard");
  const of = (rows: number, columns: number, condition: number, depths: number[]) =>
    depths.map((depth) => ({ name: "step_law", options: { rows, columns, condition, depth } }));
  assert.deepEqual(settings.map(({ study }) => study), [
    ...of(6, 6, 2, [1, 2, 4, 16, 64]),
    ...of(6, 6, 8, [1, 2, 4, 16, 64]),
    ...of(9, 4, 2, [2, 4, 16]),
  ]);
  assert.deepEqual(settings[0].seeds, judged);
});

const table = (change: (tags: Tags) => Scalars = () => ({})) =>
  madeOf(experiment, (tags) => ({
    scalars: { predicted: 0.2, measured: 0.21, above: 5, below: -9, ...change(tags) },
  }));

Deno.test("a row is a map and a depth: rates, their ratio, and the steps for e", async () => {
  const made = await table(({ seed, map, depth }) =>
    map === "square, condition 8" && depth === 4 ? { measured: 0.1 + Number(seed) / 1000 } : {}
  );
  assert.equal(made.summary.rows.length, 13);
  const row = { map: "square, condition 8", depth: 4 };
  const ratio = made.cell(row, "measured_ratio");
  const expected = judged.map((seed) => (0.1 + seed / 1000) / 0.2);
  close(ratio.value, 0.5725);
  close(ratio.low, interval(expected).low);
  close(ratio.high, interval(expected).high);
  close(made.cell(row, "measured").value, 0.1145);
  const other = { map: "rectangular, condition 2", depth: 16 };
  close(made.cell(other, "efolds").value, 1 / 0.21);
  close(made.cell(other, "predicted").value, 0.2);
  close(made.cell(other, "above").value, 5);
  close(made.cell(other, "below").value, -9);
  assert.match(made.summary.findings[2], /^Rectangular, condition 2: .* within 5.0 % .* 2, 4, 16/);
});

Deno.test("every clause can refute by one setting, and be left open by half of the seeds", async () => {
  assert.equal((await table()).outcome, "supported");
  const wrong: [string, Scalars][] = [
    ["square, condition 2", { measured: 0.221 }],
    ["square, condition 8", { measured: 0.179 }],
    ["rectangular, condition 2", { measured: 0.221 }],
    ["square, condition 2", { above: 2.3 }],
    ["rectangular, condition 2", { below: -2.3 }],
  ];
  for (const [map, change] of wrong) {
    const where = (tags: Tags) => tags.map === map && tags.depth === 4;
    const made = await table((tags) => where(tags) ? change : {});
    assert.equal(made.outcome, "refuted", JSON.stringify(change));
    const strong = "measured" in change ? { measured: 1e6 } : { above: -1e6, below: 1e6 };
    const half = await table((tags) => where(tags) && Number(tags.seed) % 2 ? strong : {});
    assert.equal(half.outcome, "undecided", JSON.stringify(change));
  }
  const right = await table(() => ({ measured: 0.219, above: 2.31, below: -2.31 }));
  assert.equal(right.outcome, "supported");
});
