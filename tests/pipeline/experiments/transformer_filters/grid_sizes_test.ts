/**
 * @file How large the grids are, and what is on them: a size that changes by a slip changes every published number, so it is
 * stated here a second time.
 */
import assert from "node:assert/strict";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { ProfileName } from "../../../../pipeline/profiles.ts";
import { meta as fullSize } from "../../../../pipeline/experiments/transformer_filters/full_size.ts";
import { meta as leaderboard } from "../../../../pipeline/experiments/transformer_filters/filter_leaderboard.ts";
import { graphOf, plan } from "../grids.ts";
import { paramsOf as params } from "../spoken.ts";

/** The jobs of one stage in the grid of one experiment. */
function jobs(id: string, profile: ProfileName, stage: string): JobNode[] {
  const experiment = plan.experiments.find(({ meta }) => meta.id === id)!;
  return graphOf(experiment, profile).jobs.filter((job) => job.stage.name === stage);
}

/** Different values among jobs, in the order of the grid. */
function values<T>(found: JobNode[], of: (job: JobNode) => T): T[] {
  return [...new Map(found.map((job) => [JSON.stringify(of(job)), of(job)])).values()];
}

const lambdas = [0.36, 0.68, 0.84, 0.92, 0.96, 0.98, 0.99];
const settings = [0.68, 0.92, 0.99];

interface Size {
  lambdas: number[];
  seeds: number;
  size: { dModel: number; layers: number; heads: number };
  training: { steps: number; batch: number; warmup: number };
  trials: { rates: number[]; rungs: number[]; keep: number };
  sequences: number;
  starts: number;
}

const small = { dModel: 32, layers: 2, heads: 2 };
const profiles: Record<ProfileName, Size> = {
  smoke: {
    lambdas: [0.36, 0.96],
    seeds: 1,
    size: { dModel: 16, layers: 1, heads: 2 },
    training: { steps: 10, batch: 4, warmup: 3 },
    trials: { rates: [2e-3, 8e-3], rungs: [4, 6], keep: 0.5 },
    ...{ sequences: 64, starts: 32 },
  },
  quick: {
    lambdas,
    seeds: 2,
    size: small,
    training: { steps: 120, batch: 4, warmup: 20 },
    trials: { rates: [2e-3, 5e-3], rungs: [30], keep: 0.5 },
    ...{ sequences: 256, starts: 256 },
  },
  standard: {
    lambdas,
    seeds: 5,
    size: small,
    training: { steps: 400, batch: 4, warmup: 40 },
    trials: {
      rates: [5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2],
      ...{ rungs: [40, 80, 160], keep: 0.5 },
    },
    ...{ sequences: 512, starts: 8192 },
  },
  paper: {
    lambdas,
    seeds: 5,
    size: { dModel: 256, layers: 4, heads: 4 },
    training: { steps: 2000, batch: 32, warmup: 200 },
    trials: { rates: [2.5e-4, 5e-4, 1e-3, 2e-3], rungs: [50, 150], keep: 0.5 },
    ...{ sequences: 2048, starts: 8192 },
  },
};

/** Steps of the reference runs over the others', and the trials that differ from those of the others. */
const references: Record<ProfileName, { times: number[]; rates?: number[]; rungs?: number[] }> = {
  smoke: { times: [2] },
  quick: { times: [] },
  standard: { times: [8, 30], rates: [1e-3, 2e-3, 4e-3, 8e-3], rungs: [100, 200, 400] },
  paper: { times: [10], rungs: [200, 600] },
};

