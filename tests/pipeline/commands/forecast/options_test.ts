/** @file The flags of the forecast command: what each becomes, what it is without it, and what is refused. */
import assert from "node:assert/strict";
import { READING_FLAGS } from "../../../../pipeline/commands/forecast/reading_options.ts";
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
    read: {},
    dropConstant: false,
    json: false,
    out: undefined,
    plot: undefined,
    explain: undefined,
    onnx: undefined,
    origins: undefined,
    model: undefined,
    levels: undefined,
  });
});

Deno.test("flags: each one becomes its option", () => {
  const flags = "--lookback 7 --horizon 3 --split ettm --season 5 --depths 4,2 --date when " +
    "--missing NA --drop-constant --json --out o.csv --plot p.SVG --model ols --level 0.75 " +
    "--explain e.JSON --onnx m.onnx --origins 12";
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
    plot: "p.SVG",
    explain: "e.JSON",
    onnx: "m.onnx",
    origins: 12,
    model: "ols",
    levels: [0.75],
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
    "plot explain onnx origins model level";
  for (const flag of flags.split(" ")) assert.match(USAGE, new RegExp(`^  --${flag}\\b`, "m"));
  for (const flag of Object.keys(READING_FLAGS)) {
    assert.match(USAGE, new RegExp(`^  --${flag}\\b`, "m"));
  }
});

Deno.test("flags: a mistake is the user's, and its message names the flag and what is allowed", () => {
  const cases: [string[], RegExp][] = [
    [[], /expected one file or dataset id, got none\. Give one, /],
    [["a.csv", "b.csv"], /got a\.csv, b\.csv\. Give one, /],
    [["a.csv", "--lokback", "3"], /Unknown option --lokback\. Nearest: --lookback, /],
    [["a.csv", "--json=yes"], /--json takes no value\. See deno task forecast --help\./],
    [["a.csv", "--split", "80/20"], /--split 80\/20: expected 70\/10\/20, etth, ettm\./],
    ...["0", "-1", "1.5", "x", "01", "1e3", ""].flatMap((value): [string[], RegExp][] =>
      ["lookback", "horizon", "season", "origins"].map((flag) => [
        ["a.csv", `--${flag}=${value}`],
        new RegExp(`--${flag} ${value}: expected a whole number, at least 1\\.`),
      ])
    ),
    [["a.csv", "--depths", "1,0"], /--depths 0: expected a whole number/],
    ...["0", "1", "100", "-0.5", "x", "", "80,", "0.8,1", "101"].map((
      value,
    ): [string[], RegExp] => [
      ["a.csv", `--level=${value}`],
      new RegExp(`--level ${value}: expected a share between 0 and 1`),
    ]),
  ];
  refusedBy(cases);
});

Deno.test("flags: what would have no effect, or is empty, is told", () => {
  refusedBy([
    ...["out", "plot", "explain", "onnx", "model", "columns", "zone"].flatMap((
      flag,
    ): [string[], RegExp][] => [
      [["a.csv", `--${flag}=`], new RegExp(`--${flag} "": expected .* leave the flag out`)],
      [["a.csv", `--${flag}`, " "], new RegExp(`--${flag} "": expected`)],
    ]),
    [["a.csv", "--model", "ols"], /--model ols: .*nothing asks for.*--out FORECAST\.csv or --plot/],
    [["a.csv", "--level", "0.8"], /--level 0\.8: .*nothing asks for/],
    [
      ["a.csv", "--model", "nosuch"],
      /--model nosuch: not in the table\. Models: repeat-last, .*10\.$/,
    ],
    [["a.csv", "--model", "nosuch", "--out", "o.csv"], /--model nosuch: not in the table/],
    [
      ["a.csv", "--model", "deep-linear-3", "--depths", "1", "--out", "o.csv"],
      /--model deep-linear-3: not in the table\. Models: .*deep-linear-1\. --depths 3 includes it/,
    ],
    [
      ["a.csv", "--level", "80", "--onnx", "m.onnx", "--explain", "e.csv"],
      /--level 80: .*nothing asks for\. Add --out FORECAST\.csv or --plot FILE\.svg \(or --origins\)/,
    ],
    [["a.csv", "--explain", "e.txt"], /--explain e\.txt: .*ends in \.csv or \.json/],
    [["a.csv", "--onnx", "m.pb"], /--onnx m\.pb: .*ends in \.onnx/],
    [["a.csv", "--plot", "p.png"], /--plot p\.png: the drawing is SVG.*ends in \.svg/],
    ...["lookback", "horizon", "out", "level", "date", "json"].map(
      (flag): [string[], RegExp] => {
        const twice = flag === "json" ? ["--json", "--json"] : [`--${flag}=1`, `--${flag}=2`];
        return [["a.csv", ...twice], new RegExp(`--${flag} is given twice`)];
      },
    ),
  ]);
  assert.equal(options("--model", "deep-linear-3", "--plot", "p.svg").model, "deep-linear-3");
  for (const made of ["--origins=3", "--explain=e.csv", "--onnx=m.onnx", "--out=o.csv"]) {
    assert.equal(options("--model", "ols", made).model, "ols", made);
  }
  assert.deepEqual(options("--level", "80", "--origins", "3").levels, [0.8]);
  assert.deepEqual(options("--missing", "1", "--missing", "2").read.missing, ["1", "2"]);
});

function refusedBy(cases: [string[], RegExp][]): void {
  for (const [args, message] of cases) {
    assert.throws(() => parseOptions(args), (error) => {
      assert.ok(error instanceof UsageError, `${args}`);
      assert.match(error.message, message);
      return true;
    });
  }
}

Deno.test("flags: levels are shares or percent, each once, from narrow to wide", () => {
  const levels = (text: string) => options("--out", "o.csv", "--level", text).levels;
  assert.deepEqual(levels("80,95"), [0.8, 0.95]);
  assert.deepEqual(levels(" 99.9, 0.5 ,50,80"), [0.5, 0.8, 0.999]);
  assert.deepEqual(levels("1.5"), [0.015]);
});

Deno.test("flags: every split of the library may be named, and 1 is a whole number of rows", () => {
  for (const split of ["etth", "ettm", "70/10/20"]) {
    assert.equal(options("--split", split).split, split);
  }
  assert.equal(options("--lookback", "1").lookback, 1);
  assert.equal(options("--horizon", " 20 ").horizon, 20);
});
