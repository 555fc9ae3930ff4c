/** @file Fields learned with and without their equation: the stage against its own parts, the table from runs made by hand. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/known_dynamics.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import * as stage from "../../../../pipeline/stages/known_dynamics.ts";
import { runStage } from "../../stages/run_stage.ts";
import { runsOf, tableOf } from "../grids.ts";

// deno-lint-ignore no-explicit-any -- parameters of any stage
const params = (job: JobNode) => job.params as any;
const seeds = [10, 11, 12, 13, 14, 15, 16, 17];

Deno.test("the stage: more frames help both, the equation helps where they are few, and agree where they are many", async () => {
  const own = {
    equation: "heat",
    strength: 0.2,
    points: 4,
    frames: [12, 4000],
    test: 500,
    place: 3,
  };
  const { scalars } = await runStage(stage, own);
  const at = (how: string, n: number) => scalars[`excess ${how} ${n}`];
  assert.ok(scalars["excess floor"] > 0);
  // On average: one place may be unlucky.
  let gain = 0;
  for (const place of [5, 6, 7, 8]) {
    const { scalars } = await runStage(stage, { ...own, points: 8, frames: [20], place });
    gain += Math.log(scalars["excess free 20"] / scalars["excess known 20"]) / 4;
  }
  assert.ok(gain > Math.log(3), `${gain}`);
  assert.ok(at("free", 4000) < at("free", 12) / 10);
  // Almost the true map: an excess of noise^2 times parameters over frames.
  assert.ok(at("free", 4000) < 4 * 0.01 * 8 / 4000 && at("known", 4000) < 4 * 0.01 * 8 / 4000);
  assert.deepEqual((await runStage(stage, own)).scalars, scalars);
  const other = (await runStage(stage, { ...own, place: 4 })).scalars;
  assert.notEqual(other["excess floor"], scalars["excess floor"]);
  const less = (await runStage(stage, { ...own, noise: 0.05 })).scalars;
  assert.ok(less["excess free 4000"] < at("free", 4000));
  await assert.rejects(runStage(stage, { ...own, strength: 0.6 }), /at most 0\.5/);
});

Deno.test("the grid: both equations at places that were not looked at before", () => {
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, 16);
  for (const { tags, job } of runs) {
    assert.ok(seeds.includes(Number(tags.seed)));
    assert.deepEqual([params(job).equation, params(job).place], [tags.equation, tags.seed]);
    assert.equal(params(job).strength, tags.equation === "heat" ? 0.2 : 0.25);
    assert.deepEqual(params(job).frames, [24, 48, 100, 1000, 3000]);
  }
});

/** The table where the free map's excess is `ratio` times that beside the equation, at 24 frames. */
const table = (ratio: (equation: string, seed: number) => number) =>
  tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => ({
      tags,
      scalars: Object.fromEntries([
        ["excess floor", 2],
        ...[24, 48, 100, 1000, 3000].flatMap((n) => [
          [`excess known ${n}`, 0.5],
          [
            `excess free ${n}`,
            0.5 * (n === 24 ? ratio(String(tags.equation), Number(tags.seed)) : 1),
          ],
        ]),
      ]),
    })),
  );

Deno.test("shares of the floor and their ratio, by equation and frames", async () => {
  const made = await table((equation, seed) => equation === "heat" ? seed : 4);
  const mean = seeds.reduce((a, b) => a + b) / 8;
  assert.equal(made.cell({ equation: "heat", frames: 24 }, "known").value, 0.25);
  assert.ok(Math.abs(made.cell({ equation: "heat", frames: 24 }, "free").value - mean / 4) < 1e-12);
  const gain = made.cell({ equation: "heat", frames: 24 }, "gain");
  assert.ok(Math.abs(gain.value - seeds.reduce((all, s) => all + Math.log(s) / 8, 0)) < 1e-12);
  assert.equal(gain.n, 8);
  assert.equal(made.cell({ equation: "wave", frames: 48 }, "gain").value, 0);
  assert.equal(made.summary.rows.length, 10);
  assert.match(
    made.summary.findings[0],
    /from 24 frames by 13\.3 \(heat\) and 4\.00 \(wave\), and from 3,000 frames by 1\.00 \(heat\)/,
  );
  const of = (id: string) => made.summary.columns.find((column) => column.id === id)!;
  assert.deepEqual(["known", "free", "gain"].map((id) => of(id).better), [
    "lower",
    "lower",
    "higher",
  ]);
  assert.deepEqual(["known", "free", "gain"].map((id) => of(id).format), [
    "percent",
    "percent",
    "fixed3",
  ]);
});

Deno.test("both equations have to halve the excess", async () => {
  const outcome = async (of: (equation: string, seed: number) => number) =>
    (await table(of)).outcome;
  assert.equal(await outcome(() => 2.5), "supported");
  assert.equal(await outcome((equation) => equation === "wave" ? 1.5 : 9), "refuted");
  assert.equal(await outcome((_, seed) => seed % 2 ? 1 : 4.2), "undecided");
  await assert.rejects(table(() => NaN), /expected finite/);
});
