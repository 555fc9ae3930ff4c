/**
 * @file The jobs of the filtering experiments: sizes of the models, how they are trained, seeds, data, and the jobs of one model
 * on the systems of one setting. Nothing else knows the parameters of these jobs.
 */
import type { GraphBuilder, JobRef, TaggedJob } from "../../../graph.ts";
import type { Profile } from "../../../profiles.ts";
import type { Tags } from "../../../tags.ts";
import type { Distribution } from "../../../../lib/tasks/filtering/distribution.ts";
import type { Seed } from "../../../../lib/tasks/task.ts";
import { type Architecture, filteringTask, preset, type PresetName } from "../../../presets.ts";
import { type ModelId, modelIds } from "./models.ts";
import { horizons, lambdas, settings, warmup } from "./settings.ts";

/** The settings of a profile: all three, or the medium one. */
export function settingsOf(profile: Profile): typeof settings {
  return profile.atLeast("standard") ? settings : [settings[1]];
}

/** A model, and how it is made. */
export interface ModelSetup extends Architecture {
  /** A file of lib/tasks/filtering/closed_forms, instead of by gradient. */
  closedForm?: string;
  /** Several seeds in one program; a loop over time (LSTM) trains one at a time. */
  ensemble?: boolean;
  steps: number;
  batch: number;
  warmup: number;
  rates: number[];
  /** Steps at the end of each rung of successive halving. */
  rungs: number[];
}

/** How long each profile trains, and which learning rates it tries. */
function training(profile: Profile) {
  return profile.pick({
    smoke: { steps: 10, batch: 4, warmup: 3, rates: [2e-3, 8e-3], rungs: [4, 6] },
    quick: { steps: 120, batch: 4, warmup: 20, rates: [2e-3, 5e-3], rungs: [30] },
    standard: {
      steps: 400,
      batch: 4,
      warmup: 40,
      rates: [5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2],
      rungs: [40, 80, 160],
    },
    paper: {
      steps: 2000,
      batch: 32,
      warmup: 200,
      rates: [2.5e-4, 5e-4, 1e-3, 2e-3],
      rungs: [50, 150],
    },
  });
}

/** A Transformer of the profile's size. */
export function transformer(
  profile: Profile,
  options: Record<string, unknown> = {},
  attention: "transformer" | "linear_transformer" = "transformer",
): ModelSetup {
  const size = profile.pick<Record<string, unknown>>({
    smoke: { dModel: 16, layers: 1, heads: 2 },
    quick: { dModel: 32, layers: 2, heads: 2 },
    paper: { dModel: 256, layers: 4, heads: 4 },
  });
  return {
    ...preset(attention, { ...size, ...options }),
    ensemble: fitsTogether(profile),
    ...training(profile),
  };
}

/** The Transformer that reads patches of so many observations as one token. */
export function patchTransformer(profile: Profile, patch: number): ModelSetup {
  return transformer(profile, patch === 1 ? {} : { patch });
}

/**
 * The Transformer again, trained longer and longer, so that undertraining is not mistaken for difficulty. Short trials favour
 * rates that are too high for long runs, so these have longer trials of their own.
 * @returns with how many times the steps
 */
export function references(profile: Profile): { times: number; setup: ModelSetup }[] {
  const setup = transformer(profile);
  const trials = profile.pick<Partial<ModelSetup>>({
    smoke: {},
    standard: { rates: [1e-3, 2e-3, 4e-3, 8e-3], rungs: [100, 200, 400] },
    paper: { rungs: [200, 600] },
  });
  return profile.pick({ smoke: [2], quick: [], standard: [8, 30], paper: [10] })
    .map((times) => ({ times, setup: { ...setup, ...trials, steps: times * setup.steps } }));
}

/** Small models of several seeds share a program; those of the paper profile fill the kernels by themselves. */
const fitsTogether = (profile: Profile) => !profile.atLeast("paper");

