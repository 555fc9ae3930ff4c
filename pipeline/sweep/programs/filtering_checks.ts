/**
 * @file What can be known of a filtering run before there are data: whether its system and the filter of it exist, and whether
 * its sequences are whole patches.
 */
import type { SequenceModel } from "../../../lib/models/model.ts";
import { createSystem, kalman, type SystemOptions } from "../../../lib/ssm/mod.ts";

/** States; a larger system is tried at this size, which takes no time and differs in nothing that is refused. */
const LARGEST = 128;
/** Tokens after which the filter's covariances have lost or kept their rank. */
const STEPS = 16;

/** What was found out about systems: a grid asks for the same one many times. */
const known = new Map<string, string | undefined>();

/** @throws {Error} for a system that cannot be simulated or filtered in float64. */
export function checkSystem(instance: number, system: Required<SystemOptions>): void {
  const id = JSON.stringify(system);
  if (!known.has(id)) known.set(id, problemOf(instance, system));
  const problem = known.get(id);
  if (problem !== undefined) throw new Error(problem);
}

function problemOf(instance: number, system: Required<SystemOptions>): string | undefined {
  const { latentDim, obsDim } = system;
  // More observations than states are refused before anything is made.
  const smaller = latentDim > LARGEST && obsDim <= latentDim
    ? { latentDim: LARGEST, obsDim: Math.min(obsDim, LARGEST / 2) }
    : {};
  try {
    const made = createSystem(instance, { ...system, ...smaller });
    const { A, C, V, S } = { ...made, ...kalman(made, STEPS) };
    const wrong = Object.entries({ A, C, V, S: S.flatMap((m) => [...m]) })
      .find(([, matrix]) => !matrix.every(Number.isFinite));
    if (wrong) return `system: ${wrong[0]} is not finite in float64.`;
  } catch (cause) {
    return (cause as Error).message.replace(/^System option /, "system.");
  }
}

/** @throws {Error} for lengths that the model's patches do not fit. */
export function checkPatches(
  { patch }: Pick<SequenceModel, "patch">,
  { train, evaluate }: {
    train: { length: number };
    evaluate: { length: number; rollout: boolean };
  },
  warmup: number,
): void {
  const lengths = { "train.length": train.length, "evaluate.length": evaluate.length };
  for (const [name, length] of Object.entries(lengths)) {
    if (length % patch === 0 && length >= 2 * patch) continue;
    throw new Error(
      `${name} is ${length}: expected a multiple of the patch ${patch}, at least ${2 * patch}.`,
    );
  }
  if (evaluate.rollout && warmup % patch !== 0) {
    throw new Error(
      `model.patch is ${patch}, but rollouts warm up for ${warmup} observations, which are no ` +
        `whole patches.`,
    );
  }
}
