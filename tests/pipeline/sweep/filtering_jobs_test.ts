/** @file From the parameters of a filtering run to its jobs, and from their artifacts to its metrics, each number by its own name. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { fileURLToPath } from "node:url";
import {
  baselineRuns,
  modelRuns,
  settingOf,
} from "../../../pipeline/experiments/transformer_filters/shared/filtering.ts";
import {
  scoredSeed,
  seedOf,
} from "../../../pipeline/experiments/transformer_filters/shared/seeds.ts";
import { modelSetups } from "../../../pipeline/experiments/transformer_filters/shared/setups.ts";
import { spread } from "../../../pipeline/experiments/transformer_filters/shared/systems.ts";
import type { GraphBuilder, JobRef } from "../../../pipeline/graph.ts";
import { profileOf } from "../../../pipeline/profiles.ts";
import type { ArtifactReaderSync } from "../../../pipeline/stage.ts";
import { filtering } from "../../../pipeline/sweep/programs/filtering.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

interface Job {
  stage: string;
  params: Record<string, unknown>;
  inputs: Record<string, Job>;
  label: string;
}

/** The jobs that a run makes, by role. */
async function jobsOf(parameters: object): Promise<Record<string, Job>> {
  const g = {
    job: (stage: string, params: Job["params"], inputs: Job["inputs"], label: string) =>
      ({ stage, params, inputs, label }) as unknown as JobRef,
  } as unknown as GraphBuilder;
  const parsed = await filtering.parse(parameters as never, root);
  return filtering.jobs(g, parsed) as unknown as Record<string, Job>;
}

/** What presets and distributions spell out. */
const system = {
  latentDim: 64,
  obsDim: 2,
  lambda: 0.9,
  sigma: 1,
  structure: "diagonal",
  condition: 1,
  observation: "matched",
};
const task = (distribution: object, length: number) => ({
  name: "filtering",
  options: { ...system, ...distribution, length },
});

Deno.test("without parameters a run has the defaults of the program", async () => {
  const attention = { name: "softmax_attention", options: { heads: 4 } };
  assert.deepEqual(await filtering.parse({}, root), {
    seed: 0,
    model: {
      name: "stack",
      options: { block: "residual", mlp: true, width: 256, patch: 1, norm: "fixed" },
    },
    layers: [attention, attention, attention, attention],
    system,
    train: { steps: 120, warmup: 20, length: 256, learningRate: 3e-3 },
    evaluate: { sequences: 256, length: 256, rollout: false, horizons: [2, 4, 8, 16, 32, 64] },
  });
  assert.deepEqual(filtering.metric, { name: "gapClosed", goal: "maximize" });
});

Deno.test("a run is data, training, one-step scores and bounds, with seeds of their own", async () => {
  const parameters = {
    seed: 7,
    model: { name: "linear_transformer", dModel: 8, heads: 2, layers: 1, patch: 2 },
    system: { lambda: 0.8, obsDim: 3, sigma: 0.5 },
    train: { steps: 5, warmup: 1, batch: 2, length: 16, learningRate: 0.1, weightDecay: 0.2 },
    evaluate: { sequences: 4, length: 90, horizons: [1, 3] },
  };
  const { data, train, "one-step": oneStep, bounds, ...more } = await jobsOf(parameters);
  assert.deepEqual(more, {}, "no rollout unless it is asked for");
  const architecture = {
    model: {
      name: "stack",
      options: { block: "residual", mlp: true, width: 8, patch: 2, norm: "fixed" },
    },
    layers: [{ name: "linear_attention", options: { heads: 2 } }],
  };
  const scored = task(parameters.system, 90);
  assert.deepEqual(data, {
    stage: "generate",
    params: { task: scored, instance: 7, data: scoredSeed(parameters.system, 7), sequences: 4 },
    inputs: {},
    label: "data",
  });
  const { length, ...training } = parameters.train;
  assert.deepEqual(train, {
    stage: "train",
    params: {
      task: task(parameters.system, length),
      ...architecture,
      seeds: [seedOf(parameters.system, 7)],
      ...training,
    },
    inputs: {},
    label: "train",
  });
  assert.deepEqual(oneStep, {
    stage: "evaluate",
    params: { task: scored, ...architecture, instance: 7, batch: 64 },
    inputs: { model: train, data },
    label: "one-step",
  });
  assert.deepEqual(bounds, {
    stage: "reference",
    params: {
      task: scored,
      reference: { name: "bounds" },
      instance: 7,
      protocol: { rollout: { warmup: 64, horizons: [1, 3] } },
    },
    inputs: { data },
    label: "bounds",
  });
});

