/** @file What the experiments on depth run: which series, windows and networks, read and split as their entries say. */
import assert from "node:assert/strict";
import datasets from "../../../../data/datasets.json" with { type: "json" };
import { Graph, type JobNode } from "../../../../pipeline/graph.ts";
import { Overrides } from "../../../../pipeline/overrides.ts";
import { profileOf } from "../../../../pipeline/profiles.ts";
import { plan } from "../grids.ts";
import { forecastOf } from "./forecast_of.ts";

// deno-lint-ignore no-explicit-any -- parameters of any stage
const params = (node: unknown) => (node as JobNode).params as any;

/** The jobs of both experiments, as far as the profile has them; "forecast": those that score a forecaster. */
function jobs(profile: string, stage: string): JobNode[] {
  const wanted = stage === "forecast" ? ["reference", "evaluate"] : [stage];
  const graph = new Graph("/", plan.stages, new Overrides());
  for (const { meta, path, grid } of plan.experiments) {
    if (!meta.id.startsWith("depth-scaling")) continue;
    graph.addExperiment({ meta, path, grid }, profileOf(profile));
  }
  return graph.jobs.filter((job) => wanted.includes(job.stage.name));
}

/** "etth1 336 to 96: 1, 10 (3000 steps)" for every setting with its networks. */
function settings(found: JobNode[]): string[] {
  const all = new Map<string, { depths: number[]; steps: Set<number> }>();
  for (const job of found) {
    const { dataset, lookback, horizon, model, options } = forecastOf(job);
    const name = `${dataset} ${lookback} to ${horizon}`;
    const setting = all.get(name) ?? { depths: [], steps: new Set() };
    all.set(name, setting);
    if (model !== "deep_linear") continue;
    setting.depths.push(options.depth!);
    setting.steps.add(params(job.inputs.model).steps);
  }
  return [...all].map(([name, { depths, steps }]) => `${name}: ${depths} (${[...steps]} steps)`);
}

Deno.test("every profile has the windows, depths and steps that are stated", () => {
  const packaged = [
    "seattle-weather 60 to 14: 1,10,50 (1500 steps)",
    "sp500-daily 60 to 20: 1,10,50 (1500 steps)",
  ];
  const full = [
    ...packaged,
    "etth1 336 to 96: 1,10,50 (3000 steps)",
    "etth1 336 to 192: 1,10 (3000 steps)",
    "etth1 336 to 336: 1,10 (4000 steps)",
    "etth1 336 to 720: 1,10 (4000 steps)",
  ];
  assert.deepEqual(settings(jobs("smoke", "forecast")), [
    "seattle-weather 30 to 7: 1,3 (200 steps)",
  ]);
  assert.deepEqual(settings(jobs("quick", "forecast")), packaged);
  assert.deepEqual(settings(jobs("standard", "forecast")), full);
  assert.deepEqual(settings(jobs("paper", "forecast")), full);
});

Deno.test("the profiles that promise to need packages only read nothing that has to be downloaded, mirror or not", () => {
  const mirror = "DEEP_LINEAR_MIRROR";
  const before = Deno.env.get(mirror);
  try {
    for (const profile of ["smoke", "quick"]) {
      Deno.env.delete(mirror);
      const without = jobs(profile, "download");
      assert.ok(without.every((job) => params(job).entry.npm));
      Deno.env.set(mirror, "/somewhere");
      assert.deepEqual(jobs(profile, "download").map(params), without.map(params));
    }
  } finally {
    if (before === undefined) Deno.env.delete(mirror);
    else Deno.env.set(mirror, before);
  }
});

Deno.test("every setting has both naive forecasts, least squares and its variant", () => {
  const found = jobs("quick", "forecast").map(forecastOf);
  for (const { dataset, horizon } of found) {
    const models = found.filter((p) => p.dataset === dataset && p.horizon === horizon)
      .map((p) => p.model);
    assert.deepEqual(models.slice(0, 4), ["repeat_last", "seasonal_naive", "ols", "ols_in"]);
    assert.ok(models.slice(4).every((model) => model === "deep_linear"));
  }
  for (const { model, options } of found) {
    if (model !== "deep_linear") assert.deepEqual(options, {});
  }
  for (const job of jobs("quick", "train")) {
    const { task, model, batch: _, learningRate, seeds, steps, ...training } = params(job);
    // Full batches without decay or clipping, from one initialisation; the rate shrinks with width and depth.
    assert.deepEqual([task.options.loss, task.options.basis], ["gram", "dct"]);
    assert.equal(learningRate, Math.min(0.03, 4 / (task.options.horizon * model.options.depth)));
    assert.deepEqual(seeds, [{ instance: 0, initialisation: 0, data: 0 }]);
    assert.equal(steps, 1500);
    const rest = {
      warmup: 100,
      floor: 0,
      weightDecay: 0,
      clipNorm: null,
      tolerance: 1e-4,
      layers: [],
    };
    assert.deepEqual(training, rest);
  }
});

Deno.test("a series is read, split and downloaded as its entry says", () => {
  const entries = datasets as Record<string, unknown>[];
  for (const job of jobs("standard", "forecast")) {
    const { dataset, read, split, season, dropConstant } = forecastOf(job);
    const entry = entries.find(({ id }) => id === dataset)!;
    assert.equal(split, entry.split ?? "70/10/20", dataset);
    assert.equal(season, entry.season, dataset);
    assert.equal(dropConstant, entry.drop_constant ?? false, dataset);
    const fields = ["date", "columns", "ignore", "missing", "order", "duplicates"];
    const expected = Object.entries(entry).filter(([field]) => fields.includes(field));
    assert.deepEqual(Object.entries(read as object).sort(), expected.sort(), dataset);
    assert.equal(params(job.inputs.data).entry.id, dataset);
  }
  assert.ok(
    jobs("standard", "forecast").some((job) =>
      Object.keys(forecastOf(job).read as object).length > 0
    ),
  );
});
