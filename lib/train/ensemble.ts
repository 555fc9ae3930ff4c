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
 * @param scales each training's learning rate as a multiple of the common one.
 */
export async function compileEnsemble<P extends Arrays, B extends Arrays>(
  loss: Loss<P, B>,
  initial: readonly Tree<Tensor>[],
  example: Tree<Tensor>,
  scales: readonly number[],
  options: StepOptions,
): Promise<TrainingStep> {
  if (initial.length === 0 || initial.length !== scales.length) {
    throw new RangeError(
      `compileEnsemble: ${initial.length} trainings and ${scales.length} learning rates; expected one rate for each ` +
        "training, and at least one training",
    );
  }
  if (initial.length === 1) {
    const one = await compileStep(loss, initial[0], example, options);
    const scaled = (rates: readonly number[]) => rates.map((rate) => scales[0] * rate);
    return { ...one, run: (current, batch, rates) => one.run(current, batch, scaled(rates)) };
  }
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
  const ratesOf = (rates: readonly number[]) =>
    tensor(scales.flatMap((scale) => rates.map((rate) => scale * rate)), [
      scales.length,
      stepsPerRun,
    ]);
  const program = await compile(
    updateAll,
    [fresh.params, fresh.state, example, ratesOf(Array(stepsPerRun).fill(0))],
  );
  return {
    fresh,
    stepsPerRun,
    run: ({ params, state }, batch, rates) => program.run(params, state, batch, ratesOf(rates)),
    close: program.close,
  };
}
