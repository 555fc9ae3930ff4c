/** @file What descent conserves: the grid, the table from numbers made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/conservation.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf } from "../grids.ts";
import { judged, madeOf, settingsOf } from "./made_studies.ts";

Deno.test("the grid: every initialisation at three depths, both starts at three, from the standard profile on", () => {
  assert.equal(graphOf(experiment, "quick").later.get("conservation"), "standard");
  const settings = settingsOf(experiment, "standard");
  const steps = [2, 5, 16].flatMap((depth) =>
    ["balanced", "orthogonal", "xavier", "identity"].map((initialisation) => ({
      name: "conservation",
      options: { depth, initialisation },
    }))
  );
  const starts = [2, 3, 10].flatMap((depth) =>
    ["identity", "flipped"].map((start) => ({ name: "identity_start", options: { depth, start } }))
  );
  assert.deepEqual(settings.map(({ study }) => study), [...steps, ...starts]);
  assert.deepEqual(settings[0].seeds, judged);
});

/** Numbers that hold, with those of one setting changed. */
function table(change: Record<string, number> = {}, where: (tags: Tags) => boolean = () => false) {
  return madeOf(experiment, (tags, { depth }) => {
    const usual: Record<string, number> = tags.study === "identity start"
      ? { loss: tags.start === "identity" ? 0.5 : 1e-20 }
      : { identityError: 1e-15 * Number(depth), driftRatio: 2.01, imbalance: 0.25 };
    return { scalars: { ...usual, ...(where(tags) ? change : {}) } };
  });
}

Deno.test("rows are the settings of both studies, each with its own numbers", async () => {
  const made = await table(
    { loss: 0.75 },
    ({ seed, depth, start, study }) =>
      study === "identity start" && seed === 10 && depth === 3 && start === "identity",
  );
  assert.equal(made.summary.rows.length, 18);
  const step = { study: "identity of one step", depth: 16, start: "xavier" };
  close(made.cell(step, "identity_error").value, 16e-15);
  close(made.cell(step, "drift_ratio").value, 2.01);
  close(made.cell(step, "imbalance").value, 0.25);
  assert.equal("loss" in made.row(step), false);
  const start = { study: "identity start", depth: 3, start: "identity" };
  close(made.cell(start, "loss").value, 0.525);
  assert.ok(made.cell(start, "loss").high! > 0.525);
  assert.equal("drift_ratio" in made.row(start), false);
  assert.match(made.summary.findings[0], /holds to 1.6e-14 in 12 settings of 2 to 16 layers/);
});

Deno.test("every clause can refute, by its worst setting; one seed of ten leaves it undecided or supported", async () => {
  assert.equal((await table()).outcome, "supported");
  const steps = ({ study, depth, start }: Tags) =>
    study === "identity of one step" && depth === 5 && start === "xavier";
  const at = (name: string) => ({ study, depth, start }: Tags) =>
    study === "identity start" && depth === 10 && start === name;
  const wrong: [Record<string, number>, (tags: Tags) => boolean][] = [
    [{ identityError: 2e-12 }, steps],
    [{ driftRatio: 1.79 }, steps],
    [{ driftRatio: 2.21 }, steps],
    [{ loss: 0.489 }, at("identity")],
    [{ loss: 0.511 }, at("identity")],
    [{ loss: 1.1e-6 }, at("flipped")],
  ];
  for (const [change, where] of wrong) {
    assert.equal((await table(change, where)).outcome, "refuted", JSON.stringify(change));
    const some = (tags: Tags) => where(tags) && Number(tags.seed) % 2 === 0;
    const strong = Object.fromEntries(Object.entries(change).map(([k]) => [k, 1e9]));
    assert.equal((await table(strong, some)).outcome, "undecided", JSON.stringify(change));
  }
  const right: [Record<string, number>, (tags: Tags) => boolean][] = [
    [{ identityError: 9e-13, driftRatio: 1.81 }, steps],
    [{ loss: 0.509 }, at("identity")],
    [{ loss: 9e-7 }, at("flipped")],
  ];
  for (const [change, where] of right) {
    assert.equal((await table(change, where)).outcome, "supported");
  }
});
