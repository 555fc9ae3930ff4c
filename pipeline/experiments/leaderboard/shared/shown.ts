/** @file Which layers and seeds a profile shows, and whether it measures time. */
import type { Profile } from "../../../profiles.ts";
import { entries, type Entry } from "./entries.ts";

/** What the quick profile shows: layers that are far apart. */
const quick = ["softmax-attention", "deltanet-negative", "lstm"];

/** The layers and the seeds of a profile, and whether seconds are measured. */
export function shown(
  profile: Profile,
): { entries: readonly Entry[]; seeds: number[]; timed: boolean } {
  const ids = profile.pick({
    smoke: quick.slice(1),
    quick,
    standard: entries.filter(({ from }) => from === undefined).map(({ id }) => id),
    paper: entries.map(({ id }) => id),
  });
  const seeds = profile.pick({ smoke: 1, quick: 2, standard: 3 });
  return {
    entries: entries.filter(({ id }) => ids.includes(id)),
    seeds: Array.from({ length: seeds }, (_, seed) => seed),
    timed: profile.atLeast("standard"),
  };
}
