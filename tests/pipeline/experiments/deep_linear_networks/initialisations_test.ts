/** @file Starts of deep linear networks: the grid, the table from steps made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/initialisations.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf } from "../grids.ts";
import { judged, madeOf, type Scalars, settingsOf } from "./made_studies.ts";

Deno.test("the grid: seven starts at three depths, from the standard profile on", () => {
  assert.equal(graphOf(experiment, "quick").later.get("initialisations"), "standard");
  const settings = settingsOf(experiment, "standard");
  const starts = [
    ["balanced", "same"],
    ["balanced", "other"],
    ["orthogonal", "same"],
    ["orthogonal", "other"],
    ["identity", "same"],
    ["xavier", "same"],
    ["he", "same"],
  ];
  assert.deepEqual(
    settings.map(({ study }) => study),
    starts.flatMap(([initialisation, sign]) =>
      [2, 8, 32].map((depth) => ({
        name: "initialisation",
        options: { initialisation, sign, depth, cap: 1000 },
      }))
    ),
  );
  assert.deepEqual(settings[0].seeds, judged);
  for (const { tags: { start }, study: { options } } of settings) {
    assert.equal(String(start).startsWith(String(options.initialisation)), true);
    assert.equal(String(start).endsWith(", other sign"), options.sign === "other");
  }
});

const good = ["balanced", "orthogonal", "identity"];
const usual = ({ start, depth }: Tags) =>
  good.includes(String(start)) || depth === 2
    ? { steps: 20, reached: 1, share: 0.9, excess: 0.009 }
    : { steps: 1000, reached: 0, share: 0, excess: 0.02 };
const table = (change: (tags: Tags) => Scalars = () => ({})) =>
  madeOf(experiment, (tags) => ({ scalars: { ...usual(tags), ...change(tags) } }));

Deno.test("a row is a start and a depth; censored runs count the cap", async () => {
  const made = await table(({ start, depth, seed }) =>
    start === "he" && depth === 2 && seed === 10
      ? { steps: 1000, reached: 0, share: 0, excess: 0.5 }
      : {}
  );
  assert.equal(made.summary.rows.length, 21);
  const row = { start: "he", depth: 2 };
  close(made.cell(row, "steps_taken").value, (9 * 20 + 1000) / 10);
  close(made.cell(row, "reached").value, 0.9);
  close(made.cell(row, "rate_share").value, 0.81);
  close(made.cell(row, "end_excess").value, (9 * 0.009 + 0.5) / 10);
  assert.match(
    made.summary.findings[0],
    /^12 of 21 starts .* 8 from none: balanced, other sign at 8/,
  );
  assert.deepEqual(made.summary.plots[0].rules, [{ y: 1000, label: "cap" }]);
});

Deno.test("supported as stated; each clause is refuted by one depth, and open where half of the seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  const at = (change: Scalars, where: (tags: Tags) => boolean) =>
    table((tags) => where(tags) ? change : {}).then(({ outcome }) => outcome);
  for (const start of ["balanced", "orthogonal"]) {
    const where = (tags: Tags) => tags.start === start && tags.depth === 2;
    assert.equal(await at({ steps: 1000, reached: 0 }, where), "refuted");
    assert.equal(await at({ steps: 501 }, where), "refuted");
    // With seven times the steps the other clauses still hold: they are about other depths.
    assert.equal(await at({ steps: 499 }, where), "supported");
    const half = (tags: Tags) => where(tags) && Number(tags.seed) % 2 === 0;
    assert.equal(await at({ steps: 1e9 }, half), "undecided");
  }
  for (const start of ["balanced, other sign", "orthogonal, other sign", "xavier", "he"]) {
    for (const depth of [8, 32]) {
      const where = (tags: Tags) => tags.start === start && tags.depth === depth;
      assert.equal(await at({ steps: 99 }, where), "refuted");
      assert.equal(await at({ steps: 101 }, where), "supported");
      const half = (tags: Tags) => where(tags) && Number(tags.seed) % 2 === 0;
      assert.equal(await at({ steps: 1 }, half), "undecided");
    }
    const shallow = (tags: Tags) => tags.start === start && tags.depth === 2;
    assert.equal(await at({ steps: 1 }, shallow), "supported");
  }
});
