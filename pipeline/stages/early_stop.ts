/**
 * @file Stage that follows gradient descent of a deep linear forecaster from small starts, and keeps the map with the least error on the
 * validation rows: early stopping as the regulariser that depth is said to shape (Arora et al., arXiv 1905.13655). Gradient
 * descent with momentum and not AdamW: dividing every entry by its own scale is a bias of another kind.
 */
import { z } from "zod";
import { tree } from "@jax-js/jax";
import type { JaxArray } from "../../lib/engine/arrays.ts";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { scan } from "../../lib/engine/scan.ts";
import type { Handle, Tree } from "../../lib/engine/types.ts";
import { multiply, transpose } from "../../lib/linalg/matrix.ts";
import { type DeepLinear, endToEnd, init } from "../../lib/models/deep_linear.ts";
import { keyOf } from "../../lib/random/random.ts";
import type { ForecastingTask } from "../../lib/tasks/forecasting/forecasting_task.ts";
import { gramBatch, gramLoss } from "../../lib/tasks/forecasting/gram.ts";
import { linearForecaster } from "../../lib/tasks/forecasting/linear_map.ts";
import {
  centre,
  type Covariances,
  trainingLoss,
  trainingMoments,
} from "../../lib/tasks/forecasting/moments.ts";
import { solveLeastSquares, withIntercept } from "../../lib/tasks/forecasting/references/ols.ts";
import { symmetricEigen } from "../../lib/tasks/forecasting/regularised_path.ts";
import { validationError } from "../../lib/tasks/forecasting/validation_error.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";
import { mapTensors } from "../../lib/tensor/trees.ts";
import { disposeTree } from "../../lib/train/host.ts";
import { type Part, taskModule, taskOf, taskSchema } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** Forecasting. */
  task: Part;
  /** Matrices. */
  depth: number;
  /** Between them; min(lookback, horizon) where left out. */
  width?: number;
  /** Singular values of the product at the start, each the beginning of a path of its own. */
  starts: number[];
  initialisation: number;
  /** Of each path. */
  steps: number;
  /** The map is looked at after so many steps, and before the first. */
  every: number;
  momentum: number;
  /** Rate as a share of the largest stable one of gradient descent, see {@linkcode stableRate}. */
  share: number;
}

export const usesEngine = true;
/** Of a closed path, not of the schedule that other trainings have. */
export const own = ["steps", "starts", "share"];

export function params() {
  const count = () => z.number().int().min(1);
  return z.strictObject({
    task: taskSchema(),
    depth: count(),
    width: count().optional(),
    starts: z.array(z.number().positive()).min(1),
    initialisation: z.number().int().nonnegative(),
    ...{ steps: count(), every: count() },
    momentum: z.number().min(0).lt(1),
    share: z.number().positive(),
  });
}

export function modules(params: Params) {
  return taskModule(params.task);
}

/**
 * The largest rate of gradient descent on the mean squared error at balanced layers of a product X: horizon / (lambda_max(G) N
 * sigma_max(X)^(2 - 2 / N)). A bound, reached where the largest directions of G and X are aligned.
 * @param X [lookback, horizon]
 */
export function stableRate({ G, lookback, horizon }: Covariances, X: Float64Array, depth: number) {
  const largest = (A: Float64Array, n: number) => symmetricEigen(A, n).values[0];
  const square = largest(
    multiply(transpose(X, lookback, horizon), X, horizon, lookback, horizon),
    horizon,
  );
  return horizon / (largest(G, lookback) * depth * square ** (1 - 1 / depth));
}

/** A place on a path. */
interface Place {
  start: number;
  step: number;
  validation: number;
}

type Layers<T> = DeepLinear<T>;
type Batch = { gram: JaxArray; cross: JaxArray; energy: JaxArray };

