/** @file The tables of the fields from made runs: values, gains, and every verdict in its three outcomes. */
import assert from "node:assert/strict";
import type { Tags } from "../../../../../pipeline/tags.ts";
import { type Made, runsOf, type Table, tableOf } from "../../grids.ts";
import { assertTablesRecomputed } from "../../../publish/recomputed.ts";
import { fields } from "./fields.ts";
import { around, assessedMade, forecastMade, turns } from "./made_blocks.ts";

const tagsOf = (id: string) => runsOf(fields[id], "standard").map(({ tags }) => tags);
const made = (id: string, make: (tags: Tags, index: number) => Made) =>
  tableOf(fields[id], tagsOf(id).map(make));
const close = (found: number, expected: number, what = "") =>
  assert.ok(
    Math.abs(found - expected) < 2e-3 * Math.max(1, Math.abs(expected)),
    `${what} ${found}, not ${expected}`,
  );

/** A forecasting field in which the linear map has these errors, and every other method 1. */
const forecasts = (id: string, linear: (tags: Tags) => number) =>
  made(id, (tags) => forecastMade(tags, tags.method === "linear-map" ? linear(tags) : 1));

/** The same with a linear map that is good in one block and bad in the next. */
const undecidedForecasts = (id: string) =>
  made(id, (tags) => {
    const run = forecastMade(tags, 1);
    if (tags.method !== "linear-map") return run;
    const blocks = turns(40, 4).map((sign) => Math.exp(0.4 * sign));
    return { ...run, scores: { ...run.scores as object, blocks } };
  });

const tables: Record<string, Table> = {};

Deno.test("finance: no skill on prices and some on volatility is what is expected", async () => {
  const expected = (tags: Tags) => tags.dataset === "vix" ? 0.9 : 1;
  const table = tables.finance = await forecasts("finance", expected);
  assert.equal(table.outcome, "supported");
  const bitcoin = { series: "Bitcoin", setting: "day or month" };
  close(table.cell({ ...bitcoin, method: "linear map" }, "gain").value, 0);
  const vix = { series: "VIX", setting: "day or month", method: "linear map" };
  close(table.cell(vix, "gain").value, Math.log(1 / 0.9));
  close(table.cell(vix, "score").value, 0.9);
  assert.equal(table.row({ ...bitcoin, method: "random walk" }).gain, undefined);
  assert.equal(table.summary.rows.length, 18);
  // A linear map that is useless is no skill either, one that saves 5 % is.
  assert.equal(
    (await forecasts("finance", (tags) => tags.dataset === "vix" ? 0.9 : 1.5)).outcome,
    "supported",
  );
  for (const dataset of ["btc-hourly", "wti"]) {
    const skilled = (tags: Tags) => tags.dataset === dataset ? 0.95 : expected(tags);
    assert.equal((await forecasts("finance", skilled)).outcome, "refuted", dataset);
  }
  // Half a percent is none; the VIX must be better, not only as good.
  assert.equal(
    (await forecasts("finance", (tags) => tags.dataset === "vix" ? 0.9 : 0.995)).outcome,
    "supported",
  );
  assert.equal((await forecasts("finance", () => 1.01)).outcome, "refuted");
  assert.equal((await undecidedForecasts("finance")).outcome, "undecided");
  // Only the month ahead counts on the VIX.
  const near = (tags: Tags) => tags.dataset === "vix" && tags.horizon === 22 ? 0.9 : 1;
  assert.equal((await forecasts("finance", near)).outcome, "supported");
  assert.match(table.summary.findings[0], /Bitcoin 1 ahead 0\.0 %.*VIX 22 ahead 10\.5 %/);
});

Deno.test("climate: the linear map may be five percent worse than any simple method, and no more", async () => {
  const table = tables.climate = await forecasts("climate", () => 1.03);
  assert.equal(table.outcome, "supported");
  close(table.cell({ series: "CO2", method: "linear map" }, "gain").value, -Math.log(1.03));
  assert.deepEqual(table.names("method"), [
    "harmonic regression",
    "random walk",
    "last season",
    "linear map",
  ]);
  assert.equal((await forecasts("climate", () => 1.08)).outcome, "refuted");
  assert.equal(
    (await forecasts("climate", ({ dataset }) => dataset === "sunspots" ? 1.2 : 0.5)).outcome,
    "refuted",
  );
  assert.equal((await undecidedForecasts("climate")).outcome, "undecided");
  // A random walk that is better refutes it as well as the harmonic regression.
  const walk = await made(
    "climate",
    (tags) =>
      forecastMade(tags, tags.method === "random-walk" && tags.dataset === "sunspots" ? 0.8 : 1),
  );
  assert.equal(walk.outcome, "refuted");
});

