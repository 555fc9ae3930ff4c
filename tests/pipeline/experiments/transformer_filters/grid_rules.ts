/** @file What the grids of all experiments on filtering must keep to, at every profile, whatever their sizes. */
import assert from "node:assert/strict";
import type { JobNode } from "../../../../pipeline/graph.ts";
import { judged as all } from "../../../../pipeline/experiments/transformer_filters/shared/systems.ts";
import { PROFILES } from "../../../../pipeline/profiles.ts";
import type { Params } from "../../../../pipeline/stages/aggregate.ts";
import { nameOf } from "../../../../pipeline/tags.ts";
import { paramsOf as params } from "../spoken.ts";
import { each, filtering, input, unique } from "./filtering_grids.ts";

const ascending = (values: number[]) => values.every((v, i) => i === 0 || v > values[i - 1]);

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
