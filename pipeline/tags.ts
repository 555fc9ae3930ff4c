/** @file Tags: what a job is to its experiment. Tables read runs by them; names for people are made of them, and never read back. */

export type Tag = string | number | boolean;
export type Tags = Readonly<Record<string, Tag>>;

/**
 * The name that tags have on screen, in labels and in what a table cites: "lambda=0.96/model=lru/seed=0". Sorted, because the
 * order in which tags stand says nothing.
 * @throws {Error} without tags, and for a value that is no finite number, text or boolean
 */
export function nameOf(tags: Tags): string {
  const parts = Object.entries(tags).sort(([a], [b]) => a < b ? -1 : 1).map(([tag, value]) => {
    const usable = typeof value === "number"
      ? Number.isFinite(value)
      : typeof value === "boolean" || typeof value === "string" && value !== "";
    if (usable) return `${tag}=${value}`;
    throw new Error(
      `The tag ${tag} is ${
        JSON.stringify(value) ?? value
      }; tags are finite numbers, text or booleans.`,
    );
  });
  if (parts.length === 0) throw new Error("No tags: what has a name needs at least one.");
  return parts.join("/");
}
