/**
 * @file Stage that measures what the length of sequences costs: steps of training of one model after the other, each at every length in every
 * round, so that whatever the machine does besides happens to all lengths; and tokens one by one.
 */
import { z } from "zod";
import { asSequenceModel, type Model } from "../../lib/models/model.ts";
import { kinds } from "../../lib/layers/kinds.ts";
import type { SequenceLayer } from "../../lib/layers/sequence/sequence_layer.ts";
import type { Seed, Task } from "../../lib/tasks/task.ts";
import { tensor } from "../../lib/tensor/tensor.ts";
import { disposeTree, freshParameters } from "../../lib/train/host.ts";
import { learning } from "../../lib/train/learning.ts";
import { compileStepForm } from "../../lib/train/step_form.ts";
import { advance, type Progress } from "../../lib/train/trainer.ts";
import {
  modelOf,
  type Part,
  partModules,
  partSchema,
  taskModule,
  taskOf,
  taskSchema,
} from "../parts.ts";
import type { ModuleRef, StageContext, StageResult } from "../stage.ts";

interface Measured {
  id: string;
  model: Part;
  layers: Part[];
}

interface Load {
  /** T, in the order of which numbers are compared. */
  length: number;
  /** With training sequences of that length. */
  task: Part;
  /** Sequences in a step. */
  batch: number;
}

/** How time grows between two loads. */
interface Growth {
  name: string;
  /** Places in the list of loads. */
  from: number;
  to: number;
}

export interface Params {
  models: Measured[];
  loads: Load[];
  growths: Growth[];
  /** Tokens one by one after one that does not count, and how many the model has room for; the median counts. */
  single: { tokens: number; capacities: number[] };
  /** Steps of every load, after a first one that does not count; the median counts. */
  rounds: number;
  /** Which of several measurements; each is a process of its own. */
  repetition: number;
}

export const usesEngine = true;
/** Nothing runs beside it, or seconds would not be those of the models. */
export const alone = true;
/** Not those of a training. */
export const own = ["models", "loads", "growths", "single", "rounds", "repetition"];

export function params() {
  const count = () => z.number().int().min(1);
  const place = () => z.number().int().nonnegative();
  return z.strictObject({
    models: z.array(z.strictObject({
      id: z.string().min(1),
      model: partSchema("a file in lib/models"),
      layers: z.array(partSchema("a file in lib/layers/sequence")).min(1),
    })).min(1),
    loads: z.array(z.strictObject({ length: count(), task: taskSchema(), batch: count() })).min(1),
    growths: z.array(z.strictObject({ name: z.string().min(1), from: place(), to: place() })),
    single: z.strictObject({ tokens: count(), capacities: z.array(z.number().int().min(2)) }),
    rounds: count().default(5),
    repetition: z.number().int().nonnegative().default(0),
  }).superRefine(({ loads, growths, single }, ctx) => {
    growths.forEach(({ from, to }, i) => {
      if (loads[from]?.length < loads[to]?.length) return;
      const message =
        `expected the places of a load and of one with longer sequences, among ${loads.length}`;
      ctx.addIssue({ code: "custom", path: ["growths", i], message });
    });
    single.capacities.forEach((capacity, i) => {
      if (capacity > single.tokens) return;
      const message = `expected room for ${single.tokens} tokens and one that does not count`;
      ctx.addIssue({ code: "custom", path: ["single", "capacities", i], message });
    });
  });
}

/** A task is made once for all models, which share its data. */
const taskKey = (load: number) => `load ${load}, `;
const modelKey = (id: string) => `${id}, `;

export function modules({ models, loads }: Params): Record<string, ModuleRef> {
  const named = (prefix: string, parts: Record<string, ModuleRef>) =>
    Object.entries(parts).map(([name, ref]) => [prefix + name, ref] as const);
  return Object.fromEntries([
    ...loads.flatMap(({ task }, l) => named(taskKey(l), taskModule(task))),
    ...models.flatMap(({ id, ...parts }) => {
      const { task: _, ...own } = partModules({ ...parts, task: loads[0].task });
      return named(modelKey(id), own);
    }),
  ]);
}

/** The modules of one part of a job by the names that they have in a job of it alone. */
const modulesOf = ({ modules }: StageContext<Params>, prefix: string) =>
  Object.fromEntries(
    Object.entries(modules).filter(([key]) => key.startsWith(prefix))
      .map(([key, module]) => [key.slice(prefix.length), module]),
  );

/** Steps need parameters and data of the right shape, whatever they say. */
const seed: Seed = { instance: 0, initialisation: 0, data: 0 };

