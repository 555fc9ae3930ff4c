/** @file What the grids of all experiments must keep to, at every profile, whatever their sizes. */
import assert from "node:assert/strict";
import type { Graph, JobNode } from "../../../pipeline/graph.ts";
import { profileOf, PROFILES } from "../../../pipeline/profiles.ts";
import type { Params } from "../../../pipeline/stages/aggregate.ts";
import { nameOf } from "../../../pipeline/tags.ts";
import { graphOf, plan } from "./grids.ts";
import {
  judged as all,
  spread,
} from "../../../pipeline/experiments/transformer_filters/shared/systems.ts";
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
    const tuned = grid.of("tune").flatMap((job) => params(job).seeds);
    assert.equal(tuned.length > 0, grid.profile !== "quick", grid.id);
    const judged = [...grid.of("evaluate"), ...grid.of("reference"), ...grid.of("fit")]
      .map((job) => params(job).system.key);
    const trained = grid.of("train").flatMap((job) => params(job).seeds);
    for (const { system, data, initialisation } of tuned) {
      assert.ok(!judged.includes(system), `${grid.profile} ${grid.id}: ${system}`);
      assert.ok(!all.includes(system), `${system} judges`);
      for (const seed of trained) {
        assert.ok(seed.system !== system && seed.data !== data);
        assert.notEqual(seed.initialisation, initialisation);
      }
    }
  }
});

Deno.test("every seed is another system, another initialisation and other data, in every setting", () => {
  each("train", (job, where) => {
    for (const part of ["system", "initialisation", "data"]) {
      const keys = params(job).seeds.map((seed: Record<string, number>) => seed[part]);
      assert.equal(unique(keys).length, keys.length, `${where}: ${part} ${keys}`);
    }
  });
  // Also where seeds are trained one by one, and across settings: no two laws, systems or repetitions share a draw, while all models
  // of a setting have the same.
  const uses = new Map<number, string>();
  each("train", (job, where, { id }) => {
    const { system: law } = params(job);
    for (const { system, initialisation, data } of params(job).seeds) {
      const of = JSON.stringify([law, system]);
      for (const [key, part] of [[initialisation, "initialisation"], [data, "data"]]) {
        const use = `${part} of ${of}`;
        const before = uses.get(key) ?? use;
        assert.equal(before, use, `${where} ${id}`);
        uses.set(key, use);
      }
    }
  });
  const times = new Map<string, number>();
  for (const use of uses.values()) times.set(use, (times.get(use) ?? 0) + 1);
  // The table of variances has a second one.
  assert.deepEqual(unique([...times.values()]).sort(), [1, 2]);
});

Deno.test("training, tuning, scores and rollouts draw from different streams of data", () => {
  for (const grid of filtering) {
    const uses = new Map<number, Set<string>>();
    const note = (key: number, use: string) => uses.set(key, (uses.get(key) ?? new Set()).add(use));
    for (const stage of ["tune", "train"]) {
      for (const job of grid.of(stage)) {
        const { seeds, system: law } = params(job);
        for (const { system, data } of seeds) {
          note(data, `${stage} ${system} ${JSON.stringify(law)}`);
        }
      }
    }
    for (const job of grid.of("generate")) {
      const { system, dataSeed, length } = params(job);
      note(dataSeed, `${length} observations of ${JSON.stringify(system)}`);
    }
    for (const [key, by] of uses) {
      assert.equal(by.size, 1, `${grid.profile} ${grid.id}: ${key} is used for ${[...by]}`);
    }
  }
});

