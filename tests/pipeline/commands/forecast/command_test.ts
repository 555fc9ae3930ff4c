/** @file The forecast command: what it prints and how it ends, in a process of its own where that could matter. */
import assert from "node:assert/strict";
import { gzipSync } from "fflate";
import { readCells } from "../../../../lib/data/csv.ts";
import { randomSeries } from "../../../tasks/forecasting/fixtures.ts";
import { command, folder, forecast, forecastProcess, hourly } from "./command.ts";

const files = folder();
const { channels } = randomSeries(300, 2);
const file = files.csv("own data.csv", {
  date: hourly(300),
  load: channels[0],
  "price, EUR": channels[1],
});

const small = ["--lookback", "12", "--horizon", "5"];

Deno.test("forecast --json: exactly the rows on stdout, every model", async () => {
  const { code, stdout, stderr } = await forecastProcess(
    file,
    ...small,
    "--json",
    "--depths",
    "1,2",
  );
  assert.equal(code, 0, stderr);
  const parsed = JSON.parse(stdout);
  assert.deepEqual(Object.keys(parsed), ["rows"]);
  const ids = parsed.rows.map((row: { model: string }) => row.model);
  assert.deepEqual(ids, [
    "repeat-last",
    "seasonal-naive",
    "ols",
    "ols-in",
    "deep-linear-1",
    "deep-linear-2",
  ]);
  for (const row of parsed.rows) {
    assert.ok(row.mse > 0 && row.mae > 0 && row.lookback === 12 && row.horizon === 5);
    assert.equal(row.windows, 60 - 5 + 1);
  }
  assert.ok(Math.abs(parsed.rows[2].mse - parsed.rows[4].mse) < 0.001);
  assert.match(stderr, /season 24 rows, the usual one at 1 hour/);
});

Deno.test("forecast: an aligned table, and the forecast beyond the last row", async () => {
  const out = `${files.path}/out.csv`;
  const { code, stdout, stderr } = await forecast(file, ...small, "--depths", "none", "--out", out);
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  assert.match(
    lines[0],
    /300 rows, 2 columns; lookback 12, horizon 5; split 70\/10\/20 \(210\/30\/60 rows\)/,
  );
  const models = lines.slice(3).map((line) => line.split(/ +/)[0]);
  assert.deepEqual(models, ["repeat-last", "seasonal-naive", "ols", "ols-in"]);
  assert.ok(lines.slice(3).every((line) => line.length === lines[3].length));
  assert.match(stderr, /out\.csv: 5 rows by .*90 % intervals.*covered \d/);
  const { header, rows } = readCells(await Deno.readTextFile(out), "out.csv");
  assert.deepEqual(header, [
    "date",
    "load",
    "load_low",
    "load_high",
    "price, EUR",
    "price, EUR_low",
    "price, EUR_high",
  ]);
  assert.equal(rows.length, 5);
  assert.equal(rows[0][0], "2024-03-03 12:00:00", "the hour after the last row");
  assert.equal(rows[4][0], "2024-03-03 16:00:00");
  for (const row of rows) {
    const [, point, low, high] = row.map(Number);
    assert.ok(low < point && point < high);
  }
});

Deno.test("forecast: files without dates count steps and skip the seasonal forecast, saying so", async () => {
  const plain = `${files.path}/plain.csv`;
  const values = [...randomSeries(120, 1).channels[0]];
  await Deno.writeTextFile(plain, "x\n" + values.join("\n") + "\n");
  const out = `${files.path}/plain-out.csv`;
  const args = [
    plain,
    "--lookback",
    "3",
    "--horizon",
    "2",
    "--depths",
    "none",
    "--json",
    "--out",
    out,
  ];
  const first = await forecast(...args);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /seasonal-naive is left out.*--season ROWS/);
  assert.equal(JSON.parse(first.stdout).rows.length, 3);
  const { header, rows } = readCells(await Deno.readTextFile(out), "out.csv");
  assert.deepEqual([header[0], rows[0][0], rows[1][0]], ["step", "1", "2"]);
});

