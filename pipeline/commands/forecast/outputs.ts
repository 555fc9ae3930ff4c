/** @file The files that a forecast is written to, and what is printed of it. */
import process from "node:process";
import type { Series } from "../../../lib/data/series.ts";
import { mapOf } from "../../../lib/tasks/forecasting/contributions.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { UsageError } from "../../usage_error.ts";
import { type OutputFile, outputFile, sameOutput, writeOutput } from "../../user_files.ts";
import { describe, makeForecast } from "./beyond.ts";
import {
  explain as takeApart,
  explanationCsv,
  explanationJson,
  explanationTable,
} from "./explain.ts";
import { futureOf } from "./future.ts";
import type { Candidate } from "./models.ts";
import type { Options } from "./options.ts";
import { MOST_PANELS, pictureOf } from "./picture.ts";
import { endsOf, headerOf, renamed, toCsv } from "./report.ts";
import { sketchForecast } from "./sketch.ts";

/** Flags that name a file. */
const FLAGS = ["out", "plot", "explain", "onnx"] as const;
/** Files to be written, by flag. */
export type Outputs = { [flag in typeof FLAGS[number]]?: OutputFile };

/**
 * The files to be written, before anything is computed.
 * @param read files that the run reads
 * @throws {UsageError} for what must not be written, or cannot be
 */
export function outputsOf(options: Options, read: string[]): Outputs {
  const files: Outputs = {};
  for (const flag of FLAGS) {
    const name = options[flag];
    if (name === undefined) continue;
    const file = outputFile(`--${flag}`, name, read);
    for (const other of FLAGS) {
      const before = files[other];
      if (!before || !sameOutput(before, file)) continue;
      throw new UsageError(
        `--${other} ${before.name} and --${flag} ${name} are one file. Give them two names.`,
      );
    }
    files[flag] = file;
  }
  return files;
}

/** What the forecast is made from. */
interface Evaluated {
  series: Series;
  problem: Problem;
  /** What makes it. */
  chosen: Candidate;
  levels: readonly number[];
}

/**
 * Makes the forecast and writes its files.
 * @returns what is to be printed: the largest contributions, and a drawing on a terminal and where a plot is asked for
 */
export async function goBeyond(
  { series, problem, chosen, levels }: Evaluated,
  { options: { json }, outputs: { out, plot, explain, onnx }, note }: {
    options: Options;
    outputs: Outputs;
    note: (line: string) => void;
  },
): Promise<string[]> {
  const beyond = await makeForecast(series, problem, chosen, levels);
  const future = futureOf(series, problem.horizon);
  const printed: string[] = [];
  if (onnx) {
    // Loaded only now, like what follows: a table needs none of it.
    const { toOnnx } = await import("./onnx.ts");
    await writeOutput(onnx, toOnnx(await mapOf(beyond.fit), problem, beyond.model));
    note(`${onnx.name}: ${beyond.model}, fitted again on all ${series.rows} rows, as ONNX.`);
  }
  if (explain) {
    const explanation = await takeApart(series, problem, beyond, future);
    const text = /\.json$/i.test(explain.path) ? explanationJson : explanationCsv;
    await writeOutput(explain, text(explanation));
    note(
      `${explain.name}: what ${explanation.inputs.length} input values add to each value of the ` +
        `forecast; sums are the forecast to ${explanation.difference.toExponential(0)}.`,
    );
    if (!json) printed.push(explanationTable(explanation));
  }
  if (!out && !plot) return printed;
  const picture = pictureOf(series, problem, beyond, future);
  if (out) {
    const ends = endsOf(levels);
    const header = headerOf(future.dated ? series.dateColumn : undefined, problem.columns, ends);
    await writeOutput(out, toCsv(header, beyond.forecast, future));
    const other = renamed(header, ends);
    if (other) note(`${out.name}: ${other}`);
  }
  if (plot) {
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
  if (json || !(terminal || plot)) return printed;
  const width = terminal ? process.stdout.columns : 80;
  const sketch = sketchForecast(picture, { width, color: terminal && !Deno.noColor });
  return sketch === undefined ? printed : [...printed, sketch];
}
