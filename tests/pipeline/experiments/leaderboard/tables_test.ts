/** @file The tables of the leaderboard's experiments and both sides of their rules, from scores made by hand. */
import assert from "node:assert/strict";
import * as board from "../../../../pipeline/experiments/leaderboard/leaderboard.ts";
import * as filters from "../../../../pipeline/experiments/leaderboard/linear_filters.ts";
import * as parity from "../../../../pipeline/experiments/leaderboard/parity_by_length.ts";
import * as recall from "../../../../pipeline/experiments/leaderboard/recall_capacity.ts";
import { nameOf, type Tags } from "../../../../pipeline/tags.ts";
import { type Experiment, type Made, tableOf } from "../grids.ts";
import { madeRun } from "./made_run.ts";

/** Gap closed (or, of recall's capacity, the accuracy) of a cell's seed. */
type Score = (task: string, layer: string, seed: number, tags: Tags) => number;

interface Asked {
  layers: string[];
  tasks?: string[];
  seeds?: number;
  /** Tags that cells have beside those. */
  more?: Tags[];
}

function made({ layers, tasks = ["parity"], seeds = 3, more = [{}] }: Asked, score: Score): Made[] {
  return more.flatMap((extra) =>
    layers.flatMap((layer) =>
      tasks.flatMap((task) =>
        Array.from({ length: seeds }, (_, seed): Made[] => {
          const tags = { task, layer, seed, ...extra };
          const gapClosed = score(task, layer, seed, tags);
          return [
            madeRun({ ...tags, result: "training" }),
            madeRun({ ...tags, result: "score" }, gapClosed),
          ];
        }).flat()
      )
    )
  );
}

const judged = async (experiment: Experiment, asked: Asked, score: Score) =>
  (await tableOf(experiment, made(asked, score))).outcome;

Deno.test("a layer's rank is its mean place over tasks, of each seed, and ties share theirs", async () => {
  const places: Record<string, number[]> = { // gap closed by task
    lstm: [0.9, 0.9],
    gru: [0.75, 0.9],
    e1: [0.7, 0.1],
  };
  const tasks = ["filtering", "recall"];
  const table = await tableOf(
    board,
    made({ layers: ["e1", "gru", "lstm"], tasks }, (task, layer, seed) =>
      // With the last seed e1 is best on filtering.
      task === "filtering" && layer === "e1" && seed === 2
        ? 1
        : places[layer][tasks.indexOf(task)]),
  );
  assert.deepEqual(table.names("layer"), ["LSTM", "GRU", "E1"]);
  const rank = (layer: string) => table.cell({ layer }, "rank");
  // LSTM: 1 and 1.5; with the last seed 2 and 1.5.
  assert.ok(Math.abs(rank("LSTM").value - (1.25 + 1.25 + 1.75) / 3) < 1e-12);
  assert.ok(Math.abs(rank("GRU").value - (1.75 + 1.75 + 2.25) / 3) < 1e-12);
  assert.ok(Math.abs(rank("E1").value - (3 + 3 + 2) / 3) < 1e-12);
  assert.ok(rank("E1").low! < rank("E1").value && rank("E1").high! > rank("E1").value);
  assert.equal(table.cell({ layer: "GRU" }, "gap_filtering").value, 0.75);
  assert.equal(table.cell({ layer: "GRU" }, "parameters").value, 13_000);
  assert.equal(table.cell({ layer: "GRU" }, "difference").value, 0);
  assert.equal(table.cell({ layer: "GRU" }, "memory").value, 70);
  assert.equal(table.cell({ layer: "GRU" }, "rate_recall").value, 2 ** -8);
  assert.match(table.summary.findings[0], /LSTM on filtering \(90\.0 %\).*3 layers, 3 seeds/);
  assert.match(table.summary.findings[1], / in 2 of 6 cells: GRU on filtering, GRU on recall\.$/);
});

Deno.test("the best of a task is named wherever it stands, and one edge by its name", async () => {
  const best: Record<string, string> = { filtering: "gru", parity: "lstm", recall: "lstm" };
  const table = await tableOf(
    board,
    made(
      { layers: ["gru", "lstm"], tasks: Object.keys(best), seeds: 1 },
      (task, layer) => best[task] === layer ? 0.75 : 0.25,
    ).filter(({ tags }) => tags.layer !== "gru" || tags.task !== "recall"),
  );
  const [closed, edges] = table.summary.findings;
  assert.equal(
    closed,
    "The most of the gap is closed by GRU on filtering (75.0 %), LSTM on parity (75.0 %), LSTM on recall (75.0 %); 2 layers, 1 seed a cell.",
  );
  assert.match(edges, / in 1 of 3 cells: GRU on filtering\.$/);
});