/** Everything that the leaderboard compares. */
export function modelSetups(profile: Profile): Record<ModelId, ModelSetup> {
  const state = profile.pick({ smoke: 8, quick: 64 });
  const ensemble = fitsTogether(profile);
  const of = (name: PresetName, options: object, more: Partial<ModelSetup> = {}): ModelSetup => ({
    ...preset(name, options),
    ensemble,
    ...training(profile),
    ...more,
  });
  return {
    "fir-8": of("causal_linear", { taps: 8 }, { closedForm: "best_causal_map" }),
    "fir-64": of("causal_linear", { taps: 64 }, { closedForm: "best_causal_map" }),
    "fir-64-trained": of("causal_linear", { taps: 64 }),
    "lru": of("lru", { state }),
    "dense-recurrence": of("dense_recurrence", { state }),
    "steady-state": of("dense_recurrence", { state: 64 }, { closedForm: "steady_state" }),
    "lstm": of("lstm", { dModel: state }, { ensemble: false }),
    "linear-transformer": transformer(profile, {}, "linear_transformer"),
    "transformer": transformer(profile),
  };
}

/** Systems on which predictors are compared. */
export interface Setting {
  /** What tells it from the other settings of the experiment. */
  tags: Tags;
  /** What differs from the defaults of lib/tasks/filtering/distribution.ts. */
  distribution: Partial<Distribution>;
  /** Keys of the systems. */
  systems: readonly number[];
}

/** A setting with the systems of the profile: each comes with an initialisation and data of its own. */
export function settingOf(
  profile: Profile,
  tags: Tags,
  distribution: Partial<Distribution>,
): Setting {
  const systems = profile.pick({ smoke: 1, quick: 2, standard: 5 });
  return { tags, distribution, systems: Array.from({ length: systems }, (_, key) => key) };
}

/** Seeds of initialisation and of the streams of data beside the key of a system. */
export const seedsOf = (system: number): Seed => ({
  instance: system,
  initialisation: system,
  data: 1000 + system,
});
/** Of the sequences that models are scored on one step ahead, and of those that rollouts start from. */
export const scoredSeed = (system: number) => 2000 + system;
const startsSeed = (system: number) => 3000 + system;
/** The system on which learning rates are tuned; none of those that are reported. */
const tuningSeeds = seedsOf(900);

/** Observations in a sequence that is trained or scored on. */
const length = 256;
/** Sequences scored at once; a loop over time takes as long for many as for a few. */
export const scoredAtOnce = ({ layers }: Architecture) =>
  layers.some(({ name }) => loops.has(name)) ? 512 : 64;
/** Layers without a parallel form. */
const loops = new Set(["lstm", "gru"]);
export const rolledAtOnce = 128;

/** Sequences to score a model on: whole ones, and the starts of rollouts. */
function dataOf(g: GraphBuilder, { tags, distribution }: Setting, instance: number) {
  const { sequences, starts } = g.profile.pick({
    smoke: { sequences: 64, starts: 32 },
    quick: { sequences: 256, starts: 256 },
    standard: { sequences: 512, starts: 8192 },
    paper: { sequences: 2048, starts: 8192 },
  });
  const simulate = (result: string, data: number, sequences: number, length: number) => {
    const task = filteringTask(distribution, length);
    const own = { ...tags, seed: instance, result };
    return g.job("generate", { task, instance, data, sequences }, {}, own);
  };
  return {
    data: () => simulate("data", scoredSeed(instance), sequences, length),
    starts: () => simulate("starts", startsSeed(instance), starts, warmup + Math.max(...horizons)),
  };
}

const rollout = { warmup, horizons };

/**
 * Zero and the Kalman filter on the same data as the models.
 * @param far on those of rollouts too
 * @returns with the tags of the setting, `seed`, and `result`: "baseline" or "baseline-far"
 */
export function baselineRuns(g: GraphBuilder, setting: Setting, { far = false } = {}): TaggedJob[] {
  const task = filteringTask(setting.distribution, length);
  return setting.systems.flatMap((instance) => {
    const { data, starts } = dataOf(g, setting, instance);
    const baseline = (result: string, data: JobRef) => {
      const tags = { ...setting.tags, seed: instance, result };
      const params = { task, reference: { name: "bounds" }, instance, protocol: { rollout } };
      return { tags, job: g.job("reference", params, { data }, tags) };
    };
    const near = baseline("baseline", data());
    return far ? [near, baseline("baseline-far", starts())] : [near];
  });
}

