/** @file Pilots of the stages: which jobs share one, and how a whole job's cost follows from it. */
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
import { loadPilots, type Pilot, type PilotInput } from "../../../pipeline/estimate/pilot.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

// deno-lint-ignore no-explicit-any
type Any = any;
interface Stage {
  pilot(params: Any, inputs: Record<string, PilotInput>): Pilot;
}

const distribution = {
  latentDim: 5,
  obsDim: 3,
  lambda: 0.9,
  sigma: 1,
  structure: "diagonal",
  condition: 1,
  observation: "matched",
};
/** Filtering, otherwise. */
const filtering = (change: object = {}, length = 10) => ({
  name: "filtering",
  options: { ...distribution, length, ...change },
});
const task = filtering();
const model = { name: "stack", options: { patch: 2 } };
const layers = [{ name: "lru", options: {} }];
const seed = (i: number) => ({ instance: i, initialisation: i, data: i });
const training = {
  ...{ task, model, layers },
  batch: 4,
  warmup: 9,
  weightDecay: 0,
  clipNorm: 1,
};
const trainParams = { ...training, seeds: [seed(1), seed(2)], steps: 50, learningRate: 0.3 };
const tuneParams = {
  ...training,
  seed: seed(1),
  rates: [1, 2, 3, 4, 5],
  rungs: [10, 30],
  keep: 0.5,
};
const generateParams = { task: filtering({}, 11), instance: 1, data: 1, sequences: 2000 };
const free = { warmup: 4, horizons: [2, 6] };
const referenceParams = {
  ...{ task, reference: { name: "bounds", options: {} }, instance: 1 },
  protocol: { rollout: free },
};
const evaluateParams = {
  ...{ task, model, layers, instance: 1, index: 0, batch: 40, memoryMiB: 2, protocol: {} },
};
const rollout = { warmup: 4, horizons: [6, 20, 2] };
const rollParams = { ...evaluateParams, protocol: { rollout } };
const fitParams = { task, model, layers, closedForm: "steady_state", instance: 1 };
const data = (sequences: number, change: object = {}) => ({
  data: { stage: "generate", params: { ...generateParams, sequences, ...change } },
});

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
  const steps = 5 * 10 + 3 * 20;
  assert.deepEqual(pilot, {
    params: { ...tuneParams, rungs: [5], warmup: 5 },
    units: 25,
    of: steps,
    tokens: steps * 4 * 10,
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

Deno.test("evaluating rollouts: the peak is that of a whole batch of short ones, and the rest of their caches", () => {
  const { class: _, peak, memory, units, of } = evaluate.pilot(rollParams as Any, data(2000));
  assert.deepEqual([units, of], [80, 2000]);
  assert.deepEqual(peak, {
    params: { ...rollParams, protocol: { rollout: { ...rollout, horizons: [8] } } },
    inputs: { data: data(40).data.params },
  });
  const others = (2000 - 40) * 11 * 3 * 28;
  // Caches of 24 observations, 12 of which the short rollouts have.
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
    const steps = 5 * 10 + 3 * 20;
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

/** Options of the task that change what a unit costs, each with the others as they are. */
const costly = [{ latentDim: 6 }, { obsDim: 2 }].map((change) => ({ task: filtering(change) }));
const otherModels = [
  { model: { ...model, name: "causal_linear" } },
  { model: { ...model, options: {} } },
  { layers: [{ name: "lstm", options: {} }] },
  { layers: [...layers, ...layers] },
  { layers: [{ name: "lru", options: { state: 3 } }] },
];

/** Of each stage: parameters, changes that leave the cost of a unit as it is, and changes that do not. */
const classes: [Stage, object, same: object[], other: object[]][] = [
  [
    train,
    trainParams,
    [
      { steps: 9 },
      { learningRate: 1 },
      { warmup: 1 },
      { seeds: [seed(8), seed(9)] },
      { task: filtering({ lambda: 0.5, structure: "dense" }) },
    ],
    [
      { seeds: [seed(1)] },
      { batch: 5 },
      { task: filtering({}, 12) },
      { task: { ...task, name: "other" } },
      { tolerance: 0.1 },
      ...otherModels,
      ...costly,
    ],
  ],
  [
    tune,
    tuneParams,
    [{ rungs: [3] }, { keep: 0.9 }, { rates: [5, 4, 3, 2, 1] }, { seed: seed(2) }],
    [{ rates: [1, 2] }, { batch: 5 }, { task: filtering({}, 12) }, ...otherModels, ...costly],
  ],
  [
    generate,
    generateParams,
    [{ data: 2 }, { sequences: 9 }, { instance: 2 }, { task: filtering({ lambda: 0.5 }, 11) }],
    [
      { task: filtering({}, 12) },
      ...[{ latentDim: 6 }, { obsDim: 2 }, { structure: "dense" }].map((change) => ({
        task: filtering(change, 11),
      })),
    ],
  ],
  [
    reference,
    referenceParams,
    [{ instance: 2 }, { task: filtering({ lambda: 0.5 }) }],
    [
      { protocol: { rollout: { ...free, warmup: 5 } } },
      { protocol: { rollout: { ...free, horizons: [2] } } },
      { reference: { name: "bounds", options: { a: 1 } } },
      { reference: { name: "other", options: {} } },
      { task: filtering({ structure: "dense" }) },
      ...costly,
    ],
  ],
  [
    evaluate,
    rollParams,
    [{ index: 1 }, { instance: 2 }, { task: filtering({ lambda: 0.5 }) }],
    [
      { batch: 41 },
      { protocol: {} },
      { protocol: { rollout: { ...rollout, warmup: 5 } } },
      { task: filtering({ structure: "dense" }) },
      ...otherModels,
      ...costly,
    ],
  ],
  [
    fit,
    fitParams,
    [{ instance: 2 }, { task: filtering({ lambda: 0.5 }) }],
    [{ task: filtering({}, 12) }, { closedForm: "other" }, ...otherModels, ...costly],
  ],
];

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

Deno.test("jobs share a pilot where a unit costs the same, and only there", () => {
  for (const [stage, params, same, other] of classes) {
    const classOf = (change: object, inputs = data(2000)) =>
      stage.pilot({ ...params, ...change }, inputs).class;
    const own = classOf({});
    for (const change of same) assert.deepEqual(classOf(change), own, JSON.stringify(change));
    for (const change of other) assert.notDeepEqual(classOf(change), own, JSON.stringify(change));
    if (stage !== evaluate && stage !== reference) continue;
    assert.deepEqual(classOf({}, data(999)), own);
    assert.deepEqual(classOf({}, data(2000, { instance: 9, data: 9 })), own);
    const longer = data(2000, { task: filtering({}, 12) });
    assert.notDeepEqual(classOf({}, longer), own, "length of the data");
  }
});