Deno.test("the reason names whom it compares, on every task", async () => {
  const { summary: { verdict: { reason } } } = await tableOf(
    board,
    made({ layers: compared }, (_, layer) => layer === "lstm" ? 0.25 : 0.5),
  );
  assert.equal(
    reason,
    "Mean differences: parity against LSTM 25.0 %, parity against softmax attention 0.0 %; 3 seeds.",
  );
});

Deno.test("seconds are those of the run that timed a cell, and absent where none did", async () => {
  const runs = made({ layers: ["gru", "lstm"], tasks: ["filtering", "parity"] }, () => 0.5);
  const time = { task: "parity", layer: "lstm", result: "time" };
  const table = await tableOf(board, [...runs, { tags: time, scalars: { steps: 500 } }]);
  const training = table.observed({ layer: "LSTM" }, "seconds_parity");
  assert.deepEqual(training.observed, { name: "step seconds", times: "steps" });
  const token = table.observed({ layer: "LSTM" }, "token_seconds_parity");
  assert.deepEqual(token.observed, { name: "token seconds", scale: 1e6 });
  assert.deepEqual([training.runs, token.runs], [[nameOf(time)], [nameOf(time)]]);
  for (const [layer, task] of [["LSTM", "filtering"], ["GRU", "parity"], ["GRU", "filtering"]]) {
    const row = table.row({ layer });
    assert.deepEqual([row[`seconds_${task}`], row[`token_seconds_${task}`]], [
      undefined,
      undefined,
    ]);
  }
});

Deno.test("a layer that was not run on all tasks has no rank and stands last", async () => {
  const runs = [
    ...made({ layers: ["e1"], tasks: ["filtering"] }, () => 1),
    ...made(
      { layers: ["gru", "lstm"], tasks: ["filtering", "parity"] },
      (_, layer) => layer === "gru" ? 0.9 : 0.5,
    ),
  ];
  const table = await tableOf(board, runs);
  assert.deepEqual(table.names("layer"), ["GRU", "LSTM", "E1"]);
  assert.equal(table.row({ layer: "E1" }).rank, undefined);
  assert.equal(table.row({ layer: "E1" }).gap_parity, undefined);
  assert.equal(table.cell({ layer: "GRU" }, "rank").value, 1);
});

Deno.test("a layer and a task that nobody listed stand under their own names", async () => {
  const table = await tableOf(board, made({ layers: ["mine"], tasks: ["own"] }, () => 0.375));
  assert.deepEqual(table.names("layer"), ["mine"]);
  assert.equal(table.cell({ layer: "mine" }, "gap_own").value, 0.375);
  assert.equal(table.outcome, "illustration");
});

Deno.test("of rates that were not tuned no edge is told, of others that there is none", async () => {
  const findings = async (tasks: string[]) =>
    (await tableOf(board, made({ layers: ["e1", "lstm"], tasks }, () => 0.5))).summary.findings;
  assert.equal((await findings(["parity"])).length, 1);
  assert.match((await findings(["parity", "recall"]))[1], / in 0 of 2 cells\.$/);
});

const compared = ["deltanet-negative", "lstm", "softmax-attention"];
for (
  const [outcome, lead, seeds] of [
    ["supported", () => -0.04, 3],
    ["supported", () => 0.3, 3],
    ["refuted", () => -0.2, 3],
    // A mean beyond the margin whose interval is not.
    ["undecided", (seed: number) => [-0.3, 0, 0.05][seed], 3],
    ["illustration", () => -0.2, 2],
  ] as const
) {
  Deno.test(`leaderboard: ${outcome} where one layer leads by ${lead(0)} on one task, ${seeds} seeds`, async () => {
    const score: Score = (task, layer, seed) =>
      0.5 + (task === "recall" && layer === compared[0] ? lead(seed) : 0);
    const asked = { layers: compared, tasks: ["filtering", "recall"], seeds };
    assert.equal(await judged(board, asked, score), outcome);
  });
}

Deno.test("leaderboard: nothing is judged where one of the compared is missing", async () => {
  assert.equal(await judged(board, { layers: compared.slice(0, 2) }, () => 0.5), "illustration");
});

const counters = ["deltanet-negative", "lstm", "gru", "mamba2", "lru"];
/** What each reaches, where nothing else is said. */
const expected = (layer: string) => layer === "mamba2" || layer === "lru" ? 0.01 : 1;
for (
  const [outcome, what, score] of [
    ["supported", "all is as expected", (_, layer) => expected(layer)],
    [
      "supported",
      "one seed of three fails",
      (_, layer, seed) => layer === "lstm" && seed === 1 ? 0.2 : expected(layer),
    ],
    [
      "refuted",
      "two seeds of three fail",
      (_, layer, seed) => layer === "lstm" && seed > 0 ? 0.2 : expected(layer),
    ],
    ["refuted", "one that cannot does", (_, layer) => layer === "mamba2" ? 0.2 : expected(layer)],
    [
      "undecided",
      "one that cannot may",
      (_, layer, seed) => layer === "mamba2" ? [0, 0.02, 0.2][seed] : expected(layer),
    ],
    ["supported", "what is not judged fails", (_, layer) => layer === "gru" ? 0 : expected(layer)],
  ] as [string, string, Score][]
) {
  Deno.test(`parity by length: ${outcome} where ${what}`, async () => {
    assert.equal(await judged(parity, { layers: counters }, score), outcome);
  });
}