Deno.test("a loop over time is scored in larger batches, and a rollout begins after 64 observations", async () => {
  const jobs = await jobsOf({
    model: { name: "lstm" },
    evaluate: { rollout: true, horizons: [2, 5] },
  });
  assert.deepEqual(jobs["one-step"].params.batch, 512);
  assert.deepEqual(jobs.rollout, {
    ...jobs["one-step"],
    params: {
      ...jobs["one-step"].params,
      batch: 128,
      protocol: { rollout: { warmup: 64, horizons: [2, 5] } },
    },
    label: "rollout",
  });
});

Deno.test("the jobs of a run are accepted by their stages", async () => {
  const jobs = await jobsOf({ model: { name: "lru", state: 3 }, evaluate: { rollout: true } });
  for (const { stage, params } of Object.values(jobs)) {
    const { params: schema } = await import(`../../../pipeline/stages/${stage}.ts`);
    const { success, error } = schema().safeParse(params);
    assert.ok(success, `${stage}: ${error}`);
  }
});

Deno.test("data, bounds and the scores of a model are the jobs of an experiment on the same system", async () => {
  const asked: [string, object][] = [];
  const profile = profileOf("quick");
  const g = {
    profile,
    job: (stage: string, params: object) => (asked.push([stage, params]), { label: "" }),
  } as unknown as GraphBuilder;
  const setting = settingOf(profile, {}, { lambda: 0.96 });
  baselineRuns(g, setting);
  const { lru } = modelSetups(profile);
  modelRuns(g, setting, {}, lru);
  const systems = spread(2);
  const jobs = await jobsOf({
    seed: systems[1],
    model: { name: "lru", state: 64 },
    system: { lambda: 0.96 },
    train: { batch: 4, steps: lru.steps },
    evaluate: { sequences: 128 },
  });
  const { train, "one-step": oneStep, data, bounds } = jobs;
  const has = (stage: string, params: object) =>
    asked.some(([other, theirs]) => other === stage && isDeepStrictEqual(theirs, params));
  for (const { stage, params } of [data, bounds]) assert.ok(has(stage, params), stage);
  // Systems that are trained together are told apart by their index; the rate is tuned there and given here.
  assert.ok(has("evaluate", { ...oneStep.params, index: 1 }));
  const { learningRate: _, ...training } = train.params;
  const seeds = systems.map((system) => seedOf({ lambda: 0.96 }, system));
  assert.ok(has("train", { ...training, seeds, learningRate: lru.rate }), JSON.stringify(training));
});

Deno.test("any model of lib/models runs, with the layers that are listed by name or with options", async () => {
  const { train } = await jobsOf({
    model: {
      name: "stack",
      width: 6,
      layers: ["lstm", { name: "lru", options: { state: 3 } }, { name: "gru" }],
    },
  });
  assert.deepEqual(train.params.model, { name: "stack", options: { width: 6 } });
  assert.deepEqual(train.params.layers, [
    { name: "lstm", options: {} },
    { name: "lru", options: { state: 3 } },
    { name: "gru", options: {} },
  ]);
});

Deno.test("a rollout needs its warm-up and its furthest horizon, and not one more", async () => {
  const parse = (length: number) =>
    filtering.parse({ evaluate: { length, horizons: [30, 2] } }, root);
  await parse(94);
  await assert.rejects(parse(93), /length must be at least 64 observations of warm-up/);
});

