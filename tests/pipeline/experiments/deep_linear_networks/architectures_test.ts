/** @file The table of architectures: its grid, its numbers from runs made by hand, its verdict in all three outcomes. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/architectures.ts";
import {
  settings,
} from "../../../../pipeline/experiments/deep_linear_networks/shared/architectures.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import { close } from "../close.ts";
import { type GridRun, runsOf, type Table, tableOf } from "../grids.ts";

const grid = runsOf(experiment, "standard");
// deno-lint-ignore no-explicit-any -- parameters of any stage
const params = (job: JobNode) => job.params as any;

Deno.test("every network is trained from seven starts where a clause speaks of it, from one where none does", () => {
  for (const { dataset, networks } of settings) {
    for (const network of networks) {
      const own = grid.filter(({ tags }) => tags.dataset === dataset && tags.model === network.id);
      const training = own.filter(({ tags }) => tags.result === "training");
      const scores = own.filter(({ tags }) => tags.result === "score");
      assert.equal(training.length, 1);
      const seeds = network.clause ? [0, 1, 2, 3, 4, 5, 6] : [0];
      assert.deepEqual(scores.map(({ tags }) => tags.seed), seeds);
      assert.deepEqual(scores.map(({ job }) => params(job).index), seeds);
      assert.deepEqual(
        params(training[0].job).seeds,
        seeds.map((seed) => ({ instance: 0, initialisation: seed, data: seed })),
      );
      // Times are not rotated into frequencies; what is no matrix has no gram.
      const { loss, basis, lookback } = params(training[0].job).task.options;
      assert.deepEqual([loss, basis], network.within ? ["gram", "window"] : ["windows", undefined]);
      assert.equal(lookback, dataset === "vix" ? 66 : 96);
      for (const { job } of scores) assert.equal(job.inputs.model, training[0].job);
    }
  }
});

Deno.test("the optima of the classes are scored on the same windows", () => {
  const optima = grid.filter(({ tags }) => tags.result === "optimum");
  assert.deepEqual(
    optima.map(({ tags, job }) => [tags.dataset, params(job).reference.name]),
    [["etth1", "ols"], ["etth1", "toeplitz"], ["vix", "ols"], ["vix", "multi_scale"]],
  );
});

/** Losses of the optima, and what networks exceed them by. */
const lowest: Record<string, number> = { all: 2, toeplitz: 3, scales: 5 };

/** The table of runs with these excess losses, of seed k of network id. */
async function table(excess: (id: string, seed: number) => number): Promise<Table> {
  const within = Object.fromEntries(
    settings.flatMap(({ networks }) => networks.map((n) => [n.id, n.within ?? "none"])),
  );
  const made = grid.map(({ tags }: GridRun) => {
    const { model, result, seed = 0 } = tags as { model: string; result: string; seed?: number };
    if (result === "training") return { tags, scalars: { parameters: model.length } };
    const optimum = result === "optimum";
    const loss = optimum ? lowest[model] : lowest[within[model]] * (1 + excess(model, seed));
    const mse = optimum ? lowest[model] / 10 : 0.5 + seed / 100;
    const blocks = [0.1, 0.2, 0.4].map((b) => mse + b * (model === "all" ? 1 : 2));
    // NaN where there is no class, as a forecaster that is no matrix leaves nothing.
    return {
      tags,
      scores: {
        test: { mse },
        blocks,
        fit: optimum || within[model] !== "none" ? { trainingLoss: loss } : {},
      },
    };
  });
  return await tableOf(experiment, made);
}

Deno.test("rows go from the optima to the networks; excess is over the optimum of the class", async () => {
  const made = await table((id, seed) => id.length / 1000 + seed / 1e4);
  const [general] = settings;
  assert.deepEqual(
    made.summary.rows.filter(({ setting }) => setting === "etth1, 96 to 24").map((r) => r.model),
    [
      "least squares over all matrices",
      "least squares over Toeplitz maps",
      ...general.networks.map(({ label }) => label),
    ],
  );
  for (const { networks } of settings) {
    for (const { id, label, within, clause } of networks) {
      assert.equal(made.cell({ model: label }, "parameters").value, id.length);
      if (!within) {
        assert.ok(!("excess" in made.row({ model: label })));
        assert.equal(made.row({ model: label }).class, "no linear map");
        continue;
      }
      const cell = made.cell({ model: label }, "excess");
      close(cell.value, id.length / 1000 + (clause ? 3e-4 : 0));
      assert.equal(cell.n, clause ? 7 : 1);
      const mse = made.cell({ model: label }, "mse");
      close(mse.value, 0.5);
    }
  }
  const ols = { setting: "etth1, 96 to 24", model: "least squares over all matrices" };
  assert.ok(!("over_ols" in made.row(ols)));
  const over = made.cell({ model: "least squares over Toeplitz maps" }, "over_ols");
  close(over.value, 0.1);
  // Blocks differ by .1 + (.1, .2, .4); half a t interval of three around the difference of the means.
  const spread = Math.sqrt(
    ((0.1 - 0.7 / 3) ** 2 + (0.2 - 0.7 / 3) ** 2 + (0.4 - 0.7 / 3) ** 2) / 2,
  );
  close(over.high, 0.1 + 4.302652729911275 * spread / Math.sqrt(3));
  assert.match(
    made.summary.findings[1],
    /50\.0 % above that of least squares, test MSE 0\.300 against 0\.200/,
  );
});

Deno.test("the largest excess of each start decides, clause by clause", async () => {
  const outcome = async (of: (id: string, seed: number) => number) => (await table(of)).outcome;
  assert.equal(await outcome(() => 1e-3), "supported");
  // One network of a clause above the bound, in every start.
  assert.equal(await outcome((id) => id === "fourier" ? 0.02 : 0), "refuted");
  assert.equal(await outcome((id) => id === "butterfly" ? 0.02 : 0), "refuted");
  assert.equal(await outcome((id) => id === "multi-scale" ? 0.02 : 0), "refuted");
  // In some starts only.
  assert.equal(await outcome((id, seed) => id === "fourier" && seed < 3 ? 0.02 : 0), "undecided");
  // What no clause speaks of decides nothing.
  assert.equal(await outcome((id) => id === "monarch-1" ? 0.5 : 0), "supported");
  const { summary } = await table((id) => id === "fourier" ? 0.02 : 0);
  assert.match(summary.findings[0], /^6 of 7 deep linear architectures come within 1\.0 %/);
});

Deno.test("columns: formats and directions", async () => {
  const { summary } = await table(() => 0);
  const of = (id: string) => summary.columns.find((column) => column.id === id)!;
  assert.deepEqual([of("excess").format, of("excess").better], ["percent", "lower"]);
  assert.deepEqual([of("mse").format, of("mse").better], ["fixed3", "lower"]);
  assert.deepEqual([of("over_ols").format, of("over_ols").better], ["fixed3", undefined]);
  assert.equal(of("parameters").format, "integer");
});

Deno.test("a run that is missing or gave no number stops the table", async () => {
  await assert.rejects(
    table((id, seed) => id === "monarch" && seed === 2 ? NaN : 0),
    /monarch.*seed=2.* left no training loss/,
  );
});