/**
 * Tuning, training and scores of one model on the systems of one setting.
 * @param model tags that tell it from the other models of the setting
 * @param rollouts score free-running ones too: on data of their own, or on the starts of the one-step sequences
 * @returns with the tags of the setting and the model, `seed`, and `result`: "training" (of train or fit), "one-step", and
 *   "rollout" where asked for
 */
export function modelRuns(
  g: GraphBuilder,
  setting: Setting,
  model: Tags,
  setup: ModelSetup,
  rollouts?: "own" | "shared",
): TaggedJob[] {
  const task = filteringTask(setting.distribution, length);
  const parts = { task, model: setup.model, layers: setup.layers };
  const tags = { ...setting.tags, ...model };
  const made = setup.closedForm ? solved(setup.closedForm) : trained();
  return setting.systems.flatMap((key, i) => {
    const { data, starts } = dataOf(g, setting, key);
    const { job, index } = made[i];
    const run = (result: string, job: (tags: Tags) => JobRef): TaggedJob => {
      const own = { ...tags, seed: key, result };
      return { tags: own, job: job(own) };
    };
    const evaluate = (result: string, data: JobRef, more: object) =>
      run(result, (tags) => {
        const params = { ...parts, instance: key, index, ...more };
        return g.job("evaluate", params, { model: job, data }, tags);
      });
    const runs = [
      run("training", () => job),
      evaluate("one-step", data(), { batch: scoredAtOnce(setup) }),
    ];
    if (!rollouts) return runs;
    const from = rollouts === "own" ? starts() : data();
    return [...runs, evaluate("rollout", from, { batch: rolledAtOnce, protocol: { rollout } })];
  });

  /** For each system the job that makes its model, and which of the job's models it is. */
  function solved(closedForm: string) {
    return setting.systems.map((instance) => {
      const own = { ...tags, seed: instance, result: "fit" };
      return { job: g.job("fit", { ...parts, closedForm, instance }, {}, own), index: 0 };
    });
  }

  /** One job for all systems where the model can, otherwise one for each. */
  function trained() {
    const { batch, steps, warmup, rates, rungs, ensemble } = setup;
    const { systems } = setting;
    const common = { ...parts, batch, warmup };
    const tuning = { ...common, seed: tuningSeeds, rates, rungs };
    const tuned = g.job("tune", tuning, {}, { ...tags, result: "tuning" });
    const train = (systems: readonly number[], which: Tags) => {
      const params = { ...common, seeds: systems.map(seedsOf), steps };
      return g.job("train", params, { tuned }, { ...tags, ...which, result: "training" });
    };
    if (!ensemble) {
      return systems.map((seed) => ({ job: train([seed], { seed }), index: 0 }));
    }
    const job = train(systems, {});
    return systems.map((_, index) => ({ job, index }));
  }
}

/** The baselines, and the Transformer with each patch size. Tag: patch. */
export function patchRuns(g: GraphBuilder, setting: Setting, patches: number[]): TaggedJob[] {
  return [
    ...baselineRuns(g, setting),
    ...patches.flatMap((patch) =>
      modelRuns(g, setting, { patch }, patchTransformer(g.profile, patch))
    ),
  ];
}

/** Every model at every lambda of the profile, with rollouts, and the baselines. Tags: lambda, model. */
export function leaderboardRuns(g: GraphBuilder, profile: Profile): TaggedJob[] {
  const setups = modelSetups(profile);
  return profile.pick({ smoke: [0.96], quick: [0.96], standard: lambdas }).flatMap((lambda) => {
    const setting = settingOf(profile, { lambda }, { lambda });
    return [
      ...baselineRuns(g, setting, { far: true }),
      ...modelIds.flatMap((model) => modelRuns(g, setting, { model }, setups[model], "own")),
    ];
  });
}
