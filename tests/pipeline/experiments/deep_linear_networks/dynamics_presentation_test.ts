/** @file How the tables on training dynamics are shown: plots draw what they say, and every cell and verdict follows from published scores. */
import assert from "node:assert/strict";
import * as conservation from "../../../../pipeline/experiments/deep_linear_networks/conservation.ts";
import * as etth1 from "../../../../pipeline/experiments/deep_linear_networks/etth1_steps.ts";
import * as starts from "../../../../pipeline/experiments/deep_linear_networks/initialisations.ts";
import * as natural from "../../../../pipeline/experiments/deep_linear_networks/natural_gradient.ts";
import * as optimisers from "../../../../pipeline/experiments/deep_linear_networks/optimisers.ts";
import * as saxe from "../../../../pipeline/experiments/deep_linear_networks/saxe_curves.ts";
import * as laws from "../../../../pipeline/experiments/deep_linear_networks/step_laws.ts";
import type { Summary } from "../../../../pipeline/results.ts";
import { runsOf, type Table, tableOf } from "../grids.ts";
import { assertFollows, drawn } from "../presented.ts";
import { judged, madeOf } from "./made_studies.ts";

/** Numbers of a study that differ from seed to seed. */
const scalars = (seed: number) => ({
  ...{ deviation: seed / 1000, ordered: 1, identityError: seed * 1e-16, imbalance: 0.1 },
  ...{ driftRatio: 2 + seed / 1000, loss: 1 / seed, predicted: 0.2, measured: 0.2 + seed / 1e4 },
  ...{ above: seed, below: -seed, steps: 10 * seed, reached: 1, share: 0.9, excess: 1 / seed },
  ...{ contraction: 0.2 - seed / 1e5, crosses: seed % 2, lost: 0, toTarget: seed },
});
const curve = (seed: number) => ({
  times: [0, 1],
  ...Object.fromEntries(
    ["singularValues", "strengths", "theory"].map((name, i) => [
      name,
      [1, 2, 3].map((k) => [k / 10, k + i + seed / 100]),
    ]),
  ),
});

const tables = new Map<string, Table>();
for (const experiment of [saxe, conservation, laws, etth1, starts, natural]) {
  const table = await madeOf(experiment, ({ seed }) => ({
    scalars: scalars(Number(seed)),
    scores: experiment === saxe ? curve(Number(seed)) : {},
  }));
  tables.set(experiment.meta.id, table);
}
const raced = runsOf(optimisers, "standard").map(({ tags }) => {
  const steps = judged.map((seed) => seed * (Number(tags.depth) + 1));
  const scores = { steps, reached: judged.map(() => 1), tried: [] };
  return { tags, scores, scalars: { steps: 20, reached: 1, rate: 0.1, edge: 0 } };
});
tables.set(optimisers.meta.id, await tableOf(optimisers, raced));

Deno.test("plots draw what their titles say", () => {
  const plots = (id: string) => tables.get(id)!.summary.plots.map(drawn);
  const curves = "over time, by mode, in panels by setting, line and dot and interval";
  assert.deepEqual(plots("saxe-curves"), [
    `singular-values: singular_value ${curves}`,
    `curves: curve ${curves}`,
  ]);
  assert.deepEqual(plots("conservation"), []);
  const steps = (y: string, by: string) => [`steps: ${y} over depth (log)${by}, line and dot`];
  assert.deepEqual(plots("step-laws"), steps("efolds (log)", ", by map"));
  assert.deepEqual(plots("etth1-steps"), steps("steps_taken (log)", ""));
  assert.deepEqual(plots("natural-gradient"), steps("steps_taken", ", by variant"));
  const capped = (by: string) => steps("steps_taken (log)", by).map((p) => `${p}, cap at 1000`);
  assert.deepEqual(plots("initialisations"), capped(", by start"));
  assert.deepEqual(plots("optimisers"), capped(", by optimiser"));
});

Deno.test("seconds are written as such; what names a row is text", () => {
  for (const [id, { summary }] of tables) {
    for (const { id: column, format } of summary.columns) {
      const words = summary.rows.some((row) => typeof row[column] === "string");
      const expected = words ? "text" : column === "seconds" ? "seconds" : undefined;
      assert.equal(format, expected, `${id}: ${column}`);
    }
  }
});

Deno.test("every cell and verdict follows from the published scores", async () => {
  const measured = new Map<string, { summary: Summary }>(tables);
  await assertFollows(measured);
});