Deno.test("roads: the linear map must beat both simple methods on both", async () => {
  const table = tables.roads = await forecasts("roads", () => 0.8);
  assert.equal(table.outcome, "supported");
  close(table.cell({ series: "speed", method: "linear map" }, "gain").value, Math.log(1 / 0.8));
  assert.equal(
    (await forecasts("roads", ({ dataset }) => dataset === "los-speed" ? 1.1 : 0.5)).outcome,
    "refuted",
  );
  assert.equal((await undecidedForecasts("roads")).outcome, "undecided");
  const average = await made(
    "roads",
    (tags) =>
      forecastMade(
        tags,
        tags.method === "linear-map"
          ? 0.8
          : tags.method === "historical-average" && tags.dataset === "metro-volume"
          ? 0.5
          : 1,
      ),
  );
  assert.equal(average.outcome, "refuted");
});

/** A field of stage assess with this score for each tag. */
const assessed = (
  id: string,
  part: string,
  count: number,
  score: (tags: Tags) => number,
  blocks = (value: number, salt: number) => around(value, count, salt),
) =>
  made(
    id,
    (tags, i) => assessedMade(tags, { [part]: score(tags) }, { [part]: blocks(score(tags), i) }),
  );

Deno.test("nab: better under both thresholds, or not", async () => {
  const rules = ["labels", "probation", "certainty"];
  const nab = (
    linear: Record<string, number>,
    blocks = (value: number, salt: number) => around(value, 58, salt),
  ) =>
    made("nab", (tags, i) => {
      const score = (rule: string) =>
        tags.detector === "nothing" ? 0 : tags.detector === "windowed-gaussian" ? 40 : linear[rule];
      return assessedMade(
        tags,
        Object.fromEntries(rules.map((rule) => [`${rule} standard`, score(rule)])),
        Object.fromEntries(rules.map((rule) => [rule, blocks(score(rule), i)])),
      );
    });
  const table = tables.nab = await nab({ labels: 50, probation: 45, certainty: 0 });
  assert.equal(table.outcome, "supported");
  close(table.cell({ setting: "labels", method: "linear prediction" }, "score").value, 50);
  close(table.cell({ setting: "probation", method: "linear prediction" }, "gain").value, 5, "gain");
  close(table.cell({ setting: "certainty", method: "nothing" }, "gain").value, -40);
  assert.equal(table.summary.rows.length, 9);
  assert.match(
    table.summary.findings[0],
    /50\.0 against 40\.0 with the threshold from labels, 45\.0 against 40\.0/,
  );
  assert.equal((await nab({ labels: 50, probation: 35, certainty: 0 })).outcome, "refuted");
  assert.equal((await nab({ labels: 30, probation: 50, certainty: 90 })).outcome, "refuted");
  const wild = (value: number, salt: number) =>
    turns(58, 6).map((sign) => value + 40 * sign * salt);
  assert.equal((await nab({ labels: 41, probation: 41, certainty: 0 }, wild)).outcome, "undecided");
});

Deno.test("earthquakes: nearer after the linear map, or not", async () => {
  const picks = (linear: number, blocks?: (value: number, salt: number) => number[]) =>
    assessed(
      "earthquakes",
      "error",
      20,
      ({ picker }) => picker === "linear-variance" ? linear : 0.02,
      blocks,
    );
  const table = tables.earthquakes = await picks(0.01);
  assert.equal(table.outcome, "supported");
  close(1000 * table.cell({ method: "linear map, variance" }, "gain").value, 10);
  assert.equal((await picks(0.03)).outcome, "refuted");
  const wild = (value: number, salt: number) =>
    turns(20, 1).map((sign) => value + 0.01 * sign * salt);
  assert.equal((await picks(0.02, wild)).outcome, "undecided");
});

Deno.test("heartbeats: no worse by more than five points than prematurity, or worse", async () => {
  const areas = (linear: number, blocks?: (value: number, salt: number) => number[]) =>
    assessed(
      "heartbeats",
      "auc",
      30,
      ({ method }) => method === "linear-prediction" ? linear : 0.9,
      blocks,
    );
  const table = tables.heartbeats = await areas(0.87);
  assert.equal(table.outcome, "supported");
  close(table.cell({ method: "linear forecast" }, "gain").value, -0.03);
  assert.equal((await areas(0.83)).outcome, "refuted");
  const wild = (value: number, salt: number) =>
    turns(30, 2).map((sign) => value + 0.2 * sign * salt);
  assert.equal((await areas(0.86, wild)).outcome, "undecided");
});

