/**
 * @file The flags of `deno task forecast`: their meaning, their defaults, and what is wrong with them.
 */
import { type SplitName, SPLITS } from "../../../lib/tasks/forecasting/split.ts";
import { nearestFirst } from "../../../lib/nearest.ts";
import { helpHint, readFlags } from "../../program.ts";
import { refuseRepeated, UsageError } from "../../usage_error.ts";
import { type OutputOptions, outputOptions } from "./output_options.ts";
import {
  ANY_VALUE,
  type Reading,
  READING_FLAGS,
  READING_USAGE,
  readingOptions,
} from "./reading_options.ts";

const TASK = "deno task forecast";

export const USAGE = `Usage: deno task forecast FILE.csv [options]
FILE.csv may also be the id of a dataset in data/datasets.json.

  --lookback ROWS     rows a forecast looks back on (336)
  --horizon ROWS      rows it forecasts (96)
  --split NAME        etth, ettm or 70/10/20 (70/10/20, or what datasets.json says)
  --season ROWS       season of the seasonal naive forecast (from the sampling interval)
  --depths 1,10       depths of deep linear networks to train, or none (1 and 10 where that takes seconds)
  --drop-constant     leave out columns that are constant in the training rows
  --json              print {"rows":[{"model","mse","mae",...}]} and nothing else on stdout (and "origins")
  --out FORECAST.csv  write the forecast beyond the last row with intervals
  --plot FILE.svg     draw the last rows, the forecast and its intervals, and print a small drawing
  --explain FILE.csv  write what every input value adds to every value of the forecast (or FILE.json), print the most
  --onnx FILE.onnx    write the model as ONNX: the last rows in, the forecast out, in units of the file
  --origins N         score steps ahead, and how much intervals cover, from N rows of the test range
  --model ID          model of these (of those without training, the lowest validation MSE)
  --level 80,95       percent (or shares) of values that intervals should cover (90, or what the errors can give)

How the file is read, where it should not be found out:
${READING_USAGE}`;

export { UsageError };

export interface Options extends OutputOptions {
  file: string;
  lookback: number;
  horizon: number;
  split?: SplitName;
  season?: number;
  depths?: number[];
  read: Reading;
  dropConstant: boolean;
  json: boolean;
}

/** The options, or undefined for --help. @throws UsageError naming the flag and what is allowed. */
export function parseOptions(args: string[]): Options | undefined {
  // "--missing -9999" reads naturally, but a value that starts with a dash must be joined.
  const joined = args.flatMap((arg, i) =>
    ANY_VALUE.includes(args[i - 1])
      ? []
      : ANY_VALUE.includes(arg)
      ? [`${arg}=${args[i + 1] ?? ""}`]
      : [arg]
  );
  const string = { type: "string" } as const, boolean = { type: "boolean" } as const;
  const options = {
    lookback: string,
    horizon: string,
    split: string,
    season: string,
    depths: string,
    ...READING_FLAGS,
    "drop-constant": boolean,
    json: boolean,
    out: string,
    plot: string,
    explain: string,
    onnx: string,
    origins: string,
    model: string,
    level: string,
    help: { type: "boolean", short: "h" } as const,
  };
  const parsed = readFlags(TASK, joined, options);
  const { values, positionals, tokens } = parsed;
  if (values.help) return undefined;
  const given = tokens.filter((token) => token.kind === "option");
  const repeatable = Object.entries(options).flatMap(([name, o]) => "multiple" in o ? [name] : []);
  refuseRepeated(given.map(({ name }) => name), repeatable);
  if (positionals.length !== 1) {
    const given = positionals.length === 0 ? "none" : positionals.join(", ");
    throw new UsageError(
      `expected one file or dataset id, got ${given}. Give one, such as series.csv. ${
        helpHint(TASK)
      }`,
    );
  }
  const split = values.split as SplitName | undefined;
  if (split !== undefined && !SPLITS.includes(split)) {
    throw new UsageError(
      `--split ${split}: expected ${nearestFirst(split, SPLITS).join(", ")}.`,
    );
  }
  const depths = values.depths === undefined ? undefined : parseDepths(values.depths);
  const output = outputOptions(values, depths);
  return {
    file: positionals[0],
    lookback: wholeNumber("--lookback", values.lookback ?? "336"),
    horizon: wholeNumber("--horizon", values.horizon ?? "96"),
    split,
    season: values.season === undefined ? undefined : wholeNumber("--season", values.season),
    depths,
    read: readingOptions(values),
    dropConstant: values["drop-constant"] ?? false,
    json: values.json ?? false,
    ...output,
  };
}

function wholeNumber(flag: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text.trim())) {
    throw new UsageError(`${flag} ${text}: expected a whole number, at least 1.`);
  }
  return Number(text);
}

function parseDepths(text: string): number[] {
  if (text === "none" || text.trim() === "") return [];
  return [...new Set(text.split(",").map((depth) => wholeNumber("--depths", depth.trim())))];
}
