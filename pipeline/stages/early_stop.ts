/**
 * @file Stage that follows gradient descent of a deep linear forecaster from small starts, and keeps the map with the least error on the
 * validation rows: early stopping as the regulariser that depth is said to shape (Arora et al., arXiv 1905.13655). Gradient
 * descent with momentum and not AdamW: dividing every entry by its own scale is a bias of another kind.
 */
import { z } from "zod";
import { tree } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../../lib/engine/arrays.ts";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { scan } from "../../lib/engine/scan.ts";
import type { Handle, Tree } from "../../lib/engine/types.ts";
import { multiply, transpose } from "../../lib/linalg/matrix.ts";
import { type DeepLinear, endToEnd } from "../../lib/models/deep_linear.ts";
import {
  type InitialisationName,
  initialisationNames,
  initialised,
} from "../../lib/models/initialisations.ts";
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
import { adamwInit, type AdamWState, adamwUpdate } from "../../lib/train/adamw.ts";
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
  /** How the layers start; a residual network x + Vx with small V is one that starts at the `identity`. */
  initialiser: InitialisationName;
  /** Factors of the product at the start (of balanced layers its singular values), each the beginning of a path of its own. */
  starts: number[];
  initialisation: number;
  /** Of each path. */
  steps: number;
  /** The map is looked at after so many steps, and before the first. */
  every: number;
  optimiser: "momentum" | "adam";
  /** Of the first. */
  momentum: number;
  /** Rate as a share of the largest stable one of gradient descent, see {@linkcode stableRate}; of Adam, of 1 / (width * depth). */
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
    initialiser: z.enum(initialisationNames).default("balanced"),
    starts: z.array(z.number().positive()).min(1),
    initialisation: z.number().int().nonnegative(),
    ...{ steps: count(), every: count() },
    optimiser: z.enum(["momentum", "adam"]).default("momentum"),
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
  const { depth, starts, steps, every, optimiser, share } = ctx.params;
  const task = (await taskOf(ctx, ctx.inputs.data)).task as ForecastingTask;
  const { lookback, horizon } = task.problem;
  const covariances = centre(trainingMoments(task.problem));
  const error = validationError(task.problem, covariances);
  const width = ctx.params.width ?? Math.min(lookback, horizon);
  const rate = share *
    (optimiser === "adam"
      ? 1 / (width * depth)
      : stableRate(covariances, solveLeastSquares(covariances), depth));
  const batch = gramBatch(covariances);
  const sizes = [lookback, ...Array<number>(depth - 1).fill(width), horizon];
  const { fresh, update } = optimiser === "adam" ? adam : heavyBall(ctx.params.momentum);
  const example = startOf(ctx.params, starts[0], sizes);
  const program = await ctx.compile(descent(update), [
    ...[example, fresh(example), batch],
    tensor(0, [every]),
  ]);
  const path: Place[] = [];
  let best: Place & { weights: Float64Array; last: boolean } | undefined;
  try {
    ctx.programsCompiled();
    const runs = Math.ceil(steps / every);
    for (const [s, start] of starts.entries()) {
      const from = startOf(ctx.params, start, sizes);
      let layers: Tree<Tensor | Handle> = from;
      let state: Tree<Tensor | Handle> = fresh(from);
      try {
        for (let k = 0; k < runs; k++) {
          ctx.signal.throwIfAborted();
          const next = await program.run(
            layers as Tree<Tensor>,
            state as Tree<Tensor>,
            batch,
            tensor(rate, [every]),
          );
          disposeTree(layers);
          disposeTree(state);
          layers = next.layers as Tree<Handle>;
          state = next.state as Tree<Handle>;
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
        disposeTree(state);
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

/** Layers at the start of a path. */
function startOf(
  { initialiser, initialisation, depth }: Params,
  start: number,
  sizes: number[],
): Layers<Tensor> {
  const factor = start ** (1 / depth);
  const matrices = initialised(initialiser, keyOf(initialisation), sizes, { scale: 1 })
    .map((W) => Float32Array.from(W, (value) => factor * value));
  const [lookback, width] = sizes;
  const first = tensor(matrices[0], [lookback, width]);
  if (depth === 1) return { first };
  const last = tensor(matrices[depth - 1], [width, sizes[depth]]);
  if (depth === 2) return { first, last };
  const hidden = new Float32Array((depth - 2) * width * width);
  matrices.slice(1, -1).forEach((W, l) => hidden.set(W, l * width * width));
  return { first, hidden: tensor(hidden, [depth - 2, width, width]), last };
}

/** An optimiser: its state before the first step, and a step. */
interface Rule {
  fresh(layers: Tree<Tensor>): Tree<Tensor>;
  update(
    layers: Layers<JaxArray>,
    gradients: Layers<JaxArray>,
    state: Arrays,
    rate: JaxArray,
  ): { params: Layers<JaxArray>; state: Arrays };
}

/** v <- momentum v - rate gradient, W <- W + v (Polyak 1964). */
function heavyBall(momentum: number): Rule {
  return {
    fresh: (layers) => mapTensors(layers, ({ shape }) => tensor(0, shape)),
    update(layers, gradients, state, rate) {
      const velocity = tree.map(
        (v: JaxArray, g: JaxArray) => v.mul(momentum).sub(g.mul(rate.ref)) as never,
        state as Layers<JaxArray>,
        gradients,
      ) as Layers<JaxArray>;
      rate.dispose();
      const params = tree.map(
        (w: JaxArray, v: JaxArray) => w.add(v) as never,
        layers,
        tree.ref(velocity),
      ) as Layers<JaxArray>;
      return { params, state: velocity };
    },
  };
}

const adam: Rule = {
  fresh: adamwInit,
  update(layers, gradients, state, rate) {
    const { gradNorm, ...next } = adamwUpdate(
      layers,
      gradients,
      state as AdamWState<Layers<JaxArray>>,
      rate,
    );
    gradNorm.dispose();
    return next;
  },
};

/** As many steps as there are rates, and the product after them. */
function descent(update: Rule["update"]) {
  const loss = (layers: Layers<JaxArray>, batch: Batch) => gramLoss(endToEnd(layers), batch);
  type Carry = { layers: Layers<JaxArray>; state: Arrays };
  const step = (batch: Batch, { layers, state }: Carry, rate: JaxArray) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(layers), batch);
    const next = update(layers, gradients, state, rate);
    return [{ layers: next.params, state: next.state }, value] as [Carry, JaxArray];
  };
  return (layers: Carry["layers"], state: Arrays, batch: Batch, rates: JaxArray) => {
    const [last, losses] = scan(step, batch, { layers, state }, rates);
    losses.dispose();
    return { ...last, product: endToEnd(tree.ref(last.layers)) };
  };
}
