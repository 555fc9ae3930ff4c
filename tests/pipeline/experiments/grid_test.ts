/** @file What the grids of all experiments must keep to, at every profile, whatever their sizes. */
import assert from "node:assert/strict";
import type { Graph, JobNode } from "../../../pipeline/graph.ts";
import { profileOf, PROFILES } from "../../../pipeline/profiles.ts";
import type { Params } from "../../../pipeline/stages/aggregate.ts";
import { nameOf } from "../../../pipeline/tags.ts";
import { graphOf, plan } from "./grids.ts";
import { paramsOf as params } from "./spoken.ts";

const input = (node: JobNode, name: string) => node.inputs[name] as JobNode;

interface Grid {
  id: string;
  profile: string;
  graph: Graph;
  of(stage: string): JobNode[];
}

const grids: Grid[] = PROFILES.flatMap((profile) =>
  plan.experiments.filter(({ meta }) => profileOf(profile).atLeast(meta.from ?? "smoke"))
    .map((experiment) => {
      const graph = graphOf(experiment, profile);
      const of = (stage: string) => graph.jobs.filter((job) => job.stage.name === stage);
      return { id: experiment.meta.id, profile, graph, of };
    })
);
const inFamily = plan.experiments.filter(({ path }) => path.includes("transformer_filters"))
  .map(({ meta }) => meta.id);
const filtering = grids.filter(({ id }) => inFamily.includes(id));

/** Every job of a stage, in every grid on filtering. */
function each(stage: string, check: (job: JobNode, where: string, grid: Grid) => void) {
  let jobs = 0;
  for (const grid of filtering) {
    for (const job of grid.of(stage)) {
      check(job, `${grid.profile} ${job.label}`, grid);
      jobs++;
    }
  }
  assert.ok(jobs > 0);
}

const unique = <T>(values: T[]) => [...new Set(values)];
const ascending = (values: number[]) => values.every((v, i) => i === 0 || v > values[i - 1]);

Deno.test("the experiments have different ids, and every grid ends in the table of its own", () => {
  const ids = plan.experiments.map(({ meta }) => meta.id);
  assert.equal(unique(ids).length, ids.length);
  for (const { id, graph } of grids) {
    const { stage, params } = graph.results.get(id)!;
    const path = plan.experiments.find(({ meta }) => meta.id === id)!.path;
    assert.equal(stage.name, "aggregate");
    const { runs: _, ...named } = params as Params;
    assert.deepEqual(named, { experiment: id, path });
  }
});

Deno.test("no system on which rates are tuned is judged, or trained on otherwise", () => {
  for (const grid of filtering) {
    const tuned = grid.of("tune").map((job) => params(job).seed);
    assert.ok(tuned.length > 0, grid.id);
    const judged = [...grid.of("evaluate"), ...grid.of("reference"), ...grid.of("fit")]
      .map((job) => params(job).system.key);
    const trained = grid.of("train").flatMap((job) => params(job).seeds);
    for (const { system, data } of tuned) {
      assert.ok(!judged.includes(system), `${grid.profile} ${grid.id}: ${system}`);
      assert.ok(trained.every((seed) => seed.system !== system && seed.data !== data));
    }
  }
});

Deno.test("every seed is another system, another initialisation and other data", () => {
  each("train", (job, where) => {
    for (const part of ["system", "initialisation", "data"]) {
      const keys = params(job).seeds.map((seed: Record<string, number>) => seed[part]);
      assert.equal(unique(keys).length, keys.length, `${where}: ${part} ${keys}`);
    }
  });
  // Also where seeds are trained one by one: the system decides the other two, and they decide it.
  for (const grid of filtering) {
    const seeds = grid.of("train").flatMap((job) => params(job).seeds);
    for (const part of ["initialisation", "data"]) {
      const pairs = unique(seeds.map((seed) => `${seed.system} ${seed[part]}`)).length;
      assert.equal(unique(seeds.map((seed) => seed.system)).length, pairs, grid.id);
      assert.equal(unique(seeds.map((seed) => seed[part])).length, pairs, grid.id);
    }
  }
});