Deno.test("eye state: the fall of the nearest row, and the linear classifier above alpha power", async () => {
  const eyes = (fallen: number, linear: number) =>
    assessed(
      "eye-state",
      "accuracy",
      20,
      ({ classifier, split }) =>
        split === "random"
          ? 0.9
          : classifier === "nearest-row"
          ? fallen
          : classifier === "linear"
          ? linear
          : 0.5,
    );
  const table = tables["eye-state"] = await eyes(0.6, 0.7);
  assert.equal(table.outcome, "supported");
  close(table.cell({ setting: "blocked folds", method: "linear" }, "gain").value, 0.2);
  close(table.cell({ setting: "random folds", method: "nearest row" }, "gain").value, 0);
  assert.equal((await eyes(0.75, 0.7)).outcome, "refuted");
  assert.equal((await eyes(0.6, 0.4)).outcome, "refuted");
  assert.match(
    table.summary.findings[0],
    /right 90\.0 % of the time with random folds and 60\.0 % with blocked ones, where a linear classifier is right 70\.0 %/,
  );
  const wild = await assessed(
    "eye-state",
    "accuracy",
    20,
    () => 0.5,
    // The nearest row with random folds, and the linear classifier, vary against the others.
    (value, salt) =>
      turns(20, 1).map((sign) => value + (salt === 2 || salt >= 4 ? 0.4 : -0.4) * sign),
  );
  assert.equal(wild.outcome, "undecided");
});

Deno.test("turbofan: root mean squares of blocks of engines", async () => {
  const engines = (window: number, blocks?: (value: number, salt: number) => number[]) =>
    made("turbofan", (tags, i) => {
      const rmse = tags.method === "window" ? window : 20;
      return assessedMade(tags, { rmse }, {
        squares: (blocks ?? ((value, salt) => around(value, 100, salt)))(rmse ** 2, i),
      });
    });
  const table = tables.turbofan = await engines(15);
  assert.equal(table.outcome, "supported");
  close(table.cell({ method: "window" }, "gain").value, 5);
  close(table.cell({ method: "window" }, "score").value, 15);
  assert.equal((await engines(25)).outcome, "refuted");
  const wild = (value: number, salt: number) =>
    turns(100, 5).map((sign) => value * (1 + 0.5 * sign * (salt % 2 ? 1 : -1)));
  assert.equal((await engines(20, wild)).outcome, "undecided");
});

Deno.test("columns have the format and the direction of what they hold", () => {
  const shown = (id: string) =>
    tables[id].summary.columns.map(({ id, format, better, unit }) =>
      [id, format, better, unit].filter(Boolean).join(" ")
    );
  const named = ["series text", "setting text", "method text"];
  for (const id of ["finance", "climate", "roads"]) {
    assert.deepEqual(shown(id), [...named, "score fixed3 lower", "gain percent higher"], id);
  }
  assert.deepEqual(shown("nab"), [...named, "score higher", "gain higher"]);
  assert.deepEqual(shown("earthquakes"), [...named, "score lower s", "gain higher s"]);
  for (const id of ["heartbeats", "eye-state"]) {
    assert.deepEqual(shown(id), [...named, "score percent higher", "gain percent higher"], id);
  }
  assert.deepEqual(shown("turbofan"), [...named, "score lower cycles", "gain higher cycles"]);
  for (const [id, { summary }] of Object.entries(tables)) {
    const [plot, ...others] = summary.plots;
    assert.deepEqual([plot.x.column, plot.y.column, plot.series, plot.facet, others.length], [
      "series",
      "gain",
      "method",
      "setting",
      0,
    ], id);
    assert.equal(plot.rules![0].y, 0);
  }
});

Deno.test("every cell and verdict of the fields follows from the published scores", async () => {
  // A field for each way in which gains are made; the others have the same columns.
  const some = ["climate", "heartbeats", "turbofan"];
  const { cells, verdicts } = await assertTablesRecomputed(
    Object.fromEntries(some.map((id) => [id, tables[id].summary])),
  );
  assert.ok(cells >= 30, String(cells));
  assert.equal(verdicts, some.length);
});

Deno.test("a run that is missing, or no number, stops the table", async () => {
  for (const id of Object.keys(fields)) {
    const all = tagsOf(id);
    const forecast = "dataset" in all[0];
    const make = (tags: Tags, value: number) => {
      if (forecast) return forecastMade(tags, value);
      const names = ["labels", "probation", "certainty"];
      const scores = {
        error: value,
        auc: value,
        accuracy: value,
        rmse: value,
        ...Object.fromEntries(names.map((n) => [`${n} standard`, value])),
      };
      const parts = Object.fromEntries(
        [...names, "error", "auc", "accuracy", "squares"].map((n) => [n, around(value, 100)]),
      );
      return assessedMade(tags, scores, parts);
    };
    for (const missing of [0, all.length - 1]) {
      const rest = all.filter((_, i) => i !== missing).map((tags) => make(tags, 1));
      await assert.rejects(
        tableOf(fields[id], rest),
        /No run has|is compared with nothing|undefined/,
        `${id} without ${JSON.stringify(all[missing])}`,
      );
    }
    const broken = all.map((tags, i) => make(tags, i === all.length - 1 ? NaN : 1));
    await assert.rejects(tableOf(fields[id], broken), Error, id);
  }
});
