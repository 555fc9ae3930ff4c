/**
 * @file What a sweep's `program` is: from the parameters of a run to jobs of this pipeline, and from
 * their artifacts to the numbers that runs are ranked by.
 */
import type { GraphBuilder, JobRef } from "../../graph.ts";
import type { ArtifactReaderSync } from "../../stage.ts";
import type { Metric } from "../config.ts";
import type { Parameters } from "../points.ts";

export interface Program {
  /** What `program:` says. */
  name: string;
  /** Ranks the runs when the file names no metric. */
  metric: Metric;
  /** Names of the metrics, for messages. */
  metrics: string[];
  hasMetric(name: string): boolean;
  /** Parameters with the defaults filled in. @throws {Error} naming the parameter and what is allowed */
  parse(parameters: Parameters, root: string): Promise<unknown>;
  /** Names of the metrics of a run. */
  measures(parsed: unknown): string[];
  /** The jobs of a run by role. */
  jobs(g: GraphBuilder, parsed: unknown): Record<string, JobRef>;
  /** Roles whose numbers `--log` shows as the run, with what their scalars are called. */
  logged: Record<string, string>;
  /** @param artifacts by role */
  measure(artifacts: Record<string, ArtifactReaderSync>): Record<string, number>;
}
