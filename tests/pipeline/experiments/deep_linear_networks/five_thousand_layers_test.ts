/** @file The table of five thousand layers, its rule in every outcome, and its grid. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/five_thousand_layers.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";

/** A chain whose loss goes from 200 down to these, and whose gradient norms are told apart. */
function made(layers: number, losses: number[], scalars: Record<string, number> = {}) {
  const curve = losses.map((loss, step) => ({
    ...{ step, loss, ratio: 2 + step },
    norms: [1, 2, 3, 4, 5].map((norm) => norm + 10 * step),
  }));
  return {
    tags: { layers, width: 512 },
    scores: { curve },
    scalars: {
      ...{ untrained: 200, loss: 10, closed: 0.95, distance: 1.5, ratio: 1 + losses.length },
      ...{ rate: 1 / layers, parameters: 7 * layers, keptBytes: 3 * 2 ** 20, allBytes: 2 ** 24 },
      ...scalars,
    },
  };
}
const flat = Array(20).fill(20);
const table = (...runs: ReturnType<typeof made>[]) => tableOf(experiment, runs);

Deno.test("rows are steps, about sixteen a chain and the last among them, shallow chains first", async () => {
  const losses = Array.from({ length: 40 }, (_, step) => 200 - 4 * step);
  const found = await table(made(5000, losses), made(50, flat));
  assert.deepEqual(found.names("layers"), [50, 5000]);
  const steps = found.summary.rows.filter(({ layers }) => layers === 5000).map(({ step }) => step);
  assert.deepEqual(steps, [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39]);
  const at = { layers: 5000, step: 9 };
  assert.equal(found.cell(at, "open").value, (200 - 36) / 200);
  assert.equal(found.cell(at, "ratio").value, 11);
  const places = ["first", "quarter", "middle", "three_quarters", "last"];
  assert.deepEqual(
    places.map((place) => found.cell(at, `gradient_${place}`).value),
    [91, 92, 93, 94, 95],
  );
  assert.ok(!("closed" in found.row(at)));
  const end = { layers: 5000, step: 39 };
  assert.deepEqual(
    ["closed", "distance", "rate", "parameters", "kept", "all_states"]
      .map((column) => found.cell(end, column).value),
    [0.95, 1.5, 1 / 5000, 35000, 3, 16],
  );
  assert.equal(found.observed(end, "seconds").observed.name, "unit seconds");
  assert.deepEqual(found.observed(end, "peak").observed, {
    name: "peak memory bytes",
    scale: 2 ** -20,
  });
});

Deno.test("the deepest chain decides: trained, at rest without being trained, or not at its end", async () => {
  const outcome = async (losses: number[], scalars: Record<string, number>) =>
    (await table(made(50, flat, { closed: 0 }), made(5000, losses, scalars))).outcome;
  assert.equal(await outcome(flat, { closed: 0.9 }), "supported");
  assert.equal(await outcome(flat, { closed: 0.899 }), "refuted");
  // The means of the last two tenths: 20 and 17.9 (1.05 % of 200 less), 20 and 18.1.
  const ending = (last: number) => [...Array(18).fill(20), last, last];
  assert.equal(await outcome(ending(17.9), { closed: 0.899 }), "undecided");
  assert.equal(await outcome(ending(18.1), { closed: 0.899 }), "refuted");
  assert.equal(await outcome(ending(17.9), { closed: 0.9 }), "supported");
  assert.equal(await outcome(flat, { distance: 0.99 }), "undecided");
  assert.equal((await table(made(500, flat))).outcome, "illustration");
});

Deno.test("cells follow from what is published", async () => {
  const found = await table(made(5000, flat), made(50, flat));
  const { cells } = await assertFollows(new Map([["five-thousand-layers", found]]));
  assert.ok(cells > 100, `${cells}`);
});

Deno.test("words: what was closed, by what margin, and by how much gradients differ", async () => {
  const { summary } = await table(
    made(50, flat, { closed: 0.5 }),
    made(5000, [...Array(18).fill(20), 10, 10]),
  );
  assert.match(
    summary.verdict.reason,
    /^5000 layers close 95\.0 % of the gap, the last tenth of the steps 5\.0 %; .*1\.50\.$/,
  );
  assert.match(summary.findings[0], /50 layers 50\.0 %, 5,000 layers 95\.0 %.*a factor of 21\.$/);
});

Deno.test("the grid: rates and segments follow the depth, all else is equal; smoke is too small for it", () => {
  assert.ok(graphOf(experiment, "smoke").later.has("five-thousand-layers"));
  for (const profile of ["quick", "standard"]) {
    const jobs = runsOf(experiment, profile).map(({ tags, job }) => {
      // deno-lint-ignore no-explicit-any -- parameters of any stage
      const { layers, segments, ...rest } = job.params as any;
      assert.equal(tags.layers, layers);
      assert.ok(Math.abs(segments - Math.sqrt(layers)) <= 0.5);
      return JSON.stringify(rest);
    });
    assert.equal(new Set(jobs).size, 1);
  }
  const deepest = runsOf(experiment, "standard").at(-1)!;
  assert.deepEqual(deepest.tags, { layers: 5000, width: 512 });
});
