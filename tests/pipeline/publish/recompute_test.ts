/** @file From the published scores alone every cell and every verdict follows: with real DuckDB, by the queries that the site prints. */
import assert from "node:assert/strict";
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { parseSummary, type Summary } from "../../../pipeline/results.ts";
import {
  closedness,
  contrastMinus,
  effectOf,
  openRatio,
  plainEffect,
} from "../../../pipeline/table/effects.ts";
import { verdictOf } from "../../../pipeline/table/judged.ts";
import { Runs } from "../../../pipeline/table/runs.ts";
import { withScores } from "../../../pipeline/table/scores.ts";
import { tableOf } from "../../../pipeline/table/table.ts";
import {
  cellOf,
  differenceCell,
  mapped,
  meanOver,
  minus,
  termsOf,
} from "../../../pipeline/table/values.ts";
import { nameOf, type Tags } from "../../../pipeline/tags.ts";
import { assertRecomputed, assertTablesRecomputed, published, sourceOf } from "./recomputed.ts";
import { query } from "./query.ts";

interface Made {
  excess: number;
  gap: number;
}

/** Runs of two models on systems, at two settings, with scores by a rule. */
function runsOf(
  systems: number,
  score: (model: string, seed: number, noise: number) => Made,
): { runs: Runs; tags: Map<string, Tags> } {
  const all = ["a", "b"].flatMap((model) =>
    [0.5, 0.9].flatMap((lambda) =>
      Array.from({ length: systems }, (_, seed): Tags => ({ model, lambda, seed }))
    )
  );
  const runs = all.map((tags, i) => ({
    name: nameOf(tags),
    tags,
    files: [],
    scalars: { ...score(String(tags.model), Number(tags.seed), normals(keyOf(i), 1)[0]) },
    bytes: () => new Uint8Array(),
    text: () => "",
    json: () => undefined,
    tensors: () => ({}),
  }));
  return { runs: new Runs(runs), tags: new Map(runs.map(({ name, tags }) => [name, tags])) };
}

