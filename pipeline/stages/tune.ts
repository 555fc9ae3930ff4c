/**
 * @file Stage that finds the learning rate of one configuration, on seeds of its own: successive halving, and from its winner on
 * uphill as long as half or twice the rate does better.
 */
import { z } from "zod";
import type { Seed } from "../../lib/tasks/task.ts";
import type { Tensor, Tree } from "../../lib/tensor/tensor.ts";
import { stack, unstack } from "../../lib/tensor/trees.ts";
import { adamwInit } from "../../lib/train/adamw.ts";
import { disposeTree, freshParameters, readTree } from "../../lib/train/host.ts";
import { learning } from "../../lib/train/learning.ts";
import {
  candidatesOfRungs,
  stepsOfTrials,
  successiveHalving,
} from "../../lib/train/successive_halving.ts";
import { learningRate } from "../../lib/train/schedule.ts";
import { advance, type TrainingState, type TrainingStep } from "../../lib/train/trainer.ts";
import { modelOf, partModules, seedSchema, taskOf } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";
import { optimiserOf, trainingFields, type TrainingParams } from "../training.ts";

export interface Params extends TrainingParams {
  /** None of those that the results are about; a candidate is judged by its mean over them. */
  seeds: Seed[];
  /** Candidates, ascending. */
  rates: number[];
  /** Steps that a survivor has made at the end of each rung, ascending. */
  rungs: number[];
  /** Share that survives a rung. */
  keep: number;
  /**
   * From the winner of the rungs on: how often the search may move to half or twice the rate, within the candidates or beyond them,
   * because it does better at the last rung. Half and twice the rate that is left are known then. 0: the rungs decide.
   */
  moves: number;
  /**
   * In the last rung the rate falls as it does at the end of a training, to this share. At a constant rate a candidate is judged by
   * the noise that a training gets rid of, and the rate that is found is too low; absent: it stays constant.
   */
  floor?: number;
  /** Trainings in one program: candidates times seeds, or so many of them. */
  together?: number;
}

export const usesEngine = true;
/** Of systems that nothing else is about. */
export const own = ["seeds"];

export function params() {
  return z.strictObject({
    ...trainingFields(),
    seeds: z.array(seedSchema()).min(1),
    rates: z.array(z.number().positive()).min(1),
    rungs: z.array(z.number().int().min(1)).min(1),
    keep: z.number().gt(0).lt(1).default(0.5),
    moves: z.number().int().min(0).default(0),
    floor: z.number().min(0).max(1).optional(),
    together: z.number().int().min(1).optional(),
  });
}

export function modules(params: Params) {
  return partModules(params);
}

/** A candidate at the end of a rung, or of the last one when half or twice the winner's rate is tried. */
interface Trial {
  learningRate: number;
  rung: number;
  steps: number;
  /** Of each seed; null where it diverged, because JSON has no infinity. */
  losses: (number | null)[];
  /** Their mean; null where one diverged. */
  loss: number | null;
}

/** How far a candidate is, with one state for each seed, on the host. */
interface Reached {
  step: number;
  states: Tree<Tensor>[];
}

