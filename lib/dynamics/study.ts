/**
 * @file What an experiment on training dynamics is to a job: options that describe one small training, and a run of it in float64. A module of
 * studies/ that can be named in a job exports `study`.
 */
import type { TaskData } from "../tasks/task.ts";

/** What a run finds. */
export interface Findings {
  /** Numbers by name, all finite. */
  readonly scalars: Readonly<Record<string, number>>;
  /** Everything else, as JSON. */
  readonly details: unknown;
}

/** A configured study. */
export interface Study {
  /**
   * Everything that is random comes from the seed.
   * @param data of a download, for studies on given data
   * @param progress told of done units of all units
   */
  run(seed: number, data: TaskData, progress: (done: number, total: number) => void): Findings;
}

/** What a module of studies/ exports as `study`. */
export interface StudyModule {
  /** The study that options describe. @throws {Error} naming the option, its value and what is allowed */
  configure(options: unknown): Study;
}
