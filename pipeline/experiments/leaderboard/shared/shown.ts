/** @file Which layers, tasks and seeds a profile shows, and whether it measures time. */
import type { Profile } from "../../../profiles.ts";
import { entries, type Entry } from "./entries.ts";
import { taskIds } from "./tasks.ts";

/** What the quick profile shows: layers that are far apart. */
const quick = ["softmax-attention", "deltanet-negative", "lstm"];

/** Every kind of task once; the group S3 is one more automaton. */
const kinds: readonly string[] = taskIds.filter((id) => id !== "automaton");

/** Folders of lib/tasks besides, at their default sizes: which layers get far on these is asked by experiments of their own. */
const others = [
  ...["arithmetic", "composition", "copying", "selective_copying", "induction", "noisy_parity"],
  ...["noise_integration", "in_context_regression"],
];
const all: readonly string[] = [...taskIds, ...others];

/** The tasks of a profile. */
export const tasksOf = (profile: Profile): readonly string[] =>
  profile.pick({ smoke: kinds, standard: taskIds, paper: all });

/** The layers and the seeds of a profile, and whether seconds are measured. */
export function shown(
  profile: Profile,
): { entries: readonly Entry[]; seeds: number[]; timed: boolean } {
  const ids = profile.pick({
    smoke: quick.slice(1),
    quick,
    standard: entries.map(({ id }) => id),
  });
  const seeds = profile.pick({ smoke: 1, quick: 2, standard: 3 });
  return {
    entries: entries.filter(({ id }) => ids.includes(id)),
    seeds: Array.from({ length: seeds }, (_, seed) => seed),
    timed: profile.atLeast("standard"),
  };
}
