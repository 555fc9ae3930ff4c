/** @file The ONNX model in ONNX Runtime gives the forecasts of the command, and of any other window. */
import assert from "node:assert/strict";
import * as ort from "onnxruntime-node";
import { readCells } from "../../../../lib/data/csv.ts";
import { keyOf, normals } from "../../../../lib/random/random.ts";
import { linearForecaster } from "../../../../lib/tasks/forecasting/linear_map.ts";
import { toOnnx } from "../../../../pipeline/commands/forecast/onnx.ts";
import { randomSeries } from "../../../tasks/forecasting/fixtures.ts";
import { folder, forecast } from "./command.ts";

const files = folder();
const { channels } = randomSeries(120, 3);
// Columns of different units, so that each needs its own normalisation.
const columns = channels.map((x, c) => x.map((value) => (value + 20 * c) * 10 ** (2 * c - 1)));
const file = files.csv("mine.csv", { a: columns[0], b: columns[1], c: columns[2] });

/** Runs a model on windows, [batch][lookback][columns]. */
async function run(bytes: Uint8Array, windows: number[][][]) {
  const session = await ort.InferenceSession.create(bytes);
  assert.deepEqual([session.inputNames, session.outputNames], [["history"], ["forecast"]]);
  const shape = [windows.length, windows[0].length, windows[0][0].length];
  const history = new ort.Tensor("float32", Float32Array.from(windows.flat(2)), shape);
  const { forecast } = await session.run({ history });
  await session.release();
  return { dims: forecast.dims, data: forecast.data as Float32Array };
}

Deno.test("forecast --onnx: ONNX Runtime makes the forecast of --out from the last rows of the file", async () => {
  const [onnx, out] = [`${files.path}/m.onnx`, `${files.path}/o.csv`];
  const cases = [["ols", 6], ["ols-in", 6], ["seasonal-naive", 5], ["deep-linear-2", 6]] as const;
  for (const [model, lookback] of cases) {
    const { code, stderr } = await forecast(
      ...[file, "--lookback", "6", "--horizon", "4", "--season", "5"],
      ...["--depths", model === "deep-linear-2" ? "2" : "none"],
      ...["--model", model, "--onnx", onnx, "--out", out],
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`m\\.onnx: ${model}, fitted again on all 120 rows, as ONNX`));
    const rows = Array.from(
      { length: lookback },
      (_, l) => columns.map((x) => x[120 - lookback + l]),
    );
    const { dims, data } = await run(Deno.readFileSync(onnx), [rows]);
    assert.deepEqual(dims, [1, 4, 3]);
    readCells(Deno.readTextFileSync(out), out).rows.forEach((cells, h) => {
      columns.forEach((x, c) => {
        const point = Number(cells[1 + 3 * c]);
        const scale = Math.max(...x.map(Math.abs));
        assert.ok(Math.abs(data[3 * h + c] - point) < 2e-6 * scale, `${model} ${h} ${c}`);
      });
    });
  }
});

Deno.test("onnx: any number of windows at once, each column by its own mean and deviation", async () => {
  const [lookback, horizon, batch] = [5, 2, 3];
  const map = {
    ...{ lookback, horizon, weights: normals(keyOf(1), 10), intercept: normals(keyOf(2), 2) },
    spread: normals(keyOf(3), 2),
  };
  const [mean, deviation] = [Float64Array.of(3, -200), Float64Array.of(0.5, 40)];
  const z = [0, 1].map((c) => normals(keyOf(7 + c), batch * lookback));
  const windows = Array.from({ length: batch }, (_, n) =>
    Array.from(
      { length: lookback },
      (_, l) => [0, 1].map((c) => mean[c] + deviation[c] * z[c][n * lookback + l]),
    ));
  const problem = { file: "f", columns: ["a", "b"], mean, deviation };
  const { dims, data } = await run(toOnnx(map, problem, "ols-in"), windows);
  assert.deepEqual(dims, [batch, horizon, 2]);
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < 2; c++) {
      const out = new Float64Array(horizon);
      linearForecaster(map).predict(z[c], (n + 1) * lookback, 1, out);
      out.forEach((value, h) => {
        const off = data[(n * horizon + h) * 2 + c] - (mean[c] + deviation[c] * value);
        assert.ok(Math.abs(off) < 2e-6 * (Math.abs(mean[c]) + 5 * deviation[c]), `${n} ${c} ${h}`);
      });
    }
  }
  const bytes = new TextDecoder("latin1").decode(toOnnx(map, problem, "ols-in"));
  assert.ok(bytes.includes('["a","b"]') && bytes.includes("ols-in"), "its metadata");
});

Deno.test("onnx: a column that 32-bit floats cannot hold is refused by name", () => {
  const map = {
    lookback: 1,
    horizon: 1,
    weights: Float64Array.of(1),
    intercept: Float64Array.of(0),
  };
  const made = (mean: number, deviation: number) => () =>
    toOnnx(map, {
      ...{ file: "f.csv", columns: ["ok", "x"] },
      ...{ mean: Float64Array.of(0, mean), deviation: Float64Array.of(1, deviation) },
    }, "ols");
  for (const [mean, deviation] of [[1e31, 1e30], [0, 1e-31], [0, 1e31], [-1e9, 100], [1e31, 1]]) {
    assert.throws(made(mean, deviation), /^DataError: f\.csv, column "x": --onnx: with a mean of/);
  }
  for (const [mean, deviation] of [[1e9, 1e4], [-1e29, 1e28], [0, 1e-29]]) made(mean, deviation)();
});
