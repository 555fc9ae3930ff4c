/** @file Natural gradient by depth: the grid, the table from numbers made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/natural_gradient.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf } from "../grids.ts";
import { judged, madeOf, type Scalars, settingsOf } from "./made_studies.ts";

Deno.test("the grid: five variants at three depths, from the standard profile on", () => {
  assert.equal(graphOf(experiment, "quick").later.get("natural-gradient"), "standard");
  const settings = settingsOf(experiment, "standard");
  const variants = [
    [6, 4, "minimum norm", "rotated"],
    [4, 4, "minimum norm", "aligned"],
    [4, 4, "block-diagonal", "aligned"],
    [4, 4, "minimum norm", "rotated"],
    [4, 4, "end-to-end", "rotated"],
  ];
  assert.deepEqual(
    settings.map(({ study }) => study),
    variants.flatMap(([rows, columns, method, frames]) =>
      [2, 8, 32].map((depth) => ({
        name: "natural_gradient",
        options: { rows, columns, method, frames, depth },
      }))
    ),
  );
  assert.deepEqual(settings[0].seeds, judged);
});

const rotated = "least norm, [4, 4], rotated";
/** Half of the rotated segments are singular, and just those fail. */
const usual = ({ variant, seed }: Tags): Scalars => {
  const crosses = variant === rotated && Number(seed) % 2 ? 1 : 0;
  return { predicted: 0.05, contraction: crosses ? 0.01 : 0.0501, crosses, lost: 0, toTarget: 40 };
};
const table = (change: (tags: Tags) => Scalars = () => ({})) =>
  madeOf(experiment, (tags) => ({ scalars: { ...usual(tags), ...change(tags) } }));

Deno.test("a row is a variant at a depth, with the law and what was found", async () => {
  const made = await table(({ depth, seed }) => depth === 8 && seed === 10 ? { lost: 1 } : {});
  assert.equal(made.summary.rows.length, 15);
  const row = { variant: rotated, depth: 8 };
  close(made.cell(row, "measured").value, (0.0501 + 0.01) / 2);
  close(made.cell(row, "predicted").value, 0.05);
  close(made.cell(row, "prediction_error").value, (0.002 + 0.8) / 2);
  close(made.cell(row, "crosses").value, 0.5);
  close(made.cell(row, "lost").value, 0.1);
  close(made.cell(row, "steps_taken").value, 40);
  assert.match(made.summary.findings[0], /within 0.20 % at 2, 8, 32 layers/);
  assert.match(made.summary.findings[1], /5 of 10 segments are singular, and 5, 5, 5 runs miss/);
});

Deno.test("every clause can refute; half of the seeds leave it undecided", async () => {
  assert.equal((await table()).outcome, "supported");
  const lawful = [
    "least norm, [6, 4], rotated",
    "least norm, [4, 4], aligned",
    "block-diagonal, [4, 4], aligned",
  ];
  for (const variant of lawful) {
    const at = async (contraction: number, half = false) =>
      (await table((tags) =>
        tags.variant === variant && tags.depth === 32 && !(half && Number(tags.seed) % 2)
          ? { contraction }
          : {}
      )).outcome;
    assert.equal(await at(0.0506), "refuted");
    assert.equal(await at(0.0494), "refuted");
    assert.equal(await at(0.0504), "supported");
    assert.equal(await at(1e9, true), "undecided");
  }
  // Where segments that are not singular fail, and singular ones do not.
  const wrong = await table(({ variant, seed }) =>
    variant === rotated ? { contraction: Number(seed) % 2 ? 0.05 : 0.04 } : {}
  );
  assert.equal(wrong.outcome, "refuted");
  const some = await table(({ variant, seed }) =>
    variant === rotated && Number(seed) < 12 ? { contraction: seed === 11 ? 0.05 : 0.01 } : {}
  );
  assert.equal(some.outcome, "undecided");
  // The control decides nothing.
  const control = await table(({ variant }) =>
    String(variant).startsWith("end-to-end") ? { contraction: 1 } : {}
  );
  assert.equal(control.outcome, "supported");
});
