/** @file The flags of the forecast beyond the last row; flags that would have no effect are told. */
import { UsageError } from "../../usage_error.ts";

/** What is made of the forecast beyond the last row, and by which model. */
export interface OutputOptions {
  out?: string;
  plot?: string;
  model?: string;
  /** Undefined for the usual one, or less where errors are few. */
  level?: number;
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
  const { out, plot, model } = values;
  for (const [flag, wanted] of Object.entries(WANTED)) {
    const given = [values[flag as keyof typeof WANTED] ?? []].flat();
    if (given.some((value) => value.trim() === "")) {
      throw new UsageError(`--${flag} "": expected ${wanted}. Name it, or leave the flag out.`);
    }
  }
  if (plot !== undefined && !/\.svg$/i.test(plot)) {
    throw new UsageError(`--plot ${plot}: the drawing is SVG. Give it a name that ends in .svg.`);
  }
  if (model !== undefined) requireModel(model, depths);
  const level = values.level === undefined ? undefined : Number(values.level);
  if (level !== undefined && !(level > 0 && level < 1)) {
    throw new UsageError(`--level ${values.level}: expected a share between 0 and 1, such as 0.9.`);
  }
  for (const flag of ["model", "level"] as const) {
    if (values[flag] !== undefined && out === undefined && plot === undefined) {
      throw new UsageError(
        `--${flag} ${
          values[flag]
        }: it is for the forecast beyond the last row, which nothing asks for. ` +
          `Add --out FORECAST.csv or --plot FILE.svg, or leave --${flag} out.`,
      );
    }
  }
  return { out, plot, model, level };
}

type OutputFlags = { readonly [flag in "out" | "plot" | "model" | "level"]?: string };

/** What an empty value of a flag should have been. */
const WANTED = {
  out: "the name of a file",
  plot: "the name of a file that ends in .svg",
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
