/**
 * @file How large the grids are, and what is on them: a size that changes by a slip changes every published number, so it is
 * stated here a second time.
 */
import assert from "node:assert/strict";
import type { ProfileName } from "../../../../pipeline/profiles.ts";
import { meta as fullSize } from "../../../../pipeline/experiments/transformer_filters/full_size.ts";
import { meta as leaderboard } from "../../../../pipeline/experiments/transformer_filters/filter_leaderboard.ts";
import { jobs, values } from "../grid_jobs.ts";
import { paramsOf as params } from "../spoken.ts";

const lambdas = [0.36, 0.68, 0.84, 0.92, 0.96, 0.98, 0.99];
const settings = [0.68, 0.92, 0.99];

interface Size {
  lambdas: number[];
  seeds: number;
  size: { dModel: number; layers: number; heads: number };
  training: { steps: number; batch: number; warmup: number };
  /** None where a rate is given. */
  trials?: {
    rates: number[];
    rungs: number[];
    keep: number;
    moves: number;
    floor?: number;
    together?: number;
  };
  sequences: number;
  starts: number;
}

const small = { dModel: 32, layers: 2, heads: 2 };
const profiles: Record<ProfileName, Size> = {
  smoke: {
    lambdas: [0.36, 0.92],
    seeds: 1,
    size: { dModel: 16, layers: 1, heads: 2 },
    training: { steps: 10, batch: 4, warmup: 3 },
    trials: { rates: [2e-3, 8e-3], rungs: [4, 6], keep: 0.5, moves: 0 },
    ...{ sequences: 64, starts: 32 },
  },
  quick: {
    lambdas: [0.36, 0.92, 0.99],
    seeds: 2,
    size: small,
    training: { steps: 100, batch: 4, warmup: 20 },
    ...{ sequences: 128, starts: 256 },
  },
  standard: {
    lambdas,
    seeds: 20,
    size: small,
    training: { steps: 400, batch: 4, warmup: 40 },
    trials: {
      rates: [2e-3, 4e-3, 8e-3, 1.6e-2],
      rungs: [60, 160],
      keep: 0.5,
      moves: 5,
      floor: 0.05,
    },
    ...{ sequences: 128, starts: 1024 },
  },
  paper: {
    lambdas,
    seeds: 5,
    size: { dModel: 256, layers: 4, heads: 4 },
    training: { steps: 3000, batch: 32, warmup: 200 },
    trials: {
      ...{ rates: [2.5e-4, 5e-4, 1e-3, 2e-3], rungs: [50, 150], keep: 0.5 },
      ...{ moves: 3, floor: 0.05, together: 4 },
    },
    ...{ sequences: 512, starts: 8192 },
  },
};

/** Steps of the reference runs over the others', and the trials that differ from those of the others. */
const references: Record<ProfileName, { times: number[]; rates?: number[]; rungs?: number[] }> = {
  smoke: { times: [2] },
  quick: { times: [] },
  standard: { times: [8, 30], rates: [1e-3, 2e-3, 4e-3, 8e-3], rungs: [100, 300] },
  paper: { times: [4], rungs: [200, 600] },
};

for (const [name, size] of Object.entries(profiles)) {
  const profile = name as ProfileName;
  Deno.test(`the sweep of the profile ${profile} has the sizes that are stated`, () => {
    const of = (stage: string) => jobs("eigenvalue-sweep", profile, stage);
    const trials = (
      { rates, rungs, keep, moves, floor, together }: NonNullable<Size["trials"]>,
    ) => ({
      ...{ rates, rungs, keep, moves },
      ...(floor ? { floor } : {}),
      ...(together ? { together } : {}),
    });
    assert.deepEqual(values(of("train"), (job) => params(job).system.lambda), size.lambdas);
    assert.deepEqual(values(of("train"), (job) => params(job).model), [
      { name: "transformer", options: { ...size.size, norm: "fixed" } },
    ]);
    const { times, ...longer } = references[profile];
    const { steps, batch, warmup } = size.training;
    for (const lambda of size.lambdas) {
      const at = of("train").filter((job) => params(job).system.lambda === lambda);
      const [plain, ...reference] = values(at, (job) => params(job).steps);
      const longer = settings.includes(lambda) ? times : [];
      assert.deepEqual([plain, ...reference], [steps, ...longer.map((x) => x * steps)]);
    }
    for (const job of of("train")) {
      const p = params(job);
      assert.deepEqual([p.batch, p.warmup, p.length], [batch, warmup, 256]);
      assert.equal(p.learningRate, size.trials ? undefined : 5e-3);
      if (!size.trials) continue;
      const tuned = params(job.inputs.tuned);
      const expected = p.steps === steps ? size.trials : { ...size.trials, ...longer };
      assert.deepEqual(trials(tuned), expected);
      if (p.steps === steps) continue;
      const long = { smoke: [1056], paper: [346, 1418], standard: [972, 1152] }[name]!;
      const own = p.seeds.map((s: { system: number }) => s.system);
      assert.ok(own.every((system: number) => long.includes(system)), `${own}`);
    }
    const drawn = (length: number) =>
      values(
        of("generate").filter((job) => params(job).length === length),
        (job) => params(job).sequences,
      );
    const most = name === "standard" ? [8192] : [];
    assert.deepEqual(drawn(256), [size.sequences]);
    assert.deepEqual(drawn(128), [size.starts, ...most]);
    assert.equal(
      values(of("evaluate"), (job) => params(job).system.key).length,
      size.seeds,
    );
    const plain = of("evaluate").filter((job) => params(job.inputs.model).steps === steps);
    assert.equal(plain.filter((job) => params(job).rollout).length * 2, plain.length);
    assert.ok(of("evaluate").every((job) => plain.includes(job) || !params(job).rollout));
  });
}

