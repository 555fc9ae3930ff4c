/** @file Depth against width: the grid, the table from gaps made by hand, and the rule. */
import assert from "node:assert/strict";
import type { Arrays } from "../../../../lib/engine/arrays.ts";
import { layer as e1 } from "../../../../lib/layers/sequence/e1.ts";
import { layer as mamba2 } from "../../../../lib/layers/sequence/mamba2.ts";
import type { SequenceLayer } from "../../../../lib/layers/sequence/sequence_layer.ts";
import { parameterCount } from "../../../../lib/models/size.ts";
import * as experiment from "../../../../pipeline/experiments/unified_scaling_theory/depth_against_width.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Evaluate } from "../../../../pipeline/stages/evaluate.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import type { Params as Tune } from "../../../../pipeline/stages/tune.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf, type Made, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";

const path = "pipeline/experiments/unified_scaling_theory/depth_against_width.ts";
const depths = [1, 2, 4, 8, 16];
const seeds = [20, 21, 22, 23, 24, 25, 26, 27, 28, 29];
const runs = runsOf(experiment, "standard");
const of = (result: string) => runs.filter(({ tags }) => tags.result === result);

Deno.test(`the grid of ${path}: both layers at five depths on both tasks, rates found for each on a seed that does not judge`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("depth-against-width"), "standard");
  assert.equal(runs.length, 2 * 2 * 5 * seeds.length * 2);
  for (const { tags, job } of of("training")) {
    const { layers, model, steps, batch, seeds: own } = job.params as Train;
    assert.deepEqual(layers.map(({ name }) => name), Array(tags.layers).fill(tags.kind));
    assert.deepEqual([model.options.block, model.options.mlp], ["residual", false]);
    assert.deepEqual([steps, batch], [300, tags.task === "swaps" ? 16 : 4]);
    assert.deepEqual(own.map(({ initialisation }) => initialisation), seeds);
    const tuned = (job.inputs.tuned as JobNode).params as Tune;
    assert.ok(tuned.moves > 0 && tuned.rates.length === 3);
    assert.ok(
      tuned.seeds.every(({ data, initialisation }) =>
        own.every((one) => one.data !== data && one.initialisation !== initialisation)
      ),
    );
  }
  for (const { tags, job } of of("score")) {
    const { task, protocol, instance, index } = job.params as Evaluate;
    const made = (job.inputs.data as JobNode).params as { task: unknown; instance: number };
    assert.deepEqual(made.task, task);
    assert.deepEqual([made.instance, index], [instance, Number(tags.seed) - 20]);
    assert.equal(instance, tags.task === "swaps" ? 0 : tags.seed);
    if (tags.task === "swaps") assert.deepEqual(protocol, { from: 1, to: 16 });
  }
});

Deno.test("between their ends all stacks have the same parameters but for 2 %", () => {
  const layers: Record<string, SequenceLayer> = { e1, mamba2 };
  const counts = of("training").filter(({ tags }) => tags.seed === 20).map(({ job }) => {
    const { model: { options: { width: d } }, layers: parts } = job.params as Train;
    const [{ name, options }] = parts;
    const config = layers[name].configure(options, d as number);
    const inside = parameterCount((key) => layers[name].init(config, key) as Arrays);
    // With the norm before each layer, and that before the head.
    return parts.length * (inside + (d as number)) + (d as number);
  });
  assert.equal(counts.length, 20);
  for (const count of counts) assert.ok(count > 46_000 && count < 47_000, `${counts}`);
});

type Gap = (at: { task: string; kind: string; layers: number; seed: number }) => number;
/** A cliff between four and eight layers everywhere. */
const cliffs: Gap = ({ layers, seed }) => (layers >= 8 ? 0.9 : 0.2) + (seed - 21) / 1000;
const table = (gap: Gap) =>
  tableOf(
    experiment,
    runs.map(({ tags }): Made => {
      const at = tags as Tags & Parameters<Gap>[0];
      return tags.result === "training"
        ? {
          tags,
          scalars: { parameters: 47_000, endParameters: 500, learningRate: 2 ** -8, edge: 1 },
        }
        : { tags, scalars: { gapClosed: gap(at) } };
    }).toReversed(),
  );

Deno.test("a row is a task, a layer and a depth: gap closed, what half the depth lacks, whether that is beyond chance", async () => {
  const made = await table((at) =>
    cliffs(at) + (at.kind === "e1" && at.layers === 16 ? -0.3 + 0.01 * (at.seed % 2) : 0) +
    (at.layers === 2 ? 0.1 * (at.seed % 2 ? 1 : -1) : 0)
  );
  assert.equal(made.summary.rows.length, 20);
  const row = { task: "filtering, lambda .92", layer: "E1", layers: 16 };
  close(made.cell(row, "gap_closed").value, 0.6085);
  close(made.cell(row, "gained").value, -0.295);
  close(made.cell(row, "parameters").value, 46_500);
  close(made.cell(row, "learning_rate").value, 2 ** -8);
  close(made.cell(row, "edge").value, 1);
  const beyond = depths.map((layers) => made.row({ ...row, layers }).beyond);
  assert.deepEqual(beyond, [undefined, "neither", "neither", "gain", "loss"]);
  assert.deepEqual(depths.map((layers) => made.row({ ...row, layers }).width), [
    96,
    68,
    48,
    34,
    24,
  ]);
  assert.equal("gained" in made.row({ ...row, layers: 1 }), false);
  const gap = made.summary.columns.find(({ id }) => id === "gap_closed")!;
  assert.deepEqual([gap.format, gap.better], ["percent", "higher"]);
  assert.match(
    made.summary.findings[2],
    /^E1 on filtering.* layers 20\.4 %, 20\.4 %, 20\.4 %, 90\.3 %, 60\.9 %; of 4 doublings 1 gain and 1 lose/,
  );
});

Deno.test("supported by a cliff in every cell, at whatever depth; refuted where one has none; undecided where seeds differ", async () => {
  assert.equal((await table(cliffs)).outcome, "supported");
  const early: Gap = ({ layers, seed }) => (layers >= 2 ? 0.9 : 0.2) + (seed - 21) / 1000;
  assert.equal((await table(early)).outcome, "supported");
  for (const task of ["swaps", "filtering"]) {
    for (const kind of ["e1", "mamba2"]) {
      const but = (gap: Gap) =>
        table((at) => at.task === task && at.kind === kind ? gap(at) : cliffs(at));
      // As much in all, by steps.
      const steps: Gap = ({ layers, seed }) => 0.2 + 0.17 * Math.log2(layers) + (seed - 21) / 1000;
      assert.equal((await but(steps)).outcome, "refuted", `${task} ${kind}`);
      const some: Gap = (at) => at.seed % 2 ? cliffs(at) : 0.4;
      assert.equal((await but(some)).outcome, "undecided", `${task} ${kind}`);
    }
  }
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const { cells, verdicts } = await assertFollows(
    new Map([["depth-against-width", await table(cliffs)]]),
  );
  assert.ok(cells > 80 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
