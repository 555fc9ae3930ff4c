/** @file Nonlinear models at the lookback of a linear map: the grid, means over seeds, and the verdict, from scores by hand. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/accuracy.ts";
import { accuracyModels } from "../../../../pipeline/experiments/deep_linear_networks/shared/accuracy_models.ts";
import { publishedError } from "../../../../pipeline/experiments/deep_linear_networks/shared/published_errors.ts";
import { close } from "../close.ts";
import { graphOf, type Made, runsOf, type Table, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";

/** @param over difference of a model from OLS-IN on a set, in every block and seed but for a little noise */
async function table(
  over: (model: string, dataset: string) => number = () => 0.2,
  mse = 0.4,
): Promise<Table> {
  const made = runsOf(experiment, "standard").map(({ tags }): Made => {
    const { model, dataset, seed, result } = tags as Record<string, string> & { seed: number };
    if (result === "time") return { tags, scalars: { steps: 800 } };
    if (result === "training") return { tags, scalars: { parameters: 1000 + seed } };
    const shift = model === "ols-in" ? 0 : over(model, dataset);
    const noise = model === "ols-in" ? [0, 0, 0, 0] : [0.01, -0.01, 0.02, -0.02];
    const error = mse + shift + (seed ? 0.02 : 0);
    return {
      tags,
      scores: {
        test: { mse: error, mae: 2 * error, windows: 9, channels: [{ mae: error }] },
        blocks: noise.map((e) => mse + shift + e),
        fit: {},
        ...(model === "seasonal-naive" ? { scale: [0.5], season: 24 } : {}),
      },
    };
  });
  return await tableOf(experiment, made);
}

Deno.test("all models see the same windows for the same steps; rates are found on a seed of their own", () => {
  assert.equal(graphOf(experiment, "quick").later.get("accuracy"), "standard");
  const { jobs } = graphOf(experiment, "standard");
  const of = (stage: string) => jobs.filter((job) => job.stage.name === stage);
  // deno-lint-ignore no-explicit-any -- parameters of several stages
  const params = (job: (typeof jobs)[number]) => job.params as any;
  assert.deepEqual(["tune", "train", "time", "evaluate"].map((stage) => of(stage).length), [
    30,
    30,
    30,
    60,
  ]);
  const trained = of("train").map(params);
  for (const part of ["steps", "batch", "warmup"]) {
    assert.equal(new Set(trained.map((p) => p[part])).size, 1, part);
  }
  for (
    const { task } of [...trained, ...of("evaluate").map(params), ...of("reference").map(params)]
  ) {
    assert.deepEqual([task.options.lookback, task.options.horizon], [336, 96]);
  }
  const own = new Set(
    trained.flatMap(({ seeds }) => seeds.map((seed: object) => JSON.stringify(seed))),
  );
  assert.equal(own.size, 2);
  for (const job of of("tune")) {
    const { seeds, model, layers } = params(job);
    assert.ok(seeds.every((seed: object) => !own.has(JSON.stringify(seed))));
    const name = job.label.match(/model=(\w+)/)![1] as keyof typeof accuracyModels;
    const { model: want, layers: parts } = accuracyModels[name];
    assert.deepEqual(model, want);
    assert.deepEqual(
      layers.map(({ name }: { name: string }) => name),
      parts.map(({ name }) => name),
    );
  }
});

Deno.test("errors are means over seeds, beside OLS-IN and the published Transformer", async () => {
  const made = await table((model) => model === "transformer" ? -0.1 : 0.2);
  const where = { dataset: "ettm1", model: "transformer" };
  const mse = made.cell(where, "mse");
  close(mse.value, 0.31);
  // Two seeds have no interval.
  assert.deepEqual([mse.low, mse.n], [undefined, 2]);
  close(made.cell(where, "over_ols_in").value, -0.09);
  close(made.cell(where, "mae").value, 0.62);
  close(made.cell(where, "mase").value, 0.62);
  close(
    made.cell(where, "over_patchtst").value,
    0.31 / publishedError("ettm1", 96, "PatchTST").mse,
  );
  assert.ok(!("over_patchtst" in made.row({ ...where, model: "lstm" })));
  const own = { ...where, model: "ols-in" };
  assert.ok(!("over_ols_in" in made.row(own)));
  close(made.cell(own, "over_transformer").value, 0.4 / 0.31);
  close(
    made.cell(own, "over_patchtst").value,
    0.4 / publishedError("ettm1", 96, "PatchTST").mse,
  );
  assert.ok(!("over_transformer" in made.row(where)));
  close(made.cell({ ...where, model: "ols" }, "over_ols_in").value, 0.2);
  assert.equal(made.cell(where, "parameters").value, 1000.5);
  const { observed, runs } = made.observed(where, "seconds");
  assert.deepEqual(observed, { name: "step seconds", times: "steps" });
  assert.match(runs.join(), /model=transformer\/result=time/);
  assert.deepEqual(made.observed(where, "window_seconds").observed, {
    name: "token seconds",
    scale: 336e6,
  });
  const form = made.summary.columns.map(({ id, format, better }) =>
    [id, format, better].join(" ").trim()
  );
  assert.deepEqual(form, [
    "dataset text",
    "model text",
    "mse fixed3 lower",
    "over_ols_in fixed3 lower",
    "mae fixed3 lower",
    "mase fixed3 lower",
    "over_transformer fixed3 lower",
    "over_patchtst fixed3 lower",
    "parameters integer",
    "seconds seconds lower",
    "window_seconds  lower",
  ]);
});

