/**
 * @file What jobs of a stage need of a node, as options of `sbatch`: what the command line says, otherwise what such jobs have taken.
 */
import { canonical, sha256 } from "../../../content/canonical.ts";
import { nearestFirst } from "../../../../lib/nearest.ts";
import type { StagePart } from "../../../stage.ts";
import { UsageError } from "../../../usage_error.ts";

/** As the command line gives it; lists hold `VALUE`, for every stage, or `STAGE=VALUE`. */
export interface SlurmOptions {
  partition?: string;
  time: string[];
  mem: string[];
  gres: string[];
  /** Further options of sbatch, as it takes them. */
  sbatch: string[];
  /** Submit, and end; or leave running at Ctrl-C. */
  detach: boolean;
}

/** Jobs of one kind can do with the same task. */
export interface Needs {
  /** Minutes; undefined: by the estimate of what waits. */
  minutes?: number;
  memory: string;
  gres?: string;
  /** Nothing else on the node: the job measures time. */
  exclusive: boolean;
  /** What all kinds have. */
  others: string[];
}

const GIB = 2 ** 30;
/** Of a stage of which nothing is known. */
const MEMORY_GIB = 4;
const LEAST_GIB = 2;
/** What a job has taken may be a little less than the next one takes. */
const MARGIN = 1.5;

const OPTION = { time: "--time", mem: "--mem", gres: "--gres" } as const;

export class NeedsOfStages {
  readonly #by: Record<keyof typeof OPTION, Map<string | undefined, string>>;

  /**
   * @param memory bytes that jobs of a stage have taken at most
   * @throws {UsageError} for a stage that there is not, and a value that sbatch would not understand
   */
  constructor(
    private readonly options: SlurmOptions,
    private readonly stages: Record<string, StagePart>,
    private readonly memory: ReadonlyMap<string, number> = new Map(),
  ) {
    const read = (name: keyof typeof OPTION) => byStage(OPTION[name], options[name], stages);
    this.#by = { time: read("time"), mem: read("mem"), gres: read("gres") };
    for (const time of this.#by.time.values()) minutesOf(time);
  }

  of(stage: string): Needs {
    const { usesEngine, alone = false } = this.stages[stage];
    const asked = (name: keyof typeof OPTION) =>
      this.#by[name].get(stage) ?? this.#by[name].get(undefined);
    const time = asked("time");
    // A GPU is of use to what runs an engine; a stage that names one itself gets it.
    const gres = usesEngine ? asked("gres") : this.#by.gres.get(stage);
    const { partition, sbatch } = this.options;
    return {
      ...(time !== undefined && { minutes: minutesOf(time) }),
      memory: asked("mem") ?? this.#memory(stage),
      ...(gres !== undefined && { gres }),
      exclusive: alone,
      others: [...(partition === undefined ? [] : [`--partition=${partition}`]), ...sbatch],
    };
  }

  #memory(stage: string): string {
    const taken = this.memory.get(stage);
    const gib = taken === undefined
      ? MEMORY_GIB
      : Math.max(LEAST_GIB, Math.ceil(MARGIN * taken / GIB));
    return `${gib}G`;
  }
}

/** A name for the folder, and for SLURM. */
export const kindOf = (needs: Needs) => sha256(canonical(needs)).slice(0, 8);

/** For people: "2G, 30 min". */
export function inWords({ memory, gres, exclusive, others }: Needs, minutes: number): string {
  return [
    `${minutes} min`,
    memory,
    ...(gres ? [gres] : []),
    ...(exclusive ? ["a node to itself"] : []),
    ...others,
  ].join(", ");
}

/** Options of sbatch for a task. */
export function flagsOf({ memory, gres, exclusive, others }: Needs, minutes: number): string[] {
  return [
    `--time=${minutes}`,
    `--mem=${memory}`,
    ...(gres === undefined ? [] : [`--gres=${gres}`]),
    ...(exclusive ? ["--exclusive"] : []),
    ...others,
  ];
}

function byStage(
  flag: string,
  texts: readonly string[],
  stages: Record<string, StagePart>,
): Map<string | undefined, string> {
  const found = new Map<string | undefined, string>();
  for (const text of texts) {
    const [, stage, value] = /^(?:([A-Za-z]\w*)=)?(.+)$/.exec(text) ?? [];
    if (value === undefined) {
      throw new UsageError(`${flag} ${text}: expected VALUE, or STAGE=VALUE.`);
    }
    if (stage !== undefined && !Object.hasOwn(stages, stage)) {
      const known = nearestFirst(stage, Object.keys(stages)).join(", ");
      throw new UsageError(
        `${flag} ${text}: there is no stage "${stage}"; the stages are ${known}.`,
      );
    }
    if (found.has(stage)) {
      throw new UsageError(
        `${flag} is given twice for ${stage === undefined ? "every stage" : `the stage ${stage}`}.`,
      );
    }
    found.set(stage, value);
  }
  return found;
}

/** As sbatch reads it: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes[:seconds]. */
export function minutesOf(time: string): number {
  const match = /^(?:(\d+)-(\d+)(?::(\d+))?(?::(\d+))?|(\d+)(?::(\d+))?(?::(\d+))?)$/.exec(time);
  if (!match) {
    throw new UsageError(
      `--time ${time}: expected minutes, hours:minutes:seconds or days-hours, such as 90, 2:00:00 or 1-12.`,
    );
  }
  const [days, hours, minutes, seconds, a, b, c] = match.slice(1)
    .map((part) => part === undefined ? undefined : Number(part));
  const whole = days !== undefined
    ? [days, hours ?? 0, minutes ?? 0, seconds ?? 0]
    : c !== undefined
    ? [0, a!, b!, c]
    : [0, 0, a!, b ?? 0];
  return Math.max(1, Math.ceil(whole[0] * 1440 + whole[1] * 60 + whole[2] + whole[3] / 60));
}
