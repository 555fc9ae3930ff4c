/**
 * @file A training step of a model that describes itself as a chain of blocks: the loops over time are loops in the compiled
 * program too, so that its size does not depend on the length of the sequences. Loss, update and the trees of parameters
 * and moments are those of `compileStep` with `nextPatchLoss`.
 */
import { numpy as np } from "@jax-js/jax";
import { compileChain } from "../engine/chain_program.ts";
import { type Handle, type Tensor, tensor, type Tree } from "../engine/mod.ts";
import type { Params, SequenceConfig, SequenceModel } from "../models/sequence_model.ts";
import { adamwInit, adamwUpdate } from "./adamw.ts";
import { flatten, toHost, unflatten } from "./host.ts";
import { patchLoss } from "./next_patch.ts";
import type { StepOptions, TrainingStep } from "./trainer.ts";

/** A batch of `nextPatchLoss`. */
type Batch = { y: Tensor; weights: Tensor; train: { mean: Tensor; variance: Tensor } };

/**
 * Compiles loss, gradient and the optimiser's update.
 * @param initial parameters, a tree of jax-js arrays; consumed.
 * @param example a batch, for its shapes and its statistics, which are constants of the program.
 * @throws {RangeError} for an engine without loops.
 * @throws {Error} when the model has no chain, or the parameters of its blocks are not those of the model.
 */
export async function compileChainStep<C extends SequenceConfig>(
  model: Pick<SequenceModel<C>, "chain">,
  config: C,
  initial: Params,
  example: Tree<Tensor>,
  { optimiser, engine = "ort", threads }: StepOptions,
): Promise<TrainingStep> {
  if (engine !== "ort") {
    throw new RangeError(
      `engine ${engine} has no loops over time, which this model trains with; use engine ort`,
    );
  }
  if (!model.chain) throw new Error("the model exports no chain; train it with compileStep");
  const fresh = { state: toHost(adamwInit(initial)), params: toHost(initial) };
  const { y, weights, train } = example as Batch;
  const blocks = model.chain(config, fresh.params, y.shape[0], train);

  const names = new Map(Object.entries(flatten(fresh.params)).map(([name, t]) => [t, name]));
  const order = blocks.map((block, i) =>
    Object.values(flatten(block.params as Tree<Tensor>)).map((leaf) => {
      const name = names.get(leaf);
      if (name === undefined) {
        throw new Error(
          `block ${i} of the chain has a parameter that is not a leaf of the model's, or that another block has too`,
        );
      }
      names.delete(leaf);
      return name;
    })
  );
  if (names.size > 0) {
    throw new Error(`no block of the chain has the parameters ${[...names.values()].join(", ")}`);
  }
  const flatOrder = order.flat();
  const toTree = (perBlock: np.Array[][]) => {
    const flat = perBlock.flat().map((leaf, i) => [flatOrder[i], leaf]);
    return unflatten(fresh.params, Object.fromEntries(flat));
  };
  const toBlocks = (params: Tree<Tensor | Handle>) => {
    const flat = flatten(params as Tree<Tensor>);
    return order.map((block) => block.map((name) => flat[name]));
  };

  const program = await compileChain({
    blocks,
    x: y,
    target: { y, weights },
    loss: (prediction: np.Array, target: { y: np.Array; weights: np.Array }) =>
      patchLoss(prediction, target.y, target.weights),
    update: (params: np.Array[][], grads: np.Array[][], state, rate: np.Array) =>
      adamwUpdate(toTree(params), toTree(grads), state, rate, optimiser),
    state: fresh.state,
    threads,
  });
  return {
    fresh,
    async run({ params, state }, batch, rate) {
      const { y, weights, train: given } = batch as Batch;
      for (const name of ["mean", "variance"] as const) {
        if (given[name].data.some((x, i) => x !== train[name].data[i])) {
          throw new RangeError(
            `the batch has a training ${name} of [${
              given[name].data
            }], but the step was compiled for ` +
              `[${train[name].data}]; compile another one`,
          );
        }
      }
      const args = [toBlocks(params), state, y, { y, weights }, tensor(rate)];
      const { value, result } = await program.run(...args);
      return { value, ...result };
    },
    close: program.close,
  };
}
