/** @file What is drawn for whom, in all grids on filtering: systems, initialisations, noise and data. */
import assert from "node:assert/strict";
import { spread } from "../../../../pipeline/experiments/transformer_filters/shared/systems.ts";
import { paramsOf as params } from "../spoken.ts";
import { each, filtering, input, unique } from "./filtering_grids.ts";

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
