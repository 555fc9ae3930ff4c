/** @file Pilots of the stages: which jobs share one, and how a whole job's cost follows from it. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadPilots, type Pilot, type PilotInput } from "../../../pipeline/estimate/pilot.ts";
import * as download from "../../../pipeline/estimate/pilots/download.ts";
import * as evaluate from "../../../pipeline/estimate/pilots/evaluate.ts";
import * as fit from "../../../pipeline/estimate/pilots/fit.ts";
import * as generate from "../../../pipeline/estimate/pilots/generate.ts";
import * as reference from "../../../pipeline/estimate/pilots/reference.ts";
import * as train from "../../../pipeline/estimate/pilots/train.ts";
import * as tune from "../../../pipeline/estimate/pilots/tune.ts";
import * as downloadStage from "../../../pipeline/stages/download.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

// deno-lint-ignore no-explicit-any
type Any = any;
interface PilotModule {
  pilot(params: Any, inputs: Record<string, PilotInput>): Pilot | undefined;
}

const options = {
  ...{ latentDim: 5, obsDim: 3, length: 11, lambda: 0.9, sigma: 1, structure: "diagonal" },
  ...{ condition: 1, observation: "matched" },
};
const taskWith = (change: object) => ({ name: "filtering", options: { ...options, ...change } });
const task = taskWith({});
const model = { name: "stack", options: { patch: 2 } };
const layers = [{ name: "lru", options: {} }];
const parts = { task, model, layers };
const seed = (i: number) => ({ instance: i, initialisation: i, data: i });
const training = { ...parts, batch: 4, warmup: 9, weightDecay: 0, clipNorm: 1 };
const trainParams = {
  ...training,
  ...{ seeds: [seed(1), seed(2)], steps: 50, learningRate: 0.3, floor: 0.05 },
};
const tuneParams = {
  ...training,
  ...{ seed: seed(1), rates: [1, 2, 3, 4, 5], rungs: [10, 30], keep: 0.5 },
};
const generateParams = { task, instance: 1, data: 1, sequences: 2000 };
const referenceParams = { task, reference: { name: "kalman", options: {} }, instance: 1 };
const evaluateParams = { ...parts, instance: 1, index: 0, batch: 40, memoryMiB: 2, protocol: {} };
const rollout = { warmup: 4, horizons: [6, 20, 2] };
const rollParams = { ...evaluateParams, protocol: { rollout } };
const fitParams = { ...parts, closedForm: "causal_linear", instance: 1 };
const data = (sequences: number, change: object = {}) => ({
  data: { stage: "generate", params: { ...generateParams, task: taskWith(change), sequences } },
});
const series = { data: { stage: "download", params: { entry: {} } } };
/** Bytes of all observations in a sequence, each of so many. */
const sequence = (bytes: number) => 11 * 3 * bytes;

Deno.test("training: a pilot of six steps, whose warm-up is no longer than it is", () => {
  const { class: _, ...pilot } = train.pilot(trainParams as Any);
  assert.deepEqual(pilot, {
    params: { ...trainParams, steps: 6, warmup: 6, learningRate: 1e-3 },
    units: 6,
    of: 50,
    tokens: 50 * 4 * 11 * 2,
  });
  const short = train.pilot({ ...trainParams, steps: 3, warmup: 1 } as Any);
  assert.deepEqual([short.units, short.of], [3, 3]);
  assert.deepEqual([(short.params as Any).steps, (short.params as Any).warmup], [3, 1]);
});

Deno.test("training to a tolerance: a hundred steps, with the one measurement that they have, and no early end", () => {
  const long = { ...trainParams, steps: 1500, tolerance: 1e-4 };
  const { params, units, of } = train.pilot(long as Any);
  assert.deepEqual([units, of], [100, 1500]);
  assert.deepEqual(params, { ...long, steps: 100, tolerance: -1, learningRate: 1e-3 });
  assert.equal(train.pilot({ ...long, steps: 99 } as Any).units, 99);
});