/** A table with every kind of cell, and a hypothesis with every kind of clause. */
function summarize(
  { runs, tags }: ReturnType<typeof runsOf>,
  hypothesis: Hypothesis,
): Summary {
  const of = (model: string, lambda: number, metric: "excess" | "gap") =>
    runs.where({ model, lambda }).each("seed", ({ scalars }) => scalars[metric], metric);
  const open = (model: string, lambda: number) => ({
    excess: of(model, lambda, "excess"),
    gap: of(model, lambda, "gap"),
  });
  const closed = (model: string, lambda: number) =>
    mapped(
      of(model, lambda, "excess"),
      (x, i) => 1 - x / of(model, lambda, "gap").values[i],
      "closed",
    );
  const settings = [0.5, 0.9];
  const rows = settings.flatMap((lambda) => ["a", "b"].map((model) => ({ lambda, model })));
  const median = (values: readonly number[]) => {
    const sorted = values.toSorted((a, b) => a - b);
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  };
  type Row = typeof rows[number];
  const table = tableOf<Row>(rows, [
    { id: "lambda", label: "lambda", of: ({ lambda }) => lambda },
    { id: "model", label: "model", format: "text", of: ({ model }) => model },
    {
      id: "excess",
      label: "excess",
      of: ({ model, lambda }) => cellOf(of(model, lambda, "excess")),
    },
    {
      id: "nameless",
      label: "square",
      of: ({ model, lambda }) => cellOf(mapped(of(model, lambda, "gap"), (x) => x * x)),
    },
    {
      id: "same",
      label: "constant",
      of: ({ model, lambda }) =>
        cellOf(mapped(of(model, lambda, "gap"), () => 3, `three of ${model}`)),
    },
    {
      id: "difference",
      label: "a - b",
      of: ({ lambda }) => differenceCell(closed("a", lambda), closed("b", lambda)),
    },
    {
      id: "over",
      label: "over settings",
      of: ({ model }) => cellOf(meanOver(settings.map((lambda) => closed(model, lambda)))),
    },
    {
      id: "median",
      label: "median",
      of({ model, lambda }) {
        const { values, runs, terms } = {
          ...closed(model, lambda),
          terms: termsOf(closed(model, lambda)),
        };
        return { value: median(values), runs: [...runs], terms, statistic: "median" };
      },
    },
    {
      id: "one",
      label: "one run",
      of: ({ model, lambda }) => ({ value: lambda * 7, runs: [of(model, lambda, "gap").runs[0]] }),
    },
    {
      id: "blocks",
      label: "of blocks",
      of({ model, lambda }) {
        const [run] = of(model, lambda, "gap").runs;
        const blocks = [1, 2, 4, 8].map((x) => x * lambda);
        const half = 3.182446305284263 *
          Math.sqrt((blocks.reduce((s, x) => s + (x - 3.75 * lambda) ** 2, 0)) / 3 / 4);
        return {
          ...{ value: 5 * lambda, low: 5 * lambda - half, high: 5 * lambda + half, runs: [run] },
          terms: [
            { coefficient: 1, metric: "error", runs: [run], values: [5 * lambda] },
            {
              ...{ coefficient: 1, metric: "error of a block", spread: true as const },
              ...{ runs: blocks.map(() => run), values: blocks, parts: [0, 1, 2, 3] },
            },
          ],
        };
      },
    },
  ]);
  const ratio = (lambda: number) => openRatio(open("b", lambda), open("a", lambda));
  const effects = [
    effectOf(ratio(0.5)),
    effectOf(closedness(open("a", 0.9))),
    effectOf(contrastMinus(ratio(0.9), ratio(0.5))),
    plainEffect(minus(closed("a", 0.5), closed("b", 0.5))),
  ].slice(0, hypothesis.clauses.length);
  const controls = [plainEffect(minus(closed("a", 0.5), closed("a", 0.9)))].slice(
    0,
    hypothesis.controls?.length ?? 0,
  );
  const summary = {
    ...table,
    verdict: verdictOf(hypothesis, effects, controls),
    ...{ findings: [], plots: [] },
  };
  return parseSummary(JSON.parse(JSON.stringify(withScores(summary, tags))), "test");
}

const clause = (margin?: number) => ({
  ...{ what: "effect", metric: "open fraction", scale: "factor" as const },
  ...(margin === undefined ? {} : { margin }),
});
const stated = (systems: number, margins: number[], control?: number): Hypothesis => ({
  unit: "system",
  seeds: Array.from({ length: systems }, (_, i) => i),
  clauses: margins.map(clause),
  controls: control === undefined ? [] : [{ ...clause(), scale: "points", margin: control }],
});
const gapOf = (seed: number) => 0.001 * (1 + seed % 5);
/** A model that leaves `share` open, b so many times as much. */
const spread = (times: number, noise = 0.2) => (model: string, seed: number, z: number): Made => ({
  gap: gapOf(seed),
  excess: gapOf(seed) * 0.1 * (model === "b" ? times : 1) * Math.exp(noise * z),
});

const tables: Record<string, [string, Summary]> = {
  "supported": ["supported", summarize(runsOf(20, spread(3)), stated(20, [0]))],
  "refuted": ["refuted", summarize(runsOf(12, spread(0.3)), stated(12, [0, 0, -1, -1]))],
  "open": ["undecided", summarize(runsOf(11, spread(1)), stated(11, [0]))],
  "margins": [
    "supported",
    summarize(runsOf(8, spread(3, 0.05)), stated(8, [Math.log(2), Math.log(5), -1, -0.5])),
  ],
  "controlled": ["supported", summarize(runsOf(9, spread(3, 0.1)), stated(9, [0], 0.15))],
  "uncontrolled": ["undecided", summarize(runsOf(9, spread(3)), stated(9, [0], 0.001))],
  "few": ["illustration", summarize(runsOf(5, spread(3)), stated(5, [0]))],
  "missing": ["illustration", summarize(runsOf(7, spread(3)), stated(9, [0]))],
  // Seven large systems say the opposite of the thirteen small ones.
  "contradicted": [
    "undecided",
    summarize(
      runsOf(20, (model, seed, z) => {
        const gap = seed < 7 ? 1 : 0.001;
        const worse = seed < 7 ? "a" : "b";
        return {
          gap,
          excess: gap * (model === worse ? seed < 7 ? 0.12 : 0.9 : 0.1) * Math.exp(0.01 * z),
        };
      }),
      stated(20, [0]),
    ),
  ],
  "at-the-optimum": [
    "supported",
    summarize(
      runsOf(8, (model, seed, z) => ({
        gap: gapOf(seed),
        excess: model === "a" && seed < 3
          ? 0
          : gapOf(seed) * (model === "b" ? 0.5 : 0.1) * Math.exp(0.1 * z),
      })),
      stated(8, [0]),
    ),
  ],
};

