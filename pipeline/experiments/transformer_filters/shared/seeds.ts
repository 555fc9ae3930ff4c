/**
 * @file What is random in the experiments beside the systems: initialisations, training data, test data. Their keys are hashes of the
 * law that the systems are drawn from, the system and the use, so that no two settings share a draw, while everything that is
 * compared within a setting is scored on the same sequences.
 */
import type { Seed } from "../../../../lib/tasks/task.ts";
import type { Distribution } from "../../../../lib/tasks/filtering/distribution.ts";
import { canonical, sha256 } from "../../../content/canonical.ts";
import { filteringTask } from "../../../presets.ts";

type Use = "initialisation" | "training" | "scored" | "rollouts";

/** 31 bits, which every generator takes. @param repetition of the same use. */
function keyOf(
  law: Partial<Distribution>,
  system: number,
  use: Use,
  repetition = 0,
): number {
  // Laws that are the same have the same keys, however they are spelt.
  const { options } = filteringTask(law, 2);
  return parseInt(sha256(canonical([options, system, use, repetition])).slice(0, 8), 16) >>> 1;
}

/**
 * Of one training.
 * @param initialisation number of the initialisation; each has training data of its own.
 */
export function seedOf(law: Partial<Distribution>, system: number, initialisation = 0): Seed {
  return {
    instance: system,
    initialisation: keyOf(law, system, "initialisation", initialisation),
    data: keyOf(law, system, "training", initialisation),
  };
}

/** Of the sequences that models are scored on one step ahead. */
export const scoredSeed = (law: Partial<Distribution>, system: number) =>
  keyOf(law, system, "scored");

/** Of the sequences that rollouts start from. */
export const startsSeed = (law: Partial<Distribution>, system: number) =>
  keyOf(law, system, "rollouts");
