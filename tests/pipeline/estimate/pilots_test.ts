/** @file Pilots of the stages: how a whole job's cost follows from that of its pilot. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as downloadStage from "../../../pipeline/stages/download.ts";
import * as download from "../../../pipeline/estimate/pilots/download.ts";
import * as evaluate from "../../../pipeline/estimate/pilots/evaluate.ts";
import * as fit from "../../../pipeline/estimate/pilots/fit.ts";
import * as generate from "../../../pipeline/estimate/pilots/generate.ts";
import * as reference from "../../../pipeline/estimate/pilots/reference.ts";
import * as train from "../../../pipeline/estimate/pilots/train.ts";
import * as tune from "../../../pipeline/estimate/pilots/tune.ts";
import { task as parity } from "../../../lib/tasks/parity/parity.ts";
import { task as recall } from "../../../lib/tasks/recall/recall.ts";
import { loadPilots } from "../../../pipeline/estimate/pilot.ts";
import {
  type Any,
  data,
  evaluateParams,
  fitParams,
  generateParams,
  referenceParams,
  rollout,
  rollParams,
  seed,
  type Stage,
  trainParams,
  tuneParams,
} from "./pilot_jobs.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

Deno.test("training: a pilot of six steps, whose warm-up is no longer than it is", () => {
  const { class: _, ...pilot } = train.pilot(trainParams as Any);
  assert.deepEqual(pilot, {
    params: { ...trainParams, steps: 6, warmup: 6, learningRate: 1e-3 },
    units: 6,
    of: 50,
    tokens: 50 * 4 * 10 * 2,
  });
  const short = train.pilot({ ...trainParams, steps: 3, warmup: 1 } as Any);
  assert.deepEqual([short.units, short.of], [3, 3]);
  assert.deepEqual([(short.params as Any).steps, (short.params as Any).warmup], [3, 1]);
});

Deno.test("tuning: a pilot of the first rung, and the steps of all survivors of all rungs", () => {
  const { class: _, ...pilot } = tune.pilot(tuneParams as Any);
  // Five candidates take 10 steps, three of them 20 more: half of five, rounded.
  const steps = 2 * (5 * 10 + 3 * 20); // of two seeds
  assert.deepEqual(pilot, {
    params: { ...tuneParams, rungs: [5], warmup: 5 },
    units: 2 * 25,
    of: steps,
    tokens: steps * 4 * 10,
  });
  // A search that climbs takes one of the winner's neighbours from the first rung to the last, besides.
  const climbing = tune.pilot({ ...tuneParams, moves: 3 } as Any);
  assert.deepEqual([climbing.of, climbing.units], [steps + 2 * (30 - 10), 2 * 25]);
  assert.equal((climbing.params as Any).moves, 0);
  const of = (rates: number, rungs: number[], keep: number) =>
    tune.pilot({ ...tuneParams, rates: Array(rates).fill(1), rungs, keep } as Any).of / 2;
  assert.equal(of(4, [10, 20, 40, 80], 0.5), 4 * 10 + 2 * 10); // one is left after two rungs
  assert.equal(of(1, [10, 20], 0.5), 10);
  assert.equal(of(3, [10, 20, 40], 0.9), 3 * 10 + 3 * 10 + 3 * 20);
  assert.equal(of(9, [4, 6, 7], 0.3), 9 * 4 + 3 * 2); // 0.3 of 3 is one
  const short = tune.pilot({ ...tuneParams, rungs: [2, 9], warmup: 1 } as Any);
  assert.deepEqual([short.units, (short.params as Any).rungs], [2 * 10, [2]]);
  assert.equal((short.params as Any).warmup, 1);
});

Deno.test("generating: 512 sequences, and the bytes of the others on disk and twice in memory", () => {
  const { class: _, memory, ...pilot } = generate.pilot(generateParams as Any);
  const more = (2000 - 512) * 11 * 3 * 8;
  assert.deepEqual(pilot, {
    params: { ...generateParams, sequences: 512 },
    units: 512,
    of: 2000,
    disk: more,
  });
  assert.equal(memory!({}), 2 * more);
  const few = generate.pilot({ ...generateParams, sequences: 100 } as Any);
  assert.deepEqual([few.units, few.of, few.disk, few.memory!({})], [100, 100, 0, 0]);
});

Deno.test("scoring the filter: 512 sequences, and three numbers for every other observation", () => {
  const { class: _, memory, ...pilot } = reference.pilot(referenceParams as Any, data(2000));
  assert.deepEqual(pilot, {
    params: referenceParams,
    inputs: { data: { ...data(512).data.params } },
    units: 512,
    of: 2000,
  });
  assert.equal(memory!({}), 3 * (2000 - 512) * 11 * 3 * 8);
  assert.equal(reference.pilot(referenceParams as Any, data(100)).units, 100);
});

Deno.test("evaluating: two batches of at most 128 sequences, and the memory of the others", () => {
  const { class: _, memory, ...pilot } = evaluate.pilot(evaluateParams as Any, data(2000));
  assert.deepEqual(pilot, {
    params: { ...evaluateParams, batch: 40 },
    inputs: { data: data(80).data.params },
    units: 80,
    of: 2000,
  });
  // In float64, in float32, and two predictions in float32 and float64.
  assert.equal(memory!({}), (2000 - 80) * 11 * 3 * 28);
  const batchOf = (batch: number, sequences: number) => {
    const { params, units } = evaluate.pilot({ ...evaluateParams, batch } as Any, data(sequences));
    return [(params as Any).batch, units];
  };
  assert.deepEqual(batchOf(500, 2000), [128, 256]);
  assert.deepEqual(batchOf(40, 9), [5, 10]); // half of them, rounded up
  assert.deepEqual(batchOf(40, 80), [40, 80]);
});

Deno.test("evaluating rollouts: the peak is that of a whole batch of short ones, and the rest of their states", () => {
  const { class: _, peak, memory, units, of } = evaluate.pilot(rollParams as Any, data(2000));
  assert.deepEqual([units, of], [80, 2000]);
  assert.deepEqual(peak, {
    params: { ...rollParams, protocol: { rollout: { ...rollout, horizons: [8] } } },
    inputs: { data: data(40).data.params },
  });
  const others = (2000 - 40) * 11 * 3 * 28;
  // States of 24 observations, 12 of which the short rollouts have.
  assert.equal(memory!({ "sequence bytes": 240 }), others + 40 * 240 * 12 / 24);
  // No more than the batch was allowed.
  assert.equal(memory!({ "sequence bytes": 1e6 }), others + 2 * 2 ** 20 * 12 / 24);
  const near = {
    ...rollParams,
    ...{ batch: 4000, protocol: { rollout: { ...rollout, horizons: [3, 2] } } },
  };
  const short = evaluate.pilot(near as Any, data(2000));
  assert.deepEqual((short.peak!.params as Any).protocol.rollout.horizons, [3]);
  assert.equal((short.peak!.inputs as Any).data.sequences, 2000);
  assert.equal(short.memory!({ "sequence bytes": 240 }), 0);
  assert.equal(evaluate.pilot(evaluateParams as Any, data(2000)).peak, undefined);
});

Deno.test("solving in closed form is measured whole", () => {
  const { class: _, ...pilot } = fit.pilot(fitParams as Any);
  assert.deepEqual(pilot, { params: fitParams, units: 1, of: 1 });
});

const own = { id: "own", title: "Own", licence: "MIT" };

Deno.test("an estimate downloads nothing: only what is on this machine has a pilot, which is the job itself", () => {
  const sha256 = "0".repeat(64);
  const pilot = (fields: object) => {
    const { entry } = downloadStage.params().parse({ entry: { ...own, ...fields } });
    return { entry, pilot: download.pilot({ entry }) };
  };
  for (const fields of [{ path: "x.csv" }, { npm: { package: "p", file: "f" }, sha256 }]) {
    const { entry, pilot: found } = pilot(fields);
    assert.deepEqual(found, { class: entry, params: { entry }, units: 1, of: 1 });
  }
  assert.equal(pilot({ url: "https://example.org/x.csv", sha256 }).pilot, undefined);
  assert.equal(pilot({ mirror: "x.csv", sha256 }).pilot, undefined);
});

const downloaded = { data: { stage: "download", params: { entry: own } } };

Deno.test("training to a tolerance: a hundred steps, in which the training loss is measured once, and no end before them", () => {
  const params = { ...trainParams, seeds: [seed(1)], steps: 1500, tolerance: 1e-4 };
  const pilot = train.pilot(params as Any);
  assert.deepEqual([pilot.units, pilot.of], [100, 1500]);
  const changed = { steps: 100, warmup: 9, tolerance: -1, learningRate: 1e-3 };
  assert.deepEqual(pilot.params, { ...params, ...changed });
  const short = train.pilot({ ...params, steps: 99 } as Any);
  assert.deepEqual([short.units, short.of], [99, 99]);
});

Deno.test("tokens are rows of windows where a task has no sequences", () => {
  const windows = { name: "forecasting", options: { lookback: 7, horizon: 2 } };
  assert.equal(train.pilot({ ...trainParams, task: windows } as Any).tokens, 50 * 4 * 7 * 2);
});

Deno.test("tokens and bytes of tasks on symbols, with the defaults of the tasks themselves", () => {
  const modules = { parity, recall };
  const cases: [name: "parity" | "recall", options: object, trained: number, generated: number][] =
    [
      ["parity", {}, 40, 256],
      ["parity", { maximum: 9, length: 30 }, 9, 30],
      ["recall", {}, 64, 64],
      ["recall", { length: 32, pairs: 2 }, 32, 32],
    ];
  for (const [name, options, trained, generated] of cases) {
    const task = { name, options };
    const made = modules[name].configure(options);
    assert.equal(made.tokens(4), 4 * trained);
    assert.equal(train.pilot({ ...trainParams, task } as Any).tokens, 50 * 2 * made.tokens(4));
    const steps = 2 * (5 * 10 + 3 * 20);
    assert.equal(tune.pilot({ ...tuneParams, task } as Any).tokens, steps * made.tokens(4));
    // Symbols and targets of four bytes each.
    const bytes = Object.values(made.generate!(0, 0, 3))
      .reduce((sum, { data }) => sum + data.byteLength, 0);
    assert.equal(bytes, 3 * generated * 8);
    const pilot = generate.pilot({ ...generateParams, task } as Any);
    assert.equal(pilot.disk, (2000 - 512) * generated * 8);
    const scored = evaluate.pilot({ ...evaluateParams, task } as Any, data(2000, { task }));
    assert.equal(scored.memory!({}), (2000 - 80) * generated * 28);
  }
  const unlisted = { name: "other", options: { length: 7 } };
  assert.equal(train.pilot({ ...trainParams, task: unlisted } as Any).tokens, 50 * 4 * 7 * 2);
});

Deno.test("what symbols are asked for does not change what a step costs, how many there are does", () => {
  const classOf = (name: string, options: object) =>
    train.pilot({ ...trainParams, task: { name, options } } as Any).class;
  assert.deepEqual(classOf("parity", { minimum: 5 }), classOf("parity", {}));
  assert.notDeepEqual(classOf("parity", { maximum: 5 }), classOf("parity", {}));
  assert.deepEqual(classOf("recall", { power: 1 }), classOf("recall", {}));
  for (const options of [{ vocabulary: 99 }, { length: 32 }, { pairs: 3 }]) {
    assert.notDeepEqual(classOf("recall", options), classOf("recall", {}));
  }
});

Deno.test("scores on data that are downloaded are measured whole, for the job itself", () => {
  for (const [stage, params] of [[evaluate, evaluateParams], [reference, referenceParams]]) {
    const { pilot } = stage as Stage;
    assert.deepEqual(pilot(params, downloaded), { class: params, params, units: 1, of: 1 });
  }
});

Deno.test("every pilot belongs to a stage, and is found by its name", async () => {
  const names = (folder: string) =>
    readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(".ts"))
      .map((name) => name.slice(0, -3)).sort();
  const stages = names("pipeline/stages");
  const found = await loadPilots(ROOT, stages);
  assert.deepEqual(Object.keys(found).sort(), names("pipeline/estimate/pilots"));
  assert.equal(found.tune, tune.pilot);
  assert.equal(found.aggregate, undefined);
});

Deno.test("a file of a pilot without a pilot is refused by its path", async () => {
  const root = Deno.makeTempDirSync();
  mkdirSync(join(root, "pipeline/estimate/pilots"), { recursive: true });
  writeFileSync(join(root, "pipeline/estimate/pilots/fit.ts"), "export const pilots = () => {};\n");
  await assert.rejects(loadPilots(root, ["fit"]), /pilots\/fit\.ts must export pilot/);
  assert.deepEqual(await loadPilots(root, ["train"]), {});
  rmSync(root, { recursive: true });
});