Deno.test("tuning: a pilot of the first rung, and the steps of all survivors of all rungs", () => {
  const { class: _, ...pilot } = tune.pilot(tuneParams as Any);
  // Five candidates take 10 steps, three of them 20 more: half of five, rounded.
  const steps = 5 * 10 + 3 * 20;
  assert.deepEqual(pilot, {
    params: { ...tuneParams, rungs: [5], warmup: 5 },
    units: 25,
    of: steps,
    tokens: steps * 4 * 11,
  });
  const of = (rates: number, rungs: number[], keep: number) =>
    tune.pilot({ ...tuneParams, rates: Array(rates).fill(1), rungs, keep } as Any).of;
  assert.equal(of(4, [10, 20, 40, 80], 0.5), 4 * 10 + 2 * 10); // one is left after two rungs
  assert.equal(of(1, [10, 20], 0.5), 10);
  assert.equal(of(3, [10, 20, 40], 0.9), 3 * 10 + 3 * 10 + 3 * 20);
  assert.equal(of(9, [4, 6, 7], 0.3), 9 * 4 + 3 * 2); // 0.3 of 3 is one
  const short = tune.pilot({ ...tuneParams, rungs: [2, 9], warmup: 1 } as Any);
  assert.deepEqual([short.units, (short.params as Any).rungs], [10, [2]]);
  assert.equal((short.params as Any).warmup, 1);
});

Deno.test("generating: 512 sequences, and the bytes of the others on disk and twice in memory", () => {
  const { class: _, memory, ...pilot } = generate.pilot(generateParams);
  const more = (2000 - 512) * sequence(8);
  assert.deepEqual(pilot, {
    params: { ...generateParams, sequences: 512 },
    units: 512,
    of: 2000,
    disk: more,
  });
  assert.equal(memory!({}), 2 * more);
  const few = generate.pilot({ ...generateParams, sequences: 100 });
  assert.deepEqual([few.units, few.of, few.disk, few.memory!({})], [100, 100, 0, 0]);
});

Deno.test("scoring a reference: 512 sequences, and three numbers for every other observation", () => {
  const { class: _, memory, ...pilot } = reference.pilot(referenceParams as Any, data(2000));
  assert.deepEqual(pilot, {
    params: referenceParams,
    inputs: { data: data(512).data.params },
    units: 512,
    of: 2000,
  });
  assert.equal(memory!({}), 3 * (2000 - 512) * sequence(8));
  assert.equal(reference.pilot(referenceParams as Any, data(100)).units, 100);
});

Deno.test("evaluating: two batches of at most 128 sequences, and the memory of the others", () => {
  const { class: _, memory, ...pilot } = evaluate.pilot(evaluateParams, data(2000));
  assert.deepEqual(pilot, {
    params: evaluateParams,
    inputs: { data: data(80).data.params },
    units: 80,
    of: 2000,
  });
  // In float64, in float32, and two predictions in float32 and float64.
  assert.equal(memory!({}), (2000 - 80) * sequence(28));
  const batchOf = (batch: number, sequences: number) => {
    const { params, units } = evaluate.pilot({ ...evaluateParams, batch }, data(sequences));
    return [(params as Any).batch, units];
  };
  assert.deepEqual(batchOf(500, 2000), [128, 256]);
  assert.deepEqual(batchOf(40, 9), [5, 10]); // half of them, rounded up
  assert.deepEqual(batchOf(40, 80), [40, 80]);
});

Deno.test("evaluating rollouts: the peak is that of a whole batch of short ones, and the rest of their states", () => {
  const { class: _, peak, memory, units, of } = evaluate.pilot(rollParams, data(2000));
  assert.deepEqual([units, of], [80, 2000]);
  assert.deepEqual(peak, {
    params: { ...rollParams, protocol: { rollout: { ...rollout, horizons: [8] } } },
    inputs: { data: data(40).data.params },
  });
  const others = (2000 - 40) * sequence(28);
  // States of 24 observations, 12 of which the short rollouts have.
  assert.equal(memory!({ "sequence bytes": 240 }), others + 40 * 240 * 12 / 24);
  // No more than the batch was allowed.
  assert.equal(memory!({ "sequence bytes": 1e6 }), others + 2 * 2 ** 20 * 12 / 24);
  const near = {
    ...rollParams,
    batch: 4000,
    protocol: { rollout: { ...rollout, horizons: [3, 2] } },
  };
  const short = evaluate.pilot(near, data(2000));
  assert.deepEqual((short.peak!.params as Any).protocol.rollout.horizons, [3]);
  assert.equal((short.peak!.inputs as Any).data.sequences, 2000);
  assert.equal(short.memory!({ "sequence bytes": 240 }), 0);
  assert.equal(evaluate.pilot(evaluateParams, data(2000)).peak, undefined);
});

