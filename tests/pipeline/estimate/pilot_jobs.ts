/** @file Parameters of a job of each stage, for tests of pilots. */
import type { Pilot, PilotInput } from "../../../pipeline/estimate/pilot.ts";

// deno-lint-ignore no-explicit-any
export type Any = any;
export interface Stage {
  pilot(params: Any, inputs: Record<string, PilotInput>): Pilot;
}

export const distribution = {
  latentDim: 5,
  obsDim: 3,
  lambda: 0.9,
  sigma: 1,
  structure: "diagonal",
  condition: 1,
  observation: "matched",
};
/** Filtering, otherwise. */
export const filtering = (change: object = {}, length = 10) => ({
  name: "filtering",
  options: { ...distribution, length, ...change },
});
export const task = filtering();
export const model = { name: "stack", options: { patch: 2 } };
export const layers = [{ name: "lru", options: {} }];
export const seed = (i: number) => ({ instance: i, initialisation: i, data: i });
export const training = {
  ...{ task, model, layers },
  batch: 4,
  warmup: 9,
  weightDecay: 0,
  clipNorm: 1,
};
export const trainParams = { ...training, seeds: [seed(1), seed(2)], steps: 50, learningRate: 0.3 };
export const tuneParams = {
  ...training,
  seeds: [seed(1), seed(2)],
  rates: [1, 2, 3, 4, 5],
  rungs: [10, 30],
  keep: 0.5,
  moves: 0,
};
export const generateParams = { task: filtering({}, 11), instance: 1, data: 1, sequences: 2000 };
export const free = { warmup: 4, horizons: [2, 6] };
export const referenceParams = {
  ...{ task, reference: { name: "bounds", options: {} }, instance: 1 },
  protocol: { rollout: free },
};
export const evaluateParams = {
  ...{ task, model, layers, instance: 1, index: 0, batch: 40, memoryMiB: 2, protocol: {} },
};
export const rollout = { warmup: 4, horizons: [6, 20, 2] };
export const rollParams = { ...evaluateParams, protocol: { rollout } };
export const fitParams = { task, model, layers, closedForm: "steady_state", instance: 1 };
export const data = (sequences: number, change: object = {}) => ({
  data: { stage: "generate", params: { ...generateParams, sequences, ...change } },
});
