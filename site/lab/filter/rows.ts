/** @file What was found of a system beside what was published, predictor by predictor, and in a sentence. */
import type { ExcessRow } from "./charts.ts";
import type { Predictor } from "./filter.ts";
import type { PublishedRow } from "./view.ts";

/** A row of the page; `same` is what was published of this very system, where it is among the published. */
export interface Row extends ExcessRow {
  same?: number;
}

/** Published rows and found ones by their label, the largest loss first. */
export function rowsOf(
  found: readonly Predictor[],
  published: readonly PublishedRow[],
  seed: number,
): Row[] {
  const labels = new Set([...found, ...published].map(({ label }) => label));
  const rows = [...labels].map((label): Row => {
    const here = found.find((row) => row.label === label)?.excess;
    const there = published.find((row) => row.label === label);
    if (!there) return { label, here };
    const { mean, low, high, systems } = there;
    const same = systems.find(([system]) => system === seed)?.[1];
    return {
      ...{ label, here, same },
      published: { mean, low, high, systems: systems.map(([, value]) => value) },
    };
  });
  const size = ({ here, published }: Row) => published?.mean ?? here ?? 0;
  return rows.sort((a, b) => size(b) - size(a));
}

/** Whether this system is among the published, and by how much its numbers differ; empty for one that is not. */
export function sameAsPublished(rows: readonly Row[], seed: number): string {
  const both = rows.filter(({ here, same }) => here !== undefined && same !== undefined);
  if (both.length === 0) return "";
  const apart = Math.max(...both.map(({ here, same }) => Math.abs(here! - same!)));
  const largest = apart === 0
    ? "They are equal"
    : `They differ by at most ${apart.toExponential(0)}`;
  return `System ${seed} is one of the published: ${both.length} numbers of it stand in results.duckdb. ${
    largest.replace("-", "−")
  }.`;
}

/** An excess loss with three digits. */
export function shownExcess(value: number): string {
  const size = Math.abs(value);
  const text = value === 0 ? "0" : size < 1e-3 ? value.toExponential(2) : value.toPrecision(3);
  return text.replaceAll("-", "−");
}
