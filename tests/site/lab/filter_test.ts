/** @file The page on filtering: numbers of the pipeline, what stands beside them, and its drawings. */
import { DuckDBInstance } from "@duckdb/node-api";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { emptyDocument } from "../../../lib/plot/document.ts";
import { excessChart, traceChart } from "../../../site/lab/filter/charts.ts";
import {
  type Exact,
  filterOnce,
  type Question,
  SETTING,
  type Simulated,
} from "../../../site/lab/filter/filter.ts";
import { rowsOf, sameAsPublished, shownExcess } from "../../../site/lab/filter/rows.ts";
import { filterView } from "../../../site/lab/filter/view.ts";
import { power } from "../../../site/lab/power.ts";
import type { CellResult, Results } from "../../../site/results.ts";

const DATABASE = fileURLToPath(
  new URL("../../../reports/standard/results.duckdb", import.meta.url),
);

/** All that is told. */
function found(question: Question): Exact & Simulated {
  const told: Exact[] = [];
  const simulated = filterOnce(question, (exact) => told.push(exact));
  assert.equal(told.length, 1);
  assert.ok(told[0].seconds <= simulated.seconds);
  return { ...told[0], ...simulated };
}

Deno.test({
  name: "a published system has the published losses, in the published setting",
  ignore: !existsSync(DATABASE),
  async fn() {
    const instance = await DuckDBInstance.create(DATABASE, { access_mode: "READ_ONLY" });
    const connection = await instance.connect();
    try {
      const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRows();
      const [seed, lambda] = [634, 0.92];
      const of =
        `experiment = 'filter-leaderboard' AND seed = ${seed} AND tags['lambda'] = '${lambda}'`;
      const scored = await rows(
        `SELECT coalesce(tags['model'], 'zero'), value FROM score
         WHERE ${of} AND (metric = 'excess' AND tags['result'] = 'training' OR metric = 'zero excess')`,
      );
      const { predictors } = found({ lambda, seed, sequences: 2 });
      const labels: Record<string, string> = {
        "zero": "zero",
        "fir-8": "last 8, closed form",
        "fir-64": "last 64, closed form",
        "steady-state": "steady-state Kalman filter",
      };
      const known = scored.filter(([model]) => labels[model as string]);
      assert.equal(known.length, predictors.length);
      for (const [model, value] of known as [string, number][]) {
        const { excess } = predictors.find(({ label }) => label === labels[model])!;
        assert.ok(
          Math.abs(excess - value) < 1e-9 * Math.max(1, value / 1e-4),
          `${model}: ${excess}, ${value}`,
        );
      }
      const options = await rows(
        `SELECT DISTINCT params->>'$.task.options' FROM job JOIN provenance ON job = key
         WHERE experiment = 'filter-leaderboard' AND stage = 'fit'`,
      );
      assert.ok(options.length > 1);
      for (const [text] of options as [string][]) {
        const { lambda: _, ...rest } = JSON.parse(text);
        assert.deepEqual(rest, {
          ...SETTING,
          ...{ sigma: 1, structure: "diagonal", condition: 1, observation: "matched" },
        });
      }
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  },
});

Deno.test("the filter's error on what it filters is what it expects, and its band holds 95 %", () => {
  const { measured, trace, predictors } = found({ lambda: 0.68, seed: 3, sequences: 40 });
  assert.ok(Math.abs(measured.ratio - 1) < 4 * measured.error && measured.error < 0.02);
  const { observed, expected, deviation } = trace;
  assert.deepEqual([observed.length, expected.length, deviation.length], [255, 255, 255]);
  const inside = observed.filter((y, t) => Math.abs(y - expected[t]) < 1.96 * deviation[t]).length;
  assert.ok(inside > 255 * 0.9 && inside < 255, `${inside}`);
  const losses = predictors.map(({ excess }) => excess);
  assert.ok(losses.every((excess) => excess > 0) && losses[0] > losses[1] && losses[1] > losses[2]);
  assert.throws(() => found({ lambda: 1, seed: 0, sequences: 1 }), RangeError);
});

const published = [
  {
    label: "zero",
    mean: 0.2,
    low: 0.1,
    high: 0.3,
    systems: [[7, 0.25], [8, 0.15]] as [number, number][],
  },
  {
    label: "Transformer",
    mean: 0.05,
    low: -0.01,
    high: 0.11,
    systems: [[7, 0.05]] as [number, number][],
  },
];

Deno.test("what was found stands beside what was published, the largest loss first", () => {
  const found = [{ label: "last 8", excess: 0.5 }, { label: "zero", excess: 0.2500001 }];
  const rows = rowsOf(found, published, 7);
  assert.deepEqual(rows.map(({ label, here, same }) => [label, here, same]), [
    ["last 8", 0.5, undefined],
    ["zero", 0.2500001, 0.25],
    ["Transformer", undefined, 0.05],
  ]);
  assert.deepEqual(rows[1].published, { mean: 0.2, low: 0.1, high: 0.3, systems: [0.25, 0.15] });
  assert.equal(
    sameAsPublished(rows, 7),
    "System 7 is one of the published: 1 numbers of it stand in results.duckdb. They differ by at most 1e−7.",
  );
  assert.equal(sameAsPublished(rowsOf(found, published, 9), 9), "");
  assert.match(
    sameAsPublished(rowsOf([{ label: "zero", excess: 0.25 }], published, 7), 7),
    /are equal/,
  );
  assert.deepEqual([0, 0.0041, 1.234e-5, -2e-9, 1.5].map(shownExcess), [
    ...["0", "0.00410", "1.23e−5", "−2.00e−9", "1.50"],
  ]);
});

Deno.test("the page's published rows are the table's, and a result without them says nothing of them", () => {
  const cell = (more: Partial<CellResult>) =>
    ({
      kind: "label",
      value: null,
      low: null,
      high: null,
      n: null,
      text: "",
      interval: null,
      runs: [],
      ...more,
    }) as CellResult;
  const row = (lambda: string, label: string, excess?: Partial<CellResult>) =>
    new Map([
      ["lambda", cell({ text: lambda })],
      ["predictor", cell({ text: label })],
      ...(excess ? [["excess", cell(excess)] as const] : []),
    ]);
  const results = {
    experiments: [{
      ...{ id: "filter-leaderboard", title: "T" },
      rows: [
        row("0.5", "zero", { value: 3, low: 2, high: 4 }),
        row("0.5", "Kalman filter"),
        row("0.9", "a</script>", { value: 1, low: 0, high: 2 }),
        row("0.9", "one system", { value: 1 }),
      ],
    }],
  } as unknown as Results;
  const view = filterView(results, new Map([[0, [[7, 3], [9, 3]]]]));
  assert.deepEqual([view.lambdas, view.count, view.experiment], [
    ["0.5", "0.9"],
    2,
    { id: "filter-leaderboard", title: "T" },
  ]);
  assert.ok(!view.published.includes("<"));
  assert.deepEqual(JSON.parse(view.published), {
    "0.5": [{ label: "zero", mean: 3, low: 2, high: 4, systems: [[7, 3], [9, 3]] }],
    "0.9": [{ label: "a</script>", mean: 1, low: 0, high: 2, systems: [] }],
  });
  const none = filterView({ experiments: [] } as unknown as Results, new Map());
  assert.deepEqual([none.lambdas.length, none.published, none.experiment], [7, "{}", undefined]);
});

Deno.test("drawings: a mark for each number, in its order, also where an interval reaches below zero", () => {
  const place = { width: 350, document: emptyDocument() };
  const rows = rowsOf(
    [{ label: "zero", excess: 0.25 }, { label: "none", excess: 0 }],
    published,
    9,
  );
  const svg = excessChart(rows, place);
  assert.ok(!/NaN|undefined|Infinity/.test(svg), svg);
  const circles = [...svg.matchAll(/<circle ([^>]*)>/g)].map(([, attributes]) =>
    ["cx", "cy", "r"].map((name) => Number(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)![1]))
  );
  const own = circles.filter(([, , r]) => r === 6);
  const means = circles.filter(([, , r]) => r === 3.5);
  assert.deepEqual([own.length, means.length], [1, 2]);
  const [[zero], [transformer]] = means;
  assert.ok(own[0][0] > zero && zero > transformer);
  assert.equal(own[0][1], means[0][1], "in one row");
  // On a logarithmic axis equal factors are equal distances.
  const decade = (zero - transformer) / Math.log10(0.2 / 0.05);
  assert.ok(Math.abs(own[0][0] - zero - decade * Math.log10(0.25 / 0.2)) < 0.05);
  const trace: Simulated["trace"] = {
    observed: Float64Array.of(1, 2, 3),
    expected: Float64Array.of(1, 1, 1),
    deviation: Float64Array.of(1, 1, 1),
  };
  assert.equal(traceChart(trace, place).match(/<circle/g)!.length, 3);
  assert.deepEqual([1e-12, 1e-3, 0.01, 1, 100, 1000].map(power), [
    ...["10⁻¹²", "10⁻³", "0.01", "1", "100", "10³"],
  ]);
});
