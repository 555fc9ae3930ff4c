/**
 * @file Learning to filter: fresh sequences of a state-space system at every step, squared errors over the Kalman
 * filter's. A seed is a system, an initialisation and a stream of data.
 */
import type { Tensor, Tree } from "../../engine/mod.ts";
import type { SequenceConfig, SequenceModel } from "../../models/sequence_model.ts";
import {
  createSystem,
  fold,
  innovationsSampler,
  kalman,
  keyOf,
  type SystemOptions,
} from "../../ssm/mod.ts";
import { compileMembers, stack } from "../../train/ensemble.ts";
import { nextPatchLoss, patchWeights, unitStatistics } from "./next_patch.ts";
import { toFloat32 } from "../../tensor/tensor.ts";
import { compileStep, type StepOptions, type TrainingStep } from "../../train/trainer.ts";

export interface FilteringSeed {
  /** Key of the system. */
  readonly system: number;
  readonly initialisation: number;
  /** Key of the training sequences. */
  readonly data: number;
}

export interface FilteringTask {
  /** The batch of a step, the same whenever it is asked for: sequences of every seed, stacked where there are several. */
  nextBatch(step: number): Tree<Tensor>;
  /** Compiles the training step of all seeds, in one program, see members.ts. */
  compile(example: Tree<Tensor>, options: StepOptions): Promise<TrainingStep>;
}

/**
 * @param seeds trained together.
 * @param options sequences in a batch of one seed, and their length T, a multiple of the patch.
 * @param rates multiples of the learning rate, one for each seed; 1 when left out.
 * @throws {RangeError} for a length that the patch does not divide.
 */
export function filteringTask<C extends SequenceConfig>(
  model: SequenceModel<C>,
  config: C,
  law: SystemOptions,
  seeds: readonly FilteringSeed[],
  { batch, length }: { batch: number; length: number },
  rates: readonly number[] = seeds.map(() => 1),
): FilteringTask {
  if (length % config.patch !== 0) {
    throw new RangeError(
      `length ${length} is not a multiple of the patch ${config.patch}; choose one that is`,
    );
  }
  const sources = new Map<string, (step: number) => Tree<Tensor>>();
  const train = unitStatistics(config.obsDim);
  const sourceOf = ({ system, data }: FilteringSeed) => {
    const id = `${system}/${data}`;
    let source = sources.get(id);
    if (!source) {
      const filter = kalman(createSystem(system, law), length);
      const draw = innovationsSampler(filter);
      const weights = patchWeights(filter, length, config.patch);
      const key = keyOf(data);
      source = (step) => ({
        y: toFloat32(draw(fold(key, step), { batch, length })),
        weights,
        train,
      });
      sources.set(id, source);
    }
    return source;
  };
  seeds.forEach(sourceOf);
  return {
    nextBatch(step) {
      const drawn = new Map([...sources].map(([id, source]) => [id, source(step)]));
      const batches = seeds.map(({ system, data }) => drawn.get(`${system}/${data}`)!);
      return batches.length === 1 ? batches[0] : stack(batches);
    },
    async compile(example, options) {
      const initial = seeds.map(({ initialisation }) => model.init(config, initialisation));
      if (initial.length > 1) {
        return await compileMembers(nextPatchLoss(model, config), initial, example, rates, options);
      }
      const one = await compileStep(nextPatchLoss(model, config), initial[0], example, options);
      return { ...one, run: (current, batch, rate) => one.run(current, batch, rates[0] * rate) };
    },
  };
}
