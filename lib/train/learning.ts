/**
 * @file One model learning one task, from one seed or from several at once in one program (ensemble.ts): the batches of its
 * steps, and the step compiled.
 *
 * @example Two seeds at once, of one system
 * ```ts
 * import assert from "node:assert/strict";
 * import { compile } from "../engine/engines/ort.ts";
 * import { model as causalLinear } from "../models/causal_linear.ts";
 * import { task } from "../tasks/filtering/filtering.ts";
 * import { unstack } from "../tensor/trees.ts";
 * import { learning } from "./learning.ts";
 * import { train } from "./trainer.ts";
 *
 * const filtering = task.configure({ latentDim: 4, obsDim: 1, length: 32 });
 * const model = causalLinear.configure({ taps: 8 }, { signature: filtering.signature, layers: [] });
 * const seeds = [1, 2].map((data) => ({ instance: 0, initialisation: 0, data }));
 * const { nextBatch, compileStep } = learning(filtering, model, seeds, 16);
 * const curve: number[][] = [];
 * const { params, steps } = await train((example) => compileStep(example, { compile, optimiser: { clipNorm: 1 } }), nextBatch, {
 *   schedule: { peak: 0.01, steps: 10, warmup: 2 },
 *   onStep: ({ losses }) => curve.push([...Array.from(losses)]),
 * });
 * assert.equal(steps, 10);
 * assert.ok(curve[9][0] < curve[0][0] && curve[9][1] < curve[0][1]);
 * console.log(unstack(params, 1)); // of the second seed
 * ```
 */
import type { Arrays } from "../engine/arrays.ts";
import type { Tensor, Tree } from "../engine/types.ts";
import type { Model } from "../models/model.ts";
import type { Seed, Task } from "../tasks/task.ts";
import { stack } from "../tensor/trees.ts";
import { compileEnsemble } from "./ensemble.ts";
import { freshParameters } from "./host.ts";
import type { StepOptions, TrainingStep } from "./trainer.ts";

/** Batches and the compiled step of a training, as {@linkcode train} takes them. */
export interface Learning {
  /** The batch of a step, the same whenever it is asked for; stacked where there are several seeds. */
  nextBatch(step: number): Tree<Tensor>;
  /** Compiles the training step of all seeds in one program. */
  compileStep(example: Tree<Tensor>, options: StepOptions): Promise<TrainingStep>;
}

/**
 * The training of a model on a task.
 * @param seeds trained together.
 * @param batch sequences in a batch of one seed.
 */
export function learning(
  task: Task,
  model: Model,
  seeds: readonly Seed[],
  batch: number,
): Learning {
  const idOf = ({ instance, data }: Seed) => `${instance}/${data}`;
  // Seeds that differ in their initialisation only share their data.
  const sources = new Map<string, (step: number) => Tree<Tensor>>();
  for (const seed of seeds) {
    if (!sources.has(idOf(seed))) sources.set(idOf(seed), task.source(seed, batch, model));
  }
  return {
    nextBatch(step) {
      const drawn = new Map([...sources].map(([id, source]) => [id, source(step)]));
      const batches = seeds.map((seed) => drawn.get(idOf(seed))!);
      return batches.length === 1 ? batches[0] : stack(batches);
    },
    async compileStep(example, options) {
      const initial: Tree<Tensor>[] = [];
      for (const seed of seeds) initial.push(await freshParameters(model, seed.initialisation));
      const loss = (params: Arrays, batch: Arrays) => task.loss(model, params, batch);
      const stepsPerRun = task.constantBatch ? STEPS_PER_RUN : 1;
      return await compileEnsemble(loss, initial, example, { stepsPerRun, ...options });
    },
  };
}

/** Where every step has the same batch: as many as spare a small program most of the cost of starting it. */
const STEPS_PER_RUN = 5;
