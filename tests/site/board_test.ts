/** @file The leaderboard across families, from tables with numbers that can be computed by hand, and what models cost. */
import assert from "node:assert/strict";
import { boardOf, eigenvaluesOf } from "../../site/board.ts";
import { layerOf, readLayers } from "../../site/catalogue/layers.ts";
import { drawPareto, frontier, logTicks } from "../../site/plot/pareto.ts";
import type { CellResult, ExperimentResult, Results } from "../../site/results.ts";

const layers = await readLayers();

const label = (text: string): CellResult => ({
  ...{ kind: "label", value: null, low: null, high: null, n: null, text, interval: null, runs: [] },
});
const cell = (value: number, ends: [number, number] | [] = []): CellResult => ({
  ...label(`~${value}`),
  ...{ kind: "measured", value, low: ends[0] ?? null, high: ends[1] ?? null },
});

const table = (id: string, rows: Record<string, CellResult>[], title = id) =>
  ({
    ...{ id, title, rows: rows.map((row) => new Map(Object.entries(row))) },
    columns: [...new Set(rows.flatMap((row) => Object.keys(row)))].map((id) => ({ id, label: id })),
  }) as unknown as ExperimentResult;

const results = {
  experiments: [
    table("filter-leaderboard", [
      { lambda: label("0.36"), predictor: label("LSTM"), gap_closed: cell(0.1) },
      { lambda: label("0.92"), predictor: label("LSTM"), gap_closed: cell(0.9), seconds: cell(6) },
      { lambda: label("0.92"), predictor: label("zero"), gap_closed: cell(0) },
      { lambda: label("0.92"), predictor: label("dense recurrence"), gap_closed: cell(0.99) },
      { lambda: label("0.92"), predictor: label("odd"), gap_closed: cell(NaN) },
    ]),
    table("depth-scaling", [
      {
        setting: label("a"),
        model: label("repeat-last"),
        mse: cell(1.5),
        over_ols: cell(1, [0.9, 1.2]),
      },
      { setting: label("a"), model: label("ols"), mse: cell(0.5) },
      {
        setting: label("a"),
        model: label("deep-linear-10"),
        mse: cell(0.6),
        over_ols: cell(0.1, [0, 0.2]),
      },
      { setting: label("b"), model: label("ols"), mse: cell(2) },
      { setting: label("b"), model: label("repeat-last"), mse: cell(1) },
      { setting: label("c"), model: label("ols"), mse: cell(1) },
      { setting: label("c"), model: label("repeat-last"), mse: cell(2) },
    ]),
    table("leaderboard", [
      {
        layer: label("LRU, bare"),
        rank: cell(1.5),
        gap_filtering: cell(0.9),
        gap_parity: cell(0),
        memory: cell(91),
      },
      { layer: label("DeltaNet [-1, 1]"), gap_filtering: cell(0.8), parameters: cell(7) },
    ]),
    table("leaderboard-etth1", [
      { layer: label("new"), gap_forecasting: cell(2) },
      { layer: label("LRU, bare"), gap_forecasting: cell(1) },
    ], "Every sequence layer on ETTh1"),
  ],
} as unknown as Results;

Deno.test("a row is about a layer, however it is used; a hybrid is about none", () => {
  const known = ["DeltaProduct", "GateLoop", "LRU", "DeltaNet"].map((name) => ({ name }));
  const of = (label: string) => layerOf(label, known as unknown as Parameters<typeof layerOf>[1]);
  assert.deepEqual(
    [
      ...["LRU", "LRU, bare", "DeltaNet [-1, 1]", "GateLoop (-1, 1)"],
      ...["DeltaProduct, factors in [0, 1]", "Griffin: LRU, local attention", "LRUs"],
    ].map((label) => of(label)?.name),
    ["LRU", "LRU", "DeltaNet", "GateLoop", "DeltaProduct", undefined, undefined],
  );
});

Deno.test("families meet in the tasks that are seen at first; the others can be chosen", () => {
  const { tasks, families } = boardOf(results, layers);
  assert.deepEqual(tasks.map(({ id, group }) => [id, group]), [
    ["filtering", undefined],
    ["parity", undefined],
    ["forecasting", undefined],
    ["leaderboard-etth1-forecasting", "forecasting"],
    ["lambda-0.36", "filtering by λ"],
    ["forecast-c", "forecasting"],
  ]);
  assert.deepEqual(
    families.map(({ id, models }) => [id, ...models.map(({ label, kind }) => `${label}: ${kind}`)]),
    [
      ["layers", "LRU, bare: linear throughout", "DeltaNet [-1, 1]: linear in its state"],
      [
        "filters",
        "dense recurrence: linear throughout",
        "LSTM: nonlinear state",
        "zero: reference",
        "odd: other",
      ],
      [
        "forecasters",
        "repeat-last: reference",
        "ols: linear throughout",
        "deep-linear-10: linear throughout",
      ],
    ],
  );
});