Deno.test("systems share a program, but not where the size of the paper profile forbids", () => {
  for (const [name, { seeds }] of Object.entries(profiles)) {
    for (const job of jobs("filter-leaderboard", name as ProfileName, "train")) {
      const alone = name === "paper";
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
      ...(name === "standard" ? [{ name: "transformer", options: decoder }] : []),
      { name: "lstm", options: { dModel: state, norm: "fixed" } },
      { name: "linear_transformer", options: decoder },
      ...(name === "standard" ? [] : [{ name: "transformer", options: decoder }]),
    ]);
    const swept = { standard: lambdas, paper: settings }[name] ?? [0.92];
    for (const stage of ["train", "fit", "reference"]) {
      const found = jobs("filter-leaderboard", name as ProfileName, stage);
      assert.deepEqual(values(found, (job) => params(job).system.lambda), swept);
      for (const model of ["lstm", "linear_transformer"]) {
        const dear = found.filter((job) => params(job).model?.name === model);
        const at = values(dear, (job) => params(job).system.lambda);
        if (stage === "train") assert.deepEqual(at, name === "standard" ? settings : swept);
      }
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
  const matched = [diagonal, ...[1, 10, 100].map((condition) => `2 dense ${condition} matched`)];
  const redrawn = [1, 10, 100].map((condition) => `2 dense ${condition} redrawn`);
  const all = (of: number[], laws: string[]) =>
    of.flatMap((lambda) => laws.map((law) => `${lambda} ${law}`));
  const observed = (dims: number[]) => dims.map((obs) => `${obs} diagonal 1 matched`);
  const patches = (id: string, profile: ProfileName, lambda: number) =>
    values(
      jobs(id, profile, "train").filter((job) => params(job).system.lambda === lambda),
      (job) => params(job).model.options.patch ?? 1,
    );
  for (const name of Object.keys(profiles)) {
    const profile = name as ProfileName;
    const large = name === "standard" || name === "paper";
    const at = large ? settings : [0.92];
    const structures = [
      ...all(at, matched),
      ...all([0.92], large ? redrawn : redrawn.slice(0, 1)),
    ].sort();
    assert.deepEqual(laws("diagonal-vs-dense", profile), structures);
    assert.deepEqual(
      laws("diagonal-vs-dense", profile, "evaluate"),
      structures.filter((law) => !law.endsWith("2 dense 1 matched")),
    );
    assert.deepEqual(
      laws("patching", profile),
      all(at, [diagonal, "2 dense 100 matched"]).sort(),
    );
    for (const lambda of at) {
      assert.deepEqual(
        patches("patching", profile, lambda),
        large && lambda === 0.92 ? [1, 2, 4, 8, 16, 32] : [1, 8],
      );
    }
    assert.deepEqual(
      laws("observation-dimension", profile),
      all([0.92], observed(large ? [1, 2, 4, 16] : [1, 2])).sort(),
    );
    assert.deepEqual(
      patches("observation-dimension", profile, 0.92),
      large ? [1, 8, 32] : [1, 8],
    );
    assert.deepEqual(laws("instance-norm", profile, "evaluate"), all([0.92], [diagonal]));
    assert.deepEqual(
      values(jobs("instance-norm", profile, "train"), (job) => params(job).model.options.norm),
      ["fixed", "causal"],
    );
    assert.deepEqual(laws("variances", profile, "evaluate"), all(at, [diagonal]));
  }
  assert.deepEqual(laws("full-size", "paper"), all([0.9], [diagonal]));
});

Deno.test("the ablation's rollouts start from the sequences that are scored one step ahead", () => {
  const scored = jobs("instance-norm", "standard", "evaluate");
  const data = (free: boolean) =>
    values(
      scored.filter((job) => Boolean(params(job).rollout) === free),
      (job) => job.inputs.data.label,
    );
  assert.equal(data(true).length, 20);
  assert.deepEqual(data(true), data(false));
});

Deno.test("the document's size is what the method of its experiment says", () => {
  const trained = jobs("full-size", "paper", "train");
  const sizes = values(trained, (job) => params(job).model.options);
  assert.deepEqual(sizes, [
    { ...profiles.standard.size, norm: "fixed" },
    { ...profiles.paper.size, norm: "fixed" },
  ]);
  const { steps, batch, length } = params(trained.at(-1)!);
  const { dModel, layers, heads } = sizes[1];
  const starts = jobs("full-size", "paper", "generate").map((job) => params(job).sequences);
  const tokens = (n: number) => n.toLocaleString("en");
  for (
    const said of [
      `${layers} layers, width ${dModel}, ${heads} heads, no patches, sequences of ${length}`,
      `${tokens(Math.max(...starts))} rollouts`,
      `${tokens(steps)} steps of ${batch} sequences, which are ${
        tokens(steps * batch * length)
      } observations`,
    ]
  ) {
    assert.ok(fullSize.method.includes(said), said);
  }
  // Sixty times what the small one sees, and twice what its longest reference run does.
  const small = profiles.standard.training;
  assert.equal(steps * batch, 60 * small.steps * small.batch);
  assert.equal(steps * batch, 2 * 30 * small.steps * small.batch);
});