Deno.test("each parameter takes what it may be, to its limits and no further", async () => {
  const limits: Record<string, [good: unknown[], bad: unknown[]]> = {
    seed: [[0, 1, 12345], [-1, 0.5, "1", null]],
    "system.lambda": [[1e-9, 0.999999], [0, 1, -0.5, 1.5, "0.9"]],
    "system.structure": [["diagonal", "dense"], ["full", "", null]],
    "system.condition": [[1, 100.5], [0.999, 0, -1]],
    "system.obsDim": [[1, 3], [0, 1.5, -1]],
    "system.latentDim": [[1, 3], [0, 1.5]],
    "system.observation": [["matched", "redrawn"], ["other"]],
    "system.sigma": [[1e-9, 5], [0, -1]],
    "train.steps": [[1, 5], [0, 1.5]],
    "train.warmup": [[0, 5], [-1, 1.5]],
    "train.batch": [[1, 5], [0, 1.5]],
    "train.length": [[2, 5], [1, 2.5]],
    "train.learningRate": [[1e-9, 5], [0, -1]],
    "train.weightDecay": [[0, 0.5], [-0.1]],
    "train.clipNorm": [[1e-9, 5], [0, -1]],
    "evaluate.sequences": [[2, 5], [1, 2.5]],
    "evaluate.length": [[128, 500], [1, 128.5]],
    "evaluate.rollout": [[true, false], [0, "true"]],
    "evaluate.horizons": [[[1], [3, 2]], [[], [0], [1.5], 2]],
  };
  for (const [path, [good, bad]] of Object.entries(limits)) {
    const parse = (value: unknown) => {
      const [group, name] = path.split(".");
      const others = path === "system.condition" || path === "system.observation"
        ? { structure: "dense" } // a diagonal system has one condition, and one C
        : path === "system.latentDim"
        ? { obsDim: 1 } // no more observations than states
        : {};
      return filtering.parse(
        { [group]: name ? { ...others, [name]: value } : value } as never,
        root,
      );
    };
    for (const value of good) await parse(value);
    for (const value of bad) {
      const named = (error: Error) => error.message.startsWith(path);
      await assert.rejects(parse(value), named, `${path}: ${value}`);
    }
  }
});

/** An artifact that has nothing but these. */
const artifact = (scalars: Record<string, number>, json?: unknown) =>
  ({
    scalars,
    json(name: string) {
      assert.equal(name, "scores.json");
      return json;
    },
  }) as unknown as ArtifactReaderSync;

Deno.test("each metric is the number of its own artifact, horizons by their value", () => {
  const artifacts = {
    train: artifact({ lastLoss: 1, parameters: 2, tokens: 3 }),
    "one-step": artifact({ loss: 4, gapClosed: 5, floor: 60 }),
    bounds: artifact({ loss: 61, floor: 6 }),
  };
  const some = { loss: 1, parameters: 2, tokens: 3, ratio: 4, gapClosed: 5, zero: 6 };
  assert.deepEqual(filtering.measure(artifacts), some);
  const rollout = artifact({ loss: 7, gapClosed: 8 }, {
    horizons: [3, 11],
    byHorizon: [{ ratio: 9, gapClosed: 90 }, { ratio: 10, gapClosed: 100 }],
  });
  assert.deepEqual(filtering.measure({ ...artifacts, rollout }), {
    ...some,
    "rollout/ratio": 7,
    "rollout/gapClosed": 8,
    "rollout/h3": 9,
    "rollout/h11": 10,
  });
});

Deno.test("a run has just the metrics that it measures", async () => {
  const measures = async (evaluate: object) =>
    filtering.measures(await filtering.parse({ evaluate } as never, root));
  const always = ["gapClosed", "ratio", "loss", "parameters", "tokens", "zero"];
  assert.deepEqual(await measures({}), always);
  assert.deepEqual(
    await measures({ rollout: true, horizons: [3, 1] }),
    [...always, "rollout/gapClosed", "rollout/ratio", "rollout/h3", "rollout/h1"],
  );
  for (const name of ["rollout/h", "rollout/hx", "rollout/zero", "x", "rollout/h1/2"]) {
    assert.ok(!filtering.hasMetric(name), name);
  }
  for (const name of [...always, "rollout/h1", "rollout/gapClosed", "rollout/ratio"]) {
    assert.ok(filtering.hasMetric(name), name);
  }
});
