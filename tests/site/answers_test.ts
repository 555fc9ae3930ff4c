/** @file The three sentences of the front page and its figure, from tables with numbers that can be computed by hand. */
import assert from "node:assert/strict";
import { type Answer, answersOf } from "../../site/answers.ts";
import { type Layer, readLayers, useOf } from "../../site/catalogue/layers.ts";
import { GLOSSARY, termsOf } from "../../site/glossary.ts";
import { drawReach } from "../../site/plot/reach.ts";
import { reachOf } from "../../site/reach.ts";
import type { CellResult, ExperimentResult, Results } from "../../site/results.ts";
import { MOST_WORDS, wordsIn } from "../../site/words.ts";

const layers: Layer[] = await readLayers();

const label = (text: string): CellResult => ({
  ...{ kind: "label", value: null, low: null, high: null, n: null, text, interval: null, runs: [] },
});
const cell = (value: number, low: number | null = null, high: number | null = null) => ({
  ...label(`${100 * value} %`),
  ...{ kind: "measured" as const, value, low, high },
  interval: low === null ? null : `[${100 * low}, ${100 * high!}]`,
});

function table(id: string, rows: Record<string, CellResult>[], clauses: unknown[] = []) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return {
    ...{ id, title: `Title of ${id}`, clauses },
    columns: columns.map((id) => ({ id, label: id })),
    rows: rows.map((row) => new Map(Object.entries(row))),
  } as unknown as ExperimentResult;
}

const results = (...experiments: ExperimentResult[]) => ({ experiments }) as Results;

const board = table("leaderboard", [
  { layer: label("LRU, bare"), gap_filtering: cell(0.9), gap_parity: cell(-0.01) },
  {
    layer: label("dense recurrence, bare"),
    gap_filtering: cell(0.99, 0.98, 1),
    gap_parity: cell(NaN),
  },
  { layer: label("LRU"), gap_filtering: cell(0.995), gap_parity: cell(0.02) },
  { layer: label("DeltaNet [-1, 1]"), gap_filtering: cell(0.5), gap_parity: cell(0.9, 0.6, 1.25) },
  { layer: label("LSTM"), gap_filtering: cell(0.8), gap_parity: cell(1) },
  { layer: label("softmax attention"), gap_filtering: cell(0.7), gap_parity: cell(0) },
  { layer: label("mine"), gap_filtering: cell(2), gap_parity: cell(2) },
]);

const depthRow = (
  setting: string,
  model: string,
  mse: number,
  over?: CellResult,
  excess?: number,
) => ({
  ...{ setting: label(setting), model: label(model), mse: cell(mse) },
  ...(over ? { over_ols: over } : {}),
  ...(excess === undefined ? {} : { excess: cell(excess) }),
});
const depth = table("depth-scaling", [
  depthRow("a", "repeat-last", 1.5),
  depthRow("a", "ols", 0.5),
  depthRow("a", "deep-linear-1", 0.5, cell(0), 0),
  depthRow("a", "deep-linear-10", 0.5, cell(0.01, -0.02, 0.04), 0.001),
  depthRow("a", "deep-linear-50", 0.5, cell(0.4), 0.0011),
]);

const filters = table("filter-leaderboard", [], [{
  ...{
    kind: "clause",
    what: "1 over the open fraction of the dense recurrence, mean over lambdas",
  },
  ...{ scale: "factor", effect: Math.log(100), low: Math.log(50), high: Math.log(200) },
}]);

const told = ({ sentence }: Answer) => sentence.map(({ text }) => text).join("");

Deno.test("every clause is answered from its strongest table, in at most as many words as a finding may have", () => {
  const answers = answersOf(results(filters, board, depth), layers);
  assert.deepEqual(answers.map(({ source }) => source?.id), [
    "filter-leaderboard",
    "depth-scaling",
    "leaderboard",
  ]);
  const [linear, deep, counting] = answers.map(told);
  assert.match(linear, /closes 99\.0\u00a0% \[98\.0, 99\.5\] of the gap/);
  assert.match(
    deep,
    /^A product of 10 .* on a its .* by 2\.00\u00a0% \[−4\.00, 8\.00\]\.$/,
    "of .5",
  );
  assert.match(
    counting,
    /LSTM, nonlinear, closes 100\u00a0%, .* 90\u00a0% \[60, 125\], a linear recurrence -1\u00a0%\.$/,
  );
  for (const answer of answers) assert.ok(wordsIn(told(answer)) <= MOST_WORDS, told(answer));
});