Deno.test("one nonlinear model that is surely better refutes; half of them surely worse support", async () => {
  const outcome = async (of: (model: string, dataset: string) => number) =>
    (await table(of)).outcome;
  assert.equal(await outcome(() => 0.2), "supported");
  assert.equal(
    await outcome((model, dataset) => model === "gru" && dataset === "exchange" ? -0.3 : 0.2),
    "refuted",
  );
  // What is linear decides nothing.
  assert.equal(await outcome((model) => model === "rlinear" ? -0.3 : 0.2), "supported");
  const worse = (count: number) => {
    const names = ["transformer", "lstm", "gru"];
    const sets = ["etth1", "etth2", "ettm1", "weather", "exchange"];
    const chosen = sets.flatMap((set) => names.map((name) => name + set)).slice(0, count);
    // Seed 1 is .02 above seed 0: -.01 is none.
    return (model: string, dataset: string) => chosen.includes(model + dataset) ? 0.3 : -0.01;
  };
  assert.equal(await outcome(worse(8)), "supported");
  assert.equal(await outcome(worse(7)), "undecided");
});

Deno.test("the reason names who is where, and where our Transformer is none to speak of", async () => {
  const { summary } = await table(
    (model, dataset) => model === "lstm" && dataset === "weather" ? -0.3 : 0.2,
    0.1,
  );
  assert.match(
    summary.verdict.reason,
    /^Below OLS-IN: lstm on weather\. Above it: transformer on etth1, lstm on etth1, /,
  );
  // .31 against .302 and .149 and .088 and .329 and .414: over 5 % above on Weather and Exchange.
  assert.match(summary.verdict.reason, /PatchTST's published error on weather, exchange\.$/);
  assert.match(summary.findings[0], /ols-in on etth1, .*lstm on weather, ols-in on exchange/);
});

Deno.test("every cell of ours follows from the published scores", async () => {
  await assertFollows(new Map([["accuracy", await table()]]));
});

Deno.test("three sets of five on which least squares matches both Transformers reach the target", async () => {
  const sets = ["etth1", "etth2", "ettm1", "weather", "exchange"];
  /** @param ours error of our Transformer, linear that of OLS-IN: as ratios to PatchTST's, by set */
  const said = async (ours: readonly number[], linear: readonly number[]) => {
    const made = runsOf(experiment, "standard").map(({ tags }): Made => {
      const { model, dataset, result } = tags as Record<string, string>;
      if (result === "time") return { tags, scalars: { steps: 800 } };
      if (result === "training") return { tags, scalars: { parameters: 1000 } };
      const set = sets.indexOf(dataset);
      const ratio = model === "ols-in" ? linear[set] : model === "transformer" ? ours[set] : 3;
      const mse = ratio * publishedError(dataset, 96, "PatchTST").mse;
      const blocks = [0.01, -0.01, 0.02, -0.02].map((e) => mse + (model === "ols-in" ? 0 : e));
      const scores = { test: { mse, mae: 1, windows: 9, channels: [{ mae: 1 }] }, blocks, fit: {} };
      const floor = model === "seasonal-naive" ? { scale: [0.5], season: 24 } : {};
      return { tags, scores: { ...scores, ...floor } };
    });
    return (await tableOf(experiment, made)).summary.findings[1];
  };
  assert.match(
    await said([1, 1, 1.06, 1, 1.04], [1.009, 1, 0.5, 0.9, 1.02]),
    /is reached: .* on etth1, etth2, weather, more on exchange; undecided, .*, ettm1\.$/,
  );
  // An error that beats PatchTST's, but not our Transformer's, is no match.
  assert.match(
    await said([1, 1, 0.8, 0.8, 0.8], [1, 1, 0.9, 0.9, 0.9]),
    /is missed: .* error, none\.$/,
  );
  assert.match(
    await said([1.06, 1, 1, 1.2, 1], [1, 1, 1.1, 1, 1]),
    /is undecided: .* on etth2, exchange, more on ettm1; .*, etth1, weather\.$/,
  );
  assert.match(
    await said([2, 2, 2, 2, 2], [1, 1, 1, 1, 1]),
    /is undecided: .* on none, more on none; /,
  );
  assert.match(await said([1, 1, 1, 1.05, 1.05], [1.2, 1.2, 1.2, 1, 1]), /is missed: /);
});