for (const [name, size] of Object.entries(profiles)) {
  const profile = name as ProfileName;
  Deno.test(`the sweep of the profile ${profile} has the sizes that are stated`, () => {
    const of = (stage: string) => jobs("eigenvalue-sweep", profile, stage);
    const trials = ({ rates, rungs, keep }: Size["trials"]) => ({ rates, rungs, keep });
    assert.deepEqual(values(of("train"), (job) => params(job).system.lambda), size.lambdas);
    assert.deepEqual(values(of("train"), (job) => params(job).model), [
      { name: "transformer", options: { ...size.size, norm: "fixed" } },
    ]);
    const { times, ...longer } = references[profile];
    const { steps, batch, warmup } = size.training;
    for (const lambda of size.lambdas) {
      const at = of("train").filter((job) => params(job).system.lambda === lambda);
      const [plain, ...reference] = values(at, (job) => params(job).steps);
      assert.deepEqual([plain, ...reference], [steps, ...times.map((x) => x * steps)]);
    }
    for (const job of of("train")) {
      const p = params(job);
      assert.deepEqual([p.batch, p.warmup, p.length], [batch, warmup, 256]);
      const tuned = params(job.inputs.tuned);
      const expected = p.steps === steps ? size.trials : { ...size.trials, ...longer };
      assert.deepEqual(trials(tuned), expected);
      // What is told of system 0 is no mean over systems.
      if (p.steps !== steps) {
        assert.deepEqual(p.seeds.map((s: { system: number }) => s.system), [0]);
      }
    }
    const drawn = (length: number) =>
      values(
        of("generate").filter((job) => params(job).length === length),
        (job) => params(job).sequences,
      );
    assert.deepEqual([drawn(256), drawn(128)], [[size.sequences], [size.starts]]);
    assert.equal(
      values(of("evaluate"), (job) => params(job).system.key).length,
      size.seeds,
    );
    const plain = of("evaluate").filter((job) => params(job.inputs.model).steps === steps);
    assert.equal(plain.filter((job) => params(job).rollout).length * 2, plain.length);
    assert.ok(of("evaluate").every((job) => plain.includes(job) || !params(job).rollout));
  });
}

Deno.test("every system has the keys that are stated: another key is another number everywhere", () => {
  const keys = (stage: string, of: (job: JobNode) => unknown) =>
    values(jobs("eigenvalue-sweep", "quick", stage), of);
  assert.deepEqual(keys("train", (job) => params(job).seeds), [[
    { system: 0, initialisation: 0, data: 1000 },
    { system: 1, initialisation: 1, data: 1001 },
  ]]);
  assert.deepEqual(keys("tune", (job) => params(job).seed), [
    { system: 900, initialisation: 900, data: 1900 },
  ]);
  const drawn = keys(
    "generate",
    (job) => [params(job).length, params(job).system.key, params(job).dataSeed],
  );
  assert.deepEqual(drawn.toSorted(), [
    [128, 0, 3000],
    [128, 1, 3001],
    [256, 0, 2000],
    [256, 1, 2001],
  ]);
});

Deno.test("seeds share a program, but not where a loop or the size of the paper profile forbids", () => {
  for (const [name, { seeds }] of Object.entries(profiles)) {
    for (const job of jobs("filter-leaderboard", name as ProfileName, "train")) {
      const alone = name === "paper" || params(job).model.name === "lstm";
      assert.equal(params(job).seeds.length, alone ? 1 : seeds, `${name} ${job.label}`);
    }
  }
});

Deno.test("the leaderboard has nine models, three of them in closed form", () => {
  for (const [name, { size }] of Object.entries(profiles)) {
    const of = (stage: string) =>
      values(jobs("filter-leaderboard", name as ProfileName, stage), (job) => params(job).model);
    const state = name === "smoke" ? 8 : 64;
    const decoder = { ...size, norm: "fixed" };
    assert.deepEqual(of("fit"), [
      { name: "causal_linear", options: { taps: 8 } },
      { name: "causal_linear", options: { taps: 64 } },
      { name: "dense_recurrence", options: { state: 64 } },
    ]);
    assert.deepEqual(of("train"), [
      { name: "causal_linear", options: { taps: 64 } },
      { name: "lru", options: { state } },
      { name: "dense_recurrence", options: { state } },
      { name: "lstm", options: { dModel: state, norm: "fixed" } },
      { name: "linear_transformer", options: decoder },
      { name: "transformer", options: decoder },
    ]);
    const swept = name === "standard" || name === "paper" ? lambdas : [0.96];
    for (const stage of ["train", "fit", "reference"]) {
      const found = jobs("filter-leaderboard", name as ProfileName, stage);
      assert.deepEqual(values(found, (job) => params(job).system.lambda), swept);
    }
    for (const job of jobs("filter-leaderboard", name as ProfileName, "fit")) {
      assert.equal(params(job).length, 256);
    }
  }
});