Deno.test("every cell and verdict of a published database follows from its scores, whatever the outcome", async () => {
  for (const [name, [outcome, { verdict }]] of Object.entries(tables)) {
    assert.equal(verdict.outcome, outcome, `${name}: ${verdict.reason}`);
  }
  const summaries = Object.fromEntries(Object.entries(tables).map(([id, [, s]]) => [id, s]));
  const counts = await assertTablesRecomputed(summaries);
  // Four rows of eight measured columns.
  assert.deepEqual(counts, { cells: 10 * 4 * 8, verdicts: 10 });
});

Deno.test("a verdict that stands alone but not among many is published as undecided, and says so", async () => {
  // p of 2/64 by itself; of six experiments 6/64.
  const weak = summarize(runsOf(6, spread(3, 0.05)), stated(6, [0]));
  assert.deepEqual([weak.verdict.outcome, weak.verdict.p], ["supported", 2 / 64]);
  const others = ["a", "b", "c", "d", "e"].map((id) => [id, tables.open[1]]);
  const summaries = { weak, ...Object.fromEntries(others) };
  await assertTablesRecomputed(summaries);
  const { verdict } = sourceOf(summaries).experiments[0].summary;
  assert.deepEqual([verdict.outcome, verdict.alone, verdict.q], [
    "undecided",
    "supported",
    12 / 64,
  ]);
  assert.match(
    verdict.reason,
    /By itself it is supported \(p = 0\.031\); among 6 experiments .* p is 0\.19/,
  );
  // Published again among fewer it stands, and no longer says so.
  const [again] = sourceOf({ weak: { ...weak, verdict } }).experiments;
  assert.equal(again.summary.verdict.outcome, "supported");
  assert.equal(again.summary.verdict.reason, weak.verdict.reason);
});

Deno.test("a score that is altered, or a verdict that is not what follows, does not go unseen", async () => {
  const altered = (change: (summary: Summary) => void) => {
    const summary = structuredClone(tables.supported[1]);
    change(summary);
    return published(sourceOf({ altered: summary }), (_, database) => assertRecomputed(database));
  };
  await altered(() => {});
  await assert.rejects(altered(({ scores }) => scores![0].value *= 1.01), /is not/);
  await assert.rejects(altered(({ verdict }) => verdict.outcome = "refuted"), /supported/);
  await assert.rejects(altered(({ verdict }) => verdict.p = 0.01), /p of altered/);
});

Deno.test("scores have the tags of their runs, and lie beside the tables as one Parquet file", async () => {
  await published(sourceOf({ supported: tables.supported[1] }), async (folder) => {
    const [row] = await query(
      ":memory:",
      `SELECT experiment, run, tags['model'] AS model, tags['lambda'] AS lambda, seed::INTEGER AS seed, metric, value
       FROM '${folder}/scores.parquet' WHERE metric = 'excess' AND tags['model'] = 'b' AND seed = 3 ORDER BY ALL LIMIT 1`,
    );
    const { value, ...rest } = row;
    assert.deepEqual(rest, {
      ...{ experiment: "supported", run: "lambda=0.5/model=b/seed=3", model: "b", lambda: "0.5" },
      ...{ seed: 3, metric: "excess" },
    });
    assert.ok(value > 0);
  });
});
