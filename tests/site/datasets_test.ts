/** @file Pages of data sets: how the series begins, and what others published beside ours. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDatasets } from "../../site/catalogue/datasets.ts";
import { drawn } from "../../site/catalogue/samples.ts";
import { publishedBeside } from "../../site/published.ts";
import type { CellResult, ExperimentResult } from "../../site/results.ts";

Deno.test("a line goes from the least value at the bottom to the greatest at the top; one value is in the middle", () => {
  assert.deepEqual(drawn(Float64Array.of(1, 3, 2)), {
    ...{ low: "1", high: "3", path: "M0.0,60.0L300.0,0.0L600.0,30.0" },
  });
  assert.equal(drawn(Float64Array.of(5, 5)).path, "M0.0,30.0L600.0,30.0");
  assert.equal(drawn(Float64Array.of(-2)).path, "M300.0,30.0");
});

Deno.test("a data set that is here shows how it begins, one that is not or has changed does not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datasets-"));
  try {
    const rows = Array.from({ length: 5000 }, (_, i) => {
      const date = new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10);
      return `${date},${i % 7},1,2,3,4`;
    });
    const text = ["date,a,b,c,d,e", ...rows].join("\n") + "\n";
    await writeFile(join(folder, "x.csv"), text);
    const sha256 = createHash("sha256").update(text).digest("hex");
    const entry = { title: "X", date: "date", season: 7, sha256, bytes: text.length };
    const list = [
      { ...entry, id: "here", path: "x.csv" },
      { ...entry, id: "gone", path: "y.csv" },
      { ...entry, id: "changed", path: "x.csv", sha256: "0".repeat(64) },
      { ...entry, id: "elsewhere", url: "https://example.org/x.csv" },
    ];
    const file = join(folder, "datasets.json");
    await writeFile(file, JSON.stringify(list));
    const [here, ...others] = await readDatasets(file);
    const { channels, ...rest } = here.sample!;
    assert.deepEqual(rest, { rows: 400, span: ["2020-01-01", "2021-02-03"], more: 1 });
    assert.deepEqual(channels.map(({ name }) => name), ["a", "b", "c", "d"]);
    assert.deepEqual([channels[0].low, channels[0].high], ["0", "6"]);
    assert.equal(channels[0].path.split("L").length, 400);
    assert.deepEqual(others.map(({ id, sample }) => [id, sample]), [
      ["gone", undefined],
      ["changed", undefined],
      ["elsewhere", undefined],
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

const label = (text: string) => ({ kind: "label", text, runs: [] }) as unknown as CellResult;
const measured = (text: string) => ({ ...label(text), kind: "measured" }) as CellResult;

Deno.test("published values stand beside ours, of the rows that are about the data set", () => {
  const column = (id: string, text = id) => ({ id, label: text });
  const table = {
    ...{ id: "long", title: "Long" },
    columns: [
      ...[column("dataset", "set"), column("model"), column("mse", "MSE"), column("mae", "MAE")],
      ...[column("published", "published MSE"), column("over_published", "ours - published")],
    ],
    rows: [
      { dataset: label("etth1"), model: label("ridge"), mse: measured("0.36"), mae: measured("9") },
      {
        ...{ dataset: label("etth1"), model: label("ols"), mse: measured("0.37") },
        ...{ published: label("0.38"), over_published: measured("−0.01") },
      },
      { dataset: label("etth1"), model: label("PatchTST"), published: label("0.37") },
      { dataset: label("etth2"), model: label("ols"), published: label("0.5") },
    ].map((row) => new Map(Object.entries(row))),
  } as unknown as ExperimentResult;
  const cell = (text: string, href: string | null = null) => ({ text, href });
  assert.deepEqual(publishedBeside([table], "etth1"), [{
    ...{ id: "long", title: "Long" },
    columns: [
      { label: "model", numeric: false },
      ...["MSE", "published MSE", "ours - published"].map((label) => ({ label, numeric: true })),
    ],
    rows: [
      [
        ...[cell("ols"), cell("0.37", "provenance/long/2.html#mse"), cell("0.38")],
        cell("−0.01", "provenance/long/2.html#over_published"),
      ],
      [cell("PatchTST"), cell("–"), cell("0.37"), cell("–")],
    ],
  }]);
  assert.deepEqual(publishedBeside([table], "other"), []);
  assert.deepEqual(
    publishedBeside([{ ...table, columns: table.columns.slice(0, 4) }], "etth1"),
    [],
  );
});