Deno.test("rollouts are timed with as many sequences at once as the method says", () => {
  assert.match(leaderboard.method, /rollout of 128 sequences at once/);
  const rollouts = jobs("filter-leaderboard", "standard", "evaluate")
    .filter((job) => params(job).rollout);
  assert.deepEqual(values(rollouts, (job) => params(job).batch), [128]);
  for (const job of jobs("filter-leaderboard", "standard", "evaluate")) {
    const { model, batch, rollout } = params(job);
    // A loop over time takes as long for many sequences as for a few.
    if (!rollout) assert.equal(batch, model.name === "lstm" ? 512 : 64, job.label);
  }
});

Deno.test("every experiment has the lambdas, laws and patch sizes of its profile", () => {
  const laws = (id: string, profile: ProfileName, stage = "reference") =>
    values(jobs(id, profile, stage), (job) => {
      const { lambda, obsDim, structure, condition, observation } = params(job).system;
      return [lambda, obsDim, structure, condition, observation].join(" ");
    }).sort();
  const diagonal = "2 diagonal 1 matched";
  const structures = [
    diagonal,
    ...["2 dense 1 matched", "2 dense 1 redrawn", "2 dense 10 redrawn", "2 dense 100 redrawn"],
  ];
  const all = (of: number[], laws: string[]) =>
    of.flatMap((lambda) => laws.map((law) => `${lambda} ${law}`)).sort();
  const observed = (dims: number[]) => dims.map((obs) => `${obs} diagonal 1 matched`);
  const patches = (id: string, profile: ProfileName) =>
    values(jobs(id, profile, "train"), (job) => params(job).model.options.patch ?? 1);
  for (const name of Object.keys(profiles)) {
    const profile = name as ProfileName;
    const large = name === "standard" || name === "paper";
    const at = large ? settings : [0.92];
    assert.deepEqual(laws("diagonal-vs-dense", profile), all(at, structures));
    assert.deepEqual(
      laws("diagonal-vs-dense", profile, "evaluate"),
      all(at, structures.filter((law) => law !== "2 dense 1 matched")),
    );
    assert.deepEqual(
      laws("patching", profile),
      all(at, [diagonal, "2 dense 100 redrawn"]),
    );
    assert.deepEqual(patches("patching", profile), large ? [1, 2, 4, 8, 16, 32] : [1, 8]);
    assert.deepEqual(
      laws("observation-dimension", profile),
      all(at, observed(large ? [1, 2, 4, 8, 16] : [1, 8])),
    );
    assert.deepEqual(
      patches("observation-dimension", profile),
      { standard: [1, 8, 32], paper: [1, 2, 4, 8, 16, 32] }[name] ?? [1, 8],
    );
    assert.deepEqual(laws("instance-norm", profile, "evaluate"), all([0.96], [diagonal]));
    assert.deepEqual(
      values(jobs("instance-norm", profile, "train"), (job) => params(job).model.options.norm),
      ["fixed", "causal"],
    );
    assert.deepEqual(laws("full-size", profile), all([0.99], [diagonal]));
  }
});

Deno.test("the ablation's rollouts start from the sequences that are scored one step ahead", () => {
  const scored = jobs("instance-norm", "standard", "evaluate");
  const data = (free: boolean) =>
    values(
      scored.filter((job) => Boolean(params(job).rollout) === free),
      (job) => job.inputs.data.label,
    );
  assert.equal(data(true).length, 5);
  assert.deepEqual(data(true), data(false));
});

Deno.test("the full size is what the method of its experiment says", () => {
  const [small, full] = jobs("full-size", "standard", "train");
  const { model: { options }, steps, batch, length } = params(full);
  const { dModel, layers, heads, patch } = options;
  const starts = jobs("full-size", "standard", "generate").map((job) => params(job).sequences);
  const said =
    `${layers} layers, width ${dModel}, ${heads} heads, sequences of ${length}, patches of ` +
    `${patch}, ${
      steps.toLocaleString("en")
    } steps of ${batch} sequences, learning rate by successive ` +
    `halving, ${Math.max(...starts).toLocaleString("en")} rollouts`;
  assert.ok(fullSize.method.includes(said), said);
  assert.deepEqual(params(small).model.options, {
    ...profiles.standard.size,
    norm: "fixed",
    patch,
  });
  for (const profile of ["smoke", "quick"] as const) {
    const sizes = values(jobs("full-size", profile, "train"), (job) => params(job).model);
    assert.deepEqual(sizes, [{
      name: "transformer",
      options: { ...profiles[profile].size, norm: "fixed", patch: 16 },
    }]);
  }
});
