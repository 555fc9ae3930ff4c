/**
 * @file Stage that measures what a step of training costs by the length of sequences: several models, one after the other in every round, so that
 * whatever the machine does besides happens to all of them.
 */
import { z } from "zod";
import type { Seed } from "../../lib/tasks/task.ts";
import { leavesOf } from "../../lib/tensor/trees.ts";
import { disposeTree, freshParameters } from "../../lib/train/host.ts";
import { learning } from "../../lib/train/learning.ts";
import { advance, type Progress } from "../../lib/train/trainer.ts";
import { modelOf, type Part, partModules, partSchema, taskOf, taskSchema } from "../parts.ts";
import type { ModuleRef, StageContext, StageResult } from "../stage.ts";

interface Contender {
  id: string;
  model: Part;
  layers: Part[];
}

interface Load {
  /** T, what the numbers are called by. */
  length: number;
  /** With training sequences of that length. */
  task: Part;
  /** Sequences in a step. */
  batch: number;
}

export interface Params {
  /** Two: the second one's seconds are divided by the first one's. */
  contenders: Contender[];
  loads: Load[];
  /** Steps of every model, after a first one that does not count; the median counts. */
  rounds: number;
  /** Which of several measurements; each is a process of its own. */
  repetition: number;
}

export const usesEngine = true;
/** Nothing runs beside it, or seconds would not be those of the models. */
export const alone = true;
/** Not those of a training. */
export const own = ["contenders", "loads", "rounds", "repetition"];

export function params() {
  const count = () => z.number().int().min(1);
  return z.strictObject({
    contenders: z.array(z.strictObject({
      id: z.string().min(1),
      model: partSchema("a file in lib/models"),
      layers: z.array(partSchema("a file in lib/layers/sequence")).default([]),
    })).length(2),
    loads: z.array(z.strictObject({ length: count(), task: taskSchema(), batch: count() })).min(1),
    rounds: count().default(9),
    repetition: z.number().int().nonnegative().default(0),
  });
}

/** Of every pair of a model and a task. */
export function modules({ contenders, loads }: Params): Record<string, ModuleRef> {
  const named: [string, ModuleRef][] = [];
  for (const { id, ...parts } of contenders) {
    for (const { length, task } of loads) {
      for (const [name, ref] of Object.entries(partModules({ ...parts, task }))) {
        named.push([`${id} at ${length}, ${name}`, ref]);
      }
    }
  }
  return Object.fromEntries(named);
}

/** Steps need parameters and data of the right shape, whatever they say. */
const seed: Seed = { instance: 0, initialisation: 0, data: 0 };

/**
 * For every model ID and length T leaves the scalar `parameters of ID at T`, and observes `seconds of ID at T` of a step of training, forwards and
 * backwards with Adam; for every length `tokens of ID at T`, a second, and `log ratio at T`, of the second model's seconds over the first one's.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { contenders, loads, rounds } = ctx.params;
  const steppers: (Stepper & { name: string; load: Load; seconds: number[] })[] = [];
  try {
    for (const load of loads) {
      for (const contender of contenders) {
        const name = `${contender.id} at ${load.length}`;
        steppers.push({ ...await stepperOf(ctx, name, contender, load), name, load, seconds: [] });
      }
    }
    for (let round = 0; round <= rounds; round++) {
      for (const stepper of steppers) {
        const started = performance.now();
        await stepper.step();
        if (round > 0) stepper.seconds.push((performance.now() - started) / 1000);
      }
      ctx.progress(round, rounds);
    }
  } finally {
    for (const { close } of steppers) await close();
  }
  const medians = steppers.map(({ seconds }) => seconds.sort((a, b) => a - b)[(rounds - 1) >> 1]);
  steppers.forEach(({ name, tokens }, i) => {
    ctx.observe(`seconds of ${name}`, medians[i]);
    ctx.observe(`tokens of ${name}`, tokens / medians[i]);
  });
  loads.forEach(({ length }, l) => {
    ctx.observe(`log ratio at ${length}`, Math.log(medians[2 * l + 1] / medians[2 * l]));
  });
  const scalars = Object.fromEntries(
    steppers.map(({ name, parameters }) => [`parameters of ${name}`, parameters]),
  );
  return { files: {}, scalars };
}

interface Stepper {
  parameters: number;
  /** Of a step. */
  tokens: number;
  step(): Promise<void>;
  close(): Promise<void>;
}

async function stepperOf(
  { modules, compile, log }: StageContext<Params>,
  name: string,
  { model: part, layers }: Contender,
  { task: given, batch }: Load,
): Promise<Stepper> {
  const prefix = `${name}, `;
  const own = Object.fromEntries(
    Object.entries(modules).filter(([key]) => key.startsWith(prefix))
      .map(([key, module]) => [key.slice(prefix.length), module]),
  );
  const parts = { params: { task: given, model: part, layers }, modules: own };
  const { task } = await taskOf({ ...parts, log });
  const model = modelOf(parts, task);
  const { nextBatch, compileStep } = learning(task, model, [seed], batch);
  const step = await compileStep(nextBatch(0), {
    ...{ optimiser: { weightDecay: 0 }, compile, stepsPerRun: 1 },
  });
  let at: Progress = { step: 0, current: step.fresh, lastLosses: [] };
  const fresh = await freshParameters(model, seed.initialisation);
  return {
    parameters: leavesOf(fresh).reduce((sum, { data }) => sum + data.length, 0),
    tokens: task.tokens(batch),
    async step() {
      const { current } = at;
      // At a rate of 0 nothing can diverge, and the arithmetic is the same.
      at = await advance(step, at, at.step + 1, nextBatch, () => 0);
      disposeTree(current);
    },
    async close() {
      disposeTree(at.current);
      await step.close();
    },
  };
}