Deno.test("closed forms, and whatever reads given data, are measured whole", () => {
  const { class: _, ...pilot } = fit.pilot(fitParams);
  assert.deepEqual(pilot, { params: fitParams, units: 1, of: 1 });
  const whole = (params: object) => ({ class: params, params, units: 1, of: 1 });
  assert.deepEqual(evaluate.pilot(evaluateParams, series), whole(evaluateParams));
  assert.deepEqual(reference.pilot(referenceParams as Any, series), whole(referenceParams));
});

Deno.test("an estimate downloads nothing: only what is on this machine has a pilot, which is the job itself", () => {
  const sha256 = "0".repeat(64);
  const own = { id: "own", title: "Own", licence: "MIT" };
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

/** Changes of a task that leave the cost of a unit as it is, and changes that do not. */
const sameTasks = [{ lambda: 0.5 }, { sigma: 2, condition: 3, observation: "redrawn" }]
  .map((change) => ({ task: taskWith(change) }));
const otherTasks = [{ latentDim: 6 }, { obsDim: 2 }, { length: 12 }]
  .map((change) => ({ task: taskWith(change) }));
const otherModels = [
  { model: { ...model, name: "causal_linear" } },
  { model: { ...model, options: {} } },
  { layers: [] },
  { layers: [{ name: "lru", options: { state: 2 } }] },
];
const dense = { task: taskWith({ structure: "dense" }) };

/** Of each stage: parameters, changes that leave the cost of a unit as it is, and changes that do not. */
const classes: [PilotModule, object, same: object[], other: object[]][] = [
  [
    train,
    trainParams,
    [{ steps: 9 }, { learningRate: 1 }, { warmup: 1 }, { seeds: [seed(8), seed(9)] }, dense],
    [{ seeds: [seed(1)] }, { batch: 5 }, { tolerance: 1 }, ...otherModels],
  ],
  [
    tune,
    tuneParams,
    [{ rungs: [3] }, { keep: 0.9 }, { rates: [5, 4, 3, 2, 1] }, { seed: seed(2) }, dense],
    [{ rates: [1, 2] }, { batch: 5 }, ...otherModels],
  ],
  [generate, generateParams, [{ data: 2 }, { instance: 2 }, { sequences: 9 }], [dense]],
  [
    reference,
    referenceParams,
    [{ instance: 2 }],
    [dense, { reference: { name: "zero", options: {} } }, { protocol: { rollout } }],
  ],
  [
    evaluate,
    rollParams,
    [{ index: 1 }, { instance: 2 }],
    [
      { batch: 41 },
      { protocol: {} },
      { protocol: { rollout: { ...rollout, warmup: 5 } } },
      dense,
      ...otherModels,
    ],
  ],
  [fit, fitParams, [{ instance: 2 }], [{ closedForm: "steady_state" }, ...otherModels]],
];

Deno.test("jobs share a pilot where a unit costs the same, and only there", () => {
  for (const [stage, params, same, other] of classes) {
    const classOf = (change: object, inputs = data(2000)) =>
      stage.pilot({ ...params, ...change }, inputs)!.class;
    const own = classOf({});
    for (const change of [...same, ...sameTasks]) {
      assert.deepEqual(classOf(change), own, JSON.stringify(change));
    }
    for (const change of [...other, ...otherTasks]) {
      assert.notDeepEqual(classOf(change), own, JSON.stringify(change));
    }
    if (stage !== evaluate && stage !== reference) continue;
    assert.deepEqual(classOf({}, data(999)), own);
    assert.notDeepEqual(classOf({}, data(2000, { length: 12 })), own, "length of the data");
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