Deno.test("a profile without the strongest table tells the next, and without any says so", () => {
  const [linear, ...others] = answersOf(results(board), layers);
  assert.equal(
    told(linear),
    "The linear recurrence dense recurrence, bare closes 99\u00a0% [98, 100] of the gap from predicting zero to the Kalman filter.",
  );
  assert.equal(told(others[0]), "Not measured in this profile.");
  assert.equal(others[0].source, undefined);
  for (const answer of answersOf(results(), layers)) assert.equal(answer.source, undefined);
  const odd = table("depth-scaling", [depthRow("a", "deep-linear-9", 1, cell(0.1), 0)]);
  assert.equal(answersOf(results(odd), layers)[1].source, undefined, "nothing to compare with");
});

Deno.test("the figure has the best of each kind on every task, and depth after the second", () => {
  const { groups } = reachOf(results(board, depth), layers)!;
  assert.deepEqual(
    groups.map((
      { title, bars },
    ) => [title, ...bars.map(({ label, value }) => `${label} ${value}`)]),
    [
      [
        "filtering",
        "dense recurrence, bare 0.99",
        "LRU 0.995",
        "LSTM 0.8",
        "softmax attention 0.7",
      ],
      ["parity", "LRU, bare -0.01", "DeltaNet [-1, 1] 0.9", "LSTM 1", "softmax attention 0"],
      ["depth, a", "1 matrix 1", "10 matrices 0.99", "50 matrices 0.6"],
    ],
  );
  const ten = groups[2].bars[1];
  assert.deepEqual([ten.low!.toFixed(9), ten.high!.toFixed(9)], ["0.960000000", "1.020000000"]);
  assert.equal(reachOf(results(depth), layers), undefined);
});

Deno.test("the figure names every number for those who do not see it, and none lies outside", () => {
  const drawn = drawReach(reachOf(results(board, depth), layers)!);
  assert.match(
    drawn.wide,
    /aria-label="Per cent of the gap closed\. filtering: dense recurrence, bare 99\.0, /,
  );
  assert.match(drawn.wide, /LRU, bare −1\.0/);
  assert.deepEqual(drawn.legend.map(({ name }) => name), [
    "linear throughout",
    "linear in its state",
    "nonlinear state",
    "attention",
  ]);
  for (const [svg, width] of [[drawn.wide, 800], [drawn.narrow, 340]] as const) {
    const places = [...svg.matchAll(/(?:x1|x2)="([-\d.]+)"/g)].map(([, x]) => Number(x));
    assert.ok(
      places.length > 0 && places.every((x) => x >= 0 && x <= width),
      `${width}: ${places}`,
    );
  }
});

Deno.test("a layer's use is told by its kind, and by what stands beside it", () => {
  const uses = [
    "LRU, bare",
    "LRU",
    "GLA",
    "DeltaNet [-1, 1]",
    "E1",
    "linear attention",
    "softmax attention",
    "Zero",
  ];
  assert.deepEqual(uses.map((name) => useOf(name, layers)), [
    "linear throughout",
    ...Array(3).fill("linear in its state"),
    "nonlinear state",
    "linear in its state",
    "attention",
    undefined,
  ]);
});

Deno.test("every layer of the library is described by its own file", () => {
  assert.ok(layers.length >= 20);
  for (const { id, name, paper, kind, summary, path } of layers) {
    for (const text of [id, name, paper, kind, summary]) assert.ok(text, path);
    assert.ok(!/[*]\s|@file|\{@/.test(summary), summary);
  }
  assert.equal(new Set(layers.map(({ id }) => id)).size, layers.length);
  assert.match(layers.find(({ id }) => id === "mingru")!.details, /^h_t = \(1 - z_t\) h_\{t-1\}/);
});

Deno.test("the glossary is in order, and what it does not define is an error", () => {
  const terms = GLOSSARY.map(({ term }) => term.replace(/^by /, "").toLowerCase());
  assert.deepEqual(terms, terms.toSorted());
  assert.deepEqual(termsOf("floor").map(({ term }) => term), ["floor"]);
  assert.throws(() => termsOf("nosuch"), /has no "nosuch"/);
});
