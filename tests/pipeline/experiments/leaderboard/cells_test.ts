/** @file The cells of the leaderboard: equal sizes and budgets, seeds that share nothing, scores of the models that were trained. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { model as stack } from "../../../../lib/models/stack.ts";
import * as board from "../../../../pipeline/experiments/leaderboard/leaderboard.ts";
import * as filters from "../../../../pipeline/experiments/leaderboard/linear_filters.ts";
import * as parity from "../../../../pipeline/experiments/leaderboard/parity_by_length.ts";
import * as recall from "../../../../pipeline/experiments/leaderboard/recall_capacity.ts";
import {
  entries,
  parameters,
} from "../../../../pipeline/experiments/leaderboard/shared/entries.ts";
import { taskIds } from "../../../../pipeline/experiments/leaderboard/shared/tasks.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { shapesOf, sizeOf } from "../../../models/shapes.ts";
import { type Experiment, graphOf, runsOf } from "../grids.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any -- parameters of any stage
type Any = any;
const paramsOf = (job: JobNode) => job.params as Any;
const input = (job: JobNode, name: string) => job.inputs[name] as JobNode;
const unique = <T>(values: readonly T[]) => [...new Set(values)];

const grids: [Experiment, string[]][] = [
  [board, ["smoke", "quick", "standard", "paper"]],
  [parity, ["smoke", "quick", "standard"]],
  [filters, ["standard"]],
  [recall, ["standard"]],
];

for (const [experiment, profiles] of grids) {
  for (const profile of profiles) {
    const { jobs } = graphOf(experiment, profile);
    const of = (stage: string) => jobs.filter(({ stage: { name } }) => name === stage);

    Deno.test(`${experiment.meta.id}, ${profile}: what is tuned on is not reported, and seeds share nothing`, () => {
      const tuned = of("tune").flatMap((job) => paramsOf(job).seeds);
      for (const job of of("train")) {
        const { seeds } = paramsOf(job);
        for (const part of ["initialisation", "data"]) {
          const keys = seeds.map((seed: Any) => seed[part]);
          assert.equal(unique(keys).length, keys.length, part);
          for (const seed of tuned) assert.ok(!keys.includes(seed[part]), part);
        }
        const drawn = seeds.map(({ data }: Any) => data);
        for (const test of of("generate")) assert.ok(!drawn.includes(paramsOf(test).data));
      }
      for (const test of of("generate")) {
        for (const seed of tuned) assert.notEqual(paramsOf(test).data, seed.data);
      }
    });

    Deno.test(`${experiment.meta.id}, ${profile}: rates are those of the same model on the same task`, () => {
      for (const job of of("train")) {
        const { learningRate, seeds: _, steps, floor: __, ...training } = paramsOf(job);
        // Quick takes one rate for all.
        assert.equal(learningRate === undefined, profile !== "quick");
        if (learningRate !== undefined) continue;
        const { seeds: ___, rates, rungs, keep: ____, moves: _____, ...trials } = paramsOf(
          input(job, "tuned"),
        );
        assert.deepEqual(trials, training);
        assert.ok(rungs.at(-1) <= steps && training.warmup < steps && rates.length > 0);
        assert.equal(input(job, "tuned").inputs.data, job.inputs.data);
      }
    });

    Deno.test(`${experiment.meta.id}, ${profile}: a seed is scored with its own model, on data of its own task`, () => {
      for (const { tags, job } of runsOf(experiment, profile)) {
        if (tags.result !== "score") {
          assert.equal(job.stage.name, tags.result === "time" ? "time" : "train");
          continue;
        }
        const { task, model, layers, index, instance } = paramsOf(job);
        const trained = paramsOf(input(job, "model"));
        assert.deepEqual([trained.task, trained.model, trained.layers], [task, model, layers]);
        const seed = trained.seeds[index];
        assert.equal(seed.initialisation, tags.seed);
        assert.equal(seed.instance, instance);
        const data = input(job, "data");
        if (data.stage.name === "generate") {
          assert.deepEqual([paramsOf(data).task, paramsOf(data).instance], [task, instance]);
        }
      }
    });

    Deno.test(`${experiment.meta.id}, ${profile}: all layers have the same budget on a task, and the same test data`, () => {
      const tasks = unique(of("train").map((job) => JSON.stringify(paramsOf(job).task)));
      for (const task of tasks) {
        const own = (job: JobNode) => JSON.stringify(paramsOf(job).task) === task;
        // (Some layers diverge at the rates of the others: these try lower ones.)
        const usual = { rates: paramsOf(of("tune").filter(own)[0] ?? of("train")[0]).rates };
        const budgets = of("train").filter(own).map((job) => {
          const { model: _, layers, ...budget } = paramsOf(job);
          const { rates, rungs } = budget.learningRate ? {} as Any : paramsOf(input(job, "tuned"));
          const declared = entries.flatMap(({ layer, rates: lower }) =>
            JSON.stringify(layer) === JSON.stringify(layers[0]) ? Object.values(lower ?? {}) : []
          );
          const slower = rates && rates.at(-1) < usual.rates.at(-1) &&
            declared.some((lower) => `${lower}` === `${rates}`);
          return JSON.stringify({ ...budget, ...(slower ? usual : { rates }), rungs });
        });
        assert.equal(unique(budgets).length, 1, task);
        const scored = of("evaluate").filter(own).map((job) =>
          JSON.stringify([paramsOf(job).instance, input(job, "data").label])
        );
        const instances = unique(of("evaluate").filter(own).map((job) => paramsOf(job).instance));
        assert.equal(unique(scored).length, instances.length, task);
      }
    });
  }
}

Deno.test("the standard profile has every layer on every task, with three seeds in one program", () => {
  const runs = runsOf(board, "standard").filter(({ tags }) => tags.result === "score");
  for (const { id } of entries) {
    for (const task of taskIds) {
      const cell = runs.filter(({ tags }) => tags.layer === id && tags.task === task);
      assert.deepEqual(cell.map(({ tags }) => tags.seed), [0, 1, 2], `${id} on ${task}`);
      assert.equal(unique(cell.map(({ job }) => job.inputs.model)).length, 1);
    }
  }
});

Deno.test("the paper profile has every layer that there is", () => {
  const shown = unique(
    runsOf(board, "paper").filter(({ tags }) => tags.result === "score").map(({ tags }) =>
      tags.layer
    ),
  );
  assert.deepEqual(shown.toSorted(), entries.map(({ id }) => id).toSorted());
  const folder = new URL("../../../../lib/layers/sequence/", import.meta.url);
  const layers = Array.from(Deno.readDirSync(folder), ({ name }) => name.replace(".ts", ""))
    .filter((name) => name !== "forms" && name !== "sequence_layer");
  const listed = unique(entries.map(({ layer }) => layer.name));
  assert.deepEqual(listed.toSorted(), layers.toSorted());
});

Deno.test("every cell is timed by itself, as it is trained", () => {
  const runs = runsOf(board, "standard");
  const named = (result: string) => runs.filter(({ tags }) => tags.result === result);
  const cell = ({ tags: { task, layer } }: { tags: Tags }) => `${task} ${layer}`;
  assert.deepEqual(named("time").map(cell), unique(named("training").map(cell)));
  for (const run of named("time")) {
    const { job } = named("training").find((other) => cell(other) === cell(run))!;
    const { seeds: _, floor: __, warmup: ___, ...training } = paramsOf(job);
    const { repetitions, ...timed } = paramsOf(run.job);
    assert.deepEqual(timed, training);
    assert.ok(repetitions >= 5);
    assert.equal(run.job.inputs.data, job.inputs.data);
  }
});

Deno.test("smoke and quick measure no seconds", () => {
  for (const profile of ["smoke", "quick"]) {
    assert.ok(runsOf(board, profile).every(({ tags }) => tags.result !== "time"));
  }
});

Deno.test("the quick profile shows at most twelve cells", () => {
  const cells = runsOf(board, "quick").map(({ tags: { task, layer } }) => `${task} ${layer}`);
  assert.ok(unique(cells).length <= 12);
});

Deno.test("parity and its lengths are the cells of the leaderboard, not other ones", () => {
  const graph = graphOf(board, "standard");
  const same = new Set(graph.jobs.map(({ stage, params }) => JSON.stringify([stage.name, params])));
  for (const { job } of runsOf(parity, "standard")) {
    assert.ok(same.has(JSON.stringify([job.stage.name, job.params])), job.label);
  }
});

Deno.test("filters are compared on eight systems, memories on eight seeds at half, once and twice the width of a key", () => {
  const tags = (experiment: Experiment, tag: string) =>
    unique(runsOf(experiment, "standard").map(({ tags }) => tags[tag]));
  assert.deepEqual(tags(filters, "seed"), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(tags(recall, "seed"), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(tags(recall, "pairs"), [4, 8, 16]);
  const jobs = graphOf(recall, "standard").jobs.filter(({ stage }) => stage.name === "train");
  for (const job of jobs) {
    const { model, layers, task } = paramsOf(job);
    const [{ options }] = layers;
    assert.equal(options.heads, 1);
    assert.equal(model.options.width * options.expandKey, 8);
    assert.equal(task.options.length, 64);
  }
  assert.equal(unique(jobs.map((job) => JSON.stringify(paramsOf(job).model))).length, 1);
});

Deno.test("every entry has the parameters of the leaderboard within 3 %", async () => {
  const models = runsOf(board, "paper").filter(({ tags }) => tags.result === "training");
  for (const { id } of entries) {
    const { job } = models.find(({ tags }) => tags.layer === id && tags.task === "recall")!;
    const { model, layers } = paramsOf(job);
    const choices = await Promise.all(layers.map(async ({ name, options }: Any) => {
      const { layer } = await import(`../../../../lib/layers/sequence/${name}.ts`);
      return { name, layer, options };
    }));
    const signature = { kind: "tokens", vocabulary: 256, classes: 256 } as const;
    const made = stack.configure(model.options, { signature, layers: choices });
    const inside = Object.entries(shapesOf(made))
      .filter(([name]) => !name.startsWith("ends."))
      .reduce((sum, [, shape]) => sum + sizeOf(shape), 0);
    assert.ok(Math.abs(inside / parameters - 1) <= 0.03, `${id}: ${inside}`);
  }
});