/**
 * Input: `data` (of download). Leaves `scores.json` as stage evaluate does, with the path (`start`, `step`, `validation`)
 * besides, and in `fit` what was chosen: `start`, `step`, `validation`, `trainingLoss`, `rate`, and `edge`, 1 where a path
 * was still improving at its end. A path ends early where it diverges.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { depth, width, starts, initialisation, steps, every, momentum, share } = ctx.params;
  const task = (await taskOf(ctx, ctx.inputs.data)).task as ForecastingTask;
  const { lookback, horizon } = task.problem;
  const covariances = centre(trainingMoments(task.problem));
  const error = validationError(task.problem, covariances);
  const rate = share * stableRate(covariances, solveLeastSquares(covariances), depth);
  const batch = gramBatch(covariances);
  const shape = { lookback, horizon, depth, ...(width === undefined ? {} : { width }) };
  const example = init(keyOf(initialisation), shape, starts[0]);
  const program = await ctx.compile(descent(momentum), [
    ...[example, zerosLike(example), batch],
    tensor(0, [every]),
  ]);
  const path: Place[] = [];
  let best: Place & { weights: Float64Array; last: boolean } | undefined;
  try {
    ctx.programsCompiled();
    const runs = Math.ceil(steps / every);
    for (const [s, start] of starts.entries()) {
      let layers: Tree<Tensor | Handle> = init(keyOf(initialisation), shape, start);
      let velocity: Tree<Tensor | Handle> = zerosLike(layers as Tree<Tensor>);
      try {
        for (let k = 0; k < runs; k++) {
          ctx.signal.throwIfAborted();
          const next = await program.run(
            layers as Tree<Tensor>,
            velocity as Tree<Tensor>,
            batch,
            tensor(rate, [every]),
          );
          disposeTree(layers);
          disposeTree(velocity);
          layers = next.layers as Tree<Handle>;
          velocity = next.velocity as Tree<Handle>;
          const weights = Float64Array.from((await (next.product as Handle).read()).data);
          disposeTree(next.product as Handle);
          const step = (k + 1) * every;
          const place: Place = { start, step, validation: error(weights) };
          ctx.progress(s * runs + k + 1, starts.length * runs);
          if (!Number.isFinite(place.validation)) {
            ctx.log(`start ${start}: diverged before step ${step} at rate ${rate.toPrecision(3)}`);
            break;
          }
          path.push(place);
          ctx.metric(`validation, start ${start}`, step, place.validation);
          if (!best || place.validation < best.validation) {
            best = { ...place, weights, last: k === runs - 1 };
          }
        }
      } finally {
        disposeTree(layers);
        disposeTree(velocity);
      }
    }
  } finally {
    await program.close();
  }
  if (!best) {
    throw new Error(
      `early_stop: every path diverged before step ${every} at rate ${
        rate.toPrecision(3)
      }; lower share ${share}`,
    );
  }
  const { weights, last, ...chosen } = best;
  const fit = {
    ...{ ...chosen, trainingLoss: trainingLoss(covariances, weights) },
    ...{ rate, edge: last ? 1 : 0 },
  };
  const { details, ...scalars } = await task.evaluateForecaster(
    linearForecaster(withIntercept(covariances, weights)),
    fit,
  );
  return { files: { "scores.json": { json: { ...details as object, path } } }, scalars };
}

const zerosLike = (layers: Tree<Tensor>) => mapTensors(layers, ({ shape }) => tensor(0, shape));

/** As many steps of heavy-ball descent as there are rates: v <- momentum v - rate gradient, W <- W + v. */
function descent(momentum: number) {
  const loss = (layers: Layers<JaxArray>, batch: Batch) => gramLoss(endToEnd(layers), batch);
  type Carry = { layers: Layers<JaxArray>; velocity: Layers<JaxArray> };
  const step = (batch: Batch, { layers, velocity }: Carry, rate: JaxArray) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(layers), batch);
    const moved = tree.map(
      (v: JaxArray, g: JaxArray) => v.mul(momentum).sub(g.mul(rate.ref)) as never,
      velocity,
      gradients,
    ) as typeof velocity;
    rate.dispose();
    const next = tree.map(
      (w: JaxArray, v: JaxArray) => w.add(v) as never,
      layers,
      tree.ref(moved),
    ) as typeof layers;
    return [{ layers: next, velocity: moved }, value] as [Carry, JaxArray];
  };
  return (layers: Carry["layers"], velocity: Carry["velocity"], batch: Batch, rates: JaxArray) => {
    const [last, losses] = scan(step, batch, { layers, velocity }, rates);
    losses.dispose();
    return { ...last, product: endToEnd(tree.ref(last.layers)) };
  };
}
