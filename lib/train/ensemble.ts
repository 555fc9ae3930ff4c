/**
 * @file Several trainings of one model in one program: other seeds, other instances of the task, other learning rates. `vmap`
 * gives every array of the training step a leading axis, so that small models pay for one launch of a kernel instead of
 * many (measured in tests/bench/ensemble.bench.ts).
 */
import { vmap } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import { type Tensor, tensor, type Tree } from "../engine/types.ts";
import { stack } from "../tensor/trees.ts";
import { adamwInit } from "./adamw.ts";
import { scaledRates } from "./schedule.ts";
import {
  compileStep,
  type Loss,
  type StepOptions,
  type TrainingStep,
  updateOf,
} from "./trainer.ts";

/**
 * Compiles the training steps of all trainings at once. Parameters, state, batch and losses have a leading axis where there is
 * more than one training; see `stack` and `unstack` of lib/tensor/trees.ts.
 * @param loss of one training.
 * @param initial parameters of each training.
 * @param example a batch (stacked, of more than one), for its shapes.
 * @throws {RangeError} where there is no training.
 */
export async function compileEnsemble<P extends Arrays, B extends Arrays>(
  loss: Loss<P, B>,
  initial: readonly Tree<Tensor>[],
  example: Tree<Tensor>,
  options: StepOptions,
): Promise<TrainingStep> {
  const trainings = initial.length;
  if (trainings === 0) throw new RangeError("compileEnsemble: expected at least one training");
  if (trainings === 1) return await compileStep(loss, initial[0], example, options);
  const { optimiser, compile, stepsPerRun = 1 } = options;
  const each = initial.map((params) => ({ state: adamwInit(params), params }));
  const fresh = stack(each) as TrainingStep["fresh"];
  // deno-lint-ignore no-explicit-any -- jax-js's type of vmap knows no trees
  const updateAll: (...args: unknown[]) => JaxArray = (vmap as any)(updateOf(loss, optimiser), [
    0,
    0,
    0,
    0,
  ]);
  const program = await compile(
    updateAll,
    [fresh.params, fresh.state, example, tensor(0, [trainings, stepsPerRun])],
  );
  return {
    fresh,
    stepsPerRun,
    run: async ({ params, state }, batch, rates, scales) => {
      const all = tensor(scaledRates(rates, trainings, scales), [trainings, stepsPerRun]);
      return await program.run(params, state, batch, all);
    },
    close: program.close,
  };
}
