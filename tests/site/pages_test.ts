/** @file How what is long is cut into pages, and what a row says of where it came from. */
import assert from "node:assert/strict";
import { inParts, tablePages } from "../../site/pages.ts";
import { rowSources } from "../../site/provenance.ts";
import type { CellResult, ExperimentResult, JobResult, Results } from "../../site/results.ts";
import type { TableView } from "../../site/view.ts";

Deno.test("a table goes on where a page is full, and no row is lost or shown twice", () => {
  const rows = (count: number, columns: number, text = "1.0") =>
    ({
      rows: Array.from({ length: count }, () => ({
        cells: Array.from(
          { length: columns },
          () => ({ text, interval: "[1, 2]", source: "p/1.html#c" }),
        ),
      })),
    }) as TableView;
  assert.deepEqual(tablePages(rows(0, 3)), [{ from: 0, to: 0 }]);
  assert.deepEqual(tablePages(rows(5, 3)), [{ from: 0, to: 5 }]);
  for (const [count, columns] of [[69, 27], [414, 5], [2000, 2], [3, 2000]]) {
    const pages = tablePages(rows(count, columns));
    assert.ok(pages.length > 1);
    assert.equal(pages[0].from, 0);
    assert.equal(pages.at(-1)!.to, count);
    for (const [i, { from, to }] of pages.entries()) {
      assert.ok(to > from && (i === 0 || from === pages[i - 1].to));
      assert.ok(to - from === 1 || (to - from) * (columns * 3 + 1) <= 3300);
    }
  }
  assert.equal(tablePages(rows(100, 3, "x".repeat(900))).length, 4, "long texts count too");
});

Deno.test("a list in parts is the list", () => {
  assert.deepEqual(inParts([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  assert.deepEqual(inParts([1, 2], 2), [[1, 2]]);
  assert.deepEqual(inParts([], 2), [[]]);
});

const job = (key: string, more: Partial<JobResult> = {}): JobResult => ({
  ...{ key, stage: "train", label: `label ${key}`, params: { a: 1 }, code: "c", engine: "" },
  ...{ engineVersion: "", machine: null, seed: null, seconds: null, commit: null, command: "x" },
  ...{ inputs: [], ...more },
});

const cell = (runs: string[], more: Partial<CellResult> = {}): CellResult => ({
  ...{ kind: "measured", value: 1, low: null, high: null, n: null, text: "1", interval: null },
  runs: runs.map((key) => ({ run: `run ${key}`, job: key })),
  ...more,
});

const experiment = (row: Record<string, CellResult>, jobs: JobResult[]) =>
  ({
    ...{ id: "e", jobs, rows: [new Map(Object.entries(row))] },
    columns: Object.keys(row).map((id) => ({ id, label: `the ${id}` })),
  }) as unknown as ExperimentResult;

const none = { machines: new Map([["m", "fast"]]) } as unknown as Results;

Deno.test("cells of the same runs stand together, each with its number, interval and size", () => {
  const [{ cells, url, parts }] = rowSources(
    experiment(
      {
        name: cell([], { kind: "label" }),
        a: cell(["k1"], { n: 3 }),
        b: cell(["k1", "k2"]),
        c: cell(["k1"], { interval: "[0, 2]" }),
      },
      [job("k1"), job("k2")],
    ),
    0,
    none,
  );
  assert.deepEqual([url, parts], ["provenance/e/1.html", 1]);
  assert.deepEqual(cells, [
    {
      columns: [
        { id: "a", label: "the a", text: "1", interval: null, n: "3" },
        { id: "c", label: "the c", text: "1", interval: "[0, 2]", n: null },
      ],
      runs: [{ name: "run k1", href: "1.html#job-k1" }],
      more: 0,
    },
    {
      columns: [{ id: "b", label: "the b", text: "1", interval: null, n: null }],
      runs: [{ name: "run k1", href: "1.html#job-k1" }, { name: "run k2", href: "1.html#job-k2" }],
      more: 0,
    },
  ]);
});

Deno.test("jobs are told by what they have in common, and each by what is its own", () => {
  const data = job("d", {
    stage: "generate",
    inputs: [{ name: "file", job: null, content: "f".repeat(64) }],
  });
  const trained = [0, 1].map((seed) =>
    job(`t${seed}`, {
      ...{
        seed,
        params: { steps: 9, seed },
        seconds: seed ? 12.4 : 1.239,
        machine: "m",
        commit: "a".repeat(40),
      },
      inputs: [{ name: "data", job: "d", content: "c".repeat(64) }],
    })
  );
  const other = job("o", { stage: "train", code: "another", params: [1] });
  const unused = job("u");
  const [{ stages }] = rowSources(
    experiment({ a: cell(["t0", "t1", "o"]) }, [data, ...trained, other, unused]),
    0,
    none,
  );
  assert.deepEqual(stages.map(({ stage, jobs }) => [stage, ...jobs.map(({ label }) => label)]), [
    ["generate", "label d"],
    ["train", "label t0", "label t1"],
    ["train", "label o"],
  ]);
  const [generated, both, last] = stages;
  assert.equal(both.common, '{\n "steps": 9\n}');
  assert.deepEqual(both.jobs.map(({ own, seconds, seed }) => [own, seconds, seed]), [
    ['{"seed":0}', "1.24", "0"],
    ['{"seed":1}', "12", "1"],
  ]);
  assert.deepEqual(both.facts, [["machine", "fast"], ["commit", "a".repeat(10)], ["code", "c"]]);
  assert.deepEqual(both.jobs[0].inputs, [{
    name: "data: label d",
    href: "1.html#job-d",
    content: "c".repeat(16),
  }]);
  assert.deepEqual(generated.jobs[0].inputs, [{
    name: "file: a file",
    href: "",
    content: "f".repeat(16),
  }]);
  assert.deepEqual([last.common, last.jobs[0].own], ["{}", "[1]"]);
});

Deno.test("many jobs take several pages, and links find theirs", () => {
  const jobs = Array.from({ length: 250 }, (_, i) => job(`k${String(i).padStart(3, "0")}`));
  const pages = rowSources(experiment({ a: cell(jobs.map(({ key }) => key)) }, jobs), 0, none);
  assert.deepEqual(pages.map(({ url, part, parts }) => [url, part, parts]), [
    ["provenance/e/1.html", 1, 3],
    ["provenance/e/1-2.html", 2, 3],
    ["provenance/e/1-3.html", 3, 3],
  ]);
  assert.deepEqual(pages.map(({ stages, cells }) => [stages[0].jobs.length, cells.length]), [
    [100, 1],
    [100, 0],
    [50, 0],
  ]);
  const { runs, more } = pages[0].cells[0];
  assert.deepEqual([runs.length, more], [60, 190]);
  assert.equal(pages[2].stages[0].jobs[49].anchor, "job-k249");
});
