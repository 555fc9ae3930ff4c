/** @file Gradients by layer against differences of the loss, and the least loss of a width. */
import assert from "node:assert/strict";
import { Matrix as Dense, SVD } from "ml-matrix";
import { cholesky } from "../../../lib/linalg/cholesky.ts";
import { multiply, transpose } from "../../../lib/linalg/matrix.ts";
import { collapse, type DeepLinear, init } from "../../../lib/models/deep_linear.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { task as forecasting } from "../../../lib/tasks/forecasting/forecasting.ts";
import { centre, trainingLoss, trainingMoments } from "../../../lib/tasks/forecasting/moments.ts";
import { solveLeastSquares } from "../../../lib/tasks/forecasting/references/ols.ts";
import { type Tensor, tensor } from "../../../lib/tensor/tensor.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { pilot } from "../../../pipeline/estimate/pilots/layer_gradients.ts";
import * as layerGradients from "../../../pipeline/stages/layer_gradients.ts";
import { artifact, runStage } from "./run_stage.ts";

const e = normals(keyOf(1), 90);
const csv = "y\n" + Array.from(e, (z, t) => Math.sin(t / 3) + 0.3 * z).join("\n") + "\n";
const window = { dataset: "made", split: "70/10/20", lookback: 5, horizon: 3 };
const options = { ...window, loss: "gram", basis: "window" };
const { problem } = forecasting.configure(options, { text: csv });
const covariances = centre(trainingMoments(problem));
const lossOf = (layers: DeepLinear<Tensor>) => trainingLoss(covariances, collapse(layers));

/** Norm of the gradient by some entries of a layer, by central differences in float64. */
function norm(
  layers: DeepLinear<Tensor>,
  name: keyof DeepLinear<Tensor>,
  from: number,
  to: number,
) {
  const exact = {
    ...layers,
    [name]: tensor(Float64Array.from(layers[name]!.data), layers[name]!.shape, "float64"),
  };
  const { data } = exact[name]!;
  const h = 1e-5;
  let squares = 0;
  for (let k = from; k < to; k++) {
    const value = data[k];
    data[k] = value + h;
    const above = lossOf(exact);
    data[k] = value - h;
    const below = lossOf(exact);
    data[k] = value;
    squares += ((above - below) / (2 * h)) ** 2;
  }
  return Math.sqrt(squares);
}

async function run(depth: number, width: number, trained: DeepLinear<Tensor>) {
  const model = { name: "deep_linear", options: { depth, width } };
  const params = { task: { name: "forecasting", options }, model, initialisation: 4 };
  const inputs = {
    model: artifact({ files: { "model-0.safetensors": { tensors: flatten(trained) } } }),
    data: artifact({ files: { data: csv } }),
  };
  const { json, scalars } = await runStage(layerGradients, params, { inputs });
  return { ...json("scores.json"), scalars };
}

function near(got: number, want: number, within = 1e-3): void {
  assert.ok(Math.abs(got - want) <= within * Math.abs(want), `${got}, ${want}`);
}

Deno.test("norms by layer, first to last, at the start and where training ended", async () => {
  const shape = { lookback: 5, horizon: 3, depth: 4, width: 2 };
  const fresh = init(keyOf(4), shape), trained = init(keyOf(5), shape, 0.6);
  const { start, end, scalars } = await run(4, 2, trained);
  for (const [found, layers] of [[start, fresh], [end, trained]] as const) {
    const wanted = [
      norm(layers, "first", 0, 10),
      norm(layers, "hidden", 0, 4),
      norm(layers, "hidden", 4, 8),
      norm(layers, "last", 0, 6),
    ];
    assert.equal(found.length, 4);
    wanted.forEach((value, l) => near(found[l], value));
  }
  near(scalars.endRatio, Math.max(...end) / Math.min(...end), 1e-9);
  near(scalars.startRatio, Math.max(...start) / Math.min(...start), 1e-9);
  near(scalars.norm, Math.hypot(...end), 1e-9);
  near(scalars.startNorm, Math.hypot(...start), 1e-9);
  const lowest = trainingLoss(covariances, solveLeastSquares(covariances));
  near(scalars.excess, lossOf(trained) / lowest - 1, 1e-5);
  // What rank 2 loses is the square of the third singular value of R'X, with G = R R'.
  const R = transpose(cholesky(covariances.G, 5), 5, 5);
  const product = multiply(R, solveLeastSquares(covariances), 5, 5, 3);
  const s = new SVD(Dense.from1DArray(5, 3, product)).diagonal;
  near(scalars.reachable, s[2] ** 2 / 3 / lowest, 1e-5);
});

Deno.test("one and two layers; the full width reaches least squares", async () => {
  for (const depth of [1, 2]) {
    const trained = init(keyOf(5), { lookback: 5, horizon: 3, depth }, 0.6);
    const { end, scalars } = await run(depth, 3, trained);
    assert.equal(end.length, depth);
    near(end[0], norm(trained, "first", 0, 15));
    assert.equal(scalars.reachable, 0);
  }
});

Deno.test("the pilot is the whole", () => {
  const p = {
    task: { name: "forecasting", options: {} },
    model: { name: "m", options: {} },
    initialisation: 1,
  };
  const { class: own, ...rest } = pilot(p);
  assert.deepEqual(rest, { params: p, units: 1, of: 1 });
  assert.deepEqual(pilot({ ...p, initialisation: 2 }).class, own);
});
