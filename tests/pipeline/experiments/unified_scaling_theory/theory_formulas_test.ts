/** @file The theory's formulas: the grid, the table from numbers made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/unified_scaling_theory/theory_formulas.ts";
import { close } from "../close.ts";
import { graphOf, runsOf } from "../grids.ts";
import { judged, madeOf, settingsOf } from "../deep_linear_networks/made_studies.ts";
import { assertFollows } from "../presented.ts";

const path = "pipeline/experiments/unified_scaling_theory/theory_formulas.ts";

Deno.test(`the grid of ${path}: both studies at ten settings, from the standard profile on`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("theory-formulas"), "standard");
  assert.deepEqual(settingsOf(experiment, "standard"), [
    {
      tags: { study: "formulas" },
      study: { name: "scaling_formulas", options: {} },
      seeds: judged,
    },
    {
      tags: { study: "bounds" },
      study: { name: "gated_state_bounds", options: {} },
      seeds: judged,
    },
  ]);
  assert.equal(runsOf(experiment, "standard").length, 20);
});

type Numbers = Record<string, number>;

/** Numbers by which every claim holds. */
const holding: Numbers = {
  ...{ leaving: 0.1, statedDepth: 26, statedWidth: 1300, deeper: 5, condition6: 300 },
  ...{ condition26: 40, depthExponent: 1.05, rank: 3, rankError: 0.1, steeper: 0.2 },
  ...{ parameters26: 403e6, below: 0.2, rate: 2.1, rateOfEqualSize: 1.9, laterRate: 2 },
  ...{ stated: 0.9, mended: 0.8, closest: 1, saturates: 17 },
};
const table = (change: Numbers = {}, where = (_seed: number) => true) =>
  madeOf(experiment, ({ seed }) => ({
    scalars: { ...holding, ...(where(seed as number) ? change : {}) },
  }));
const rowsOf = async (change: Numbers = {}, where = (_seed: number) => true) =>
  (await table(change, where)).summary.rows;

Deno.test("a row is a claim: the mean of its number, what the page says, and in how many settings it holds", async () => {
  const made = await table({ deeper: -7 }, (seed) => seed < 13);
  assert.equal(made.summary.rows.length, 20);
  const row = { claim: "26 layers are better conditioned than 6" };
  close(made.cell(row, "found").value, 1.4); // 7 of 5, 3 of -7
  assert.equal(made.row(row).holds, "7 of 10");
  assert.equal(made.cell(row, "found").n, 10);
  assert.equal(made.row({ claim: "|J| <= |W_h|" }).said, 1);
  assert.equal("said" in made.row(row), false);
  assert.match(made.summary.findings[0], /^1 of 17 claims hold in no setting; .* a minimum\.$/);
  assert.match(made.summary.findings[1], /up to 0\.900 times .* at most 0\.800 of/);
  const { outcome, summary } = await table({ leaving: -0.386 });
  assert.equal(outcome, "refuted");
  assert.match(summary.findings[0], /^2 of 17 .* a maximum/);
});

Deno.test("whether a claim holds, on either side of its bound", async () => {
  // Just inside, just outside.
  const bounds: Record<string, [number, number]> = {
    ...{ leaving: [0.01, -0.01], statedDepth: [32, 33], statedWidth: [1420, 1440] },
    ...{ deeper: [0.01, -0.01], rank: [1, 0.99] },
    ...{ rankError: [0.69, 0.7], steeper: [0.01, -0.01], parameters26: [370e6, 350e6] },
    ...{ below: [0.49, 0.51], rate: [1.81, 1.79], rateOfEqualSize: [2.19, 2.21] },
    ...{ laterRate: [1.81, 0.63], stated: [1, 1.01], mended: [1, 1.01], closest: [0.91, 0.89] },
  };
  const side = (k: 0 | 1) =>
    Object.fromEntries(Object.entries(bounds).map(([name, ends]) => [name, ends[k]]));
  const held = (rows: { holds?: unknown }[]) => rows.map(({ holds }) => holds);
  const usual = held(await rowsOf());
  assert.deepEqual(held(await rowsOf(side(0))), usual);
  const open = ["10 of 10", "0 of 10"];
  // What the page says of exponents; three numbers only show something.
  const shown = usual.flatMap((holds, i) => holds === undefined ? [i] : []);
  assert.deepEqual(shown, [4, 5, 19]);
  assert.deepEqual(
    held(await rowsOf(side(1))),
    usual.map((_, i) => shown.includes(i) ? undefined : open[i === 6 ? 0 : 1]),
  );
  const low = await rowsOf({ statedDepth: 21 });
  assert.equal(low[1].holds, "0 of 10");
  // Both exponents cannot hold.
  const exponents = (await rowsOf({ depthExponent: 0.5 })).slice(6, 8);
  assert.deepEqual(exponents.map(({ holds }) => holds), ["0 of 10", "10 of 10"]);
});

Deno.test("supported where all that is judged holds, refuted by each that is reversed, undecided where settings differ", async () => {
  assert.equal((await table()).outcome, "supported");
  const reversed: Numbers = {
    ...{ leaving: -1, deeper: -1, rank: 0.5, rankError: 2, steeper: -1, stated: 1.5 },
  };
  for (const [scalar, value] of Object.entries(reversed)) {
    assert.equal((await table({ [scalar]: value })).outcome, "refuted", scalar);
  }
  const some = await table({ leaving: -9, stated: 9 }, (seed) => seed % 2 === 0);
  assert.equal(some.outcome, "undecided");
  // What is quoted decides nothing.
  const quoted = { rate: 0, below: 1, parameters26: 1, condition6: 1, mended: 2, depthExponent: 9 };
  assert.equal((await table(quoted)).outcome, "supported");
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const tables = new Map([["theory-formulas", await table({ deeper: -2 })]]);
  const { cells, verdicts } = await assertFollows(tables);
  assert.ok(cells === 20 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
