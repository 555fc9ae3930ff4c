/** @file The options of `deno task layer`, with an error that says what would be right. */
import { type EngineName, ENGINES } from "../../../lib/engine/engines.ts";
import { nearestFirst } from "../../../lib/nearest.ts";
import { helpHint, readFlags } from "../../program.ts";
import { refuseRepeated, UsageError } from "../../usage_error.ts";

const TASK = "deno task layer";

export const USAGE = `deno task layer                          the sequence layers there are
deno task layer NAME --dump FILE.safetensors   one of them, with random parameters, on random tokens

  --dump FILE         parameters, tokens x, outputs y and the state after the last token, by name
  --options JSON      options of the layer, such as '{"heads":2}' (its defaults)
  --dtype float64     or float32 (float64)
  --engine NAME       of float32: ${ENGINES.join(", ")} (ort)
  --batch 2           sequences
  --length 37         tokens of a sequence
  --width 16          numbers of a token
  --seed 0            of parameters and tokens`;

export { UsageError };

export interface DumpOptions {
  /** A file of lib/layers/sequence. */
  readonly name: string;
  readonly file: string;
  /** Of the layer, before its own check. */
  readonly options: unknown;
  readonly dtype: "float32" | "float64";
  readonly engine: EngineName;
  readonly batch: number;
  readonly length: number;
  readonly width: number;
  readonly seed: number;
}

/**
 * @param layers that there are.
 * @returns undefined where the layers are to be listed.
 * @throws {UsageError} naming the option, its value and what is allowed.
 */
export function parseOptions(args: string[], layers: readonly string[]): DumpOptions | undefined {
  const string = { type: "string" } as const;
  const parsed = readFlags(TASK, args, {
    dump: string,
    options: string,
    dtype: string,
    engine: string,
    batch: string,
    length: string,
    width: string,
    seed: string,
    help: { type: "boolean", short: "h" },
  });
  const { values, positionals, tokens } = parsed;
  if (values.help || args.length === 0) return undefined;
  refuseRepeated(tokens.flatMap((token) => token.kind === "option" ? [token.name] : []));
  if (positionals.length !== 1) {
    const given = positionals.length === 0 ? "none" : positionals.join(", ");
    throw new UsageError(`expected the name of one layer, got ${given}. ${helpHint(TASK)}`);
  }
  const [name] = positionals;
  if (!layers.includes(name)) {
    throw new UsageError(
      `there is no layer "${name}"; lib/layers/sequence has ${
        nearestFirst(name, layers).join(", ")
      }.`,
    );
  }
  if (!values.dump) throw new UsageError(`--dump FILE.safetensors is missing. ${helpHint(TASK)}`);
  const { dtype = "float64", engine = "ort" } = values;
  if (dtype !== "float32" && dtype !== "float64") {
    throw new UsageError(`--dtype ${dtype}: expected float32 or float64.`);
  }
  if (!ENGINES.includes(engine as EngineName)) {
    throw new UsageError(
      `--engine ${engine}: no such engine; there are ${nearestFirst(engine, ENGINES).join(", ")}.`,
    );
  }
  if (dtype === "float64" && engine !== "ort") {
    throw new UsageError(`--engine ${engine}: only ort computes in float64; add --dtype float32.`);
  }
  return {
    name,
    file: values.dump,
    options: parseJson(values.options ?? "{}"),
    dtype,
    engine: engine as EngineName,
    batch: wholeNumber("--batch", values.batch ?? "2", 1),
    length: wholeNumber("--length", values.length ?? "37", 1),
    width: wholeNumber("--width", values.width ?? "16", 1),
    seed: wholeNumber("--seed", values.seed ?? "0", 0),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `--options ${text}: no JSON (${(error as Error).message}); write it like '{"heads":2}'.`,
    );
  }
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`${flag} ${text}: expected a whole number of at least ${least}.`);
}
