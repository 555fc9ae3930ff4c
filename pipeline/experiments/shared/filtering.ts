/**
 * @file What the filtering experiments run: the models and their sizes, and the jobs of one model on the systems of one
 * setting. What becomes of the scores is in scores.ts.
 */
import type { GraphBuilder, JobRef } from "../../graph.ts";
import type { Profile } from "../../profiles.ts";

/** Rollout horizons after a warm-up of 64. */
export const horizons = [2, 4, 8, 16, 32, 64];
export const warmup = 64;

export const lambdas = [0.36, 0.68, 0.84, 0.92, 0.96, 0.98, 0.99];

/** The settings of the experiments that do not sweep lambda; the sweep reports what it finds at each. */
export const settings = [
  { name: "easy", lambda: 0.68 },
  { name: "medium", lambda: 0.92 },
  { name: "hard", lambda: 0.99 },
];

/** The settings of a profile: all three, or the medium one. */
export function settingsOf(profile: Profile): typeof settings {
  return profile.atLeast("standard") ? settings : [settings[1]];
}

/** Systems by key; each comes with an initialisation and data of its own. */
export function seedsOf(profile: Profile): number[] {
  const count = profile.pick({ smoke: 1, quick: 2, standard: 5 });
  return Array.from({ length: count }, (_, seed) => seed);
}

