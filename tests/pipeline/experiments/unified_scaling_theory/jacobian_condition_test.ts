/** @file Condition numbers by depth: the grid, the table from numbers made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/unified_scaling_theory/jacobian_condition.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Jacobian } from "../../../../pipeline/stages/stack_jacobian.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf, type Made, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";

const path = "pipeline/experiments/unified_scaling_theory/jacobian_condition.ts";
const depths = [1, 2, 4, 8, 16, 32];
const seeds = [20, 21, 22, 23, 24, 25, 26, 27, 28, 29];
const runs = runsOf(experiment, "standard");

Deno.test(`the grid of ${path}: two kinds of stacks at six depths, ten systems, each measured where it was trained`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("jacobian-condition"), "standard");
  assert.equal(runs.length, 2 * 6 * seeds.length * 2);
  assert.deepEqual([...new Set(runs.map(({ tags }) => tags.layers))], depths);
  for (const { tags, job } of runs) {
    const { layers, model, task } = job.params as Train;
    const name = tags.kind === "bare" ? "e1_lean" : "e1";
    assert.deepEqual(layers.map(({ name }) => name), Array(tags.layers).fill(name));
    assert.deepEqual(
      [model.options.block, model.options.mlp, model.options.width],
      tags.kind === "bare" ? ["bare", undefined, 16] : ["residual", false, 16],
    );
    if (tags.result === "training") {
      assert.deepEqual(
        (job.params as Train).seeds.map(({ initialisation }) => initialisation),
        seeds,
      );
      continue;
    }
    const { index, initialisation, tokens } = job.params as Jacobian;
    const { seeds: trained } = (job.inputs.model as JobNode).params as Train;
    assert.equal(trained[index].initialisation, initialisation);
    assert.deepEqual([initialisation, tokens], [tags.seed, 4]);
    const made = (job.inputs.data as JobNode).params as {
      instance: number;
      data: number;
      task: unknown;
    };
    assert.equal(made.instance, trained[index].instance);
    assert.deepEqual(made.task, task);
    assert.ok(trained.every(({ data }) => data !== made.data));
  }
});

interface Numbers {
  fresh: number;
  trained: number;
  freshBlocks: number;
  trainedBlocks: number;
}
type Change = (kind: string, layers: number, seed: number) => Partial<Numbers>;

/** Condition numbers that nearly multiply: two a layer, and seeds that differ a little. */
const table = (change: Change = () => ({})) =>
  tableOf(
    experiment,
    runs.map(({ tags }): Made => {
      const { kind, layers, seed } = tags as Tags & { kind: string; layers: number; seed: number };
      if (tags.result === "training") return { tags, scalars: { lastLoss: 1 + layers / 10 } };
      const usual: Numbers = {
        fresh: 0.95 * 2 * layers + 0.01 * (seed - 21),
        trained: 0.96 * 3 * layers,
        freshBlocks: 2 * layers,
        trainedBlocks: 3 * layers,
      };
      return { tags, scalars: { ...usual, ...change(kind, layers, seed) } };
    }).toReversed(),
  );

Deno.test("a row is a kind of stack and a depth: both condition numbers, their share of the sum, the slope in the last row", async () => {
  const made = await table();
  assert.equal(made.summary.rows.length, 12);
  const row = { stack: "layer after layer", layers: 8 };
  close(made.cell(row, "fresh").value, 15.2 + 0.035);
  close(made.cell(row, "trained").value, 23.04);
  close(made.cell(row, "share_trained").value, 0.96);
  close(made.cell(row, "share_fresh").value, (15.2 + 0.035) / 16);
  close(made.cell(row, "loss").value, 1.8);
  assert.equal("slope_fresh" in made.row(row), false);
  const last = { stack: "residual blocks", layers: 32 };
  close(made.cell(last, "slope_fresh").value, 1.9); // a constant changes no slope
  close(made.cell(last, "slope_trained").value, 2.88);
  assert.equal("share_fresh" in made.row({ ...last, layers: 1 }), false);
  const found = made.summary.columns.filter(({ better }) => better).map(({ id }) => id);
  assert.deepEqual(found, ["fresh", "trained", "loss"]);
  assert.match(
    made.summary.findings[1],
    /^Residual blocks: a layer adds 1\.9 \(fresh\) and 2\.9 \(trained\) .* 32 layers is 95\.1 % and 96\.0 % of/,
  );
});

Deno.test("supported where numbers multiply, refuted by each stack and time where they do not, undecided where seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  for (const which of ["bare", "residual"]) {
    for (const time of ["fresh", "trained"] as const) {
      const at = (share: number, half = false) =>
        table((kind, layers, seed) =>
          kind === which && layers === 32 && !(half && seed % 2)
            ? { [time]: share * 32 * (time === "fresh" ? 2 : 3) }
            : {}
        );
      assert.equal((await at(0.89)).outcome, "refuted", `${which} ${time}`);
      assert.equal((await at(0.91)).outcome, "supported", `${which} ${time}`);
      assert.equal((await at(0.3, true)).outcome, "undecided", `${which} ${time}`);
    }
  }
  // Other depths are shown.
  assert.equal(
    (await table((_, layers) => layers < 32 ? { fresh: 0.1 } : {})).outcome,
    "supported",
  );
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const { cells, verdicts } = await assertFollows(new Map([["jacobian-condition", await table()]]));
  assert.ok(cells > 50 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
