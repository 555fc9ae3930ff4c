/** @file The files of `--out` and `--plot`, and the small drawing for the terminal. */
import process from "node:process";
import type { Series } from "../../../lib/data/series.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { UsageError } from "../../usage_error.ts";
import { type OutputFile, outputFile, sameOutput, writeOutput } from "../../user_files.ts";
import { describe, makeForecast } from "./beyond.ts";
import { futureOf } from "./future.ts";
import type { Candidate } from "./models.ts";
import type { Options } from "./options.ts";
import { MOST_PANELS, pictureOf } from "./picture.ts";
import { headerOf, renamed, toCsv } from "./report.ts";
import { sketchForecast } from "./sketch.ts";

/** Files to be written, by flag. */
export interface Outputs {
  out?: OutputFile;
  plot?: OutputFile;
}

/**
 * The files to be written, before anything is computed.
 * @param read files that the run reads
 * @throws {UsageError} for what must not be written, or cannot be
 */
export function outputsOf({ out, plot }: Options, read: string[]): Outputs {
  const files = {
    out: out === undefined ? undefined : outputFile("--out", out, read),
    plot: plot === undefined ? undefined : outputFile("--plot", plot, read),
  };
  if (files.out && files.plot && sameOutput(files.out, files.plot)) {
    throw new UsageError(`--out ${out} and --plot ${plot} are one file. Give them two names.`);
  }
  return files;
}

/** What the forecast is made from. */
interface Evaluated {
  series: Series;
  problem: Problem;
  candidates: Candidate[];
  level: number;
}

/**
 * Makes the forecast and writes its files.
 * @returns the drawing to be printed: on a terminal, and where a plot is asked for
 */
export async function goBeyond(
  { series, problem, candidates, level }: Evaluated,
  { options: { model, json }, outputs: { out, plot }, note }: {
    options: Options;
    outputs: Outputs;
    note: (line: string) => void;
  },
): Promise<string | undefined> {
  const beyond = await makeForecast(series, problem, candidates, { model, level });
  const future = futureOf(series, problem.horizon);
  const picture = pictureOf(series, problem, beyond, future);
  if (out) {
    const header = headerOf(future.dated ? series.dateColumn : undefined, problem.columns);
    await writeOutput(out, toCsv(header, beyond.forecast, future));
    const other = renamed(header);
    if (other) note(`${out.name}: ${other}`);
  }
  if (plot) {
    // Loaded only now: a table needs no drawing.
    const { drawForecast } = await import("./plot.ts");
    await writeOutput(plot, drawForecast(picture));
  }
  const names = [out, plot].flatMap((file) => file ? [file.name] : []);
  note(`${names.join(", ")}: ${describe(beyond, series, problem)}`);
  if (plot && picture.left > 0) {
    note(
      `${plot.name} shows the first ${MOST_PANELS} of ${beyond.forecast.columns.length} columns. ` +
        "--columns a,b chooses others.",
    );
  }
  const terminal = process.stdout.isTTY;
  if (json || !(terminal || plot)) return undefined;
  const width = terminal ? process.stdout.columns : 80;
  return sketchForecast(picture, { width, color: terminal && !Deno.noColor });
}
