/** @file Steps on ETTh1: the grid, the table from steps made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/etth1_steps.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf, runsOf } from "../grids.ts";
import { judged, madeOf, type Scalars, settingsOf } from "./made_studies.ts";

Deno.test("the grid: three depths on windows of ETTh1, which is downloaded, from the standard profile on", () => {
  assert.equal(graphOf(experiment, "quick").later.get("etth1-steps"), "standard");
  const settings = settingsOf(experiment, "standard");
  assert.deepEqual(settings.map(({ tags }) => tags.depth), [1, 2, 4]);
  assert.deepEqual(settings[0].seeds, judged);
  for (const { study, tags } of settings) {
    const { task, ...rest } = study.options as { task: Record<string, unknown> };
    assert.deepEqual(rest, { depth: tags.depth, cap: 20_000 });
    const { dataset, split, lookback, horizon } = task;
    assert.deepEqual([dataset, split, lookback, horizon], ["etth1", "etth", 24, 6]);
  }
  for (const { job } of runsOf(experiment, "standard")) {
    assert.equal((job.inputs.data as JobNode).stage.name, "download");
  }
});

const table = (change: (tags: Tags) => Scalars = () => ({})) =>
  madeOf(experiment, (tags) => ({
    scalars: {
      ...{ steps: 100 * Number(tags.depth), predicted: 95 * Number(tags.depth), reached: 1 },
      ...change(tags),
    },
  }));

Deno.test("a row is a depth: steps, their prediction, its error, and who was cut off", async () => {
  const made = await table(({ seed, depth }) => depth === 2 && seed === 19 ? { reached: 0 } : {});
  assert.deepEqual(made.names("depth"), [1, 2, 4]);
  close(made.cell({ depth: 4 }, "steps_taken").value, 400);
  close(made.cell({ depth: 4 }, "predicted").value, 380);
  close(made.cell({ depth: 4 }, "prediction_error").value, 0.05);
  close(made.cell({ depth: 2 }, "prediction_error").value, (9 * 0.05 + 1) / 10);
  close(made.cell({ depth: 2 }, "reached").value, 0.9);
  assert.match(made.summary.findings[1], /2.0 times those of depth 1 at depth 2, 4.0 times/);
});

Deno.test("supported within 10 % at every depth; refuted by one; a run that was cut off is no success", async () => {
  assert.equal((await table()).outcome, "supported");
  for (const depth of [1, 2, 4]) {
    const at = (change: Scalars, some = (_: Tags) => true) =>
      table((tags) => tags.depth === depth && some(tags) ? change : {});
    for (const predicted of [0.89, 1.11]) {
      assert.equal((await at({ predicted: predicted * 100 * depth })).outcome, "refuted");
    }
    assert.equal((await at({ predicted: 1.09 * 100 * depth })).outcome, "supported");
    assert.equal((await at({ reached: 0 })).outcome, "refuted");
    const half = await at({ predicted: 1e5 }, ({ seed }) => Number(seed) % 2 === 0);
    assert.equal(half.outcome, "undecided");
  }
});
