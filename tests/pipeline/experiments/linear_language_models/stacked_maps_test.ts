/** @file Linear maps stacked: the grid, the table from losses made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/linear_language_models/stacked_maps.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { close, fresh as seeds, madeRun } from "./made_language.ts";

Deno.test("the grid: mixers with 0, 1 and 3 maps on the same tokens, at rates that are found", () => {
  assert.equal(graphOf(experiment, "quick").later.get("stacked-maps"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, 3 * seeds.length * 2);
  for (const { tags, job } of runs.filter(({ tags }) => tags.result === "training")) {
    const { model, task, steps } = job.params as Train;
    assert.deepEqual(model.options, { width: 256, length: 32, maps: tags.maps });
    assert.deepEqual([task.options, steps], [{ length: 32, tokens: 120_000 }, 703]);
    assert.equal((job.inputs.tuned as JobNode).stage.name, "tune");
  }
});

const table = (change: (maps: number, seed: number) => number = () => 0) =>
  tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => {
      const { maps, seed } = tags as Record<string, number>;
      return madeRun(tags, 2 + maps / 10 + 0.01 * seed + change(maps, seed));
    }).toReversed(),
  );

Deno.test("a row is a number of maps: loss, and by how much it is over none", async () => {
  const made = await table();
  assert.deepEqual(made.names("maps"), [0, 1, 3]);
  close(made.cell({ maps: 3 }, "nats").value, 2.545);
  close(made.cell({ maps: 3 }, "over_none").value, 0.3);
  assert.equal("over_none" in made.row({ maps: 0 }), false);
  close(made.cell({ maps: 1 }, "learning_rate").value, 0.25);
  assert.match(made.summary.findings[0], /2\.245 with 0, 2\.345 with 1, 2\.545 with 3\.$/);
});

Deno.test("supported, refuted by each of its clauses, and undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  for (const [maps, by] of [[1, -0.2], [3, -0.4]]) {
    const at = (half: boolean) => table((m, seed) => m === maps && !(half && seed % 2) ? by : 0);
    assert.equal((await at(false)).outcome, "refuted");
    assert.equal((await at(true)).outcome, "undecided");
  }
});
