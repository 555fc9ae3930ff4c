/** @file The options of `deno task generate`. */
import { helpHint, readFlags } from "../../program.ts";
import { refuseRepeated, UsageError } from "../../usage_error.ts";

const TASK = "deno task generate";

export const USAGE =
  `deno task generate --prompt TEXT     goes on from a text, by a language model that is one matrix

  --model linear      a folder of data/models, or the path of one (linear)
  --prompt TEXT       what the text starts with
  --tokens 50         how many more
  --seed 0            the same text for the same seed
  --temperature .8    logits are divided by it; 0 takes the likeliest
  --top-p .9          only the likeliest tokens that have this probability together
  --explain           for every token, how much of its logit each earlier token gave, exactly
  --make              trains the model again from its text and writes its folder, instead`;

export interface GenerateOptions {
  readonly model: string;
  readonly prompt: string;
  readonly tokens: number;
  readonly seed: number;
  readonly temperature: number;
  readonly topP: number;
  readonly explain: boolean;
  readonly make: boolean;
}

/** @throws {UsageError} naming the option, its value and what is allowed */
export function parseOptions(args: string[]): GenerateOptions {
  const string = { type: "string" } as const;
  const { values, positionals, tokens } = readFlags(TASK, args, {
    model: string,
    prompt: string,
    tokens: string,
    seed: string,
    temperature: string,
    "top-p": string,
    explain: { type: "boolean" },
    make: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  });
  refuseRepeated(tokens.flatMap((token) => token.kind === "option" ? [token.name] : []));
  if (positionals.length > 0) {
    throw new UsageError(
      `${positionals.join(" ")}: expected no words beside options; quote the prompt. ${
        helpHint(TASK)
      }`,
    );
  }
  const { model = "linear", prompt, make = false, explain = false } = values;
  if (!make && !prompt) throw new UsageError(`--prompt TEXT is missing. ${helpHint(TASK)}`);
  return {
    ...{ model, prompt: prompt ?? "", make, explain },
    tokens: number(
      "--tokens",
      values.tokens ?? "50",
      "a whole number from 1",
      (n) => Number.isSafeInteger(n) && n >= 1,
    ),
    seed: number(
      "--seed",
      values.seed ?? "0",
      "a whole number from 0",
      (n) => Number.isSafeInteger(n) && n >= 0,
    ),
    temperature: number(
      "--temperature",
      values.temperature ?? ".8",
      "a number from 0",
      (n) => n >= 0,
    ),
    topP: number(
      "--top-p",
      values["top-p"] ?? ".9",
      "a number above 0 and up to 1",
      (n) => n > 0 && n <= 1,
    ),
  };
}

function number(flag: string, text: string, expected: string, allowed: (n: number) => boolean) {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && allowed(value)) return value;
  throw new UsageError(`${flag} ${text}: expected ${expected}.`);
}
