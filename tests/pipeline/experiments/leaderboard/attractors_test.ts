/** @file Attractors: the grid, the table from scores made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/leaderboard/attractors.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Evaluate } from "../../../../pipeline/stages/evaluate.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { close } from "../close.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";
import { madeRun } from "./made_run.ts";

const path = "pipeline/experiments/leaderboard/attractors.ts";
const runs = runsOf(experiment, "standard");

Deno.test(`the grid of ${path}: five cells a system, seven seeds of what is judged, three of the rest`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("attractors"), "standard");
  const cells = new Map<string, number>();
  for (const { tags, job } of runs.filter(({ tags }) => tags.result === "training")) {
    const { task, model, layers, seeds } = job.params as Train;
    assert.deepEqual([task.options.system, task.options.alpha], [tags.task, tags.alpha]);
    assert.deepEqual([model.options.block, layers.length], ["bare", 1]);
    cells.set(`${tags.task} ${tags.layer} ${tags.alpha}`, seeds.length);
    const tuned = (job.inputs.tuned as JobNode).params as Train;
    assert.ok(tuned.seeds.every(({ data }) => seeds.every((one) => one.data !== data)));
  }
  const of = (system: string, seeds: number) => [
    [`${system} shallow-plrnn 1`, seeds],
    [`${system} shallow-plrnn 0.3`, seeds],
    [`${system} alrnn 0.3`, 3],
    [`${system} lstm 1`, 3],
    [`${system} lru 1`, 3],
  ];
  assert.deepEqual([...cells], [...of("lorenz", 7), ...of("rossler", 3)]);
  for (const { tags, job } of runs.filter(({ tags }) => tags.result === "score")) {
    const { protocol, task } = job.params as Evaluate;
    assert.deepEqual([protocol, task.options.scored], [{ warmup: 64 }, 1088]);
    const { seeds } = (job.inputs.model as JobNode).params as Train;
    const made = (job.inputs.data as JobNode).params as { task: unknown; data: number };
    assert.deepEqual(made.task, task);
    assert.ok(seeds.every(({ data }) => data !== made.data) && tags.seed !== 0);
  }
});

type Gap = (system: string, layer: string, alpha: number, seed: number) => number;
const usual: Gap = (_, layer, alpha, seed) =>
  (layer === "lru" ? 0 : alpha === 1 ? 0.4 : 0.8) + seed / 100;
const table = (gap: Gap = usual) =>
  tableOf(
    experiment,
    runs.map(({ tags }) => {
      const { task, layer, alpha, seed } = tags as Record<string, never>;
      const made = madeRun(tags, gap(task, layer, alpha, seed));
      if (tags.result !== "score") return made;
      const scores = { spectrum: { loss: seed / 10, optimum: 0.05 }, escaped: seed > 2 ? 0.25 : 0 };
      return { ...made, scores };
    }).toReversed(),
  );

Deno.test("a row is a system, a layer and a kind of forcing: its own seeds", async () => {
  const made = await table();
  assert.equal(made.summary.rows.length, 10);
  const own = { system: "Lorenz", layer: "shallow PLRNN", alpha: 0.3 };
  close(made.cell(own, "gap").value, 0.84); // seeds 1 to 7
  close(made.cell(own, "divergence").value, 0.16);
  close(made.cell(own, "spectrum").value, 0.4);
  close(made.cell(own, "escaped").value, 0.25 * 5 / 7);
  close(made.cell(own, "rate").value, 2 ** -8);
  const lru = { system: "Rössler", layer: "LRU", alpha: 1 };
  close(made.cell(lru, "gap").value, 0.02); // seeds 1 to 3
  assert.equal(made.cell(lru, "gap").n, 3);
  const column = made.summary.columns.find(({ id }) => id === "gap")!;
  assert.deepEqual([column.format, column.better], ["percent", "higher"]);
  assert.match(made.summary.findings[0], /Lorenz: shallow PLRNN 44\.0 % at 1, shallow PLRNN 84/);
});

Deno.test("supported, refuted where the ratio of divergences is below the margin, undecided where seeds differ", async () => {
  // Divergences are 1 - gap: .6 over .2, the same in every seed.
  const plain: Gap = (_, layer, alpha) => layer === "lru" ? 0 : alpha === 1 ? 0.4 : 0.8;
  assert.equal((await table(plain)).outcome, "supported");
  const at = (divergence: number, seeds = 7) =>
    table((system, layer, alpha, seed) =>
      system === "lorenz" && layer === "shallow-plrnn" && alpha < 1 && seed <= seeds
        ? 1 - divergence
        : plain(system, layer, alpha, seed)
    );
  assert.equal((await at(0.6 / 1.26)).outcome, "supported");
  assert.equal((await at(0.6 / 1.24)).outcome, "refuted");
  assert.equal((await at(6, 4)).outcome, "undecided");
  const others = await table((system, layer, alpha, seed) =>
    system === "lorenz" && layer === "shallow-plrnn" ? plain(system, layer, alpha, seed) : 0
  );
  assert.equal(others.outcome, "supported");
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const { cells, verdicts } = await assertFollows(new Map([["attractors", await table()]]));
  assert.ok(cells >= 50 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