Deno.test("training, tuning, scores and rollouts draw from different streams of data", () => {
  for (const grid of filtering) {
    const uses = new Map<number, Set<string>>();
    const note = (key: number, use: string) => uses.set(key, (uses.get(key) ?? new Set()).add(use));
    for (const job of grid.of("tune")) note(params(job).seed.data, "tuning");
    for (const job of grid.of("train")) {
      for (const { system, data } of params(job).seeds) note(data, `training ${system}`);
    }
    for (const job of grid.of("generate")) {
      const { system, dataSeed, length } = params(job);
      note(dataSeed, `${length} observations of ${system.key}`);
    }
    for (const [key, by] of uses) {
      assert.equal(by.size, 1, `${grid.profile} ${grid.id}: ${key} is used for ${[...by]}`);
    }
  }
});

Deno.test("every trained model takes its rate from trials of the same model on the same distribution", () => {
  each("train", (job, where) => {
    const { learningRate, seeds: _, steps, floor: ____, ...training } = params(job);
    assert.equal(learningRate, undefined, where);
    const tuned = input(job, "tuned");
    assert.equal(tuned?.stage.name, "tune", where);
    const { seed: __, rates, rungs, keep: ___, ...trials } = params(tuned);
    assert.deepEqual(trials, training, where);
    assert.ok(rates.length > 1 && ascending(rates), `${where}: ${rates}`);
    assert.ok(ascending(rungs) && rungs.at(-1) <= steps, `${where}: ${rungs} of ${steps}`);
    assert.ok(training.warmup < steps, where);
  });
});

Deno.test("every model is scored on the system that it was trained on or solved for", () => {
  each("evaluate", (job, where) => {
    const { model, system: { key, ...law }, member } = params(job);
    const made = input(job, "model");
    const { system, seeds } = params(made);
    assert.deepEqual(params(made).model, model, where);
    if (made.stage.name === "fit") {
      assert.deepEqual([system, member], [{ key, ...law }, 0], where);
    } else {
      assert.deepEqual([system, seeds[member]?.system], [law, key], where);
    }
    assert.deepEqual(params(input(job, "data")).system, { key, ...law }, where);
  });
  each("reference", (job, where) => {
    assert.deepEqual(params(input(job, "data")).system, params(job).system, where);
  });
});

Deno.test("rollouts start after 64 observations and reach all horizons", () => {
  const horizons = [2, 4, 8, 16, 32, 64];
  each("evaluate", (job, where) => {
    const { rollout } = params(job);
    const { length } = params(input(job, "data"));
    if (!rollout) return assert.equal(length, 256, where);
    assert.deepEqual([rollout.warmup, rollout.horizons], [64, horizons], where);
    assert.ok(length >= 64 + 64, where);
  });
  each("reference", (job, where) => {
    assert.deepEqual([params(job).warmup, params(job).horizons], [64, horizons], where);
  });
});

Deno.test("the two ends of rollouts are scored on the sequences of the rollouts", () => {
  let far = 0;
  for (const { id, profile, graph } of filtering) {
    const { inputs, params: { runs } } = graph.results.get(id) as JobNode & { params: Params };
    for (const tags of runs) {
      const job = inputs[nameOf(tags)] as JobNode;
      if (job.stage.name !== "reference") continue;
      const { length } = params(input(job, "data"));
      const isFar = tags.result === "baseline-far";
      assert.equal(length, isFar ? 64 + 64 : 256, `${profile} ${id} ${nameOf(tags)}`);
      if (isFar) far++;
    }
  }
  assert.ok(far > 0);
});

Deno.test("everything that is compared on a system was scored on the same sequences", () => {
  for (const grid of filtering) {
    const data = new Map<string, Set<string>>();
    const jobs = [...grid.of("evaluate"), ...grid.of("reference")];
    for (const job of jobs) {
      const drawn = input(job, "data");
      const which = JSON.stringify([params(job).system, params(drawn).length]);
      data.set(which, (data.get(which) ?? new Set()).add(drawn.label));
    }
    for (const [which, drawn] of data) assert.equal(drawn.size, 1, `${grid.id} ${which}`);
  }
});

Deno.test("what is compared has the same systems", () => {
  for (const grid of filtering) {
    const systems = new Map<string, number[]>();
    for (const job of grid.of("evaluate")) {
      const { model, system: { key, ...law }, rollout } = params(job);
      const steps = params(input(job, "model")).steps ?? 0;
      const setting = JSON.stringify([model, steps, law, Boolean(rollout)]);
      systems.set(setting, [...systems.get(setting) ?? [], key]);
    }
    const counts = unique([...systems.values()].map((keys) => keys.toSorted().join()));
    const expected = grid.id === "full-size" ? 1 : { smoke: 1, quick: 2 }[grid.profile] ?? 5;
    const all = Array.from({ length: expected }, (_, key) => key).join();
    // The reference runs of the sweep have the first system only.
    const allowed = grid.id === "eigenvalue-sweep" ? [all, "0"] : [all];
    for (const keys of counts) {
      assert.ok(allowed.includes(keys), `${grid.profile} ${grid.id}: ${keys}`);
    }
    assert.ok(counts.includes(all));
    const baselines = unique(grid.of("reference").map((job) => params(job).system.key));
    if (baselines.length) assert.equal(baselines.toSorted().join(), all, grid.id);
  }
});

