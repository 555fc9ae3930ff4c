/** @file What the cells of a published leaderboard are: data, budgets and searches, as they were fixed before its run. */
import assert from "node:assert/strict";
import * as board from "../../../../pipeline/experiments/leaderboard/leaderboard.ts";
import * as recall from "../../../../pipeline/experiments/leaderboard/recall_capacity.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { type Experiment, runsOf } from "../grids.ts";

// deno-lint-ignore no-explicit-any -- parameters of any stage
const paramsOf = (job: JobNode) => job.params as any;

/** A cell in a few words: its data, its model's ends, its training and the search before it. */
function cell(experiment: Experiment, profile: string, tags: Tags) {
  const found = runsOf(experiment, profile).filter((run) =>
    Object.entries(tags).every(([tag, value]) => run.tags[tag] === value)
  );
  const scored = found.find(({ tags }) => tags.result === "score")!.job;
  const [trained, data] = [scored.inputs.model, scored.inputs.data] as JobNode[];
  const { task, model, steps, batch, warmup, weightDecay } = paramsOf(trained);
  const { block: _, parameters: __, ...ends } = model.options;
  const tuned = trained.inputs.tuned as JobNode | undefined;
  const { batch: together, protocol } = paramsOf(scored);
  return {
    ...{ task: task.options, ends, train: { steps, batch, warmup, weightDecay } },
    search: tuned
      ? { rates: paramsOf(tuned).rates, rungs: paramsOf(tuned).rungs }
      : paramsOf(trained).learningRate,
    score: { sequences: paramsOf(data).sequences, together, protocol },
  };
}

const layer = "lstm";

Deno.test("standard: recall of 4 pairs among 64 of 256 symbols, with one table for what is read and written", () => {
  const { search, ...rest } = cell(board, "standard", { task: "recall", layer });
  assert.deepEqual(search, { rates: [5e-3, 1e-2, 2e-2], rungs: [60, 120] });
  assert.deepEqual(rest, {
    task: { vocabulary: 256, length: 64, pairs: 4 },
    ends: { tie: true },
    train: { steps: 400, batch: 16, warmup: 30, weightDecay: 0 },
    score: { sequences: 1024, together: 256, protocol: {} },
  });
});

Deno.test("standard: parity of 3 to 40 symbols, scored on positions 41 to 256 of 4,096 sequences", () => {
  const { search, ...rest } = cell(board, "standard", { task: "parity", layer });
  assert.deepEqual(search, { rates: [5e-3, 1e-2, 2e-2], rungs: [100, 200] });
  assert.deepEqual(rest, {
    task: { minimum: 3, maximum: 40, length: 256 },
    ends: {},
    train: { steps: 800, batch: 8, warmup: 50, weightDecay: 0 },
    score: { sequences: 4096, together: 256, protocol: { from: 41, length: 256 } },
  });
});

Deno.test("standard: the group S3, trained on words of 3 to 16 symbols, scored on positions 17 to 64", () => {
  const { search, ...rest } = cell(board, "standard", { task: "automaton", layer });
  assert.deepEqual(search, { rates: [5e-3, 1e-2], rungs: [150] });
  assert.deepEqual(rest, {
    task: { automaton: "s3", minimum: 3, maximum: 16, length: 64 },
    ends: {},
    train: { steps: 800, batch: 16, warmup: 50, weightDecay: 0 },
    score: { sequences: 1024, together: 256, protocol: { from: 17, to: 64 } },
  });
});

Deno.test("standard: filtering of 128 observations at lambda .92, and its seeds are systems", () => {
  const { search, task, ...rest } = cell(board, "standard", { task: "filtering", layer });
  assert.deepEqual(search, { rates: [3e-3, 1e-2, 3e-2], rungs: [50] });
  const { lambda, latentDim, obsDim, length } = task;
  assert.deepEqual([lambda, latentDim, obsDim, length], [0.92, 64, 2, 128]);
  assert.deepEqual(rest, {
    ends: { norm: "fixed" },
    train: { steps: 350, batch: 8, warmup: 40, weightDecay: 0.01 },
    score: { sequences: 256, together: 128, protocol: {} },
  });
});

Deno.test("standard: forecasting 96 hours of ETTh1 from 96; quick: 14 days of weather from 60", () => {
  const { search, train, score, ends, task } = cell(board, "standard", {
    task: "forecasting",
    layer,
  });
  assert.deepEqual(search, { rates: [5e-4, 2e-3, 8e-3, 3e-2], rungs: [60] });
  assert.deepEqual(train, { steps: 400, batch: 32, warmup: 40, weightDecay: 0.01 });
  assert.deepEqual(score, { sequences: undefined, together: 512, protocol: {} });
  assert.deepEqual([ends, task.dataset], [{ patch: 8, norm: "last" }, "etth1"]);
  assert.deepEqual([task.lookback, task.horizon], [96, 96]);
  const weather = cell(board, "quick", { task: "forecasting", layer });
  assert.deepEqual([weather.ends, weather.task.dataset], [
    { patch: 4, norm: "last" },
    "seattle-weather",
  ]);
  assert.deepEqual([weather.task.lookback, weather.task.horizon], [60, 14]);
});

Deno.test("standard: memories see five times the sequences of the leaderboard's cells", () => {
  const { train, search, ends, task } = cell(recall, "standard", { pairs: 8, layer: "delta" });
  const { batch, ...usual } = cell(board, "standard", { task: "recall", layer }).train;
  assert.deepEqual(train, { ...usual, batch, steps: 5 * usual.steps });
  assert.deepEqual(search, { rates: [2.5e-3, 5e-3, 1e-2, 2e-2], rungs: [200, 600] });
  assert.deepEqual([task, ends.tie], [{ vocabulary: 80, length: 64, pairs: 8 }, undefined]);
});

Deno.test("quick: half the lengths, and one rate for all", () => {
  const of = (task: string) => cell(board, "quick", { task, layer });
  const brief = (task: string) => {
    const { train: { steps, batch, warmup }, search, score: { sequences, protocol } } = of(task);
    return [steps, batch, warmup, search, sequences, protocol];
  };
  assert.deepEqual(brief("filtering"), [100, 8, 20, 5e-3, 128, {}]);
  assert.deepEqual(brief("forecasting"), [100, 32, 20, 3e-3, undefined, {}]);
  assert.deepEqual(brief("parity"), [150, 32, 20, 1e-2, 512, { from: 21, length: 128 }]);
  assert.deepEqual(brief("recall"), [150, 32, 20, 2e-2, 512, {}]);
  assert.equal(of("filtering").task.length, 64);
  assert.deepEqual(of("parity").task, { minimum: 3, maximum: 20, length: 128 });
  assert.deepEqual(of("recall").task, { vocabulary: 64, length: 32, pairs: 4 });
});
