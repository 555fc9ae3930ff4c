/** @file The runs that a table is made of, read by their tags: what is asked for must be there, and be one where one is meant. */
import type { ArtifactReaderSync } from "../stage.ts";
import { nameOf, type Tag, type Tags } from "../tags.ts";
import type { Values } from "./values.ts";

/** One input of the aggregate job. */
export interface Run extends ArtifactReaderSync {
  /** What cells cite. */
  name: string;
  tags: Tags;
}

export class Runs {
  readonly #all: readonly Run[];
  readonly #found: readonly Run[];
  readonly #asked: Tags;

  /** @param all in the order of the grid */
  constructor(all: readonly Run[], found = all, asked: Tags = {}) {
    this.#all = all;
    this.#found = found;
    this.#asked = asked;
  }

  [Symbol.iterator](): Iterator<Run> {
    return this.#found[Symbol.iterator]();
  }

  /**
   * The runs that have all of these tags.
   * @throws {Error} when there is none, or when no run of the grid has a tag of that name
   */
  where(tags: Tags): Runs {
    const asked = { ...this.#asked, ...tags };
    for (const tag of Object.keys(tags)) this.#check(tag);
    const found = this.#found.filter((run) =>
      Object.entries(tags).every(([tag, value]) => run.tags[tag] === value)
    );
    if (found.length > 0) return new Runs(this.#all, found, asked);
    const there = Object.keys(asked).map((tag) => `${tag} is ${values(this.#all, tag).join(", ")}`);
    throw new Error(`No run has ${nameOf(asked)}; in the grid ${there.join("; ")}.`);
  }

  /** The runs with these values of a tag, as if there were no others: of what was made on some of the systems only. */
  only(tag: string, kept: readonly Tag[]): Runs {
    this.#check(tag);
    const holds = (run: Run) => kept.includes(run.tags[tag]);
    return new Runs(this.#all.filter(holds), this.#found.filter(holds), this.#asked);
  }

  /**
   * The different values of a tag: numbers ascending, others in the order of the grid.
   * @throws {Error} when no run of the grid has a tag of that name
   */
  tagsOf<T extends Tag = number>(tag: string): T[] {
    this.#check(tag);
    return values(this.#found, tag) as T[];
  }

  /**
   * One number of the one run that there is for each value of a tag: of each system, when the tag is its seed.
   * @param metric what the number is called among the published scores; without it, like the column that shows it
   * @returns in the order of {@linkcode tagsOf} of the whole grid, so that two of them are paired
   * @throws {Error} when a value that the grid has, or that `where` asked for, has no run here or more than one
   */
  each(tag: string, pick: (run: Run) => number, metric?: string): Values {
    this.#check(tag);
    const at = tag in this.#asked ? [this.#asked[tag]] : values(this.#all, tag);
    const runs = at.map((value) => single(this.#found, { ...this.#asked, [tag]: value }));
    const [numbers, names] = [runs.map(pick), runs.map((run) => run.name)];
    const terms = [{ coefficient: 1, metric: metric!, runs: names, values: numbers }];
    return { tag, at, values: numbers, runs: names, ...(metric === undefined ? {} : { terms }) };
  }

  /** The one run that there is. @throws {Error} when there are more */
  one(): Run {
    return single(this.#found, this.#asked);
  }

  #check(tag: string) {
    if (this.#all.some((run) => Object.hasOwn(run.tags, tag))) return;
    const known = [...new Set(this.#all.flatMap((run) => Object.keys(run.tags)))];
    throw new Error(`No run of the grid has a tag "${tag}"; the tags are ${known.join(", ")}.`);
  }
}

function values(runs: readonly Run[], tag: string): Tag[] {
  const found = [
    ...new Set(runs.flatMap(({ tags }) => Object.hasOwn(tags, tag) ? [tags[tag]] : [])),
  ];
  const numbers = found.every((value) => typeof value === "number");
  return numbers ? (found as number[]).sort((a, b) => a - b) : found;
}

function single(runs: readonly Run[], asked: Tags): Run {
  const found = runs.filter(({ tags }) =>
    Object.entries(asked).every(([tag, value]) => tags[tag] === value)
  );
  if (found.length === 1) return found[0];
  const what = Object.keys(asked).length ? nameOf(asked) : "any tags";
  const names = (found.length ? found : runs).slice(0, 5).map((run) => run.name).join(", ");
  throw new Error(
    found.length
      ? `${found.length} runs have ${what}, where one is meant: ${names}.`
      : `No run has ${what}; among those like it are ${names}.`,
  );
}
