/** @file The flags of what is made by one model of the table; flags that would have no effect are told. */
import { UsageError } from "../../usage_error.ts";

/** What is made, and by which model. */
export interface OutputOptions {
  out?: string;
  plot?: string;
  explain?: string;
  onnx?: string;
  /** Number of rolling origins. */
  origins?: number;
  model?: string;
  /** From narrow to wide; undefined for the usual one, or less where errors are few. */
  levels?: number[];
}

/** Models without training; networks are named by their depth. */
const CLOSED_FORMS = ["repeat-last", "seasonal-naive", "ols", "ols-in"];

/**
 * @param values of the flags, as they were written
 * @param depths of the networks, where they were chosen
 * @throws {UsageError} for an empty name, a model or level that cannot be, and flags without effect
 */
export function outputOptions(
  values: OutputFlags & { readonly [flag in keyof typeof WANTED]?: string | readonly string[] },
  depths: readonly number[] | undefined,
): OutputOptions {
  const { out, plot, explain, onnx, model } = values;
  for (const [flag, wanted] of Object.entries(WANTED)) {
    const given = [values[flag as keyof typeof WANTED] ?? []].flat();
    if (given.some((value) => value.trim() === "")) {
      throw new UsageError(`--${flag} "": expected ${wanted}. Name it, or leave the flag out.`);
    }
  }
  if (plot !== undefined && !/\.svg$/i.test(plot)) {
    throw new UsageError(`--plot ${plot}: the drawing is SVG. Give it a name that ends in .svg.`);
  }
  if (explain !== undefined && !/\.(csv|json)$/i.test(explain)) {
    throw new UsageError(
      `--explain ${explain}: contributions are CSV or JSON. Give it a name that ends in .csv or .json.`,
    );
  }
  if (onnx !== undefined && !/\.onnx$/i.test(onnx)) {
    throw new UsageError(`--onnx ${onnx}: the file is ONNX. Give it a name that ends in .onnx.`);
  }
  if (model !== undefined) requireModel(model, depths);
  const origins = values.origins === undefined ? undefined : originsOf(values.origins);
  const levels = values.level === undefined ? undefined : parseLevels(values.level);
  for (const [flag, of] of Object.entries(MADE_BY)) {
    const given = values[flag as keyof typeof MADE_BY];
    if (given === undefined || of.some((other) => values[other] !== undefined)) continue;
    throw new UsageError(
      `--${flag} ${given}: it is for what one model makes, which nothing asks for. ` +
        `Add --out FORECAST.csv or --plot FILE.svg (or ${
          of.slice(2).map((other) => `--${other}`).join(", ")
        }), or leave --${flag} out.`,
    );
  }
  return { out, plot, explain, onnx, origins, model, levels };
}

/** Flags without effect unless one of others is given. */
const MADE_BY = {
  model: ["out", "plot", "origins", "explain", "onnx"],
  level: ["out", "plot", "origins"],
} as const;

type OutputFlags = {
  readonly [flag in keyof typeof MADE_BY | typeof MADE_BY.model[number]]?: string;
};

function originsOf(text: string): number {
  if (/^[1-9]\d*$/.test(text.trim())) return Number(text);
  throw new UsageError(`--origins ${text}: expected a whole number, at least 1.`);
}

/** Shares, or percent; each once, from narrow to wide. */
function parseLevels(text: string): number[] {
  const levels = text.split(",").map((part) => {
    const value = part.trim() === "" ? NaN : Number(part);
    // 99.9 / 100 is 0.9990000000000001.
    const level = value > 1 ? Number((value / 100).toPrecision(12)) : value;
    if (level > 0 && level < 1) return level;
    throw new UsageError(
      `--level ${text}: expected a share between 0 and 1, such as 0.9, or percent, such as 90; ` +
        "several with commas between them: 80,95.",
    );
  });
  return [...new Set(levels)].sort((a, b) => a - b);
}

/** What an empty value of a flag should have been. */
const WANTED = {
  out: "the name of a file",
  plot: "the name of a file that ends in .svg",
  explain: "the name of a file that ends in .csv or .json",
  onnx: "the name of a file that ends in .onnx",
  model: "the name of a model, such as ols",
  columns: "names of columns, such as load,price",
  ignore: "names of columns, such as load,price",
  series: "a column and its value, such as station=A",
  zone: "the name of a time zone, such as Europe/Berlin",
  encoding: "the name of an encoding, such as utf-8",
  member: "the path of a file in the archive",
};

/** Before anything is fitted: a network may take minutes. */
function requireModel(model: string, depths: readonly number[] | undefined): void {
  if (CLOSED_FORMS.includes(model)) return;
  const depth = /^deep-linear-([1-9]\d*)$/.exec(model)?.[1];
  if (depth !== undefined && (depths === undefined || depths.includes(Number(depth)))) return;
  const networks = (depths ?? [1, 10]).map((known) => `deep-linear-${known}`);
  const models = [...CLOSED_FORMS, ...networks].join(", ");
  throw new UsageError(
    `--model ${model}: not in the table. Models: ${models}.` +
      (depth === undefined ? "" : ` --depths ${depth} includes it.`),
  );
}
