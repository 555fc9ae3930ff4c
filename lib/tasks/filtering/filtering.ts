/**
 * @file Filtering: predict the next observations of a linear state-space system that nobody tells the model. Every squared error is
 * divided by the Kalman filter's expected one, so that 1 is the optimum at any time scale and any horizon.
 *
 * An instance is a system; every training step has fresh sequences of it.
 *
 * @example What a step sees, and what the best predictor would lose on it
 * ```ts
 * import assert from "node:assert/strict";
 * import { model as causalLinear } from "../../models/causal_linear.ts";
 * import { expectedLoss } from "../../ssm/mod.ts";
 * import { flatten } from "../../tensor/trees.ts";
 * import { task } from "./filtering.ts";
 *
 * const filtering = task.configure({ latentDim: 4, obsDim: 1, lambda: 0.95, length: 32 });
 * const model = causalLinear.configure({ taps: 8 }, { signature: filtering.signature, layers: [] });
 * const batchOf = filtering.source({ instance: 0, initialisation: 0, data: 1 }, 16, model);
 * const { y, weights } = flatten(batchOf(0)); // of step 0, the same whenever it is asked for
 * assert.deepEqual(y.shape, [16, 32, 1]);
 * assert.deepEqual(weights.shape, [31, 1, 1]); // one over the Kalman filter's loss, from the second observation on
 * const loss = expectedLoss(filtering.filterOf(0))[1];
 * assert.ok(Math.abs(weights.data[0] * loss - 1) < 1e-6);
 * ```
 */
import * as z from "zod";
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import type { SequenceModel } from "../../models/model.ts";
import { fold, keyOf } from "../../random/random.ts";
import { createSystem, innovationsSampler, type Kalman, kalman, simulate } from "../../ssm/mod.ts";
import { type Tensor, toFloat32, type Tree } from "../../tensor/tensor.ts";
import type { About, Evaluation, Runner, Seed, Task, TaskData, TaskModule } from "../task.ts";
import { type Distribution, distributionFields } from "./distribution.ts";
import { patchLoss, patchWeights } from "./next_patch.ts";
import { scoreNextPatch, scoreRollouts } from "./scores.ts";

/** How a model is evaluated: the next patch from every position, or free-running after a warm-up. */
export interface Protocol {
  /** Observations before the model runs free, and how far ahead it is scored. */
  readonly rollout?: { readonly warmup: number; readonly horizons: readonly number[] };
}

/** Filtering with its options: what references and closed forms need to know of it beyond the contract. */
export interface FilteringTask extends Task<SequenceModel, Protocol> {
  /** What the system of an instance is drawn from. */
  readonly distribution: Distribution;
  /** T of training sequences and of those that `generate` makes. */
  readonly length: number;
  /** The Kalman filter of a system, for sequences of up to `length`, that of the task by default. */
  filterOf(instance: number, length?: number): Kalman;
}

const about: About = {
  name: "filtering",
  floor: { name: "predicting zero", known: "exact" },
  optimum: { name: "Kalman filter", known: "exact" },
};

const schema = () =>
  z.strictObject({ ...distributionFields(), length: z.number().int().min(2).default(256) });

const protocolSchema = () =>
  z.strictObject({
    rollout: z.strictObject({
      warmup: z.number().int().min(1).default(64),
      horizons: z.array(z.number().int().min(1)).min(1).default([2, 4, 8, 16, 32, 64]),
    }).optional(),
  });

function configure(options: unknown): FilteringTask {
  const { length, ...distribution } = readOptions("filtering", schema(), options);
  const filters = new Map<string, Kalman>();
  const filterOf: FilteringTask["filterOf"] = (instance, upTo = length) => {
    const id = `${instance}/${upTo}`;
    const made = filters.get(id) ?? kalman(createSystem(instance, distribution), upTo);
    filters.set(id, made);
    return made;
  };
  return {
    signature: { kind: "series", channels: distribution.obsDim },
    tokens: (batch) => batch * length,
    distribution,
    length,
    filterOf,
    source({ instance, data }: Seed, batch: number, { patch }: SequenceModel) {
      if (length % patch !== 0) {
        throw new RangeError(
          `length ${length} is not a multiple of the patch ${patch}; choose one that is`,
        );
      }
      const filter = filterOf(instance);
      const draw = innovationsSampler(filter);
      const weights = patchWeights(filter, length, patch);
      const key = keyOf(data);
      return (step): Tree<Tensor> => ({
        y: toFloat32(draw(fold(key, step), { batch, length })),
        weights,
      });
    },
    loss(model: SequenceModel, params: Arrays, batch: Arrays): JaxArray {
      const { y, weights } = batch as { y: JaxArray; weights: JaxArray };
      return patchLoss(model.apply(params, y.ref), y, weights);
    },
    generate(instance, data, sequences) {
      const system = createSystem(instance, distribution);
      return { y: simulate(system, data, { batch: sequences, length }) };
    },
    async evaluate(runner, instance, data, protocol) {
      const [, observed] = observations(data).shape;
      return await evaluate(runner, filterOf(instance, observed), data, protocol);
    },
  };
}

/** y [sequences, T, channels] of the test data. */
export function observations({ tensors }: TaskData): Tensor {
  if (!tensors?.y) throw new Error("filtering: the test data hold no observations y");
  return tensors.y;
}

async function evaluate(
  runner: Runner<SequenceModel>,
  filter: Kalman,
  data: TaskData,
  { rollout }: Protocol,
): Promise<Evaluation> {
  const y = observations(data);
  const scores = rollout
    ? await scoreRollouts(runner, filter, y, rollout)
    : await scoreNextPatch(runner, filter, y);
  const { ratio, zero, gapClosed } = scores.overall;
  return { loss: ratio, floor: zero, optimum: 1, gapClosed, details: scores };
}

/** Predicting the next observations of a state-space system. */
export const task: TaskModule<FilteringTask> = {
  about,
  protocol: (options) => readOptions("filtering protocol", protocolSchema(), options),
  configure,
};
