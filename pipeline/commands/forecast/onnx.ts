/**
 * @file `--onnx`: a forecaster as an ONNX model that takes values as they stand in the file. Standardising and its way back are in it.
 */
import onnxProto from "onnx-proto";
import { Model, type Ref } from "../../../lib/engine/onnx/model.ts";
import { DataError } from "../../../lib/data/data_error.ts";
import type { LinearMap } from "../../../lib/tasks/forecasting/forecaster.ts";
import { SPREAD_EPSILON } from "../../../lib/tasks/forecasting/linear_map.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { tensor } from "../../../lib/tensor/tensor.ts";

const { onnx } = onnxProto;

/** Names of the model's input and output. */
export const INPUT = "history", OUTPUT = "forecast";

/**
 * The model: `history` float32 [batch, lookback, columns], oldest row first, to `forecast` float32 [batch, horizon, columns], both
 * in units of the file and in the order of the problem's columns. The names of the columns are in its metadata.
 * @throws {DataError} for a column whose values leave the range of float32
 */
export function toOnnx(
  { lookback, horizon, weights, intercept, spread }: LinearMap,
  { file, columns, mean, deviation }: Pick<Problem, "file" | "columns" | "mean" | "deviation">,
  model: string,
): Uint8Array {
  const n = columns.length;
  columns.forEach((column, c) => {
    const [low, level] = [Math.fround(deviation[c]), Math.fround(Math.abs(mean[c]))];
    if (low > 1e-30 && Math.max(low, level) < 1e30 && level * 2 ** -20 < low) return;
    throw new DataError(
      { file, column },
      `--onnx: with a mean of ${mean[c]} and a deviation of ${
        deviation[c]
      } in the training rows, ` +
        "32-bit floats lose its changes. Subtract a level, scale the column, or choose others.",
    );
  });
  const graph = new Model();
  const vector = (values: Float64Array, shape: number[]) => graph.constant(tensor(values, shape));
  const node = (op: string, inputs: Ref[], shape: number[], attributes = {}) =>
    graph.node(op, inputs, shape, "float32", attributes);
  const [mu, sigma] = [vector(mean, [n]), vector(deviation, [n])];
  const x = graph.input(INPUT, [1, lookback, n], "float32");
  const centred = node("Sub", [x, mu], x.shape as number[]);
  const z = node("Div", [centred, sigma], x.shape as number[]);
  const windows = node("Transpose", [z], [1, n, lookback], { perm: [0, 2, 1] });
  const W = vector(weights, [lookback, horizon]);
  let y = node("MatMul", [windows, W], [1, n, horizon]);
  y = node("Add", [y, vector(intercept, [horizon])], y.shape as number[]);
  if (spread) {
    const axis = graph.ints([-1]);
    const average = node("ReduceMean", [windows, axis], [1, n, 1], { keepdims: 1 });
    const distance = node("Sub", [windows, average], windows.shape as number[]);
    const squares = node("Mul", [distance, distance], windows.shape as number[]);
    const variance = node("ReduceMean", [squares, axis], [1, n, 1], { keepdims: 1 });
    const kept = node("Add", [variance, graph.fill(SPREAD_EPSILON, "float32")], [1, n, 1]);
    const s = node("Sqrt", [kept], [1, n, 1]);
    const part = node("Mul", [s, vector(spread, [1, horizon])], [1, n, horizon]);
    y = node("Add", [y, part], y.shape as number[]);
  }
  const rows = node("Transpose", [y], [1, horizon, n], { perm: [0, 2, 1] });
  const scaled = node("Mul", [rows, sigma], rows.shape as number[]);
  const out = node("Add", [scaled, mu], rows.shape as number[]);
  return named(graph.serialize([out]), { model, columns: JSON.stringify(columns) });
}

/** With a free batch, the output under its name, and metadata. */
function named(bytes: Uint8Array, metadata: Record<string, string>): Uint8Array {
  const made = onnx.ModelProto.decode(bytes);
  const graph = made.graph!;
  const [input, output] = [graph.input![0], graph.output![0]];
  for (const { type } of [input, output]) {
    type!.tensorType!.shape!.dim![0] = onnx.TensorShapeProto.Dimension.create({
      dimParam: "batch",
    });
  }
  graph.node!.at(-1)!.output = [OUTPUT];
  output.name = OUTPUT;
  made.metadataProps = Object.entries(metadata).map(([key, value]) =>
    onnx.StringStringEntryProto.create({ key, value })
  );
  return onnx.ModelProto.encode(made).finish();
}
