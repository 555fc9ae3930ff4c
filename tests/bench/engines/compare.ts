/** @file One training on several engines: what each computes, and how fast. */
import type { Compile, Tensor, Tree } from "../../../lib/engine/types.ts";
import { disposeTree } from "../../../lib/train/host.ts";
import type { Learning } from "../../../lib/train/learning.ts";
import type { TrainingState, TrainingStep } from "../../../lib/train/trainer.ts";
import { alternation, median } from "../steps/paired.ts";

/** Who takes part. */
export interface Side<Name extends string = string> {
  readonly engine: Name;
  readonly compile: Compile;
}

/** What an engine made of a training. */
export type Row<Name extends string = string> =
  | {
    readonly engine: Name;
    /** Of the first steps. */
    readonly losses: readonly number[];
    /** Largest relative difference of these from the losses of the reference. */
    readonly off: number;
    /** Of a step, until its loss is on the host; the median of the rounds. */
    readonly milliseconds: number;
    /** Until the first step is done: engine `jax` compiles in its first run. */
    readonly compileSeconds: number;
  }
  | { readonly engine: Name; readonly problem: string };

interface Running<Name extends string> {
  readonly engine: Name;
  readonly compileSeconds: number;
  readonly losses: number[];
  readonly times: number[];
  /** One more step, of the next batch. */
  step(): Promise<void>;
  close(): Promise<void>;
}

const RATE = 1e-3;

async function start<Name extends string>(
  { engine, compile }: Side<Name>,
  { compileStep }: Learning,
  batches: readonly Tree<Tensor>[],
): Promise<Running<Name>> {
  const begun = performance.now();
  const options = { compile, stepsPerRun: 1, optimiser: { clipNorm: 1 } };
  const training: TrainingStep = await compileStep(batches[0], options);
  let current: TrainingState = training.fresh;
  const losses: number[] = [];
  const times: number[] = [];
  const step = async () => {
    const from = performance.now();
    const out = await training.run(current, batches[losses.length % batches.length], [RATE]);
    const { data } = await out.value.read();
    times.push(performance.now() - from);
    disposeTree([current, out.value, out.gradNorm] as never);
    current = { params: out.params, state: out.state };
    losses.push(data[0]);
  };
  await step();
  const compileSeconds = (performance.now() - begun) / 1000;
  return {
    ...{ engine, compileSeconds, losses, times, step },
    async close() {
      disposeTree(current as never);
      await training.close();
    },
  };
}

/** Losses are compared over so many steps: later ones differ by what rounding grows to. */
export const COMPARED = 5;

/**
 * Trains on every engine from the same parameters, on the same batches, in turns (ABC CBA …).
 * @param sides those that cannot run the program are rows with a problem; the first is the reference, which must.
 * @param rounds steps that are timed, at least one, after {@linkcode COMPARED} that are not.
 */
export async function compareEngines<Name extends string>(
  learning: Learning,
  sides: readonly Side<Name>[],
  rounds: number,
): Promise<Row<Name>[]> {
  const batches = [0, 1, 2, 3].map((step) => learning.nextBatch(step));
  const problems = new Map<Name, string>();
  const running: Running<Name>[] = [];
  for (const side of sides) {
    try {
      running.push(await start(side, learning, batches));
    } catch (error) {
      if (side === sides[0]) throw error;
      problems.set(side.engine, (error as Error).message.split("\n")[0]);
    }
  }
  for (let i = 1; i < COMPARED + rounds; i++) {
    for (const k of alternation(running.length, i)) await running[k].step();
  }
  for (const side of running) await side.close();
  const want = running[0].losses.slice(0, COMPARED);
  return sides.map(({ engine }) => {
    const side = running.find((side) => side.engine === engine);
    if (!side) return { engine, problem: problems.get(engine)! };
    const losses = side.losses.slice(0, COMPARED);
    return {
      engine,
      losses,
      off: Math.max(...losses.map((loss, i) => Math.abs(loss - want[i]) / Math.abs(want[i]))),
      milliseconds: median(side.times.slice(COMPARED)),
      compileSeconds: side.compileSeconds,
    };
  });
}