Deno.test("every trained model takes its rate from trials of the same model on the same distribution", () => {
  each("train", (job, where, { profile }) => {
    const quick = profile === "quick";
    const { learningRate, seeds: _, steps, floor: ____, ...training } = params(job);
    if (quick) {
      assert.equal(learningRate, 5e-3, where);
      return assert.equal(input(job, "tuned"), undefined, where);
    }
    assert.equal(learningRate, undefined, where);
    const tuned = input(job, "tuned");
    assert.equal(tuned?.stage.name, "tune", where);
    const {
      seeds: __,
      rates,
      rungs,
      keep: ___,
      moves: _____,
      floor: _______,
      together: ______,
      ...trials
    } = params(
      tuned,
    );
    // At condition 1 a redrawn C is another draw of the law of diagonal systems.
    const { structure, condition, observation, ...law } = training.system;
    const isDiagonal = structure === "dense" && condition === 1 && observation === "redrawn";
    const diagonal = { structure: "diagonal", condition: 1, observation: "matched" };
    assert.deepEqual(
      trials,
      isDiagonal ? { ...training, system: { ...law, ...diagonal } } : training,
      where,
    );
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

Deno.test("no two settings share their noise: what is scored at one lambda says nothing of another", () => {
  const uses = new Map<number, Set<string>>();
  each("generate", (job) => {
    const { dataSeed, system, length } = params(job);
    const use = JSON.stringify([system, length]);
    uses.set(dataSeed, (uses.get(dataSeed) ?? new Set()).add(use));
  });
  for (const [key, by] of uses) assert.equal(by.size, 1, `${key}: ${[...by]}`);
});

Deno.test("every experiment trains ten models at least, by a hundred programs at most", () => {
  for (
    const grid of filtering.filter(({ profile }) => profile === "standard" || profile === "paper")
  ) {
    const programs = grid.of("train");
    const trained = programs.reduce((sum, job) => sum + params(job).seeds.length, 0);
    const where = `${grid.profile} ${grid.id}: ${trained} by ${programs.length}`;
    assert.ok(trained >= 10 && programs.length <= 100, where);
    // Two seeds of every configuration at least.
    const seeds = new Map<string, Set<number>>();
    for (const job of programs) {
      const { seeds: own, ...which } = params(job);
      const key = JSON.stringify(which);
      seeds.set(
        key,
        new Set([...seeds.get(key) ?? [], ...own.map((s: { system: number }) => s.system)]),
      );
    }
    for (const [which, systems] of seeds) assert.ok(systems.size >= 2, `${where} ${which}`);
  }
});

Deno.test("what is compared has the same systems", () => {
  for (const grid of filtering) {
    const systems = new Map<string, number[]>();
    for (const job of grid.of("evaluate")) {
      const { model, system: { key, ...law }, rollout } = params(job);
      const steps = params(input(job, "model")).steps ?? 0;
      const setting = JSON.stringify([model, steps, law, Boolean(rollout)]);
      const found = systems.get(setting) ?? [];
      // The table of variances has two initialisations of each.
      if (grid.id === "variances" && found.includes(key)) continue;
      systems.set(setting, [...found, key]);
    }
    const counts = unique([...systems.values()].map((keys) => keys.toSorted().join()));
    const profile: Record<string, number> = { smoke: 1, quick: 2, standard: 20, paper: 5 };
    const special: Record<string, Record<string, number>> = {
      "full-size": { paper: 6 },
      "variances": { standard: 8 },
    };
    const count = special[grid.id]?.[grid.profile] ?? profile[grid.profile];
    const own = spread(count);
    const of = (systems: number[]) => systems.toSorted().join();
    // The reference runs of the sweep have two systems only.
    const allowed = grid.id === "eigenvalue-sweep" ? [own, spread(Math.min(count, 2), own)] : [own];
    for (const keys of counts) {
      assert.ok(allowed.map(of).includes(keys), `${grid.profile} ${grid.id}: ${keys}`);
    }
    assert.ok(counts.includes(of(own)));
    const baselines = unique(grid.of("reference").map((job) => params(job).system.key));
    if (baselines.length) assert.equal(baselines.toSorted().join(), of(own), grid.id);
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
      jobs: of("train").map((job) => JSON.stringify([job.params, input(job, "tuned")?.params])),
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
    assert.ok(shares("variances", "filter-leaderboard") > 0, profile);
    assert.ok(shares("eigenvalue-sweep", "diagonal-vs-dense") > 0, profile);
    assert.ok(shares("instance-norm", "eigenvalue-sweep") > 0, profile);
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
