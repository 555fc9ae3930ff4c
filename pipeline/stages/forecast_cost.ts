/**
 * @file Stage that measures what a forecast costs: seconds of several forecasters of the same windows, one after the other in every
 * round, so that whatever the machine does besides happens to all of them; and bytes from their graphs.
 */
import { numpy as np } from "@jax-js/jax";
import { z } from "zod";
import { memoryOf } from "../../lib/cost/live_tensors.ts";
import type { Arrays, JaxArray } from "../../lib/engine/arrays.ts";
import type { Handle, Program, Tensor, TracedFunction, Tree } from "../../lib/engine/types.ts";
import type { SequenceLayer } from "../../lib/layers/sequence/sequence_layer.ts";
import type { Context, ModelModule } from "../../lib/models/model.ts";
import { fold, keyOf, normals } from "../../lib/random/random.ts";
import { tensor } from "../../lib/tensor/tensor.ts";
import { leavesOf } from "../../lib/tensor/trees.ts";
import { freshParameters } from "../../lib/train/host.ts";
import { type Part, partSchema } from "../parts.ts";
import type { ModuleRef, StageContext, StageResult } from "../stage.ts";

/** A model that is compared with one matrix. */
interface Other {
  id: string;
  model: Part;
  layers: Part[];
}

export interface Params {
  lookback: number;
  horizon: number;
  others: Other[];
  /** Windows at once. */
  batches: number[];
  /** Of every model, after a first one that does not count. */
  rounds: number;
  /** Which of several measurements; each is a process of its own. */
  repetition: number;
}

export const usesEngine = true;
/** Nothing runs beside it, or seconds would not be those of the models. */
export const alone = true;
/** Not those of a training. */
export const own = ["rounds", "repetition", "batches", "others"];

export function params() {
  const count = () => z.number().int().min(1);
  return z.strictObject({
    lookback: count(),
    horizon: count(),
    others: z.array(z.strictObject({
      id: z.string().min(1),
      model: partSchema("a file in lib/models"),
      layers: z.array(partSchema("a file in lib/layers/sequence")).default([]),
    })).min(1),
    batches: z.array(count()).min(1).default([1, 64]),
    rounds: count().default(25),
    repetition: z.number().int().nonnegative().default(0),
  });
}

export function modules({ others }: Params): Record<string, ModuleRef> {
  const named = others.flatMap(({ model, layers }): [string, ModuleRef][] => [
    [`model ${model.name}`, { path: `lib/models/${model.name}.ts`, exports: ["model"] }],
    ...layers.map(({ name }): [string, ModuleRef] => [
      `layer ${name}`,
      { path: `lib/layers/sequence/${name}.ts`, exports: ["layer"] },
    ]),
  ]);
  return Object.fromEntries(named);
}

/** Name of the linear forecaster: a matrix and an intercept, whatever was collapsed to it. */
const collapsed = "collapsed";

interface Candidate {
  id: string;
  params: Tree<Tensor>;
  fn: TracedFunction;
}

/**
 * For every batch b and id ("collapsed" and those of `others`) leaves the scalar `bytes of ID at b`, parameters and the most that is
 * alive at once beside the windows, and `parameters of ID`; observes the median `seconds of ID at b`, `resident bytes of ID at b`
 * (by which the process grew when it was compiled and run), and for the others `log time ratio of ID at b` and `log memory ratio of ID
 * at b` to the collapsed one.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { lookback, batches, rounds, repetition } = ctx.params;
  const all = await candidates(ctx);
  const scalars: Record<string, number> = {};
  for (const { id, params } of all) scalars[`parameters of ${id}`] = numbersIn(params);
  for (const [at, batch] of batches.entries()) {
    const x = tensor(
      normals(fold(keyOf(repetition), batch), batch * lookback),
      [batch, lookback, 1],
    );
    const programs: Program[] = [];
    const forecast = async (i: number) => {
      const y: Handle = await programs[i].run(all[i].params, x);
      await y.read();
      y.dispose();
    };
    const bytes: number[] = [];
    try {
      for (const [i, { id, params, fn }] of all.entries()) {
        const before = resident();
        programs.push(await ctx.compile(fn, [params, x]));
        await forecast(i);
        ctx.observe(`resident bytes of ${id} at ${batch}`, resident() - before);
        const { held, peak } = await memoryOf(fn, [params, x]);
        bytes.push(held + peak - x.data.byteLength);
        scalars[`bytes of ${id} at ${batch}`] = bytes[i];
      }
      const seconds = all.map((): number[] => []);
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < all.length; i++) {
          const started = performance.now();
          await forecast(i);
          seconds[i].push((performance.now() - started) / 1000);
        }
      }
      const medians = seconds.map((of) => of.sort((a, b) => a - b)[(rounds - 1) >> 1]);
      all.forEach(({ id }, i) => {
        ctx.observe(`seconds of ${id} at ${batch}`, medians[i]);
        if (i === 0) return;
        ctx.observe(`log time ratio of ${id} at ${batch}`, Math.log(medians[i] / medians[0]));
        ctx.observe(`log memory ratio of ${id} at ${batch}`, Math.log(bytes[i] / bytes[0]));
      });
    } finally {
      for (const program of programs) await program.close();
    }
    ctx.progress(at + 1, batches.length);
  }
  return { files: {}, scalars };
}

/** The collapsed forecaster first. */
async function candidates({ params, modules }: StageContext<Params>): Promise<Candidate[]> {
  const { lookback, horizon, others } = params;
  const signature = { kind: "window", lookback, horizon, channels: 1 } as const;
  const linear: Candidate = {
    id: collapsed,
    params: {
      weights: tensor(normals(keyOf(1), lookback * horizon), [lookback, horizon]),
      intercept: tensor(normals(keyOf(2), horizon), [horizon]),
    },
    fn({ weights, intercept }: { weights: JaxArray; intercept: JaxArray }, x: JaxArray) {
      return np.matmul(x.reshape([x.shape[0], lookback]), weights).add(intercept);
    },
  };
  const compared = others.map(async ({ id, model: { name, options }, layers }) => {
    const context: Context = {
      signature,
      layers: layers.map(({ name, options }) => ({
        ...{ name, options },
        layer: modules[`layer ${name}`].layer as SequenceLayer,
      })),
    };
    const model = (modules[`model ${name}`].model as ModelModule).configure(options, context);
    return {
      id,
      params: await freshParameters(model, 0),
      fn: (params: Arrays, x: JaxArray) => model.apply(params, x),
    };
  });
  return [linear, ...await Promise.all(compared)];
}

/** Bytes in memory outside of the JavaScript heap, which shrinks and grows as it likes. */
function resident(): number {
  const { rss, heapTotal } = Deno.memoryUsage();
  return rss - heapTotal;
}

function numbersIn(tree: Tree<Tensor>): number {
  return leavesOf(tree).reduce((sum, { data }) => sum + data.length, 0);
}
