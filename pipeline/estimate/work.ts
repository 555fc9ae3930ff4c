/**
 * @file Seconds that jobs take, while they run: for a time left and a bar that know a training from a download. Rough, and at once;
 * `--estimate` measures.
 */
import { canonical } from "../content/canonical.ts";
import type { JobNode } from "../graph.ts";
import { type PilotOf, pilotOf } from "./pilot.ts";

/** Of a job of which nothing is known: what it does besides its units, with programs to compile and without, and the units of a second. */
const COMPILED_SECONDS = 1.5;
const BASE_SECONDS = 0.2;
const UNITS_A_SECOND = 500;
const TOKENS_A_SECOND = 100_000;

interface Known {
  /** Jobs of one class cost the same for each of their units. */
  class: string;
  /** By counting alone. */
  guess: number;
}

interface Sum {
  seconds: number;
  guesses: number;
}

export class WorkEstimate {
  readonly #known = new Map<JobNode, Known>();
  readonly #classes = new Map<string, Sum>();
  readonly #stages = new Map<string, Sum>();

  /** @param means seconds of the jobs of a stage that were done earlier, by its name */
  constructor(
    private readonly pilots: Record<string, PilotOf>,
    private readonly means: ReadonlyMap<string, number> = new Map(),
  ) {}

  /** What a job takes: as those of its class took in this run, else those of its stage, in this run or earlier. */
  seconds(node: JobNode): number {
    const { class: own, guess } = this.#of(node);
    const sum = this.#classes.get(own) ?? this.#stages.get(node.stage.name);
    if (sum) return guess * sum.seconds / sum.guesses;
    return this.means.get(node.stage.name) ?? guess;
  }

  /** A job has run. */
  took(node: JobNode, seconds: number): void {
    const { class: own, guess } = this.#of(node);
    for (const [sums, name] of [[this.#classes, own], [this.#stages, node.stage.name]] as const) {
      const sum = sums.get(name) ?? { seconds: 0, guesses: 0 };
      sums.set(name, { seconds: sum.seconds + seconds, guesses: sum.guesses + guess });
    }
  }

  #of(node: JobNode): Known {
    let known = this.#known.get(node);
    if (!known) this.#known.set(node, known = this.#count(node));
    return known;
  }

  #count(node: JobNode): Known {
    const { name, usesEngine } = node.stage;
    const base = usesEngine ? COMPILED_SECONDS : BASE_SECONDS;
    try {
      const pilot = pilotOf(node, this.pilots);
      if (!pilot) return { class: name, guess: base };
      const { class: like, of, tokens } = pilot;
      const units = tokens === undefined ? of / UNITS_A_SECOND : tokens / TOKENS_A_SECOND;
      return { class: canonical([name, like]), guess: base + units };
    } catch {
      return { class: name, guess: base }; // no run fails for want of an estimate
    }
  }
}
