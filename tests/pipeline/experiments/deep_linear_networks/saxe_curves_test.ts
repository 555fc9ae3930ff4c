/** @file Singular values over training: the grid, the table from curves made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/saxe_curves.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { interval, judged, madeOf, settingsOf } from "./made_studies.ts";

Deno.test("every profile has the depths, starts and seeds that are stated", () => {
  const depths = (profile: string) =>
    settingsOf(experiment, profile).map(({ tags }) => `${tags.depth} ${tags.start}`);
  assert.deepEqual(depths("smoke"), ["2 aligned", "2 rotated"]);
  const all = [2, 3, 8].flatMap((depth) => [`${depth} aligned`, `${depth} rotated`]);
  assert.deepEqual(depths("quick"), all);
  assert.deepEqual(depths("standard"), all);
  for (const { tags, study, seeds } of settingsOf(experiment, "standard")) {
    assert.deepEqual(seeds, judged);
    const options = { depth: tags.depth, targets: [2, 1.5, 1], start: 0.05, frames: tags.start };
    assert.deepEqual(study, { name: "mode_curves", options });
  }
  assert.equal(settingsOf(experiment, "quick")[0].seeds.length, 3);
});

/** Two times; singular values of the k-th mode are k + seed / 100 times the time. */
const curves = ({ seed }: Tags) => ({
  times: [0, 0.123456],
  singularValues: [1, 2, 3].map((k) => [0, k + Number(seed) / 100]),
  strengths: [[0, 0], [0, 0], [0, 0]],
  theory: [1, 2, 3].map((k) => [0, 10 * k]),
});

const made = (deviation: (tags: Tags) => number, profile?: string) =>
  madeOf(
    experiment,
    (tags) => ({
      scalars: { deviation: deviation(tags), ordered: tags.depth === 3 ? 0.5 : 1 },
      scores: curves(tags),
    }),
    profile,
  );
const usual = ({ start }: Tags) => start === "aligned" ? 0.002 : 0.5;

Deno.test("a row is a mode at a time: means over seeds with their interval, beside the curve", async () => {
  const table = await made(usual);
  assert.equal(table.summary.rows.length, 3 * 2 * 3 * 2);
  assert.deepEqual(table.names("mode"), ["s = 2", "s = 1.5", "s = 1"]);
  assert.deepEqual(table.names("time"), [0, 0.1235]);
  assert.deepEqual(table.names("setting").slice(0, 2), ["2 layers, aligned", "2 layers, rotated"]);
  const labels = { setting: "8 layers, rotated", mode: "s = 1.5", time: 0.1235 };
  const value = table.cell(labels, "singular_value");
  const expected = interval(judged.map((seed) => 2 + seed / 100));
  close(value.value, 2.145);
  close(value.low, expected.low);
  close(value.high, expected.high);
  close(table.cell(labels, "curve").value, 20);
  assert.deepEqual(table.summary.plots.map(({ y, series, facet }) => [y.column, series, facet]), [
    ["singular_value", "mode", "setting"],
    ["curve", "mode", "setting"],
  ]);
  assert.match(table.summary.findings[0], /than 0.20 % of its target; .* deviation is 50 %/);
  assert.match(table.summary.findings[1], /100 % \(2 layers\), 50 % \(3 layers\), 100 %/);
});

Deno.test("supported where aligned modes keep to 2 % and rotated ones leave by 10 %; each clause can refute", async () => {
  const outcome = async (of: (tags: Tags) => number, profile?: string) =>
    (await made(of, profile)).outcome;
  assert.equal(await outcome(usual), "supported");
  assert.equal(await outcome(({ start }) => start === "aligned" ? 0.019 : 0.101), "supported");
  for (const depth of [2, 3, 8]) {
    const other = (value: number, start: string) => (tags: Tags) =>
      tags.depth === depth && tags.start === start ? value : usual(tags);
    assert.equal(await outcome(other(0.021, "aligned")), "refuted");
    assert.equal(await outcome(other(0.099, "rotated")), "refuted");
    const half = (tags: Tags) =>
      tags.depth === depth && tags.start === "rotated" && Number(tags.seed) % 2
        ? 0.02
        : usual(tags);
    assert.equal(await outcome(half), "undecided");
  }
  assert.equal(await outcome(usual, "quick"), "illustration");
});