/**
 * All candidates see the same batches, fresh ones at every step, so a trial is judged by its mean loss over the second half of
 * its rung; the rate stays at its peak after the warm-up, unless it falls in the last rung. Leaves `trials.json` and the scalars `learningRate`, `trials` (rates that
 * were tried), `tokens` (that all of them saw), `loss`, `lossAtHalf` and `lossAtTwice` (of the rate, and of its neighbours where they
 * were tried to the end and did not diverge), and `edge`: 1 when the best of three or more candidates is the first or last, or, with
 * moves, when half or twice the rate would still be better after the last of them.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const p = ctx.params;
  const { task } = await taskOf(ctx, ctx.inputs.data);
  const model = modelOf(ctx, task);
  const options = { optimiser: optimiserOf(p), compile: ctx.compile };
  const last = p.rungs.length - 1;
  const reached = new Map<number, Reached>();
  const programs = new Map<number, TrainingStep>();
  const trials: Trial[] = [];
  let total = stepsOfTrials(p.rates.length, p.rungs, p.keep) * p.seeds.length;
  let done = 0;

  /** Seeds of trainings that share a program, of so many candidates. */
  const groupsOf = (candidates: number): number[] => {
    const all = candidates * p.seeds.length;
    const size = Math.min(p.together ?? all, all);
    return Array.from({ length: Math.ceil(all / size) }, (_, i) => Math.min(size, all - i * size));
  };

  /** The program that trains so many together, whichever they are. */
  const programOf = async (count: number): Promise<TrainingStep> => {
    let found = programs.get(count);
    if (!found) {
      const { nextBatch, compileStep } = learning(
        task,
        model,
        Array<Seed>(count).fill(p.seeds[0]),
        p.batch,
      );
      // A rung may end anywhere, and survivors go on from there.
      found = await compileStep(nextBatch(0), { ...options, stepsPerRun: 1 });
      programs.set(count, found);
    }
    return found;
  };

  const fresh = async (): Promise<Reached> => {
    const states: Tree<Tensor>[] = [];
    for (const { initialisation } of p.seeds) {
      const params = await freshParameters(model, initialisation);
      states.push({ params, state: adamwInit(params) });
    }
    return { step: 0, states };
  };

  /** Share of a candidate's rate that a step has. */
  const shareOf = (step: number): number => {
    const share = Math.min(1, (step + 1) / Math.max(1, p.warmup));
    const [from, steps] = [p.rungs[last - 1] ?? 0, p.rungs[last]];
    if (p.floor === undefined || step < from) return share;
    const falling = { peak: 1, warmup: 0, steps: steps - from, floor: p.floor };
    return share * learningRate(falling, step - from);
  };

  /** Takes candidates that are equally far to the end of a rung, and judges them. */
  const train = async (rates: readonly number[], rung: number): Promise<number[]> => {
    const until = p.rungs[rung];
    const judgedFrom = Math.floor(((p.rungs[rung - 1] ?? 0) + until) / 2);
    const before = await Promise.all(rates.map(async (rate) => reached.get(rate) ?? await fresh()));
    const from = before[0].step;
    const pairs = rates.flatMap((rate, r) =>
      p.seeds.map((seed, s) => ({ rate, r, s, seed, state: before[r].states[s] }))
    );
    const losses = rates.map(() => p.seeds.map(() => 0));
    const curves = rates.map(() => new Float64Array(until - from));
    const after = rates.map((): Tree<Tensor>[] => []);
    let first = 0;
    for (const count of groupsOf(rates.length)) {
      const group = pairs.slice(first, first += count);
      const several = count > 1;
      const { nextBatch } = learning(task, model, group.map(({ seed }) => seed), p.batch);
      const current = several ? stack(group.map(({ state }) => state)) : group[0].state;
      const progress = await advance(
        await programOf(count),
        { step: from, current: current as TrainingState, lastLosses: [] },
        until,
        nextBatch,
        shareOf,
        (report) => {
          ctx.signal.throwIfAborted();
          ctx.progress(done += count, total);
          group.forEach(({ r, s }, i) => {
            curves[r][report.step - from] += report.losses[i] / p.seeds.length;
            if (report.step < judgedFrom) return;
            losses[r][s] += report.losses[i] / (until - judgedFrom);
          });
          if (first < pairs.length) return; // other seeds are to come
          rates.forEach((rate, r) => {
            ctx.metric(`loss, rate ${rate}`, report.step, curves[r][report.step - from]);
          });
        },
        { tolerant: true, scales: group.map(({ rate }) => rate) },
      );
      const host = await readTree(progress.current);
      disposeTree(progress.current);
      group.forEach(({ r, s }, i) => after[r][s] = several ? unstack(host, i) : host);
    }
    rates.forEach((rate, r) => reached.set(rate, { step: until, states: after[r] }));
    const means = losses.map((each) => each.reduce((sum, loss) => sum + loss, 0) / each.length);
    const known = (loss: number) => Number.isFinite(loss) ? loss : null;
    trials.push(
      ...rates.map((rate, r): Trial => ({
        ...{ learningRate: rate, rung, steps: until },
        ...{ losses: losses[r].map(known), loss: known(means[r]) },
      })),
    );
    return means;
  };

  /** Loss of a rate at the last rung, which it is taken to if it is not there. */
  const atTheEnd = async (rate: number): Promise<number> => {
    const step = reached.get(rate)?.step ?? 0;
    if (step < p.rungs[last]) {
      total += (p.rungs[last] - step) * p.seeds.length;
      await train([rate], last);
    }
    return trials.findLast(({ learningRate }) => learningRate === rate)!.loss ?? Infinity;
  };

  /** The rate that is better than its half and its double, or the one that the last move led to. */
  const climb = async (from: number) => {
    let [rate, loss] = [from, await atTheEnd(from)];
    for (let moved = 0;; moved++) {
      const [half, twice] = [await atTheEnd(rate / 2), await atTheEnd(2 * rate)];
      const better = Math.min(half, twice) < loss;
      if (!better || moved === p.moves) return { rate, loss, half, twice, edge: better };
      [rate, loss] = half < twice ? [rate / 2, half] : [2 * rate, twice];
    }
  };

  const search = async () => {
    // Fewer survive where many have diverged; their program is then one more.
    const counts = candidatesOfRungs(p.rates.length, p.rungs, p.keep);
    for (const count of [...counts, ...(p.moves > 0 ? [1] : [])]) {
      for (const size of groupsOf(count)) await programOf(size);
    }
    ctx.programsCompiled();
    const { best } = await successiveHalving(p.rates, p.rungs, p.keep, train);
    if (p.moves > 0) return await climb(best);
    const edge = p.rates.length > 2 && (best === p.rates[0] || best === p.rates.at(-1));
    const lossAt = (rate: number) => {
      const end = trials.find((trial) => trial.learningRate === rate && trial.rung === last);
      return end?.loss ?? Infinity;
    };
    const loss = trials.findLast(({ learningRate }) => learningRate === best)!.loss!;
    return { rate: best, loss, half: lossAt(best / 2), twice: lossAt(2 * best), edge };
  };
  const { rate, loss, half, twice, edge } = await search().finally(async () => {
    for (const program of programs.values()) await program.close();
  });
  if (done < total) ctx.progress(done, done);
  if (edge) {
    ctx.log(
      p.moves > 0
        ? `${
          half < loss ? "half" : "twice"
        } the rate ${rate} is better still, after ${p.moves} moves`
        : `the best rate ${rate} is the ${rate === p.rates[0] ? "first" : "last"} candidate`,
    );
  }
  const known = (name: string, loss: number) => Number.isFinite(loss) ? { [name]: loss } : {};
  return {
    files: { "trials.json": { json: trials } },
    scalars: {
      ...{ learningRate: rate, trials: reached.size, edge: Number(edge) },
      tokens: done * task.tokens(p.batch),
      ...{ loss, ...known("lossAtHalf", half), ...known("lossAtTwice", twice) },
    },
  };
}
