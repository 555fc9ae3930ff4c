/** @file What the page on language computes: text of the linear model, token by token, each with what the earlier ones gave it. */
import {
  continued,
  type Drawn,
  type LanguageModel,
  symbolsOf,
} from "../../../lib/text/generated.ts";

/** What is asked: as options of `deno task generate`. */
export interface Question {
  prompt: string;
  tokens: number;
  seed: number;
  temperature: number;
  topP: number;
}

/** What is said while it is made: the tokens of the prompt first, and then one by one what is drawn. */
export type Part = { prompt: Uint8Array[] } | { drawn: Drawn };

/** @returns how many tokens were drawn @throws {RangeError} naming what the model cannot go on from, or a value that is not allowed */
export function write(
  model: LanguageModel,
  { prompt, tokens, seed, temperature, topP }: Question,
  say: (part: Part) => void,
): number {
  const { tokenizer, symbols } = model;
  say({ prompt: symbolsOf(model, prompt).map((symbol) => tokenizer.decode([symbols[symbol]])) });
  let count = 0;
  for (const drawn of continued(model, prompt, tokens, seed, { temperature, topP })) {
    say({ drawn });
    count++;
  }
  return count;
}
