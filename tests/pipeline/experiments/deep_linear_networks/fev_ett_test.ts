/** @file One matrix among foundation models: the grid keeps to the protocol of the task, the table and its verdict from scores by hand. */
import assert from "node:assert/strict";
import published from "../../../../data/published/fev_ett_1h.json" with { type: "json" };
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/fev_ett.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { assertRecomputed, published as publish, sourceOf } from "../../publish/recomputed.ts";
import { graphOf, runsOf, type Table, tableOf } from "../grids.ts";

const theirs = (model: string) => published.models.find((entry) => entry.model === model)!;

/** MASE and SQL of two windows, by model. */
type Made = Partial<Record<string, { mase: number; sql?: number; excess?: number }>>;
async function table(given: Made = {}): Promise<Table> {
  const { mase, sql } = theirs("Naive");
  const usual: Made = {
    ...{ "naive": { mase, sql }, "seasonal-naive": theirs("Seasonal Naive") },
    ...{ "ridge, tuned": { mase: 1.15 }, "deep-linear": { mase: 1.2, excess: 5e-4 } },
    ...given,
  };
  return await tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => ({ tags, scores: scoresOf(tags, usual) })),
  );
}

function scoresOf({ model, lookback }: Tags, made: Made) {
  const { mase, sql = 0.9, excess } = made[model as string] ?? { mase: 1.3 };
  const windows = [-0.1, 0, 0.1].map((off) => ({ mase: mase + off, sql: sql + off / 2 }));
  const own = lookback ?? (model === "ridge, tuned" ? 336 : undefined);
  const fit = { ...(own ? { lookback: own } : {}), ...(excess === undefined ? {} : { excess }) };
  return { mase, sql, windows, fit };
}

Deno.test("the grid is the published task: both stations, 20 windows of a week, nothing chosen by its test rows", () => {
  assert.equal(graphOf(experiment, "quick").later.get("fev-ett"), "standard");
  const { jobs } = graphOf(experiment, "standard");
  const [panel] = jobs.filter(({ stage }) => stage.name === "panel");
  assert.deepEqual(Object.keys(panel.inputs), ["etth1", "etth2"]);
  const scored = jobs.filter(({ stage }) => ["reference", "evaluate"].includes(stage.name));
  assert.equal(scored.length, 8);
  for (const { params, inputs, label } of scored) {
    const { task } = params as { task: { options: Record<string, unknown> } };
    const { season, horizon, windows, levels } = task.options;
    assert.deepEqual(
      { season, horizon, windows },
      { season: 24, horizon: 168, windows: 20 },
      label,
    );
    assert.deepEqual(levels, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
    assert.equal(inputs.data, panel, label);
  }
  const naive = scored.filter(({ params }) =>
    /naive/.test((params as { reference?: { name: string } }).reference?.name ?? "")
  );
  assert.deepEqual(
    naive.map(({ params }) => (params as { reference: { options: object } }).reference.options),
    [{ recent: 1000 }, { recent: 1000 }],
  );
});

Deno.test("ours stand among the published models by MASE, with intervals over windows", async () => {
  const made = await table();
  const { summary } = made;
  assert.equal(summary.rows.length, 8 + published.models.length);
  const mases = summary.rows.map(({ mase }) =>
    typeof mase === "number" ? mase : (mase as { value: number }).value
  );
  assert.deepEqual(mases, mases.toSorted((a, b) => a - b));
  const cell = made.cell({ model: "ridge, tuned, lookback 336" }, "mase");
  // One is the mean, two lie .1 from it: t of two degrees is 4.302653.
  assert.ok(Math.abs(cell.value - 1.15) < 1e-12);
  assert.ok(Math.abs(cell.high! - 1.15 - 4.30265273 * 0.1 / Math.sqrt(3)) < 1e-6);
  assert.equal(cell.n, 3);
  const sql = made.cell({ model: "ridge, tuned, lookback 336" }, "sql");
  assert.ok(
    Math.abs(sql.value - 0.9) < 1e-12 &&
      Math.abs(sql.high! - 0.9 - 4.30265273 * 0.05 / Math.sqrt(3)) < 1e-6,
  );
  const skill = made.cell({ model: "ridge, tuned, lookback 336" }, "skill").value;
  assert.ok(Math.abs(skill - (1 - 1.15 / theirs("Seasonal Naive").mase)) < 1e-9);
  assert.equal(made.row({ model: "Chronos-2" }).mase, theirs("Chronos-2").mase);
  assert.equal(made.row({ model: "Chronos-2" }).kind, "pretrained");
  assert.equal(made.row({ model: "PatchTST" }).kind, "trained on the task");
  assert.equal(made.cell({ model: "deep-linear-4, lookback 168" }, "training_excess").value, 5e-4);
  assert.ok(!("training_excess" in made.row({ model: "naive" })));
  const form = summary.columns.map(({ id, format, better }) => [id, format, better]);
  assert.deepEqual(form, [
    ["model", "text", undefined],
    ["kind", "text", undefined],
    ["mase", "fixed3", "lower"],
    ["sql", "fixed3", "lower"],
    ["skill", "percent", "higher"],
    ["training_excess", undefined, undefined],
  ]);
});

Deno.test("the best of the models that know the task decides, once the naive scores are those that were published", async () => {
  const outcome = async (given: Made) => (await table(given)).outcome;
  const { mase } = theirs("PatchTST");
  const ridge = (mase: number) => ({ "ridge, tuned": { mase } });
  assert.equal(await outcome(ridge(mase - 1e-6)), "supported");
  assert.equal(await outcome(ridge(mase)), "refuted");
  assert.equal(await outcome(ridge(1.21)), "refuted");
  for (const [model, name] of [["naive", "Naive"], ["seasonal-naive", "Seasonal Naive"]]) {
    for (const part of ["mase", "sql"] as const) {
      const { mase, sql } = theirs(name);
      const off = (by: number) => ({
        [model]: { mase, sql, [part]: theirs(name)[part] * (1 + by) },
      });
      assert.equal(await outcome(off(5e-9)), "supported", `${model} ${part}`);
      assert.equal(await outcome(off(2e-8)), "undecided", `${model} ${part}`);
      assert.equal(await outcome(off(-2e-8)), "undecided", `${model} ${part}`);
    }
  }
});

Deno.test("reason and finding say the numbers", async () => {
  const { summary } = await table();
  assert.match(
    summary.verdict.reason,
    /^MASE 1\.1500 of the tuned ridge against 1\.1991 of PatchTST/,
  );
  assert.match(
    summary.verdict.reason,
    /4 matrices has reached .* within 0\.1 %, and scores 1\.2000\.$/,
  );
  assert.match(
    (await table({ "deep-linear": { mase: 1, excess: 2e-3 } })).summary.verdict.reason,
    /has not reached/,
  );
  // TabPFN-TS and TabPFN-TS-3 have a higher MASE.
  assert.match(
    summary.findings[0],
    /MASE of 1\.150: 4\.6 % above TS-ICL.* ahead of 2 of 18 of them\.$/,
  );
});

Deno.test("every cell of ours follows from the published scores", async () => {
  const { summary } = await table();
  await publish(sourceOf({ "fev-ett": summary }), (_, file) => assertRecomputed(file));
});
