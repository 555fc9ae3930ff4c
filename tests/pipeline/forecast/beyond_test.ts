/** @file The forecast beyond the last row as the command writes it: which model, fitted on what, with which intervals. */
import assert from "node:assert/strict";
import { Matrix, QrDecomposition } from "ml-matrix";
import { readCells } from "../../../lib/data/csv.ts";
import { keyOf, normals } from "../../../lib/ssm/random.ts";
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

Deno.test("forecast --out --model: the model that is named, fitted again on all rows", async () => {
  const out = `${files.path}/ols-out.csv`;
  const { code, stderr } = await forecast(
    ...[file, ...size, "--depths", "1", "--season", "4", "--out", out, "--model", "ols"],
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /3 rows by ols,/);
  /** Least squares with an intercept over the windows of the first `end` rows, at the last window. */
  const leastSquares = (end: number) => {
    const [features, targets]: [number[][], number[][]] = [[], []];
    for (let t = lookback; t + horizon <= end; t++) {
      features.push([...x.subarray(t - lookback, t), 1]);
      targets.push([...x.subarray(t, t + horizon)]);
    }
    const W = new QrDecomposition(new Matrix(features)).solve(new Matrix(targets));
    return new Matrix([[...x.subarray(rows - lookback), 1]]).mmul(W).to1DArray();
  };
  const [whole, train] = [leastSquares(rows), leastSquares(84)];
  (await written(out)).forEach(([point], h) => {
    assert.ok(Math.abs(point - whole[h]) < 1e-4, `${point}, expected ${whole[h]}`);
  });
  assert.ok(Math.max(...whole.map((value, h) => Math.abs(value - train[h]))) > 0.1);
});

Deno.test("forecast --out: a network is only used where it is named", async () => {
  const out = `${files.path}/deep-out.csv`;
  const args = [file, ...size, "--depths", "1", "--out", out];
  // Without a season nothing has fewer errors on validation than least squares and its network.
  const chosen = await forecast(...args);
  assert.match(chosen.stderr, /3 rows by (repeat-last|ols|ols-in),/);
  const named = await forecast(...args, "--model", "deep-linear-1");
  assert.match(named.stderr, /3 rows by deep-linear-1,/);
});
