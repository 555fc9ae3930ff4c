/** @file Which seed, or system, a job is about. */

/** The number of the system or task that a job draws, scores or trains on; null where it has none, or several. */
export function seedOf(
  { instance, seeds = [] }: { instance?: unknown; seeds?: readonly { instance: unknown }[] },
): number | null {
  const found = instance ?? (seeds.length === 1 ? seeds[0].instance : undefined);
  return typeof found === "number" ? found : null;
}
