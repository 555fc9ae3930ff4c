/** @file The flags of the forecast command: what each becomes, what it is without it, and what is refused. */
import assert from "node:assert/strict";
import { parseOptions, USAGE, UsageError } from "../../../../pipeline/commands/forecast/options.ts";

const options = (...flags: string[]) => parseOptions(["FILE.csv", ...flags])!;

Deno.test("flags: a file alone takes every default", () => {
  assert.deepEqual(options(), {
    file: "FILE.csv",
    lookback: 336,
    horizon: 96,
    split: undefined,
    season: undefined,
    depths: undefined,
    read: { date: undefined, columns: undefined, missing: undefined },
    dropConstant: false,
    json: false,
    out: undefined,
    model: undefined,
    level: 0.9,
  });
});

Deno.test("flags: each one becomes its option", () => {
  const flags = "--lookback 7 --horizon 3 --split ettm --season 5 --depths 4,2 --date when " +
    "--missing NA --drop-constant --json --out o.csv --model ols --level 0.75";
  assert.deepEqual(parseOptions([...flags.split(" "), "--columns", "b, a", "in.csv"]), {
    file: "in.csv",
    lookback: 7,
    horizon: 3,
    split: "ettm",
    season: 5,
    depths: [4, 2],
    read: { date: "when", columns: ["b", "a"], missing: ["NA"] },
    dropConstant: true,
    json: true,
    out: "o.csv",
    model: "ols",
    level: 0.75,
  });
});

Deno.test("flags: a date column of none is no date column", () => {
  assert.equal(options("--date", "none").read.date, null);
});

Deno.test("flags: codes of missing values may start with a dash, be empty, and be several", () => {
  const { read, json } = options("--missing", "-9999", "--missing", "", "--json", "--missing=NA");
  assert.deepEqual(read.missing, ["-9999", "", "NA"]);
  assert.equal(json, true);
  assert.deepEqual(options("--missing").read.missing, [""]);
});

Deno.test("flags: depths are listed once each, in their order, or none", () => {
  assert.deepEqual(options("--depths", "10, 1,10").depths, [10, 1]);
  assert.deepEqual(options("--depths", "none").depths, []);
  assert.deepEqual(options("--depths", " ").depths, []);
});

Deno.test("flags: help, long and short, gives nothing to do, and the usage names every flag", () => {
  assert.equal(parseOptions(["--help"]), undefined);
  assert.equal(parseOptions(["x.csv", "-h"]), undefined);
  const flags =
    "lookback horizon split season depths columns date missing drop-constant json out " +
    "model level";
  for (const flag of flags.split(" ")) assert.match(USAGE, new RegExp(`^  --${flag}\\b`, "m"));
});

Deno.test("flags: a mistake is the user's, and its message names the flag and what is allowed", () => {
  const cases: [string[], RegExp][] = [
    [[], /expected one file or dataset id, got none\.[^]*Usage:/],
    [["a.csv", "b.csv"], /got a\.csv, b\.csv\.[^]*Usage:/],
    [["a.csv", "--lokback", "3"], /--lokback[^]*Usage:/],
    [["a.csv", "--json=yes"], /--json[^]*Usage:/],
    [["a.csv", "--split", "80/20"], /--split 80\/20: expected etth, ettm, 70\/10\/20\./],
    ...["0", "-1", "1.5", "x", "01", "1e3", ""].flatMap((value): [string[], RegExp][] =>
      ["lookback", "horizon", "season"].map((flag) => [
        ["a.csv", `--${flag}=${value}`],
        new RegExp(`--${flag} ${value}: expected a whole number, at least 1\\.`),
      ])
    ),
    [["a.csv", "--depths", "1,0"], /--depths 0: expected a whole number/],
    ...["0", "1", "90", "-0.5", "x"].map((value): [string[], RegExp] => [
      ["a.csv", `--level=${value}`],
      new RegExp(`--level ${value}: expected a share between 0 and 1`),
    ]),
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseOptions(args), (error) => {
      assert.ok(error instanceof UsageError, `${args}`);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("flags: every split of the library may be named, and 1 is a whole number of rows", () => {
  for (const split of ["etth", "ettm", "70/10/20"]) {
    assert.equal(options("--split", split).split, split);
  }
  assert.equal(options("--lookback", "1").lookback, 1);
  assert.equal(options("--horizon", " 20 ").horizon, 20);
});
