/** @file What the grids of all fields have in common, and what each runs. */
import assert from "node:assert/strict";
import { fewestFor } from "../../../../../lib/analysis/sign_flips.ts";
import { level } from "../../../../../lib/analysis/judge.ts";
import { parseEntries, readOptions } from "../../../../../lib/data/entry.ts";
import { readSeries } from "../../../../../lib/data/series.ts";
import { profileOf } from "../../../../../pipeline/profiles.ts";
import {
  notAvailable,
  sensors,
  ticks,
} from "../../../../../pipeline/experiments/deep_linear_networks/domains/shared/absent.ts";
import { plan, runsOf } from "../../grids.ts";
import { fields } from "./fields.ts";

// deno-lint-ignore no-explicit-any -- parameters of any stage
const params = (node: unknown) => (node as { params: any }).params;

Deno.test("every field is in the list, and in no profile that promises to need packages only", () => {
  const ids = plan.experiments.filter(({ path }) => path.includes("/domains/")).map(({ meta }) =>
    meta.id
  );
  assert.deepEqual(ids.sort(), Object.keys(fields).sort());
  for (const { meta } of Object.values(fields)) {
    assert.equal(profileOf("quick").atLeast(meta.from ?? "smoke"), false, meta.id);
  }
});

Deno.test("every run reads what was downloaded, verified by its hash, and its tags say what it is", () => {
  for (const field of Object.values(fields)) {
    for (const { tags, job } of runsOf(field, "standard")) {
      const downloads = Object.values(job.inputs).map((input) => params(input).entry);
      assert.ok(downloads.length > 0 && downloads.every(({ sha256 }) => sha256), field.meta.id);
      assert.ok(["assess", "reference"].includes(job.stage.name));
      if (job.stage.name === "reference") {
        const { task: { options }, reference } = params(job);
        assert.deepEqual([tags.dataset, tags.horizon], [options.dataset, options.horizon]);
        const linear = reference.name === "ridge";
        assert.equal(tags.method === "linear-map", linear);
      } else assert.deepEqual(params(job).domain.options, tags);
    }
  }
});

Deno.test("fields read the files that they are about", () => {
  const files = (id: string) => Object.keys(runsOf(fields[id], "standard")[0].job.inputs);
  assert.equal(files("nab").length, 59);
  assert.ok(files("nab").includes("labels/combined_windows.json"));
  assert.equal(files("earthquakes").length, 20);
  assert.deepEqual(files("heartbeats"), ["100.atr", "100.dat", "100.hea"]);
  assert.deepEqual(files("eye-state"), ["EEG_Eye_State.arff"]);
  assert.deepEqual(files("turbofan"), ["test_FD001.txt", "train_FD001.txt", "RUL_FD001.txt"]);
});

Deno.test("forecasts are asked of these series, at these lookbacks and horizons", () => {
  const windows = (id: string) => [
    ...new Set(
      runsOf(fields[id], "standard").map(({ job }) => {
        const { dataset, lookback, horizon } = params(job).task.options;
        return `${dataset} ${lookback} to ${horizon}`;
      }),
    ),
  ];
  assert.deepEqual(windows("finance"), [
    ...["btc-hourly 168 to 1", "btc-hourly 168 to 24", "wti 64 to 1", "wti 64 to 22"],
    ...["vix 64 to 1", "vix 64 to 22"],
  ]);
  assert.deepEqual(windows("climate"), [
    ...["co2-monthly 60 to 12", "global-temperature 120 to 12", "sunspots 264 to 12"],
  ]);
  assert.deepEqual(windows("roads"), ["metro-volume 336 to 24", "los-speed 24 to 12"]);
  const simple = runsOf(fields.climate, "standard").filter(({ tags }) =>
    tags.method === "harmonic-regression"
  )
    .map(({ job }) => params(job).reference.options);
  assert.deepEqual(simple, [
    { order: 12, trend: 2, harmonics: 3, season: 12 },
    { order: 12, trend: 1, harmonics: 2, season: 12 },
    { order: 12, trend: 0, harmonics: 2, season: 132 },
  ]);
});

Deno.test("there are blocks enough for every reversal to be significant after Holm", () => {
  const blocks: Record<string, [blocks: number, clauses: number]> = {
    ...{ nab: [20, 2], finance: [20, 5], climate: [10, 9], roads: [20, 4] },
    ...{ earthquakes: [20, 1], heartbeats: [15, 1], "eye-state": [20, 2], turbofan: [20, 1] },
  };
  assert.deepEqual(Object.keys(blocks).sort(), Object.keys(fields).sort());
  for (const [count, clauses] of Object.values(blocks)) {
    assert.ok(count >= fewestFor(level, clauses) && count <= 40);
  }
});

Deno.test("what is not available has an entry that runs it, on the page that says so", () => {
  for (
    const [entry, id, table] of [
      [
        ticks,
        "finance",
        "id,price,qty,time\n1,10.5,1,1514764800000\n2,10.6,1,1514764800000\n3,10.7,1,1514764800100",
      ],
      [
        sensors,
        "roads",
        "date,0,1,OT\n2016-07-01 02:00:00,0.0048,0.01,0.01\n2016-07-01 03:00:00,0.0072,0.02,0.01",
      ],
    ] as const
  ) {
    const [parsed] = parseEntries(JSON.stringify([entry]), "datasets.json");
    assert.equal(parsed.id, entry.id);
    const series = readSeries(table, entry.id as string, readOptions(parsed));
    assert.equal(series.rows, 2);
    assert.deepEqual(series.columns, id === "finance" ? ["price"] : ["0", "1", "OT"]);
    if (id === "finance") assert.equal(series.channels[0][0], 10.6, "the last price of a time");
    const { method } = fields[id].meta;
    assert.match(method, /not available here/);
    assert.ok(method.includes(JSON.stringify(entry)));
    assert.ok(notAvailable("It", entry).includes(String(entry.path)));
  }
});
