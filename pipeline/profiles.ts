/**
 * @file How large the grids are.
 *
 * A profile carries no numbers of its own: each experiment states its sizes with `pick`, next to the
 * grid they size, so that reading an experiment is enough to know what was run.
 */
import { nearestFirst } from "../lib/nearest.ts";
import { UsageError } from "./usage_error.ts";

export const PROFILES = ["smoke", "quick", "standard", "paper"] as const;

export type ProfileName = typeof PROFILES[number];

export interface Profile {
  name: ProfileName;
  /** The value for this profile; the next smaller one's where it is left out. */
  pick<T>(sizes: { smoke: T } & Partial<Record<ProfileName, T>>): T;
  /** True when this profile is as large as the named one. */
  atLeast(name: ProfileName): boolean;
}

/** @throws {Error} for a name that is no profile */
export function profileOf(name: string): Profile {
  const at = PROFILES.indexOf(name as ProfileName);
  if (at < 0) {
    const nearest = nearestFirst(name, PROFILES).join(", ");
    throw new UsageError(`Unknown profile "${name}"; the profiles are ${nearest}.`);
  }
  return {
    name: PROFILES[at],
    atLeast: (other) => at >= PROFILES.indexOf(other),
    pick(sizes) {
      for (let i = at; i > 0; i--) {
        if (Object.hasOwn(sizes, PROFILES[i])) return sizes[PROFILES[i]]!;
      }
      return sizes.smoke;
    },
  };
}
