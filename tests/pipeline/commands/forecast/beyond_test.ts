/** @file The forecast beyond the last row as the command writes it: which model, fitted on what, with which intervals. */
import assert from "node:assert/strict";
import { Matrix, QrDecomposition } from "ml-matrix";
import { readCells } from "../../../../lib/data/csv.ts";
import { keyOf, normals } from "../../../../lib/random/random.ts";
import { folder, forecast } from "./command.ts";

const files = folder();
const [lookback, horizon, rows] = [6, 3, 120];
const size = ["--lookback", String(lookback), "--horizon", String(horizon)];

/** Numbers of the file that a command wrote, without its first column. */
async function written(out: string): Promise<number[][]> {
  const { rows } = readCells(await Deno.readTextFile(out), out);
  assert.deepEqual(rows.map((row) => row[0]), ["1", "2", "3"]);
  return rows.map((row) => row.slice(1).map(Number));
}

/**
 * A season of 4 rows that repeats itself, but for a little, on the validation rows 84 to 95 only: there nothing
 * beats repeating it. On the test rows a slow wave goes on, which least squares continues better.
 */
const noise = normals(keyOf(7), rows);
const x = Float64Array.from({ length: rows }, (_, t) => 5 * Math.sin(t / 3) + 0.3 * noise[t]);
for (let t = 84; t < 96; t++) x[t] = x[t - 4] + 0.2 * (t % 5);
const file = files.csv("season.csv", { x });

Deno.test("forecast --out: by the model of the lowest validation error, intervals from its own errors", async () => {
  const out = `${files.path}/season-out.csv`;
  const args = [file, ...size, "--season", "4", "--depths", "none", "--json", "--level", "0.6"];
  const { code, stdout, stderr } = await forecast(...args, "--out", out);
  assert.equal(code, 0, stderr);
  const table: { model: string; mse: number; validation_mse: number }[] = JSON.parse(stdout).rows;
  const best = (key: "mse" | "validation_mse") =>
    table.reduce((a, b) => b[key] < a[key] ? b : a).model;
  assert.equal(best("validation_mse"), "seasonal-naive");
  assert.notEqual(best("mse"), "seasonal-naive");
  assert.match(stderr, /season-out\.csv: 3 rows by seasonal-naive, fitted again on all 120 rows/);

  const errors = (from: number, to: number, h: number) => {
    const out: number[] = [];
    for (let t = from; t + horizon <= to; t++) out.push(Math.abs(x[t + h] - x[t + h - 4]));
    return out.sort((a, b) => a - b);
  };
  const rank = (sorted: number[]) => sorted[Math.ceil((sorted.length + 1) * 0.6) - 1];
  let inside = 0, total = 0;
  (await written(out)).forEach(([point, low, high], h) => {
    const [validation, test] = [errors(84, 96, h), errors(96, 120, h)];
    const half = rank([...validation, ...test].sort((a, b) => a - b));
    const value = x[rows + h - 4];
    assert.ok(Math.abs(point - value) < 1e-6, `${h}`);
    assert.ok(Math.abs(low - (value - half)) < 1e-6, `${h}`);
    assert.ok(Math.abs(high - (value + half)) < 1e-6, `${h}`);
    inside += test.filter((error) => error <= rank(validation)).length;
    total += test.length;
  });
  assert.ok(inside > 0 && inside < total);
  const share = (100 * inside / total).toFixed(1);
  assert.match(stderr, /60 % intervals from its errors on validation and test; /);
  assert.ok(stderr.includes(`on test they covered ${share} % when calibrated on validation.`));
});

/** Forecasts of the rows after `origin` by least squares with an intercept over the windows of the first `end` rows. */
function leastSquares(end: number): (origin: number) => number[] {
  const [features, targets]: [number[][], number[][]] = [[], []];
  for (let t = lookback; t + horizon <= end; t++) {
    features.push([...x.subarray(t - lookback, t), 1]);
    targets.push([...x.subarray(t, t + horizon)]);
  }
  const W = new QrDecomposition(new Matrix(features)).solve(new Matrix(targets));
  return (origin) =>
    new Matrix([[...x.subarray(origin - lookback, origin), 1]]).mmul(W).to1DArray();
}

Deno.test("forecast --out --model: the model that is named, fitted again on all rows", async () => {
  const out = `${files.path}/ols-out.csv`;
  const { code, stderr } = await forecast(
    ...[file, ...size, "--depths", "none", "--season", "4", "--out", out, "--model", "ols"],
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /3 rows by ols,/);
  const [whole, train] = [leastSquares(rows), leastSquares(84)];
  // What was fitted again has seen the rows that calibrate: only the fit on the training rows may.
  const errors = (predict: typeof whole, h: number) =>
    [[84, 96], [96, 120]].flatMap(([from, to]) => {
      const out: number[] = [];
      for (let t = from; t + horizon <= to; t++) out.push(Math.abs(x[t + h] - predict(t)[h]));
      return out;
    }).sort((a, b) => a - b);
  const half = (sorted: number[]) => sorted[Math.ceil((sorted.length + 1) * 0.9) - 1];
  (await written(out)).forEach(([point, low, high], h) => {
    assert.ok(Math.abs(point - whole(rows)[h]) < 1e-4, `${point}, expected ${whole(rows)[h]}`);
    const width = half(errors(train, h));
    assert.ok(Math.abs((high - low) / 2 - width) < 1e-4, `${(high - low) / 2}, expected ${width}`);
    assert.ok(Math.abs(half(errors(whole, h)) - width) > 0.01);
  });
  const moved = whole(rows).map((value, h) => Math.abs(value - train(rows)[h]));
  assert.ok(Math.max(...moved) > 0.1, `${moved}`);
});

Deno.test("forecast --out: a network is only used where it is named", async () => {
  // Of white noise least squares learns too much, and a network that stops just before it a little less.
  const white = files.csv("white.csv", { x: normals(keyOf(6), rows) });
  const out = `${files.path}/deep-out.csv`;
  const args = [white, ...size, "--depths", "1", "--json", "--out", out];
  const { stdout, stderr } = await forecast(...args);
  const table: { model: string; validation_mse: number }[] = JSON.parse(stdout).rows;
  table.sort((a, b) => a.validation_mse - b.validation_mse);
  assert.equal(table[0].model, "deep-linear-1");
  assert.match(stderr, new RegExp(`3 rows by ${table[1].model},`));
  const named = await forecast(...args, "--model", "deep-linear-1");
  assert.match(named.stderr, /3 rows by deep-linear-1,/);
});
