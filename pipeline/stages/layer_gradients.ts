/**
 * @file Stage that measures the gradient of every layer of a deep linear forecaster, at its start and where training left it: whether
 * gradients vanish or explode over the depth is a question of norms by layer, which the global norm of a training curve hides.
 */
import { z } from "zod";
import type { Arrays } from "../../lib/engine/arrays.ts";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import type { Handle } from "../../lib/engine/types.ts";
import type { DeepLinear } from "../../lib/models/deep_linear.ts";
import type { ForecastingTask } from "../../lib/tasks/forecasting/forecasting_task.ts";
import { centre, trainingLoss, trainingMoments } from "../../lib/tasks/forecasting/moments.ts";
import { solveLeastSquares } from "../../lib/tasks/forecasting/references/ols.ts";
import { rankPath } from "../../lib/tasks/forecasting/regularised_path.ts";
import type { Tensor, Tree } from "../../lib/tensor/tensor.ts";
import { unflatten } from "../../lib/tensor/trees.ts";
import { disposeTree, freshParameters, readTree } from "../../lib/train/host.ts";
import { modelOf, type Part, partModules, partSchema, taskOf, taskSchema } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** Forecasting, with the loss of all training windows. */
  task: Part;
  /** deep_linear. */
  model: Part;
  initialisation: number;
}

export const usesEngine = true;

export function params() {
  return z.strictObject({
    task: taskSchema(),
    model: partSchema("a file in lib/models"),
    initialisation: z.number().int().nonnegative(),
  });
}

export function modules({ task, model }: Params) {
  return partModules({ task, model, layers: [] });
}

/**
 * Inputs: `model` (of train) and `data` (of download). Leaves `scores.json` with the gradient norms by layer `start` and `end`, first to
 * last, and the scalars `excess` (training loss over the least-squares map's, as a share of that), `reachable` (the same of the best map
 * of the network's width, by reduced-rank regression), `startRatio` and `endRatio` (largest over smallest norm), and `norm` and
 * `startNorm`, over all layers.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { initialisation } = ctx.params;
  const task = (await taskOf(ctx, ctx.inputs.data)).task as ForecastingTask;
  const model = modelOf({ ...ctx, params: { ...ctx.params, layers: [] } }, task);
  const fresh = await freshParameters(model, initialisation);
  const trained = unflatten(fresh, await ctx.inputs.model.tensors("model-0.safetensors"));
  const seed = { instance: 0, initialisation, data: 0 };
  const batch = task.source(seed, 1, model)(0);
  const loss = (params: Arrays, batch: Arrays) => task.loss(model, params, batch);
  const program = await ctx.compile(valueAndGrad(loss), [fresh, batch]);
  try {
    ctx.programsCompiled();
    const norms = async (at: Tree<Tensor>) => {
      const [value, gradients] = await program.run(at, batch) as unknown as Tree<Handle>[];
      const read = await readTree(gradients);
      disposeTree([value, gradients]);
      return normsOf(read as DeepLinear<Tensor>);
    };
    const start = await norms(fresh), end = await norms(trained);
    const ratio = (norms: number[]) => Math.max(...norms) / Math.min(...norms);
    return {
      files: { "scores.json": { json: { start, end } } },
      scalars: {
        ...{ excess: task.excess!(model, trained), reachable: reachable(task, trained) },
        ...{ startRatio: ratio(start), endRatio: ratio(end) },
        ...{ startNorm: Math.hypot(...start), norm: Math.hypot(...end) },
      },
    };
  } finally {
    await program.close();
  }
}

/** Norms of the gradients by the layers, first to last. */
function normsOf({ first, hidden, last }: DeepLinear<Tensor>): number[] {
  const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
  const count = hidden?.shape[0] ?? 0;
  const size = count ? hidden!.data.length / count : 0;
  const inner = Array.from(
    { length: count },
    (_, l) => norm(hidden!.data.subarray(l * size, (l + 1) * size)),
  );
  return [norm(first.data), ...inner, ...(last ? [norm(last.data)] : [])];
}

/** Excess of the best map of the rank that a network's width allows. */
function reachable({ problem }: ForecastingTask, trained: Tree<Tensor>): number {
  const covariances = centre(trainingMoments(problem));
  const { first, last } = trained as DeepLinear<Tensor>;
  const width = last ? first.shape[1] : Infinity;
  if (width >= Math.min(problem.lookback, problem.horizon)) return 0;
  const lowest = trainingLoss(covariances, solveLeastSquares(covariances));
  for (const { strength, weights } of rankPath(covariances)) {
    if (strength === width) return trainingLoss(covariances, weights) / lowest - 1;
  }
  throw new RangeError(`layer_gradients: no map of rank ${width}`);
}