Deno.test("forecast: a dataset id of datasets.json, read as its entry says, but for what a flag says", async () => {
  const args = ["seattle-weather", ...small, "--depths", "none"];
  const entry = await forecast(...args);
  assert.equal(entry.code, 0, entry.stderr);
  assert.match(entry.stdout, /^seattle-weather: 1461 rows, 4 columns;[^]*seasonal-naive/);
  assert.match(entry.stderr, /seattle-weather: .*Licence: .*Read from .*seattle-weather\.csv/);
  assert.doesNotMatch(entry.stderr, /usual one/, "the entry states its season");
  const flag = await forecast(...args, "--columns", "wind");
  assert.match(flag.stdout, /^seattle-weather: 1461 rows, 1 column;/, flag.stderr);
});

Deno.test({
  name: "forecast: a dataset is split as its entry says",
  ignore: !Deno.env.get("DEEP_LINEAR_MIRROR"),
  async fn() {
    const { stdout, stderr } = await forecast(
      "etth1",
      ...small,
      "--columns",
      "OT",
      "--depths",
      "none",
    );
    assert.match(
      stdout,
      /^etth1: 17420 rows, 1 column; .*split etth \(8640\/2880\/2880 rows\)/,
      stderr,
    );
    assert.match(
      stdout,
      /2876 test windows; standardised values; MASE and skill beside seasonal-naive\n/,
    );
  },
});

Deno.test("forecast --help: the usage on stdout", async () => {
  const { code, stdout, stderr } = await forecastProcess("--help");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^Usage: deno task forecast FILE\.csv/);
});

Deno.test("forecast: a gzipped file is read as what it holds, and --season wins over the usual one", async () => {
  const zipped = `${files.path}/zipped.csv`;
  await Deno.writeFile(zipped, gzipSync(await Deno.readFile(file)));
  const args = [...small, "--depths", "none", "--json"];
  const { code, stdout, stderr } = await forecast(zipped, ...args, "--season", "7");
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /season/);
  const seasonal = JSON.parse(stdout).rows[1];
  assert.equal(seasonal.model, "seasonal-naive");
  // Repeating the value seven hours before, by a loop over both columns.
  let squares = 0, n = 0;
  for (const x of channels) {
    const train = x.subarray(0, 210);
    const mean = train.reduce((sum, v) => sum + v, 0) / 210;
    const variance = train.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 210;
    for (let origin = 240; origin + 5 <= 300; origin++) {
      for (let h = 0; h < 5; h++, n++) {
        squares += (x[origin + h] - x[origin + h - 7]) ** 2 / variance;
      }
    }
  }
  assert.ok(Math.abs(seasonal.mse / (squares / n) - 1) < 1e-9);
});

Deno.test("forecast: a season longer than the training rows leaves the seasonal forecast out, saying so", async () => {
  const models = async (season: number) => {
    const args = [file, ...small, "--depths", "none", "--json", "--season", String(season)];
    const { stdout, stderr } = await forecast(...args);
    return { ids: JSON.parse(stdout).rows.map((row: { model: string }) => row.model), stderr };
  };
  const longer = await models(211);
  assert.deepEqual(longer.ids, ["repeat-last", "ols", "ols-in"]);
  assert.match(
    longer.stderr,
    /seasonal-naive is left out: season 211 exceeds the 210 training rows/,
  );
  assert.equal((await models(210)).ids[1], "seasonal-naive");
});

Deno.test("forecast: steps between dates that are not the usual one are counted", async () => {
  const gap = files.csv("gap.csv", { date: hourly(120, 40, 3), x: channels[0].subarray(0, 120) });
  const args = ["--lookback", "3", "--horizon", "2", "--depths", "none"];
  const { stderr, stdout } = await forecast(gap, ...args);
  assert.match(
    stderr,
    /1 of 119 steps between dates are not 1 hour: rows are treated as evenly spaced/,
  );
  assert.match(stdout, /120 rows, 1 column;/);
  const quick = files.csv("quick.csv", {
    date: Array.from({ length: 60 }, (_, i) => `2024-01-01 00:00:00.${String(i).padStart(4, "0")}`),
    x: channels[0].subarray(0, 60),
  });
  const short = (await forecast(quick, ...args)).stderr;
  assert.match(short, /seasonal-naive is left out: the file has less than the usual season at/);
  assert.doesNotMatch(short, /season \d/);
  const even = await forecast(file, ...small, "--depths", "none");
  assert.doesNotMatch(even.stderr, /steps between dates/);
});

