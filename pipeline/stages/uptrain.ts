/** @file Stage that trains on from what another model has learned: as stage train, but for where it starts. */
import type { Context, ModelModule } from "../../lib/models/model.ts";
import { toHost } from "../../lib/train/host.ts";
import { arraysOf, uptrained } from "../../lib/train/uptraining.ts";
import type { StageContext, StageResult } from "../stage.ts";
import * as train from "./train.ts";
import type { Params } from "./train.ts";

export type { Params };

export const usesEngine = true;

export const params = train.params;

export const facts = train.facts;

export const modules = train.modules;

/**
 * Inputs: those of stage train, and `model` (of train), with a model for each seed in the same order. Every parameter starts as it was trained there
 * under its name; those that the other model lacks are fresh. Leaves what stage train does.
 * @throws {Error} for two seeds with one initialisation, and where the trained model has more than the new one.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { seeds } = ctx.params;
  const starts = new Map<number, Awaited<ReturnType<typeof ctx.inputs.model.tensors>>>();
  for (const [i, { initialisation }] of seeds.entries()) {
    if (starts.has(initialisation)) {
      throw new Error(
        `uptrain: seeds ${i} and another have initialisation ${initialisation}: each trained model is the start of one; give every seed its own`,
      );
    }
    starts.set(initialisation, await ctx.inputs.model.tensors(`model-${i}.safetensors`));
  }
  const module: ModelModule = ctx.modules.model.model;
  const started: ModelModule = {
    ...module,
    configure(options: unknown, context: Context) {
      const model = module.configure(options, context);
      return {
        ...model,
        init: (seed) => arraysOf(uptrained(starts.get(seed)!, toHost(model.init(seed)))),
      };
    },
  };
  return await train.run({
    ...ctx,
    modules: { ...ctx.modules, model: { ...ctx.modules.model, model: started } },
  });
}