Deno.test("parity by length: every seed is printed, with median, bound and the lengths of training", async () => {
  const table = await tableOf(
    parity,
    made(
      { layers: ["lstm", "mamba2", "gru"] },
      (_, layer, seed) => layer === "lstm" ? [0.7, 1, 0.2][seed] : 0.1,
    ),
  );
  const value = (column: string, layer = "LSTM") => table.cell({ layer }, column).value;
  assert.deepEqual([0, 1, 2].map((seed) => value(`seed_${seed}`)), [0.7, 1, 0.2]);
  assert.equal(value("median"), 0.7);
  // Mean .6333, standard deviation .4041, t(.95, 2) = 2.91999.
  assert.ok(Math.abs(value("upper") - (0.633333 + 2.919986 * 0.404145 / Math.sqrt(3))) < 1e-5);
  assert.ok(Math.abs(value("within") - (1 - 2 * 0.2)) < 1e-12);
  assert.deepEqual(
    ["LSTM", "Mamba-2", "GRU"].map((layer) => table.row({ layer }).theory),
    ["can", "cannot", "not judged"],
  );
  const few = await tableOf(parity, made({ layers: ["lstm"], seeds: 2 }, () => 1));
  assert.equal(few.outcome, "illustration");
  const said = async (seeds: number) =>
    (await tableOf(parity, made({ layers: ["lstm"], seeds }, () => 1))).summary.findings[0];
  assert.match(await said(1), /, median of 1 seed: LSTM 100\.0 %\.$/);
  assert.match(await said(2), /, median of 2 seeds: /);
});

for (
  const [outcome, lru, dense] of [
    ["supported", 0.2, 0.1],
    ["refuted", 0.2, -0.1],
    ["refuted", -0.2, 0.1],
    ["undecided", 0.2, 0],
  ] as const
) {
  Deno.test(`linear filters: ${outcome} where LRU leads by ${lru} and the dense recurrence by ${dense}`, async () => {
    const lead: Record<string, number> = { "bare-lru": lru, "bare-dense-recurrence": dense };
    const asked = { layers: ["softmax-attention", ...Object.keys(lead)], tasks: ["filtering"] };
    const score: Score = (_, layer, seed) =>
      0.5 + (lead[layer] ?? 0) + 0.01 * ((seed * (layer.length % 7)) % 5 - 2);
    assert.equal(await judged(filters, { ...asked, seeds: 8 }, score), outcome);
    assert.equal(await judged(filters, { ...asked, seeds: 7 }, score), "illustration");
    const table = await tableOf(filters, made({ ...asked, seeds: 8 }, score));
    const { value } = table.cell({ layer: "LRU, bare" }, "difference");
    assert.ok(Math.abs(value - lru) < 0.03, `${value}`);
    assert.equal(table.row({ layer: "softmax attention" }).difference, undefined);
  });
}

for (
  const [outcome, differences] of [
    ["supported", [0.3, 0, -0.01]],
    ["refuted", [0.3, 0, -0.05]],
    ["undecided", [0.3, 0, -0.02]],
  ] as const
) {
  Deno.test(`recall: ${outcome} where the delta rule leads by ${differences}`, async () => {
    const pairs = [4, 8, 16];
    const score: Score = (_, layer, seed, tags) =>
      0.5 + 0.001 * (seed % 3 - 1) * (layer === "delta" ? 1 : -1) +
      (layer === "delta" ? differences[pairs.indexOf(tags.pairs as number)] : 0);
    const asked = {
      layers: ["delta", "additive"],
      tasks: ["recall"],
      seeds: 8,
      more: pairs.map((pairs) => ({ pairs })),
    };
    const table = await tableOf(recall, made(asked, score));
    assert.equal(table.outcome, outcome, table.summary.verdict.reason);
    assert.deepEqual(table.names("pairs"), pairs);
    const labels = { pairs: 16, rule: "delta rule" };
    assert.ok(Math.abs(table.cell(labels, "difference").value - differences[2]) < 0.002);
    assert.ok(Math.abs(table.cell(labels, "accuracy").value - 0.5 - differences[2]) < 0.002);
  });
}
