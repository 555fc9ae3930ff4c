/** @file The models that the leaderboard compares, as its tables name them; how they are made is in setups.ts. */
import { settings } from "./settings.ts";

export interface ModelLabel {
  label: string;
  /** In closed form, for a known system; not trained. */
  closedForm?: true;
  /** Dear and beside the question: at the easy, medium and hard setting only. */
  settingsOnly?: true;
}

const labels = {
  "fir-8": { label: "last 8, closed form", closedForm: true },
  "fir-64": { label: "last 64, closed form", closedForm: true },
  "fir-64-trained": { label: "last 64, trained" },
  "lru": { label: "diagonal recurrence (LRU)" },
  "dense-recurrence": { label: "dense recurrence" },
  "steady-state": { label: "steady-state Kalman filter", closedForm: true },
  "lstm": { label: "LSTM", settingsOnly: true },
  "linear-transformer": { label: "linear Transformer", settingsOnly: true },
  "transformer": { label: "Transformer" },
} satisfies Record<string, ModelLabel>;

/** Values of the tag `model`. */
export type ModelId = keyof typeof labels;
/** The simplest first. */
export const modelIds = Object.keys(labels) as ModelId[];
export const models: Record<ModelId, ModelLabel> = labels;

/** Those that are compared at a lambda. */
export function modelsAt(lambda: number): ModelId[] {
  const named = settings.some((setting) => setting.lambda === lambda);
  return modelIds.filter((id) => named || !models[id].settingsOnly);
}
