/** @file What a sweep says at its end: the table, the best run, and how to go on. */
import assert from "node:assert/strict";
import type { Metric } from "../../../pipeline/sweep/config.ts";
import { printRuns, summaryOf } from "../../../pipeline/sweep/report.ts";
import type { SweepRun } from "../../../pipeline/sweep/state.ts";
import type { Sweep } from "../../../pipeline/sweep/sweep.ts";
import { bestOf, describe, ranked, reaches, tableOf } from "../../../pipeline/sweep/table.ts";

const METRIC: Metric = { name: "loss", goal: "minimize" };

const run = (
  name: string,
  state: SweepRun["state"],
  metrics: Record<string, number>,
  parameters: object,
  more: Partial<SweepRun> = {},
): SweepRun => ({ name, state, metrics, parameters: parameters as never, jobs: {}, ...more });

const RUNS = [
  run("0000", "done", { loss: 0.12345678 }, { train: { rate: 0.1, steps: 5 }, seed: 1, on: true }),
  run("0001", "done", { loss: 0.01 }, {
    train: { rate: 1 / 3, steps: 5 },
    seed: 12345678,
    on: true,
  }),
  run("0002", "failed", {}, { train: { rate: 0.1, steps: 5 }, seed: 1, list: [1, 2], on: true }, {
    error: "no way",
  }),
  run("0003", "open", {}, { train: { rate: 0.1, steps: 5 }, seed: 1, list: "x", on: true }),
];

/** Lines that a function prints. */
function printed(work: () => void): string[] {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => lines.push(line);
  try {
    work();
  } finally {
    console.log = log;
  }
  return lines;
}

const sweep = (metric = METRIC) =>
  ({ config: { id: "abc", name: "n", program: "p", method: "grid" }, metric }) as unknown as Sweep;

Deno.test("the table has what is the same once, and a column for what differs, best run first", () => {
  assert.deepEqual(tableOf(RUNS, METRIC), [
    "in all runs: on=true train.steps=5",
    "run   state   loss      list   seed      train.rate",
    "0001  done    0.01             12345678  0.333333",
    "0000  done    0.123457         1         0.1",
    "0002  failed            [1,2]  1         0.1",
    "0003  open              x      1         0.1",
  ]);
});

Deno.test("one run has no column of parameters, and no run no line but the titles", () => {
  assert.deepEqual(tableOf(RUNS.slice(0, 1), METRIC), [
    "in all runs: on=true seed=1 train.rate=0.1 train.steps=5",
    "run   state  loss",
    "0000  done   0.123457",
  ]);
  assert.deepEqual(tableOf([], METRIC), ["run  state  loss"]);
});

Deno.test("a run is described by what sets it apart", () => {
  assert.equal(describe(RUNS[1], RUNS), "train.rate=0.333333 seed=12345678");
  assert.equal(describe(RUNS[2], RUNS), "train.rate=0.1 seed=1 list=[1,2]");
  assert.equal(describe(RUNS[0], [RUNS[0]]), "");
});

Deno.test("after the table come the errors of the runs that failed", () => {
  const lines = printed(() => printRuns({ runs: RUNS } as never, sweep(), false));
  assert.deepEqual(lines.slice(0, -1), tableOf(RUNS, METRIC));
  assert.equal(lines.at(-1), "run 0002 failed: no way");
});

Deno.test("as JSON the runs are ranked, the best is named, and odd numbers are words", () => {
  const odd = run("0004", "done", { loss: NaN, up: -Infinity }, {});
  const [text] = printed(() => printRuns({ runs: [odd, ...RUNS] } as never, sweep(), true));
  assert.ok(text.startsWith('{\n "id": "abc",\n'), "in lines");
  const { runs, ...rest } = JSON.parse(text);
  assert.deepEqual(rest, {
    ...{ id: "abc", name: "n", program: "p", method: "grid", metric: METRIC, best: "0001" },
  });
  assert.deepEqual(
    runs.map(({ name }: SweepRun) => name),
    ["0001", "0000", "0004", "0002", "0003"],
  );
  assert.deepEqual(runs[2].metrics, { loss: "NaN", up: "-Infinity" });
  const [none] = printed(() => printRuns({ runs: [odd] } as never, sweep(), true));
  assert.equal(JSON.parse(none).best, null);
});

Deno.test("infinite metrics are no better than none, and ties are in the order of the runs", () => {
  const runs = [
    run("c", "done", { loss: 1 }, {}),
    run("b", "done", { loss: 1 }, {}),
    run("a", "done", { loss: -Infinity }, {}),
    run("d", "done", { other: 0 }, {}),
  ];
  for (const goal of ["minimize", "maximize"] as const) {
    assert.equal(ranked(runs, { name: "loss", goal }).map(({ name }) => name).join(""), "bcad");
    assert.equal(bestOf(runs, { name: "loss", goal })!.name, "b");
    assert.equal(bestOf(runs.slice(2), { name: "loss", goal }), undefined);
    assert.equal(bestOf([], { name: "loss", goal }), undefined);
  }
});

Deno.test("a target is reached by what is at least as good", () => {
  const at = (loss: number, goal: Metric["goal"], target?: number) =>
    reaches({ metrics: { loss } }, { name: "loss", goal, target });
  assert.deepEqual([0.9, 1, 1.1].map((x) => at(x, "minimize", 1)), [true, true, false]);
  assert.deepEqual([0.9, 1, 1.1].map((x) => at(x, "maximize", 1)), [false, true, true]);
  assert.ok(!at(0, "minimize"));
  assert.ok(at(-1, "minimize", 0));
  assert.ok(!reaches({ metrics: {} }, { name: "loss", goal: "minimize", target: 1 }));
});

Deno.test("the end names the best run, counts the states, and says how to go on", () => {
  const end = { total: " of 9", path: "f.json", retry: false };
  assert.deepEqual(summaryOf(RUNS, sweep(), end), [
    "Best: run 0001, loss 0.01 at train.rate=0.333333 seed=12345678.",
    "4 of 9 runs: 2 done, 1 failed, 1 open. Kept in f.json; the same command continues.",
  ]);
  assert.deepEqual(summaryOf(RUNS.slice(0, 1), sweep(), { ...end, total: "" }), [
    "Best: run 0000, loss 0.12345678.",
    "1 runs: 1 done. Kept in f.json; the same command continues.",
  ]);
  // A run whose parameters are refused has no jobs to try again.
  const broken = [run("0000", "failed", {}, {}, { jobs: { train: "key" } })];
  const said = (retry: boolean) => summaryOf(broken, sweep(), { ...end, retry }).slice(1);
  assert.deepEqual(said(false), [
    "Runs that failed are tried again when their code changes, or with --retry.",
  ]);
  assert.deepEqual(said(true), []);
});