/**
 * Observes for every model ID and load of B sequences of T `training tokens of ID at B x T`, a second (forwards, backwards and Adam); for every
 * growth NAME `NAME of ID`, the power of T by which the time of a training token grows, and over the models `minus mean NAME` and `minus
 * largest NAME`; for every capacity C `single token seconds of ID at C`. Leaves the scalars `state of ID at C` (numbers that its layers
 * carry from token to token), `kind of ID` (the last of {@linkcode kinds} that a layer of it is) and `loops of ID` (1 where a layer of it has
 * no parallel form and goes token by token in training, too).
 * @throws {Error} for a task without a series.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { models, loads, growths } = ctx.params;
  const scalars: Record<string, number> = {};
  const tasks: Task[] = [];
  for (const [l, { task }] of loads.entries()) {
    const parts = { params: { task }, modules: modulesOf(ctx, taskKey(l)), log: ctx.log };
    tasks.push((await taskOf(parts)).task);
  }
  const [{ signature }] = tasks;
  if (signature.kind !== "series") {
    throw new Error(
      `length_cost: the task ${
        loads[0].task.name
      } has ${signature.kind}; single tokens are timed of a series: name one that has, such as filtering`,
    );
  }
  const found = new Map(growths.map(({ name }) => [name, [] as number[]]));
  ctx.progress(0, models.length);
  for (const [i, measured] of models.entries()) {
    const powers = await trainingOf(ctx, measured, tasks);
    growths.forEach(({ name }, g) => found.get(name)!.push(powers[g]));
    Object.assign(scalars, await singleOf(ctx, measured, tasks[0], signature.channels));
    ctx.progress(i + 1, models.length);
  }
  for (const [name, powers] of found) {
    ctx.observe(`minus mean ${name}`, -powers.reduce((a, b) => a + b, 0) / powers.length);
    ctx.observe(`minus largest ${name}`, -Math.max(...powers));
  }
  return { files: {}, scalars };
}

/** The powers of all growths. */
async function trainingOf(
  ctx: StageContext<Params>,
  measured: Measured,
  tasks: readonly Task[],
): Promise<number[]> {
  const { loads, growths, rounds } = ctx.params;
  const steppers: Stepper[] = [];
  const seconds: number[][] = loads.map(() => []);
  try {
    for (const [l, { batch }] of loads.entries()) {
      steppers.push(await stepperOf(ctx, measured, tasks[l], batch));
    }
    for (let round = 0; round <= rounds; round++) {
      for (const [l, { step }] of steppers.entries()) {
        const taken = await clocked(step);
        if (round > 0) seconds[l].push(taken);
      }
    }
  } finally {
    for (const { close } of steppers) await close();
  }
  const each = seconds.map((all, l) => median(all) / steppers[l].tokens);
  loads.forEach(({ length, batch }, l) => {
    ctx.observe(`training tokens of ${measured.id} at ${batch} x ${length}`, 1 / each[l]);
  });
  return growths.map(({ name, from, to }) => {
    const power = Math.log(each[to] / each[from]) / Math.log(loads[to].length / loads[from].length);
    ctx.observe(`${name} of ${measured.id}`, power);
    return power;
  });
}

/** Times single tokens; its scalars. */
async function singleOf(
  ctx: StageContext<Params>,
  measured: Measured,
  task: Task,
  channels: number,
): Promise<Record<string, number>> {
  const { id, layers } = measured;
  const { tokens, capacities } = ctx.params.single;
  const model = modelFor(ctx, measured, task);
  const fresh = await freshParameters(model, seed.initialisation);
  const running = asSequenceModel(model);
  const y = tensor(0, [1, running.patch, channels]);
  const scalars: Record<string, number> = {};
  for (const capacity of capacities) {
    const start = running.initialState(1, capacity);
    scalars[`state of ${id} at ${capacity}`] = model.memory!(capacity * running.patch);
    const form = await compileStepForm(running, fresh, y.shape, start, ctx.compile);
    const seconds: number[] = [];
    let state: Parameters<typeof form.step>[0] = start;
    try {
      for (let token = 0; token <= tokens; token++) {
        const taken = await clocked(async () => {
          const next = await form.step(state, y, true);
          disposeTree(state);
          state = next.state;
          await next.prediction.read();
          next.prediction.dispose();
        });
        if (token > 0) seconds.push(taken);
      }
    } finally {
      disposeTree(state);
      await form.close();
    }
    ctx.observe(`single token seconds of ${id} at ${capacity}`, median(seconds));
  }
  const own = modulesOf(ctx, modelKey(id));
  const chosen = layers.map(({ name }) => own[`layer ${name}`].layer as SequenceLayer);
  return {
    ...scalars,
    [`kind of ${id}`]: Math.max(...chosen.map(({ about }) => kinds.indexOf(about.kind))),
    [`loops of ${id}`]: Number(chosen.some(({ parallel }) => parallel === undefined)),
  };
}

interface Stepper {
  /** Of a step. */
  tokens: number;
  step(): Promise<void>;
  close(): Promise<void>;
}

async function stepperOf(
  ctx: StageContext<Params>,
  measured: Measured,
  task: Task,
  batch: number,
): Promise<Stepper> {
  const { nextBatch, compileStep } = learning(task, modelFor(ctx, measured, task), [seed], batch);
  // Drawn once: to draw is not the layer's work.
  const drawn = nextBatch(0);
  const step = await compileStep(drawn, {
    ...{ optimiser: { weightDecay: 0 }, compile: ctx.compile, stepsPerRun: 1 },
  });
  let at: Progress = { step: 0, current: step.fresh, lastLosses: [] };
  return {
    tokens: task.tokens(batch),
    async step() {
      const { current } = at;
      // A rate of 0 leaves the arithmetic as it is; so does a fresh model whose state outgrows its numbers in so many tokens.
      const still = () => 0;
      at = await advance(step, at, at.step + 1, () => drawn, still, undefined, { tolerant: true });
      disposeTree(current);
    },
    async close() {
      disposeTree(at.current);
      await step.close();
    },
  };
}

function modelFor(
  ctx: StageContext<Params>,
  { id, model, layers }: Measured,
  task: Task,
): Model {
  const params = { model, layers, task: ctx.params.loads[0].task };
  return modelOf({ params, modules: modulesOf(ctx, modelKey(id)) }, task);
}

/** Seconds of some work. */
async function clocked(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Of an even number the mean of the middle two. */
function median(seconds: number[]): number {
  const sorted = seconds.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
