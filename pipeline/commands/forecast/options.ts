/**
 * @file The flags of `deno task forecast`: their meaning, their defaults, and what is wrong with them.
 */
import { parseArgs } from "node:util";
import type { ReadOptions } from "../../../lib/data/series.ts";
import { type SplitName, SPLITS } from "../../../lib/tasks/forecasting/split.ts";

export const USAGE = `Usage: deno task forecast FILE.csv [options]
FILE.csv may also be the id of a dataset in data/datasets.json.

  --lookback ROWS     rows a forecast looks back on (336)
  --horizon ROWS      rows it forecasts (96)
  --split NAME        etth, ettm or 70/10/20 (70/10/20, or what datasets.json says)
  --season ROWS       season of the seasonal naive forecast (from the sampling interval)
  --depths 1,10       depths of deep linear networks to train, or none (1 and 10 where that takes seconds)
  --columns a,b       columns to forecast (all but the date)
  --date COLUMN       date column, or none (a column named date, time, month, ...)
  --missing CODE      a cell that means no measurement, such as -9999; may be repeated
  --drop-constant     leave out columns that are constant in the training rows
  --json              print {"rows":[{"model","mse","mae",...}]} and nothing else on stdout
  --out FORECAST.csv  write the forecast beyond the last row with intervals
  --model ID          model of --out (of those without training, the lowest validation MSE)
  --level SHARE       share of values the intervals of --out should cover (0.9)`;

/** A mistake of the user's: its message is all that is printed. */
export class UsageError extends Error {}

export interface Options {
  file: string;
  lookback: number;
  horizon: number;
  split?: SplitName;
  season?: number;
  depths?: number[];
  read: ReadOptions;
  dropConstant: boolean;
  json: boolean;
  out?: string;
  model?: string;
  level: number;
}

/** The options, or undefined for --help. @throws UsageError naming the flag and what is allowed. */
export function parseOptions(args: string[]): Options | undefined {
  // "--missing -9999" reads naturally, but a value that starts with a dash must be joined.
  const joined = args.flatMap((arg, i) =>
    args[i - 1] === "--missing"
      ? []
      : arg === "--missing"
      ? [`--missing=${args[i + 1] ?? ""}`]
      : [arg]
  );
  const string = { type: "string" } as const, boolean = { type: "boolean" } as const;
  const options = {
    lookback: string,
    horizon: string,
    split: string,
    season: string,
    depths: string,
    columns: string,
    date: string,
    missing: { type: "string", multiple: true } as const,
    "drop-constant": boolean,
    json: boolean,
    out: string,
    model: string,
    level: string,
    help: { type: "boolean", short: "h" } as const,
  };
  let parsed;
  try {
    parsed = parseArgs({ args: joined, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  if (positionals.length !== 1) {
    const given = positionals.length === 0 ? "none" : positionals.join(", ");
    throw new UsageError(`expected one file or dataset id, got ${given}.\n\n${USAGE}`);
  }
  const split = values.split as SplitName | undefined;
  if (split !== undefined && !SPLITS.includes(split)) {
    throw new UsageError(`--split ${split}: expected ${SPLITS.join(", ")}.`);
  }
  const level = Number(values.level ?? 0.9);
  if (!(level > 0 && level < 1)) {
    throw new UsageError(`--level ${values.level}: expected a share between 0 and 1, such as 0.9.`);
  }
  return {
    file: positionals[0],
    lookback: wholeNumber("--lookback", values.lookback ?? "336"),
    horizon: wholeNumber("--horizon", values.horizon ?? "96"),
    split,
    season: values.season === undefined ? undefined : wholeNumber("--season", values.season),
    depths: values.depths === undefined ? undefined : parseDepths(values.depths),
    read: {
      date: values.date === "none" ? null : values.date,
      columns: values.columns?.split(",").map((name) => name.trim()),
      missing: values.missing,
    },
    dropConstant: values["drop-constant"] ?? false,
    json: values.json ?? false,
    out: values.out,
    model: values.model,
    level,
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
