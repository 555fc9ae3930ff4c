/** @file The sweep files that users start from: every point of them is one that can be run. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { lambdas } from "../../../pipeline/experiments/transformer_filters/shared/settings.ts";
import { judged } from "../../../pipeline/experiments/transformer_filters/shared/systems.ts";
import { readSweep } from "../../../pipeline/sweep/sweep.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = `${root}pipeline/sweep/examples`;

/** The runs of an example, each checked by the constructors of what it names. */
async function runsOf(file: string) {
  const { points, program } = readSweep(`${folder}/${file}`);
  const runs: Record<string, unknown>[] = [];
  for (let i = 0; i < points.count!; i++) {
    runs.push(await program.parse(points.at(i), root) as Record<string, unknown>);
  }
  return runs;
}

Deno.test("every run of every example is possible", async () => {
  const files = readdirSync(folder);
  assert.ok(files.length >= 2);
  for (const file of files) assert.ok((await runsOf(file)).length > 0, file);
});

Deno.test("the eigenvalue sweep is that of the document: its sizes, its lambdas, two seeds, ten to a hundred runs", async () => {
  // deno-lint-ignore no-explicit-any -- runs of the program are its own business
  const runs: any[] = await runsOf("eigenvalue_sweep.yaml");
  assert.equal(runs.length, 14);
  for (const { model, layers, system, train, evaluate } of runs) {
    assert.deepEqual([model.options.width, model.options.patch, layers.length], [256, 1, 4]);
    assert.deepEqual(layers[0], { name: "softmax_attention", options: { heads: 4 } });
    assert.deepEqual([system.latentDim, system.obsDim, system.sigma, train.length], [
      64,
      2,
      1,
      256,
    ]);
    assert.deepEqual(evaluate.horizons, [2, 4, 8, 16, 32, 64]);
    assert.deepEqual([evaluate.sequences, evaluate.rollout], [8192, true]);
  }
  const values = (of: (run: typeof runs[0]) => number) =>
    [...new Set(runs.map(of))].sort((a, b) => a - b);
  assert.deepEqual(values((run) => run.system.lambda), lambdas);
  const seeds = values((run) => run.seed);
  assert.equal(seeds.length, 2);
  assert.ok(seeds.every((seed) => judged.includes(seed)));
});
