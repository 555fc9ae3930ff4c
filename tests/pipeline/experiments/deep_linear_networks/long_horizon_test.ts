/** @file Long horizons: the grid, numbers beside published ones, and the verdict, from scores by hand. */
import assert from "node:assert/strict";
import published from "../../../../data/published/long_horizon.json" with { type: "json" };
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/long_horizon.ts";
import { publishedError } from "../../../../pipeline/experiments/deep_linear_networks/shared/published_errors.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf, runsOf, type Table, tableOf } from "../grids.ts";

const known: Record<number, number> = { 96: 0.371, 192: 0.405, 336: 0.431, 720: 0.442 };
const rival = (dataset: string, horizon: number) =>
  publishedError(dataset, horizon, "PatchTST").mse;

/** @param ratio of the searched ridge's error to PatchTST's @param off of OLS-IN on ETTh1 */
async function table(
  ratio: (dataset: string, horizon: number, setting: number) => number = () => 1,
  off = 0,
): Promise<Table> {
  let setting = 0;
  const scores = ({ dataset, horizon, model }: Tags) => {
    const [d, h] = [dataset as string, horizon as number];
    const mse = model === "ridge, searched"
      ? ratio(d, h, setting++) * rival(d, h)
      : model === "ols-in" && d === "etth1"
      ? known[h] + off
      : model === "seasonal-naive"
      ? 0.8
      : 0.5;
    const mae = model === "seasonal-naive" ? 0.9 : 0.3;
    const channels = [{ mae }, { mae: 2 * mae }];
    return {
      test: { mse, mae: 1.5 * mae, windows: 77, channels },
      blocks: [1, 2, 3],
      fit: model === "deep-linear-4"
        ? { excess: h === 96 ? 1e-4 : 2e-3 }
        : model === "ridge, searched"
        ? { lookback: 512 }
        : {},
      ...(model === "seasonal-naive" ? { scale: [0.5, 0.25], season: 24 } : {}),
    };
  };
  const made = runsOf(experiment, "standard").map(({ tags }) => ({ tags, scores: scores(tags) }));
  return await tableOf(experiment, made);
}

Deno.test("five sets, four horizons, seven models of ours; no candidate of the search reaches a test row", () => {
  assert.equal(graphOf(experiment, "quick").later.get("long-horizon"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, 5 * 4 * 7);
  for (const { tags, job } of runs) {
    const { task } = job.params as { task: { options: Record<string, unknown> } };
    assert.equal(task.options.dataset, tags.dataset);
    assert.equal(task.options.horizon, tags.horizon);
    assert.equal(task.options.lookback, 336);
  }
});

Deno.test("published errors stand beside the same model, and by themselves, with their lookbacks", async () => {
  const made = await table();
  const where = { dataset: "weather", horizon: 192 };
  assert.equal(made.summary.rows.length, 20 * (7 + 4));
  assert.equal(made.row({ ...where, model: "ols-in" }).published, 0.184);
  assert.equal(made.row({ ...where, model: "ridge, searched" }).published, 0.184);
  close(made.cell({ ...where, model: "ols-in" }, "over_published").value, 0.5 - 0.184);
  assert.ok(!("published" in made.row({ ...where, model: "ols" })));
  assert.ok(!("over_published" in made.row({ ...where, model: "ols" })));
  const other = made.row({ ...where, model: "iTransformer" });
  assert.deepEqual([other.published, other.shown_mse, other.rows_back], [0.221, 0.221, "96"]);
  assert.ok(!("mse" in other) && !("mase" in other));
  const back = (model: string) => made.row({ ...where, model }).rows_back;
  assert.deepEqual(
    ["repeat-last", "seasonal-naive", "ols", "ridge, searched", "deep-linear-4", "PatchTST"].map(
      back,
    ),
    ["1", "24", "336", "512", "336", "varies"],
  );
});

Deno.test("MASE is a mean over channels of errors over their scales, skill is against the seasonal naive forecast", async () => {
  const made = await table();
  const where = { dataset: "etth2", horizon: 336 };
  const mase = (0.3 / 0.5 + 0.6 / 0.25) / 2;
  close(made.cell({ ...where, model: "ols" }, "mase").value, mase);
  close(made.cell({ ...where, model: "ols" }, "skill").value, 1 - 0.3 / 0.9);
  close(made.cell({ ...where, model: "seasonal-naive" }, "skill").value, 0);
  close(made.cell({ ...where, model: "ols" }, "mae").value, 0.45);
  const mse = made.cell({ ...where, model: "ols" }, "mse");
  // Blocks 1, 2 and 3: half a width of 4.302653 over the root of three.
  close(mse.value, 0.5);
  assert.ok(Math.abs(mse.high! - 0.5 - 4.30265273 / Math.sqrt(3)) < 1e-6);
  assert.equal(mse.n, 77);
  close(made.cell({ ...where, model: "deep-linear-4" }, "training_excess").value, 2e-3);
  const form = made.summary.columns.map(({ id, format = "", better = "" }) =>
    `${id} ${format} ${better}`.trim()
  );
  assert.deepEqual(form, [
    "dataset text",
    "horizon",
    "model text",
    "rows_back text",
    "mse fixed3 lower",
    "mae fixed3 lower",
    "mase fixed3 lower",
    "skill percent higher",
    "published fixed3",
    "over_published fixed3",
    "training_excess",
    "shown_mse fixed3",
  ]);
});

Deno.test("matches are counted, and only where the protocol gives the known errors", async () => {
  const matching = (count: number) => (_d: string, _h: number, setting: number) =>
    setting < count ? 1.01 - 1e-9 : 1.011;
  const outcome = async (count: number, off = 0) => (await table(matching(count), off)).outcome;
  assert.equal(await outcome(20), "supported");
  assert.equal(await outcome(15), "supported");
  assert.equal(await outcome(14), "undecided");
  assert.equal(await outcome(11), "undecided");
  assert.equal(await outcome(10), "refuted");
  assert.equal(await outcome(20, 0.0019), "supported");
  assert.equal(await outcome(20, 0.0021), "undecided");
  assert.equal(await outcome(0, -0.0021), "undecided");
});

Deno.test("findings are geometric means over settings, and count what has converged", async () => {
  const { summary } = await table((dataset) => dataset === "etth1" ? 32 : 1);
  assert.match(summary.findings[0], /has 2\.000 times the published error of PatchTST/);
  assert.match(summary.findings[0], /skill of 66\.7 %/);
  assert.match(summary.findings[1], /^5 of 20 networks of 4 matrices/);
  assert.match(summary.verdict.reason, /matches PatchTST in 16 of 20 settings; .* at most 0\.0000/);
});

Deno.test("every published error has its set, horizon and model once", () => {
  const names = published.rows.map(({ dataset, horizon, model }) =>
    `${dataset} ${horizon} ${model}`
  );
  assert.equal(new Set(names).size, 5 * 4 * 6);
  assert.ok(published.rows.every(({ mse }) => mse > 0 && mse < 1.1));
  assert.throws(
    () => publishedError("etth1", 97, "PatchTST"),
    /No published error of PatchTST on etth1 at horizon 97/,
  );
});
