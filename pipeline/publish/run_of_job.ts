/** @file What the run that made a job was called with, as the commands that make a table or a job again. */
import type { Catalog } from "../store/catalog.ts";
import { quote, repeatOptions } from "../command_line.ts";
import type { WorkspaceOptions } from "../workspace.ts";

export interface RunOfJob {
  /** Null where it was not recorded. */
  commit: string | null;
  /** Without what it was restricted to. */
  command: string;
}

const PIPELINE = "deno task pipeline";

/** The run that made each job, by the job's key. */
export async function runsOfJobs(catalog: Catalog): Promise<Map<string, RunOfJob>> {
  const rows = await catalog.query(
    'SELECT job.key, run.command, run."commit" FROM job JOIN run ON run.id = job.run',
  );
  return new Map(rows.map(({ key, command, commit }) => [
    key as string,
    { command: command as string, commit: commit as string | null },
  ]));
}

/**
 * The command that makes the table of an experiment from nothing.
 *
 * @param run that made the table; options of the run that publishes it stand in where that is unknown
 */
export function commandOfTable(
  run: RunOfJob | undefined,
  id: string,
  options: WorkspaceOptions,
): string {
  return restricted(run, options, (rest) => ` --only ${id}${rest}`);
}

/** The command that runs a job again, alone. */
export function commandOfJob(
  run: RunOfJob | undefined,
  label: string,
  options: WorkspaceOptions,
): string {
  return restricted(run, options, (rest) => `${rest} --job ${quote(label)}`);
}

/** The leaderboard and sweeps have graphs of their own, of which no part is chosen: their commands are whole. */
function restricted(
  run: RunOfJob | undefined,
  options: WorkspaceOptions,
  join: (rest: string) => string,
): string {
  const command = run?.command || `${PIPELINE} ${repeatOptions(options)}`;
  const rest = command.slice(PIPELINE.length);
  return command.startsWith(PIPELINE) ? PIPELINE + join(rest) : command;
}