Deno.test("every number keeps its text and leads to the row it stands in", () => {
  const { families: [sequence, filters, forecasters] } = boardOf(results, layers);
  const [lru, delta] = sequence.models;
  assert.deepEqual(lru.scores["leaderboard-etth1-forecasting"], {
    ...{ value: 1, text: "~1", interval: null },
    href: "provenance/leaderboard-etth1/2.html#gap_forecasting",
  });
  assert.deepEqual([lru.rank?.value, lru.state?.value, lru.parameters, lru.eigenvalues], [
    ...[1.5, 91, undefined, "complex, up to 1"],
  ]);
  assert.deepEqual([delta.parameters?.value, delta.eigenvalues, delta.layer], [
    7,
    "[−1, 1]",
    "deltanet",
  ]);
  const lstm = filters.models[1];
  assert.deepEqual([
    lstm.scores.filtering.value,
    lstm.scores["lambda-0.36"].value,
    lstm.seconds?.value,
  ], [0.9, 0.1, 6]);
  const [floor, ols, deep] = forecasters.models;
  assert.deepEqual([floor, ols, deep].map(({ scores }) => scores.forecasting.value.toFixed(9)), [
    ...["0.000000000", "1.000000000", "0.900000000"],
  ]);
  assert.deepEqual(deep.scores.forecasting.interval, "[80.0, 100.0]");
  assert.equal(deep.scores.forecasting.href, "provenance/depth-scaling/3.html#mse");
  assert.equal(ols.scores["forecast-b"], undefined, "a floor below the optimum leaves no gap");
  assert.deepEqual(boardOf({ experiments: [] } as unknown as Results, layers), {
    tasks: [],
    families: [],
  });
});

Deno.test("ranges of eigenvalues are few enough to choose from", () => {
  const range = (text: string, name = "x") => eigenvaluesOf(name, { eigenvalues: text });
  assert.equal(range("(0, 1), the gates"), "[0, 1]");
  assert.equal(range("[0, 1]; [-1, 1] with negative: true"), "[0, 1]");
  assert.equal(range("[0, 1]; [-1, 1] with negative: true", "DeltaNet [-1, 1]"), "[−1, 1]");
  assert.equal(range("|lambda| < 1, complex"), "complex, up to 1");
  assert.equal(range("any, those of A"), "any");
  assert.equal(range("1: what was seen stays"), "1");
  assert.equal(range("keep, of the averages"), "other");
  const all = new Set(layers.map((layer) => eigenvaluesOf(layer.name, layer)));
  assert.ok(all.size <= 6, [...all].join());
});

Deno.test("on the frontier stands who is beaten by no other in both", () => {
  const at = (label: string, cost: number, gain: number) => ({
    label,
    kind: "attention",
    cost,
    gain,
  });
  const models = [
    at("a", 1, 0.5),
    at("b", 2, 0.4),
    at("c", 3, 0.9),
    at("d", 3, 0.8),
    at("e", 4, 0.9),
    at("f", 1, 0.5),
  ];
  assert.deepEqual(frontier(models).map(({ label }) => label), ["a", "f", "c"]);
  assert.deepEqual(frontier([]), []);
  const svg = drawPareto({
    title: "t",
    cost: "seconds",
    models: [...models, at("g", 0, 1), at("h", NaN, 1)],
  });
  assert.match(
    svg,
    /aria-label="t: gap closed against seconds\. Not beaten in both: a 50\.0 % at 1, f 50\.0 % at 1, c 90\.0 % at 3\."/,
  );
  assert.equal(svg.match(/<title>/g)!.length, 6, "what has no finite price has no place");
  assert.equal(drawPareto({ title: "t", cost: "c", models: [at("g", 0, 1)] }), "");
});

Deno.test("a logarithmic axis names powers of ten, or 1, 2 and 5 of them where these are too few", () => {
  assert.deepEqual(logTicks([48, 12290]), [100, 1000, 10000]);
  assert.deepEqual(logTicks([1, 1000]), [1, 10, 100, 1000]);
  assert.deepEqual(logTicks([0.2, 9.6]), [0.2, 0.5, 1, 2, 5]);
  assert.deepEqual(logTicks([3]), []);
});