Deno.test("all models of a grid train on as many observations, but for reference runs and sizes", () => {
  for (
    const grid of filtering.filter(({ id }) => id !== "full-size" && id !== "eigenvalue-sweep")
  ) {
    const budgets = unique(
      grid.of("train").map((job) => {
        const { steps, batch, length, warmup, weightDecay, clipNorm } = params(job);
        return JSON.stringify({ steps, batch, length, warmup, weightDecay, clipNorm });
      }),
    );
    assert.equal(budgets.length, 1, `${grid.profile} ${grid.id}: ${budgets.join(" ")}`);
  }
});

Deno.test("experiments that ask for the same training share it", () => {
  for (const profile of PROFILES) {
    const trained = filtering.filter((grid) => grid.profile === profile).map(({ id, of }) => ({
      id,
      jobs: of("train").map((job) => JSON.stringify([job.params, params(input(job, "tuned"))])),
    }));
    const shares = (a: string, b: string) => {
      const theirs = new Set(trained.find(({ id }) => id === b)!.jobs);
      return trained.find(({ id }) => id === a)!.jobs.filter((job) => theirs.has(job)).length;
    };
    // The plain Transformer on diagonal systems is one model, whoever asks for it.
    assert.ok(shares("eigenvalue-sweep", "filter-leaderboard") > 0, profile);
    assert.ok(shares("diagonal-vs-dense", "patching") > 0, profile);
    if (profile === "standard" || profile === "paper") {
      assert.ok(shares("patching", "observation-dimension") > 0, profile);
    }
    if (profile !== "smoke") {
      assert.ok(shares("eigenvalue-sweep", "diagonal-vs-dense") > 0, profile);
      assert.ok(shares("instance-norm", "eigenvalue-sweep") > 0, profile);
    }
    assert.equal(
      shares("filter-rollouts", "filter-leaderboard"),
      trained.find(({ id }) => id === "filter-leaderboard")!.jobs.length,
    );
  }
});

Deno.test("--set reaches every job of its stage, and of others those that share it", () => {
  for (
    const experiment of plan.experiments.filter(({ meta }) =>
      !meta.id.startsWith("depth-scaling") && profileOf("smoke").atLeast(meta.from ?? "smoke") &&
      meta.id !== "eigenvalue-sweep" // tells runs apart by steps
    )
  ) {
    const plain = graphOf(experiment, "smoke");
    const set = graphOf(experiment, "smoke", ["train.steps=77", "tune.weightDecay=0.5"]);
    const changed = (job: JobNode) => {
      const own = params(job);
      if (job.stage.name === "train") return { ...own, steps: 77, weightDecay: 0.5 };
      return job.stage.name === "tune" ? { ...own, weightDecay: 0.5 } : own;
    };
    const all = (graph: Graph, of: (job: JobNode) => unknown) =>
      unique(graph.jobs.map((job) => `${job.stage.name} ${JSON.stringify(of(job))}`)).sort();
    const sorted = (job: JobNode) => Object.entries(changed(job)).sort();
    assert.deepEqual(
      all(set, (job) => Object.entries(params(job)).sort()),
      all(plain, sorted),
      experiment.meta.id,
    );
  }
});

Deno.test("--set of a rollout's part leaves the scores of one step what they are", () => {
  const sweep = plan.experiments.find(({ meta }) => meta.id === "eigenvalue-sweep")!;
  const rollouts = (...set: string[]) =>
    graphOf(sweep, "smoke", set).jobs.filter((job) => job.stage.name === "evaluate")
      .map((job) => params(job).rollout);
  const plain = rollouts();
  assert.ok(plain.includes(undefined) && plain.some((rollout) => rollout !== undefined));
  assert.deepEqual(
    rollouts("evaluate.protocol.rollout.warmup=32"),
    plain.map((rollout) => rollout && { ...rollout, warmup: 32 }),
  );
});
