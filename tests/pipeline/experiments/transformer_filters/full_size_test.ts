/** @file The table on the document's size, from scores made by hand; and what its page says of its cost. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { nameOf } from "../../../../pipeline/tags.ts";
import { runsOf } from "../grids.ts";
import { paramsOf } from "../spoken.ts";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/full_size.ts";
import {
  assertRow,
  computed,
  type Field,
  horizons,
  type Kind,
  leavingOpen,
  little,
  madeTable,
  ratesOf,
} from "./made_scores.ts";

const isFull = ({ options }: Kind) => options.dModel === 256;

Deno.test("both sizes have rows of their own runs", async () => {
  const made = await madeTable(experiment, {}, "paper");
  const { table } = made;
  const free = (where: Partial<Kind>, field: Field) =>
    Object.fromEntries(horizons.map((h) => [`h${h}`, made.score(where, h, field)]));
  const near = (field: Field) =>
    made.score({ what: "near baseline", model: "zero" }, "overall", field);
  assertRow(table, { predictor: "zero" }, {
    ratio: near("zero"),
    raw_ratio: near("rawZero"),
    gap_closed: computed(() => 0, near("zero")),
    ...free({ what: "far baseline", model: "zero" }, "zero"),
  });
  const sizes = {
    "Transformer of the other experiments": 32,
    "Transformer of the document's size": 256,
  };
  assert.deepEqual(table.names("predictor"), ["zero", ...Object.keys(sizes)]);
  for (const [predictor, dModel] of Object.entries(sizes)) {
    const where = { options: { dModel } };
    const one = (field: Field) => made.score({ ...where, what: "one step" }, "overall", field);
    const about = (name: string) => made.scalar(where, name);
    assertRow(table, { predictor }, {
      ratio: one("ratio"),
      raw_ratio: one("rawRatio"),
      gap_closed: one("gapClosed"),
      parameters: about("parameters"),
      tokens: about("tokens"),
      steps: about("steps"),
      ...ratesOf(made, where),
      ...free({ ...where, what: "rollout" }, "ratio"),
    });
    const seconds = table.observed({ predictor }, "seconds");
    assert.deepEqual(seconds.observed, { name: "step seconds", times: "steps" });
    const [run, ...others] = seconds.runs;
    const { job } = runsOf(experiment, "paper").find(({ tags }) => nameOf(tags) === run)!;
    const { model: { options }, steps } = paramsOf(job);
    assert.deepEqual([job.stage.name, options.dModel, others], ["time", dModel, []]);
    assert.equal(steps, dModel === 256 ? 3000 : 400);
  }
});

Deno.test("on six systems the document's size must leave less open", async () => {
  const of = async (factor: number) => {
    const making = leavingOpen((kind) =>
      0.1 * (isFull(kind) ? Math.exp(0.1 * little(kind)) : factor)
    );
    return (await madeTable(experiment, making, "paper")).table.summary;
  };
  const { verdict, findings } = await of(3);
  assert.equal(verdict.outcome, "supported");
  assert.match(verdict.reason, /; 6 systems\.$/);
  assert.match(
    findings[0],
    /^At lambda 0\.9 .* closes 90\.0 % of the gap, the small one 70\.0 %\.$/,
  );
  assert.match(findings.at(-1)!, /^Leak test over 12 scored runs: no run/);
  assert.equal((await of(1)).verdict.outcome, "undecided");
  assert.equal((await of(0.5)).verdict.outcome, "refuted");
});

Deno.test("the cost that the page states follows from the steps, and from what was measured on the card", () => {
  const measured = JSON.parse(
    readFileSync(new URL("../../../bench/gpu/h200.json", import.meta.url), "utf8"),
  ) as { name: string; sides: { name: string; milliseconds: number }[] }[];
  const { sides } = measured.find(({ name }) => name === "Transformer d=256 L=4, 4 x 256 tokens")!;
  const of = (name: string) => sides.find((side) => side.name === name)!.milliseconds;
  const minutes = 3000 * 8 * of("ort-webgpu") / 60_000;
  const { method } = experiment.meta;
  assert.ok(method.includes(`takes ${of("ort-webgpu").toFixed(1)} ms with`));
  assert.ok(
    method.includes(
      `${minutes.toFixed(1)} minutes a system, ${(6 * minutes).toFixed(0)} for all six`,
    ),
  );
  assert.ok(method.includes(`PyTorch takes ${of("PyTorch graph").toFixed(1)} ms`));
});
