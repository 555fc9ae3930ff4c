/**
 * @file Which published cells are made again. Families of experiments take turns, in a family its tables do, and of a table each cell
 * is as likely as any other: a sample of a few dozen has something of every table, not of the longest alone.
 */
import { fold, type Key, keyOf, uniforms } from "../../../lib/random/random.ts";
import type { PublishSource } from "../../publish/source.ts";
import type { PublishedCell } from "./cells.ts";

/** A cell with what it takes. */
export interface Candidate {
  cell: PublishedCell;
  family: string;
  /** Keys of the published jobs that it, and all that is looked at beside it, was made from. */
  jobs(): ReadonlySet<string>;
}

export interface Sample {
  taken: Candidate[];
  /** How many were drawn and left out by family, since they would have taken the sample over its budget. */
  dear: Map<string, number>;
  /** Of the jobs of those that were taken, as it was recorded when they were published. */
  seconds: number;
}

/**
 * Draws without repetition.
 *
 * @param seconds of a job by its key
 * @param budget seconds that the jobs of all cells may take together, each counted once; a cell that does not fit is left out, and
 *   the next one is drawn
 * @throws {Error} when there are not as many, unless it is the budget that ends before
 */
export function draw(
  cells: readonly Candidate[],
  { count, seed, budget = Infinity, seconds }: {
    count: number;
    seed: number;
    budget?: number;
    seconds(job: string): number;
  },
): Sample {
  if (cells.length < count && budget === Infinity) {
    throw new Error(
      `--sample ${count}: ${cells.length} published cells have an interval and can be made again.`,
    );
  }
  const sample: Sample = { taken: [], dear: new Map(), seconds: 0 };
  const paid = new Set<string>();
  const families = [...inTurns(cells, fold(keyOf(seed), 0x9e91))];
  while (sample.taken.length < count && families.some(({ length }) => length)) {
    for (const family of families) {
      while (family.length && sample.taken.length < count) {
        const next = family.shift()!;
        const extra = [...next.jobs()].filter((job) => !paid.has(job));
        const cost = extra.reduce((sum, job) => sum + seconds(job), 0);
        if (sample.seconds + cost > budget) {
          sample.dear.set(next.family, (sample.dear.get(next.family) ?? 0) + 1);
          continue;
        }
        extra.forEach((job) => paid.add(job));
        sample.seconds += cost;
        sample.taken.push(next);
        break;
      }
    }
  }
  return sample;
}

/** The cells of each family in the order in which they are drawn. */
function* inTurns(cells: readonly Candidate[], key: Key): Generator<Candidate[]> {
  const families = [...Map.groupBy(cells, ({ family }) => family).values()];
  for (const [i, family] of shuffled(families, key).entries()) {
    const own = fold(key, i + 1);
    const tables = [...Map.groupBy(family, ({ cell }) => cell.experiment).values()];
    const drawn = shuffled(tables, own).map((table, k) => shuffled(table, fold(own, k + 1)));
    const longest = Math.max(...drawn.map(({ length }) => length));
    yield Array.from({ length: longest }, (_, at) => drawn.flatMap((table) => table[at] ?? []))
      .flat();
  }
}

/** Each order as likely as any other (Fisher and Yates). */
function shuffled<T>(items: readonly T[], key: Key): T[] {
  const left = [...items];
  return Array.from(
    uniforms(key, items.length),
    (u) => left.splice(Math.floor(u * left.length), 1)[0],
  );
}

/** Keys of some published jobs, and of all that those were made from. */
export function madeFrom(
  { jobs }: Pick<PublishSource, "jobs">,
): (keys: Iterable<string>) => Set<string> {
  const byKey = new Map(jobs.map((job) => [job.key, job]));
  return (keys) => {
    const found = new Set<string>();
    const stack = [...keys];
    for (let key; (key = stack.pop()) !== undefined;) {
      if (found.has(key)) continue;
      found.add(key);
      for (const { job } of byKey.get(key)?.inputs ?? []) if (job !== null) stack.push(job);
    }
    return found;
  };
}
