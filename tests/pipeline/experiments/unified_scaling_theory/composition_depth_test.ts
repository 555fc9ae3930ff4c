/** @file Composition by one layer: the grid, the table from gaps made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/unified_scaling_theory/composition_depth.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params as Evaluate } from "../../../../pipeline/stages/evaluate.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { close } from "../close.ts";
import { graphOf, type Made, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";

const path = "pipeline/experiments/unified_scaling_theory/composition_depth.ts";
const judged = ["lru", "positive", "negative"];
const shown = ["s4d", "product", "e1"];
const runs = runsOf(experiment, "standard");

Deno.test(`the grid of ${path}: one layer each, eight seeds of what is judged, three of the rest, none that was looked at`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("composition-depth"), "standard");
  assert.equal(runs.length, 2 * (3 * 8 + 3 * 3));
  for (const { tags, job } of runs) {
    const { layers, model, task } = job.params as Train;
    assert.equal(layers.length, 1);
    assert.deepEqual(model.options, { parameters: 8_000 });
    assert.deepEqual(task, {
      name: "automaton",
      options: { automaton: "s3_swaps", minimum: 1, maximum: 32, length: 32 },
    });
    if (tags.result === "score") {
      const { protocol, index } = job.params as Evaluate;
      assert.deepEqual([protocol, index], [{ from: 17, to: 32 }, Number(tags.seed) - 1]);
      assert.deepEqual(((job.inputs.data as JobNode).params as { task: unknown }).task, task);
      continue;
    }
    const { seeds } = job.params as Train;
    assert.equal(seeds.length, judged.includes(tags.layer as string) ? 8 : 3);
    assert.ok(seeds.every(({ initialisation }) => initialisation > 0));
    const tuned = (job.inputs.tuned as JobNode).params as Train;
    assert.ok(tuned.seeds.every(({ data }) => seeds.every((own) => own.data !== data)));
  }
  const layerOf = (id: string) =>
    (runs.find(({ tags }) => tags.layer === id)!.job.params as Train).layers[0];
  assert.deepEqual(
    [...judged, ...shown].map((id) => [layerOf(id).name, layerOf(id).options.negative]),
    [
      ...[["lru", undefined], ["deltanet", false], ["deltanet", true]],
      ...[["s4d", undefined], ["deltaproduct", true], ["e1", undefined]],
    ],
  );
});

type Gap = (layer: string, seed: number) => number;
const usual: Gap = (layer, seed) => (layer === "negative" ? 0.9 : 0.1) + seed / 500;
const table = (gap: Gap) =>
  tableOf(
    experiment,
    runs.map(({ tags }): Made => {
      const [layer, seed] = [tags.layer as string, tags.seed as number];
      if (tags.result === "training") {
        return {
          tags,
          scalars: { parameters: 8_300, endParameters: 300, learningRate: 2 ** -7 },
        };
      }
      const curve = [[1, 8], [9, 16], [17, 24], [25, 32]]
        .map(([from, to], b) => ({ from, to, error: 0.1 * (b + 1) + seed / 100 }));
      return { tags, scalars: { gapClosed: gap(layer, seed) }, scores: { curve } };
    }).toReversed(),
  );

Deno.test("a row is a layer: gap closed, accuracy by the number of permutations, over its own seeds", async () => {
  const made = await table(usual);
  assert.deepEqual(made.names("layer"), [
    ...["LRU", "S4D", "DeltaNet [0, 1]", "DeltaNet [-1, 1]", "DeltaProduct [-1, 1]", "E1"],
  ]);
  const row = { layer: "DeltaNet [-1, 1]" };
  close(made.cell(row, "gap_closed").value, 0.909);
  assert.deepEqual([made.cell(row, "gap_closed").n, made.cell({ layer: "E1" }, "gap_closed").n], [
    8,
    3,
  ]);
  close(made.cell(row, "right_8").value, 0.9 - 0.045);
  close(made.cell(row, "right_16").value, 0.8 - 0.045);
  close(made.cell(row, "right_24").value, 0.7 - 0.045);
  close(made.cell({ layer: "S4D" }, "right_32").value, 0.6 - 0.02); // seeds 1 to 3
  close(made.cell(row, "parameters").value, 8_000);
  close(made.cell(row, "edge").value, 0);
  const shares = made.summary.columns.filter(({ format }) => format === "percent");
  assert.deepEqual(shares.map(({ better }) => better), Array(5).fill("higher"));
  assert.match(made.summary.findings[0], /LRU 10\.9 %, S4D 10\.4 %, .* DeltaNet \[-1, 1\] 90\.9 %/);
});

Deno.test("supported, refuted by each clause, undecided where seeds differ; what is shown decides nothing", async () => {
  assert.equal((await table(usual)).outcome, "supported");
  const with_ = (layer: string, gap: (seed: number) => number) =>
    table((own, seed) => own === layer ? gap(seed) + seed / 1000 : usual(own, seed));
  assert.equal((await with_("negative", () => 0.45)).outcome, "refuted"); // less than half
  assert.equal((await with_("negative", () => 0.55)).outcome, "supported");
  for (const other of ["lru", "positive"]) {
    assert.equal((await with_(other, () => 0.69)).outcome, "supported", other);
    assert.equal((await with_(other, () => 0.71)).outcome, "refuted", other);
    assert.equal((await with_(other, (seed) => seed % 2 ? 1 : 0)).outcome, "undecided", other);
  }
  for (const other of shown) assert.equal((await with_(other, () => 2)).outcome, "supported");
});

Deno.test("scores with other blocks are refused", async () => {
  const made = runs.map(({ tags }): Made => ({
    tags,
    scalars: { gapClosed: 1, parameters: 1, endParameters: 0, learningRate: 1 },
    scores: { curve: [{ from: 1, to: 9, error: 0 }] },
  }));
  await assert.rejects(tableOf(experiment, made), /no positions 1 to 8/);
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const { cells, verdicts } = await assertFollows(
    new Map([["composition-depth", await table(usual)]]),
  );
  assert.ok(cells === 6 * 8 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