Deno.test("forecast --drop-constant: a constant column is left out where it would be refused", async () => {
  const flat = files.csv("flat.csv", { x: channels[0].subarray(0, 120), flat: Array(120).fill(3) });
  const args = [flat, "--lookback", "3", "--horizon", "2", "--depths", "none"];
  const refused = await forecast(...args);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /column "flat": constant \(3\)/);
  const dropped = await forecast(...args, "--drop-constant");
  assert.match(dropped.stderr, /column "flat" is constant/);
  assert.match(dropped.stdout, /120 rows, 1 column;/);
});

Deno.test("forecast: networks of depth 1 and 10 where one side of the map is narrow", async () => {
  const { stdout, stderr } = await forecast(file, "--lookback", "140", "--horizon", "2", "--json");
  const ids = JSON.parse(stdout).rows.map((row: { model: string }) => row.model);
  assert.deepEqual(ids.slice(-2), ["deep-linear-1", "deep-linear-10"]);
  assert.doesNotMatch(stderr, /left out/);
});

Deno.test("forecast: where both sides are wide, depth 10 is left out, saying so", async () => {
  const { channels: [x] } = randomSeries(1300, 1);
  const long = files.csv("long.csv", { x });
  const process = command([long, "--lookback", "130", "--horizon", "129"]).spawn();
  // What follows the note takes too long to wait for.
  let heard = "";
  for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
    heard += text;
    if (/deep-linear/.test(heard)) break;
  }
  process.kill("SIGKILL");
  await process.stdout.cancel();
  await process.status;
  assert.match(heard, /deep-linear-10 is left out.*--depths 1,10 includes it/);
});

Deno.test("forecast: mistakes exit with 1, a message, and nothing on stdout", async () => {
  const bad = `${files.path}/bad.csv`;
  await Deno.writeTextFile(bad, "a,b\n1,2\n3,oops\n");
  const cases: [string[], RegExp][] = [
    [
      [],
      /expected one file or dataset id, got none\. Give one, .* See deno task forecast --help\./,
    ],
    [
      [`${files.path}/none.csv`],
      /none\.csv: no such file, and no dataset of this id\. Datasets: .*etth1/,
    ],
    [[file, "--lokback", "3"], /Unknown option --lokback\. Nearest: --lookback, /],
    [[bad], /bad\.csv, line 3, column "b": "oops" is not a finite number/],
    [[file], /300 rows leave 210 for training, but lookback 336 \+ horizon 96 needs 432/],
    [[file, "--split", "etth"], /needs 14400/],
    [
      [file, ...small, "--depths", "none", "--out", `${files.path}/x.csv`, "--model", "lstm"],
      /--model lstm: not in the table\. Models: repeat-last, seasonal-naive, ols, ols-in\./,
    ],
    [[file, ...small, "--depths", "none", "--out", `${file}/x.csv`], /error: .*own data\.csv/],
  ];
  for (const [i, [args, message]] of cases.entries()) {
    const run = i === 0 ? forecastProcess : forecast;
    const { code, stdout, stderr } = await run(...args, "--json");
    assert.equal(code, 1, `${args}`);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /at .*\.ts:\d/, "a stack trace is for faults of the program");
  }
});

Deno.test("forecast: --missing -9999 reads as written", async () => {
  const gaps = `${files.path}/gaps.csv`;
  const values = [...randomSeries(120, 1).channels[0]];
  values[50] = -9999;
  await Deno.writeTextFile(gaps, "x\n" + values.join("\n") + "\n");
  const args = [
    gaps,
    "--lookback",
    "3",
    "--horizon",
    "2",
    "--depths",
    "none",
    "--missing",
    "-9999",
  ];
  const { code, stderr } = await forecast(...args);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /column "x": 1 missing cells \(-9999\)/);
});
