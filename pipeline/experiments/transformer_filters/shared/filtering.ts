/**
 * @file The jobs of the filtering experiments: data, tuning, training and scores of one model on the systems of one setting. Nothing
 * else knows the parameters of these jobs.
 */
import type { GraphBuilder, JobRef, TaggedJob } from "../../../graph.ts";
import type { Profile } from "../../../profiles.ts";
import type { Tags } from "../../../tags.ts";
import type { Distribution } from "../../../../lib/tasks/filtering/distribution.ts";
import { type Architecture, filteringTask } from "../../../presets.ts";
import { modelsAt } from "./models.ts";
import { scoredSeed, seedOf, startsSeed } from "./seeds.ts";
import { horizons, lambdas, medium, settings, warmup } from "./settings.ts";
import { type ModelSetup, modelSetups, patchTransformer, type Search } from "./setups.ts";
import { spread, tuning } from "./systems.ts";

/** Systems on which predictors are compared. */
export interface Setting {
  /** What tells it from the other settings of the experiment. */
  tags: Tags;
  /** What differs from the defaults of lib/tasks/filtering/distribution.ts. */
  distribution: Partial<Distribution>;
  /** Keys of the systems. */
  systems: readonly number[];
  /** Another spelling of the same law, on which learning rates are found: one law, one rate. */
  tunedOn?: Partial<Distribution>;
}

/** A setting with the systems of the profile: each comes with an initialisation and data of its own. */
export function settingOf(
  profile: Profile,
  tags: Tags,
  distribution: Partial<Distribution>,
): Setting {
  const systems = spread(profile.pick({ smoke: 1, quick: 2, standard: 20, paper: 5 }));
  return { tags, distribution, systems };
}

/** The settings of a profile: all three, or the medium one. */
export function settingsOf(profile: Profile): typeof settings {
  return profile.atLeast("standard") ? settings : [medium];
}

/** Observations in a sequence that is trained or scored on. */
export const length = 256;
/** Sequences scored at once; a loop over time takes as long for many as for a few. */
export const scoredAtOnce = ({ layers }: Architecture) =>
  layers.some(({ name }) => loops.has(name)) ? 512 : 64;
/** Layers without a parallel form. */
const loops = new Set(["lstm", "gru"]);
export const rolledAtOnce = 128;

/**
 * Sequences to score a model on: whole ones, and the starts of rollouts. Systems and initialisations vary far more than the error of
 * 128 sequences; the number of rollouts that the document asks for is drawn where five systems say how little it changes.
 */
function dataOf(g: GraphBuilder, { tags, distribution }: Setting, instance: number) {
  const { sequences, starts, most } = g.profile.pick<
    { sequences: number; starts: number; most?: number[] }
  >({
    smoke: { sequences: 64, starts: 32 },
    quick: { sequences: 128, starts: 256 },
    standard: { sequences: 128, starts: 1024, most: spread(5) },
    paper: { sequences: 512, starts: 8192 },
  });
  const isMost = distribution.lambda === medium.lambda && most?.includes(instance);
  const simulate = (result: string, data: number, sequences: number, length: number) => {
    const task = filteringTask(distribution, length);
    const own = { ...tags, seed: instance, result };
    return g.job("generate", { task, instance, data, sequences }, {}, own);
  };
  return {
    data: () => simulate("data", scoredSeed(distribution, instance), sequences, length),
    starts: () =>
      simulate(
        ...["starts", startsSeed(distribution, instance)] as const,
        ...[isMost ? 8192 : starts, warmup + Math.max(...horizons)] as const,
      ),
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

/** What of the models of a setting is wanted. */
interface Wanted {
  /** Scores of free-running ones too: on data of their own, or on the starts of the one-step sequences. */
  rollouts?: "own" | "shared";
  /** Which initialisation: 0. */
  initialisation?: number;
  /** Scores on these systems of the setting only. */
  on?: readonly number[];
}

/**
 * Tuning, training and scores of one model on the systems of one setting.
 * @param model tags that tell it from the other models of the setting
 * @returns with the tags of the setting and the model, `seed`, and `result`: "training" (of train or fit), "one-step", and
 *   "rollout" where asked for
 */
export function modelRuns(
  g: GraphBuilder,
  setting: Setting,
  model: Tags,
  setup: ModelSetup,
  { rollouts, initialisation = 0, on = setting.systems }: Wanted = {},
): TaggedJob[] {
  const { distribution, systems } = setting;
  const parts = { model: setup.model, layers: setup.layers };
  const task = filteringTask(distribution, length);
  const tags = { ...setting.tags, ...model };
  const made = setup.closedForm ? solved(setup.closedForm) : trained();
  return on.flatMap((key) => {
    const { data, starts } = dataOf(g, setting, key);
    const { job, index } = made[systems.indexOf(key)];
    const run = (result: string, job: (tags: Tags) => JobRef): TaggedJob => {
      const own = { ...tags, seed: key, result };
      return { tags: own, job: job(own) };
    };
    const evaluate = (result: string, data: JobRef, more: object) =>
      run(result, (tags) => {
        const params = { task, ...parts, instance: key, index, ...more };
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
    return systems.map((instance) => {
      const own = { ...tags, seed: instance, result: "fit" };
      return { job: g.job("fit", { task, ...parts, closedForm, instance }, {}, own), index: 0 };
    });
  }

  /** One job for all systems where the model can, otherwise one for each. */
  function trained() {
    const { batch, steps, warmup, rate, ensemble } = setup;
    const common = { ...parts, batch, warmup };
    const found: Record<string, JobRef> = typeof rate === "number"
      ? {}
      : { tuned: tuned(common, rate) };
    const given = typeof rate === "number" ? { learningRate: rate } : {};
    const train = (of: readonly number[], which: Tags) => {
      const seeds = of.map((system) => seedOf(distribution, system, initialisation));
      const own = { ...tags, ...which, result: "training" };
      return g.job("train", { ...common, task, seeds, steps, ...given }, found, own);
    };
    if (!ensemble) return systems.map((seed) => ({ job: train([seed], { seed }), index: 0 }));
    const job = train(systems, {});
    return systems.map((_, index) => ({ job, index }));
  }

  /** One search for a law, on systems that are not judged. */
  function tuned(common: object, search: Search): JobRef {
    const law = setting.tunedOn ?? distribution;
    const on = g.profile.pick({ smoke: tuning.slice(1, 2), standard: tuning });
    const params = {
      ...{ ...common, task: filteringTask(law, length) },
      ...{ seeds: on.map((system) => seedOf(law, system)), ...search },
    };
    return g.job("tune", params, {}, { ...tags, result: "tuning" });
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

/**
 * Every model, with rollouts, and the baselines, at the lambdas of the profile; those that are dear at its settings only. Tags: lambda,
 * model.
 */
export function leaderboardRuns(g: GraphBuilder, profile: Profile): TaggedJob[] {
  const setups = modelSetups(profile);
  const of = profile.pick({
    smoke: [medium.lambda],
    standard: lambdas,
    paper: settings.map(({ lambda }) => lambda),
  });
  return of.flatMap((lambda) => {
    const setting = settingOf(profile, { lambda }, { lambda });
    return [
      ...baselineRuns(g, setting, { far: true }),
      ...modelsAt(lambda).flatMap((model) =>
        modelRuns(g, setting, { model }, setups[model], { rollouts: "own" })
      ),
    ];
  });
}
