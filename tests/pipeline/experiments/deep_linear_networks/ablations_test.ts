/** @file The table of ablations, its rule in every outcome, and its grid. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/ablations.ts";
import { assertFollows } from "../presented.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";

const variants = runsOf(experiment, "standard").map(({ tags }) => String(tags.variant));
const [base, ...others] = variants;

/** Twenty blocks of 1, 2, 1, 2, ..., of which a variant has this factor, alternating by the spread. */
function made(factor: (variant: string) => number, spread = 0.002) {
  return variants.map((variant, v) => {
    const blocks = Array.from({ length: 20 }, (_, k) => {
      const own = variant === base ? 0 : Math.log(factor(variant)) + (k % 4 < 2 ? spread : -spread);
      return (1 + k % 2) * Math.exp(own);
    });
    const fit = {
      validation: 0.5 + v,
      start: 0.1,
      step: 50 * v,
      edge: v === 2 ? 1 : 0,
      trainingLoss: 0.3,
    };
    return { tags: { variant }, scores: { test: { mse: 2 + v }, blocks, fit } };
  });
}
const table = (...args: Parameters<typeof made>) => tableOf(experiment, made(...args));

Deno.test("a row for each variant, its error over the base's by blocks; cells follow from what is published", async () => {
  const found = await table(() => 1.02);
  assert.deepEqual(found.names("variant"), variants);
  const at = { variant: others[1] };
  const cell = found.cell(at, "log_ratio");
  assert.ok(Math.abs(cell.value - Math.log(1.02)) < 1e-9);
  const half = 2.093024 * 0.002 * Math.sqrt(20 / 19) / Math.sqrt(20); // t of 19 degrees
  assert.ok(Math.abs(cell.high! - cell.value - half) < 1e-7);
  assert.deepEqual(
    ["mse", "validation", "step", "edge", "start", "training_loss"]
      .map((column) => found.cell(at, column).value),
    [4, 2.5, 100, 1, 0.1, 0.3],
  );
  assert.ok(!("log_ratio" in found.row({ variant: base })));
  const { cells } = await assertFollows(new Map([["deep-ablations", found]]));
  assert.ok(cells > 40, `${cells}`);
});

Deno.test("equal where all are shown within 1 %, refuted where one is shown beyond it", async () => {
  const except = (factor: number) => (variant: string) => variant === others[3] ? factor : 1;
  assert.equal((await table(() => 1)).outcome, "supported");
  assert.equal((await table(() => 1.008)).outcome, "supported");
  assert.equal((await table(except(1.03))).outcome, "refuted");
  assert.equal((await table(except(0.97))).outcome, "refuted");
  assert.equal((await table(except(1.0105))).outcome, "undecided");
  assert.equal((await table(() => 1, 0.1)).outcome, "undecided");
  const { summary } = await table(except(1.03));
  assert.match(
    summary.verdict.reason,
    new RegExp(`6 of 7 shown equal, ${others[3]} shown different`),
  );
  assert.match(summary.findings[0], /^Of 7 changes .* 6 leave .* 1 were still improving/);
});

Deno.test("the grid: every variant changes what it names of the base, and nothing else", () => {
  assert.ok(graphOf(experiment, "quick").later.has("deep-ablations"));
  const [first, ...rest] = runsOf(experiment, "standard").map(({ job }) => {
    return job.params as Record<string, unknown>;
  });
  const changed = rest.map((params) =>
    Object.keys(params).filter((key) => JSON.stringify(params[key]) !== JSON.stringify(first[key]))
  );
  assert.deepEqual(
    changed.map(String),
    [
      ...["width", "width", "initialiser,width", "initialiser", "initialiser", "initialiser"],
      "optimiser",
    ].map((keys) =>
      keys.split(",").sort((a, b) => Object.keys(first).indexOf(a) - Object.keys(first).indexOf(b))
        .join()
    ),
  );
});
