/** @file The forecast command in a process of its own, as a user runs it. */
import assert from "node:assert/strict";
import { readCells } from "../../lib/data/csv.ts";
import { randomSeries } from "./fixtures.ts";

const program = new URL("../../pipeline/forecast/forecast.ts", import.meta.url).pathname;
const HOUR = 3_600_000;

async function forecast(...args: string[]) {
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-write",
      "--allow-ffi",
      "--allow-env=DEEP_LINEAR_MIRROR",
      program,
      ...args,
    ],
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

const folder = Deno.makeTempDirSync();
const file = `${folder}/own data.csv`;
const dates: string[] = [];
{
  const { channels } = randomSeries(300, 2);
  const lines = ['date,load,"price, EUR"'];
  for (let t = 0; t < 300; t++) {
    const date = new Date(Date.UTC(2024, 1, 20) + t * HOUR).toISOString();
    dates.push(date.slice(0, 10) + " " + date.slice(11, 19));
    lines.push(`${dates[t]},${channels[0][t]},${channels[1][t]}`);
  }
  Deno.writeTextFileSync(file, lines.join("\n"));
}
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const small = ["--lookback", "12", "--horizon", "5"];

Deno.test("forecast --json: exactly the rows on stdout, every model", async () => {
  const { code, stdout, stderr } = await forecast(file, ...small, "--json", "--depths", "1,2");
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
  const out = `${folder}/out.csv`;
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
  const plain = `${folder}/plain.csv`;
  const values = [...randomSeries(120, 1).channels[0]];
  await Deno.writeTextFile(plain, "x\n" + values.join("\n") + "\n");
  const out = `${folder}/plain-out.csv`;
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

Deno.test("forecast: a dataset id of datasets.json, its entry's split and season", async () => {
  const args = ["us-employment", ...small, "--depths", "none", "--columns", "nonfarm", "--json"];
  const { code, stdout, stderr } = await forecast(...args);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /us-employment: .*Licence: US Government/);
  assert.equal(JSON.parse(stdout).rows[1].model, "seasonal-naive");
});

Deno.test("forecast: mistakes exit with 1, a message, and nothing on stdout", async () => {
  const bad = `${folder}/bad.csv`;
  await Deno.writeTextFile(bad, "a,b\n1,2\n3,oops\n");
  const cases: [string[], RegExp][] = [
    [[], /expected one file or dataset id, got none[^]*Usage:/],
    [
      [`${folder}/none.csv`],
      /none\.csv: no such file, and no dataset of this id\. Datasets: .*etth1/,
    ],
    [[file, "--lokback", "3"], /--lokback[^]*Usage:/],
    [[file, "--lookback", "x"], /--lookback x: expected a whole number/],
    [[file, "--horizon", "0"], /--horizon 0: expected a whole number, at least 1/],
    [[file, "--split", "80/20"], /--split 80\/20: expected etth, ettm, 70\/10\/20/],
    [[file, "--depths", "1,x"], /--depths x/],
    [[file, "--level", "90"], /--level 90/],
    [[bad], /bad\.csv, row 3, column "b": "oops" is not a finite number/],
    [[file], /300 rows leave 210 for training, but lookback 336 \+ horizon 96 needs 432/],
    [[file, "--split", "etth"], /needs 14400/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await forecast(...args, "--json");
    assert.equal(code, 1, `${args}`);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /at .*\.ts:\d/, "a stack trace is for faults of the program");
  }
});

Deno.test("forecast: --missing -9999 reads as written", async () => {
  const gaps = `${folder}/gaps.csv`;
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
