/** @file Text of a linear language model, token by token, with what each earlier token added to the logit of the one that was drawn. */
import { type CollapsedMixer, contributions, logitsAfter } from "../models/collapsed_mixer.ts";
import { keyOf, uniforms } from "../random/random.ts";
import type { BytePairs } from "./byte_pairs.ts";
import { drawToken, nucleus, type Sharpness } from "./sampling.ts";

/** A model of a text's symbols, and the tokenizer whose tokens they are. */
export interface LanguageModel {
  /** The model. */
  readonly mixer: CollapsedMixer;
  /** Of the text that it learned from. */
  readonly tokenizer: BytePairs;
  /** [V]: the token of each symbol. */
  readonly symbols: ArrayLike<number>;
}

/** One token that was drawn. */
export interface Drawn {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Of being drawn. */
  readonly probability: number;
  /** Its logit: the sum of the parts and of `position`. */
  readonly logit: number;
  /** What each token of the context added, oldest first. */
  readonly parts: readonly { readonly bytes: Uint8Array; readonly logit: number }[];
  /** What the position added, whatever the tokens. */
  readonly position: number;
}

/**
 * The symbols of a prompt.
 * @throws {RangeError} for an empty prompt, and for bytes that the model has no symbol for
 */
export function symbolsOf({ tokenizer, symbols }: LanguageModel, prompt: string): number[] {
  const symbolOf = new Map(Array.from(symbols, (token, symbol) => [token, symbol]));
  const found = Array.from(tokenizer.encode(prompt), (token) => {
    const symbol = symbolOf.get(token);
    if (symbol !== undefined) return symbol;
    const text = JSON.stringify(new TextDecoder().decode(tokenizer.decode([token])));
    throw new RangeError(
      `prompt ${
        JSON.stringify(prompt)
      }: its token ${text} does not occur in the text that the model learned from; use other words`,
    );
  });
  if (found.length === 0) {
    throw new RangeError("an empty prompt; the model needs a token to go on from");
  }
  return found;
}

/** Goes on from a prompt; the same text for the same seed. @throws {RangeError} as {@linkcode symbolsOf} and `nucleus` */
export function* continued(
  model: LanguageModel,
  prompt: string,
  count: number,
  seed: number,
  sharpness: Sharpness,
): Generator<Drawn> {
  const { mixer, tokenizer, symbols } = model;
  const { vocabulary, matrix, bias, direction } = mixer;
  const context = symbolsOf(model, prompt);
  const bytesOf = (symbol: number) => tokenizer.decode([symbols[symbol]]);
  for (const u of uniforms(keyOf(seed), count)) {
    const logits = logitsAfter(mixer, context);
    const probabilities = nucleus(logits, sharpness);
    const symbol = drawToken(probabilities, u);
    const found = contributions(mixer, context);
    yield {
      bytes: bytesOf(symbol),
      probability: probabilities[symbol],
      logit: logits[symbol],
      parts: found.map(({ token, weight }) => ({
        bytes: bytesOf(token),
        logit: weight * matrix[token * vocabulary + symbol],
      })),
      position: bias[found.length - 1] * direction[symbol],
    };
    context.push(symbol);
  }
}