/** A model as the experiments know it. */
export interface Contender {
  /** A key of {@linkcode labels}, or what an experiment calls it. */
  id: string;
  /** File in lib/models. */
  name: string;
  options: Record<string, unknown>;
  /** In closed form (stage fit) instead of by gradient. */
  solved?: boolean;
  /** Several seeds in one program; a loop over time (LSTM) trains one at a time. */
  together?: boolean;
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

/**
 * A Transformer of the profile's size. The mode of normalisation is spelt out, so that experiments which vary it share the runs
 * of the others.
 */
export function transformer(profile: Profile, options: Record<string, unknown> = {}): Contender {
  const size = profile.pick<Record<string, unknown>>({
    smoke: { dModel: 16, layers: 1, heads: 2 },
    quick: { dModel: 32, layers: 2, heads: 2 },
    paper: { dModel: 256, layers: 4, heads: 4 },
  });
  return {
    id: "transformer",
    name: "transformer",
    options: { ...size, norm: "fixed", ...options },
    together: together(profile),
    ...training(profile),
  };
}

/**
 * The Transformer again, trained longer and longer, so that undertraining is not mistaken for difficulty. Short trials favour
 * rates that are too high for long runs, so these have longer trials of their own.
 */
export function references(profile: Profile): Contender[] {
  const contender = transformer(profile);
  const trials = profile.pick<Partial<Contender>>({
    smoke: {},
    standard: { rates: [1e-3, 2e-3, 4e-3, 8e-3], rungs: [100, 200, 400] },
    paper: { rungs: [200, 600] },
  });
  return profile.pick({ smoke: [2], quick: [], standard: [8, 30], paper: [10] }).map((times) => ({
    ...contender,
    ...trials,
    id: `reference-x${times}`,
    steps: times * contender.steps,
  }));
}

/** Small models of several seeds share a program; those of the paper profile fill the kernels by themselves. */
const together = (profile: Profile) => !profile.atLeast("paper");

/** Everything that the leaderboard compares, the simplest first. */
export function contenders(profile: Profile): Contender[] {
  const common = training(profile);
  const state = profile.pick({ smoke: 8, quick: 64 });
  const linear = { ...common, together: together(profile) };
  const reference = transformer(profile);
  const solved = { ...common, name: "causal_linear", solved: true };
  return [
    { id: "fir-8", ...solved, options: { taps: 8 } },
    { id: "fir-64", ...solved, options: { taps: 64 } },
    {
      id: "fir-64-trained",
      name: "causal_linear",
      options: { taps: 64 },
      ...linear,
    },
    { id: "lru", name: "lru", options: { state }, ...linear },
    {
      id: "dense-recurrence",
      name: "dense_recurrence",
      options: { state },
      ...linear,
    },
    {
      id: "steady-state",
      ...common,
      name: "dense_recurrence",
      options: { state: 64 },
      solved: true,
    },
    {
      id: "lstm",
      ...common,
      name: "lstm",
      options: { dModel: state, norm: "fixed" },
    },
    {
      ...reference,
      id: "linear-transformer",
      name: "linear_transformer",
    },
    reference,
  ];
}

/** Names of the models as they appear in the runs, and what they are called in the table. */
export const labels: Record<string, string> = {
  "fir-8": "last 8, closed form",
  "fir-64": "last 64, closed form",
  "fir-64-trained": "last 64, trained",
  "lru": "diagonal recurrence (LRU)",
  "dense-recurrence": "dense recurrence",
  "steady-state": "steady-state Kalman filter",
  "lstm": "LSTM",
  "linear-transformer": "linear Transformer",
  "transformer": "Transformer",
};

/** A distribution of systems: what differs from the defaults of pipeline/system_params.ts. */
export interface Law {
  lambda: number;
  obsDim?: number;
  structure?: "diagonal" | "dense";
  condition?: number;
  observation?: "matched" | "redrawn";
}

interface RunsOf {
  /** Leading part of the names of the runs; `/seed=S/...` follows. */
  at: string;
  law: Law;
  contender: Contender;
  seeds: readonly number[];
  /** Score free-running rollouts too: on data of their own, or on the starts of the one-step sequences. */
  rollouts?: "own" | "shared";
}

/** Seeds of initialisation and of the streams of data beside the key of a system. */
const seedOf = (system: number) => ({
  system,
  initialisation: system,
  data: 1000 + system,
});
/** The system on which learning rates are tuned; none of those that are reported. */
const tuningSeed = seedOf(900);

/** Sequences to score a model on: whole ones, and the starts of rollouts. */
function dataOf(g: GraphBuilder, { law, at }: Pick<RunsOf, "law" | "at">, seed: number) {
  const system = { key: seed, ...law };
  const { sequences, starts } = g.profile.pick({
    smoke: { sequences: 64, starts: 32 },
    quick: { sequences: 256, starts: 256 },
    standard: { sequences: 512, starts: 8192 },
    paper: { sequences: 2048, starts: 8192 },
  });
  const simulate = (what: string, dataSeed: number, sequences: number, length: number) =>
    g.job("generate", { system, dataSeed, sequences, length }, {}, `${at}/seed=${seed}/${what}`);
  return {
    system,
    data: () => simulate("data", 2000 + seed, sequences, 256),
    starts: () => simulate("starts", 3000 + seed, starts, warmup + Math.max(...horizons)),
  };
}

/** Zero and the Kalman filter on the same data as the models: `${at}/seed=S/baseline`, and `.../far` for rollouts. */
export function baselineRuns(
  g: GraphBuilder,
  { at, law, seeds }: Pick<RunsOf, "at" | "law" | "seeds">,
  { far = false } = {},
): Record<string, JobRef> {
  const inputs: Record<string, JobRef> = {};
  for (const seed of seeds) {
    const { system, data, starts } = dataOf(g, { law, at }, seed);
    const name = `${at}/seed=${seed}/baseline`;
    inputs[name] = g.job("baseline", { system, horizons }, { data: data() }, name);
    if (!far) continue;
    const farName = `${at}/seed=${seed}/baseline-far`;
    inputs[farName] = g.job("baseline", { system, horizons }, { data: starts() }, farName);
  }
  return inputs;
}

/**
 * Tuning, training and scores of one model on the systems of one setting.
 * @returns inputs for the aggregate job: `${at}/seed=S/${id}/model` (of train or fit), `.../one-step`, and `.../rollout` where
 *   asked for.
 */
export function modelRuns(g: GraphBuilder, runs: RunsOf): Record<string, JobRef> {
  const { at, law, contender, seeds, rollouts } = runs;
  const { id, name, options, batch, steps, warmup: rising, rates, rungs } = contender;
  const model = { name, options };
  const trained = contender.solved ? undefined : trainer();
  const inputs: Record<string, JobRef> = {};
  for (const [index, seed] of seeds.entries()) {
    const { system, data, starts } = dataOf(g, runs, seed);
    const of = `${at}/seed=${seed}/${id}`;
    const fitted = trained
      ? trained(index)
      : { job: g.job("fit", { model, system, length: 256 }, {}, `${of}/fit`), member: 0 };
    const evaluate = (what: string, data: JobRef, more: object) => {
      const label = `${of}/${what}`;
      inputs[label] = g.job(
        "evaluate",
        { model, system, member: fitted.member, ...more },
        { model: fitted.job, data },
        label,
      );
    };
    inputs[`${of}/model`] = fitted.job;
    evaluate("one-step", data(), { batch: name === "lstm" ? 512 : 64 });
    if (rollouts) {
      const from = rollouts === "own" ? starts() : data();
      evaluate("rollout", from, { batch: 128, rollout: { warmup, horizons } });
    }
  }
  return inputs;

  /** One job for all seeds where the model can, otherwise one for each. */
  function trainer() {
    const common = { model, system: law, batch, length: 256, warmup: rising };
    const tuned = g.job(
      "tune",
      { ...common, seed: tuningSeed, rates, rungs },
      {},
      `${at}/${id}/tune`,
    );
    const train = (members: readonly number[], label: string) =>
      g.job("train", { ...common, seeds: members.map(seedOf), steps }, { tuned }, label);
    if (contender.together) {
      const job = train(seeds, `${at}/${id}/train`);
      return (index: number) => ({ job, member: index });
    }
    const jobs = seeds.map((seed) => train([seed], `${at}/seed=${seed}/${id}/train`));
    return (index: number) => ({ job: jobs[index], member: 0 });
  }
}

/**
 * Every contender at every lambda of the profile, with rollouts, and the baselines: what the leaderboard and its rollouts
 * are made of.
 */
export function leaderboardRuns(g: GraphBuilder, profile: Profile): Record<string, JobRef> {
  const seeds = seedsOf(profile);
  const inputs: Record<string, JobRef> = {};
  for (
    const lambda of profile.pick({ smoke: [0.96], quick: [0.96], standard: lambdas })
  ) {
    const setting = { at: `lambda=${lambda}`, law: { lambda }, seeds };
    Object.assign(inputs, baselineRuns(g, setting, { far: true }));
    for (const contender of contenders(profile)) {
      Object.assign(inputs, modelRuns(g, { ...setting, contender, rollouts: "own" }));
    }
  }
  return inputs;
}
