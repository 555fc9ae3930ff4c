/** @file The files of the forecast command: nothing of the user's is lost, nothing is claimed that so few errors cannot give. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readCells } from "../../../../lib/data/csv.ts";
import { randomSeries } from "../../../tasks/forecasting/fixtures.ts";
import { command, denoArguments, folder, forecast, hourly } from "./command.ts";

const files = folder();
const small = ["--lookback", "4", "--horizon", "2", "--depths", "none"];
const { channels: [load, low] } = randomSeries(120, 2);
const mine = files.csv("mine.csv", { date: hourly(120), load, load_low: low });
const text = Deno.readTextFileSync(mine);

Deno.test("forecast --out, --plot: no name of the file that is read is written over", async () => {
  Deno.mkdirSync(join(files.path, "sub"));
  Deno.symlinkSync(mine, join(files.path, "soft.svg"));
  Deno.linkSync(mine, join(files.path, "hard.csv"));
  const names: [string, string][] = [
    ["--out", mine],
    ["--out", join(files.path, "hard.csv")],
    ["--out", `${files.path}/sub/../mine.csv`],
    ["--plot", join(files.path, "soft.svg")],
  ];
  for (const [flag, name] of names) {
    const { code, stdout, stderr } = await forecast(mine, ...small, flag, name);
    assert.deepEqual([code, stdout], [1, ""], name);
    assert.ok(stderr.includes(`error: ${flag} ${name}: this is the file `), stderr);
    assert.equal(Deno.readTextFileSync(mine), text, name);
  }
  // The other way round: the input is named by its link.
  const linked = await forecast(join(files.path, "hard.csv"), ...small, "--out", mine);
  assert.match(linked.stderr, /error: --out .*mine\.csv: this is the file /);
  assert.equal(Deno.readTextFileSync(mine), text);
});

Deno.test("forecast --out: the file of a dataset and the list of datasets are not written over", async () => {
  const registry = new URL("../../../../data/datasets.json", import.meta.url).pathname;
  const before = Deno.readTextFileSync(registry);
  const { code, stderr } = await forecast("seattle-weather", ...small, "--out", registry);
  assert.equal(code, 1);
  assert.match(stderr, /--out .*datasets\.json: this is the file /);
  assert.equal(Deno.readTextFileSync(registry), before);
});

Deno.test("forecast: one file for two flags, a folder, and what cannot be there are refused before any work", async () => {
  const cases: [string[], RegExp][] = [
    [["--out", "x.svg", "--plot", "./x.svg"], /--out x\.svg and --plot \.\/x\.svg are one file/],
    [["--explain", "x.csv", "--out", "./x.csv"], /--out \.\/x\.csv and --explain x\.csv are one/],
    [["--out", files.path], /--out .*: this is a folder/],
    [["--out", `${mine}/x.csv`], /mine\.csv is a file, not a folder/],
    [["--model", "seasonal-naive", "--season", "100"], /nothing asks for/],
    [
      ["--model", "seasonal-naive", "--season", "100", "--out", `${files.path}/x.csv`],
      /--model seasonal-naive: not in the table\. Models: repeat-last, ols, ols-in\. It needs a season/,
    ],
    [["--model", "deep-linear-2", "--out", `${files.path}/x.csv`], /--depths 2 includes it/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await forecast(mine, ...small, ...args);
    assert.deepEqual([code, stdout], [1, ""], `${args}`);
    assert.match(stderr, message);
  }
  const { stderr } = await forecast(files.path, ...small);
  assert.match(stderr, /error: .*: a folder, not a file\./);
});

Deno.test("forecast: paths are those of the folder where the task was called", async () => {
  const called = command(["mine.csv", ...small, "--out", "sub/out.csv", "--plot", "p.svg"], {
    INIT_CWD: files.path,
  });
  const { code, stderr } = await called.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.match(Deno.readTextFileSync(join(files.path, "sub/out.csv")), /^date,load,load_low_2,/);
  assert.match(Deno.readTextFileSync(join(files.path, "p.svg")), /^<svg /);
});

Deno.test("forecast --out: names are unique, said so, and the numbers are those of the file's own columns", async () => {
  const out = join(files.path, "collision.csv");
  const { code, stderr } = await forecast(mine, ...small, "--model", "repeat-last", "--out", out);
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /collision\.csv: a column of the file has the name .*"load_low_2" is numbered/,
  );
  const { header, rows } = readCells(Deno.readTextFileSync(out), out);
  assert.deepEqual(header.slice(1, 5), ["load", "load_low_2", "load_high", "load_low"]);
  assert.ok(rows.length === 2);
  for (const row of rows) {
    const [point, lower, upper, other] = row.slice(1, 5).map(Number);
    assert.ok(lower < point && point < upper);
    // Repeating the last value, but for the rounding of standardising it.
    assert.ok(Math.abs(point - load[119]) < 1e-12 && Math.abs(other - low[119]) < 1e-12);
  }
});

Deno.test("forecast --out: every number keeps the digits that tell it from its neighbours", async () => {
  const level = 1.6e9;
  const counter = files.csv("counter.csv", { x: load.map((value) => level + value) });
  const out = join(files.path, "counter-out.csv");
  const { stderr } = await forecast(counter, ...small, "--model", "repeat-last", "--out", out);
  const [[, point, lower, upper]] = readCells(Deno.readTextFileSync(out), out).rows;
  assert.ok(Number(lower) < Number(point) && Number(point) < Number(upper), stderr);
  assert.ok(Math.abs(Number(point) - (level + load[119])) <= 2 ** -20, point);
});

Deno.test("forecast --level: what so few errors cannot give is refused, or lowered where nobody asked", async () => {
  // 11 windows of validation and 23 of test.
  const out = join(files.path, "level.csv");
  const refused = await forecast(mine, ...small, "--out", out, "--level", "0.99");
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /--level 0\.99: 34 errors a step .* cannot give that level; .* 97\.14 % at most\. Give --level 0\.97 or less/,
  );
  const most = await forecast(mine, ...small, "--out", out, "--level", "0.97");
  assert.equal(most.code, 0, most.stderr);
  assert.match(most.stderr, /97 % intervals .* cannot be checked: validation alone has too few/);
  const short = files.csv("short.csv", { x: load.subarray(0, 30) });
  const args = [short, "--lookback", "2", "--horizon", "2", "--depths", "none", "--out", out];
  const { code, stderr } = await forecast(...args);
  assert.equal(code, 0, stderr);
  // 2 windows of validation and 5 of test.
  assert.match(stderr, /intervals are of 87\.5 %: 7 errors a step .* cannot give the usual 90 %/);
  assert.match(stderr, /level\.csv: 2 rows by .* 87\.5 % intervals/);
  assert.doesNotMatch(stderr, /[^l] 90 %/);
  // Not made, not spoken of.
  assert.doesNotMatch((await forecast(...args.slice(0, -2))).stderr, /intervals/);
});

Deno.test("forecast --level: several have columns of their own, each as if it were alone", async () => {
  const [several, alone] = [join(files.path, "several.csv"), join(files.path, "alone.csv")];
  const args = [mine, ...small, "--model", "ols"];
  const both = await forecast(...args, "--out", several, "--level", "80,50");
  assert.equal(both.code, 0, both.stderr);
  assert.match(both.stderr, / 50 % intervals from .* covered .* 80 % intervals from .* covered /);
  await forecast(...args, "--out", alone, "--level", "0.8");
  const table = (path: string) => readCells(Deno.readTextFileSync(path), path);
  const { header, rows } = table(several);
  assert.deepEqual(header.slice(0, 6), [
    ...["date", "load", "load_low_50", "load_high_50", "load_low_80", "load_high_80"],
  ]);
  const { rows: other } = table(alone);
  rows.forEach((row, h) => {
    const [point, low50, high50, low80, high80] = row.slice(1, 6).map(Number);
    assert.ok(low80 < low50 && low50 < point && point < high50 && high50 < high80);
    assert.deepEqual([row[1], ...row.slice(4, 6)], other[h].slice(1, 4));
  });
  const { stderr } = await forecast(...args, "--out", several, "--level", "50,99");
  assert.match(stderr, /--level 0\.99: 34 errors a step/);
});

Deno.test("forecast --plot: a drawing in the file, a small one after the table, none with --json", async () => {
  const plot = join(files.path, "plot.svg");
  const { code, stdout, stderr } = await forecast(mine, ...small, "--plot", plot);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /plot\.svg: 2 rows by /);
  const [, sketch] = stdout.split(/^ols-in .*$/m);
  assert.match(sketch, /[\u2801-\u28ff]{2}/);
  assert.ok(sketch.split("\n").every((line) => line.length <= 80));
  assert.ok(!stdout.includes(String.fromCharCode(27)), "no colours where there is no terminal");
  const json = await forecast(mine, ...small, "--plot", plot, "--json");
  assert.deepEqual(Object.keys(JSON.parse(json.stdout)), ["rows"]);
  const plain = await forecast(mine, ...small, "--out", join(files.path, "o.csv"));
  assert.doesNotMatch(plain.stdout, /[\u2801-\u28ff]/);
});

Deno.test("forecast --out: the file that standard input comes from is not written over", async () => {
  const copy = join(files.path, "piped.csv");
  Deno.copyFileSync(mine, copy);
  const args = denoArguments(["-", ...small, "--out", copy]);
  const shell = new Deno.Command("sh", {
    args: ["-c", '"$0" "$@" < "$INPUT"', Deno.execPath(), ...args],
    env: { INPUT: copy, NO_COLOR: "1", INIT_CWD: "" },
    stderr: "piped",
  });
  const { code, stderr } = await shell.output();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), /--out .*: standard input comes from this file/);
  assert.equal(Deno.readTextFileSync(copy), text);
});
