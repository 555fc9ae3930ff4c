/**
 * @file `deno task forecast`: the table of forecasters for anyone's CSV file, and the forecast beyond
 * its last row. Results go to stdout; everything the program decided for the user goes to stderr.
 */
import process from "node:process";
import { describeInterval } from "../../../lib/data/dates.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";
import { runProgram } from "../../program.ts";
import { callerPath } from "../../user_files.ts";
import { rollingScores } from "../../../lib/tasks/forecasting/rolling.ts";
import { naiveErrors } from "../../../lib/tasks/forecasting/scaled_errors.ts";
import { chooseLevels, chooseModel, requireInTable } from "./beyond.ts";
import { requireExplainable } from "./explain.ts";
import { loadSeries } from "./load_series.ts";
import { evaluateAll } from "./models.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { originsTable, requireOrigins } from "./origins.ts";
import { goBeyond, outputsOf } from "./outputs.ts";
import { table, toRow } from "./report.ts";
import { chooseSeason } from "./season.ts";

/** Width up to which the default depths train within seconds. */
const QUICK_WIDTH = 128;

function chooseDepths(options: Options, note: (line: string) => void): number[] {
  if (options.depths) return options.depths;
  if (Math.min(options.lookback, options.horizon) <= QUICK_WIDTH) return [1, 10];
  note("deep-linear-10 is left out: at this size it takes minutes. --depths 1,10 includes it.");
  return [1];
}

/** Runs the command. @throws UsageError, DataError or RangeError for what the user can correct. */
export async function main(args: string[]): Promise<void> {
  const note = (line: string) => console.error(`note: ${line}`);
  const options = parseOptions(args);
  if (!options) {
    console.log(USAGE);
    return;
  }
  const { file, read } = options;
  const { series, entry, files } = await loadSeries(callerPath(file), file, read, note);
  const outputs = outputsOf(options, files);
  note(`read as: ${series.how}`);
  series.notes.forEach(note);
  const { sampling } = series;
  if (sampling && sampling.irregular > 0) {
    note(
      `${sampling.irregular} of ${series.rows - 1} steps between dates are not ` +
        `${describeInterval(sampling.interval)}: rows are treated as evenly spaced.`,
    );
  }
  const split = options.split ?? entry?.split ?? "70/10/20";
  const problem = makeProblem(series, {
    lookback: options.lookback,
    horizon: options.horizon,
    split,
    season: chooseSeason(
      options.season ?? entry?.season,
      { interval: sampling?.interval, rows: series.rows },
      note,
    ),
    dropConstant: options.dropConstant || entry?.drop_constant,
  });
  problem.notes.forEach(note);
  const [train, validation, test] = [
    problem.split.train,
    problem.split.validation,
    problem.split.test,
  ]
    .map(([from, to]) => to - from);
  if (problem.season !== undefined && problem.season > train) {
    note(
      `seasonal-naive is left out: season ${problem.season} exceeds the ${train} training rows.`,
    );
    problem.season = undefined;
  }
  const depths = chooseDepths(options, note);
  if (options.model !== undefined) requireInTable(options.model, problem, depths);
  const { origins } = options;
  if (origins !== undefined) requireOrigins(origins, problem);
  if (outputs.explain) requireExplainable(problem);
  const levels = outputs.out || outputs.plot || origins !== undefined
    ? chooseLevels(problem, options.levels, note)
    : [];
  const terminal = process.stderr.isTTY;
  const progress = (line: string) => terminal && process.stderr.write(`\r\x1b[K${line}`);
  const candidates = await evaluateAll(problem, depths, progress);
  progress("");
  const chosen = chooseModel(candidates, options.model);
  const scores = origins === undefined
    ? undefined
    : await rollingScores(problem, chosen.fit.forecaster, levels, origins);
  const printed = Object.keys(outputs).length === 0
    ? []
    : await goBeyond({ series, problem, chosen, levels }, { options, outputs, note });
  const naive = candidates.findLast(({ id }) => id === "repeat-last" || id === "seasonal-naive")!;
  const benchmark = { naive: naiveErrors(problem), mse: naive.test.mse };
  const rows = candidates.map((candidate) => toRow(problem, candidate, benchmark));
  if (options.json) {
    const rolling = scores &&
      { origins: { model: chosen.id, levels, count: origins, steps: scores } };
    console.log(JSON.stringify({ rows, ...rolling }));
    return;
  }
  const columns = `${problem.columns.length} column${problem.columns.length === 1 ? "" : "s"}`;
  console.log(
    `${series.file}: ${series.rows} rows, ${columns}; lookback ${problem.lookback}, ` +
      `horizon ${problem.horizon}; split ${split} (${train}/${validation}/${test} rows), ` +
      `${rows[0].windows} test windows; standardised values; MASE and skill beside ${naive.id}\n`,
  );
  console.log(table(rows));
  if (scores) {
    console.log(`\n${originsTable(scores, levels, { model: chosen.id, origins: origins! })}`);
  }
  for (const block of printed) console.log(`\n${block}`);
}

if (import.meta.main) {
  process.exitCode = await runProgram({ help: USAGE, main }, process.argv.slice(2));
}
