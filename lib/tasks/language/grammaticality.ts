/**
 * @file Grammaticality of a model of a text without anybody who judges it: what the model writes after held-out text, beside how that text
 * goes on (which is right) and the same tokens in random order (which is wrong), in numbers that tell these two apart; and minimal
 * pairs out of held-out text.
 */
import { fold, keyOf } from "../../random/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { BytePairs } from "../../text/byte_pairs.ts";
import { type CountModel, kneserNey } from "../../text/kneser_ney.ts";
import {
  distinctShare,
  longestCopied,
  repeatedShare,
  seenShare,
  wholeWords,
} from "../../text/likeness.ts";
import { type MinimalPair, minimalPairs, misplaced } from "../../text/minimal_pairs.ts";
import { NGrams } from "../../text/ngrams.ts";
import { type Findings, type Grammaticality, shuffled, written } from "../grammaticality.ts";
import type { Runner } from "../task.ts";
import type { LanguageTask } from "./language.ts";
import { logSoftmax } from "./losses.ts";

/** Texts that are written, and tokens of each. */
const [texts, tokens] = [48, 64];
/** Training tokens that the model has not seen, of which the judge learns. */
const judged = 200_000;
const order = 5;
/** Of n-grams that are looked up, and of those that repeat. */
const gram = 4;
/** Tokens before and after a word, and places of a word at most. */
const extent = { before: 16, after: 10, most: 40 };

/** Pairs of words that grammar tells apart, with the space before them. */
export const wordPairs: readonly (readonly [string, string])[] = [
  [" is", " are"],
  [" was", " were"],
  [" has", " have"],
  [" this", " these"],
  [" a", " an"],
];

/**
 * Finds of what the model writes (NAME), of the text as it goes on (`NAME, real`) and of that in random order (`NAME, shuffled`): `judge`,
 * nats a token of Kneser-Ney of order 5 that knows other text only; `seen`, the share of 4-grams that the training text has;
 * `copied`, the longest span of it in tokens; `words`, the share of words that occur in training text; `repeats`, of 4-grams that the
 * same text had before; `distinct`, of different 2-grams. And the share of `pairs` in which the model prefers the word that was written;
 * the same of the judge (`pairs, judge`), and of the model where the words stand in places of others (`pairs, misplaced`).
 */
export const grammaticality: Grammaticality<LanguageTask> = {
  async find(task, runner, { data, tokenizer, seed }) {
    if (!tokenizer) {
      throw new Error("language: no tokenizer of the text; give the data of stage tokenize");
    }
    const key = keyOf(seed);
    const { vocabulary, length, training } = task;
    const { train, test, symbols } = data.tensors as Record<string, Tensor>;
    const seen = training.x.data;
    const unseen = train.data.subarray(seen.length, seen.length + judged);
    if (unseen.length < order) {
      throw new RangeError(
        `language: all ${train.data.length} training tokens are the model's, none is left to make a judge of; give the option tokens`,
      );
    }
    const judge = kneserNey(unseen, vocabulary, order);
    const { prompts, real } = places(test.data, length);
    const own = await written(
      runner,
      { length, vocabulary, count: tokens, key: fold(key, 0) },
      prompts,
    );
    const grams = new NGrams(seen, vocabulary, gram);
    const known = new Set(
      decoded(tokenizer, symbols, train.data).match(/\p{L}+/gu) ?? [],
    );
    const findings: Findings = {};
    const sets = { "": own, ", real": real, ", shuffled": shuffled(real, fold(key, 1)) };
    for (const [name, of] of Object.entries(sets)) {
      findings[`judge${name}`] = natsOf(judge, prompts, of);
      findings[`seen${name}`] = seenShare(of, gram, grams);
      findings[`copied${name}`] = longestCopied(of, seen);
      const words = of.flatMap((text) => wholeWords(decoded(tokenizer, symbols, text)));
      findings[`words${name}`] = words.filter((word) => known.has(word)).length / words.length;
      findings[`repeats${name}`] = repeatedShare(of, gram);
      findings[`distinct${name}`] = distinctShare(of, 2);
    }
    const pairs = pairsIn(test.data, tokenizer, symbols, fold(key, 2));
    findings.pairs = await preferred(runner, pairs, length, vocabulary);
    const other = misplaced(pairs, fold(key, 3));
    findings["pairs, misplaced"] = await preferred(runner, other, length, vocabulary);
    const right = pairs.filter(({ before, written, other, after }) =>
      logOf(judge, before, [...written, ...after]) > logOf(judge, before, [...other, ...after])
    );
    findings["pairs, judge"] = right.length / pairs.length;
    return findings;
  },
};

/** Prompts of the length of a sequence, evenly over a text, and what follows each. */
export function places(
  text: ArrayLike<number>,
  length: number,
): { prompts: number[][]; real: number[][] } {
  const step = Math.floor((text.length - length - tokens) / texts);
  if (step < 1) {
    throw new RangeError(
      `language: ${text.length} test tokens; ${texts} texts of ${tokens} after ${length} need ${
        length + tokens + texts
      }. Take more text`,
    );
  }
  const slice = (at: number, count: number) =>
    Array.from({ length: count }, (_, k) => text[at + k]);
  const starts = Array.from({ length: texts }, (_, i) => i * step);
  return {
    prompts: starts.map((at) => slice(at, length)),
    real: starts.map((at) => slice(at + length, tokens)),
  };
}

const decoded = (tokenizer: BytePairs, symbols: Tensor, text: ArrayLike<number>) =>
  new TextDecoder().decode(
    tokenizer.decode(Array.from(text, (symbol) => symbols.data[symbol])),
  );

/** The logarithm of the probability that a model of counts gives to tokens after others. */
function logOf(model: CountModel, before: readonly number[], tokens: readonly number[]): number {
  const all = [...before, ...tokens];
  return tokens.reduce((sum, token, k) => {
    const at = before.length + k;
    return sum + Math.log(model.probability(all.slice(Math.max(0, at - order + 1), at), token));
  }, 0);
}

/** Nats a token of texts, each after its prompt. */
function natsOf(judge: CountModel, prompts: readonly number[][], texts: readonly number[][]) {
  const total = texts.reduce((sum, text, i) => sum - logOf(judge, prompts[i], text), 0);
  return total / texts.reduce((sum, { length }) => sum + length, 0);
}

function pairsIn(
  text: ArrayLike<number>,
  tokenizer: BytePairs,
  symbols: Tensor,
  key: ReturnType<typeof keyOf>,
): MinimalPair[] {
  const symbolOf = new Map(Array.from(symbols.data, (token, symbol) => [token, symbol]));
  const words = wordPairs.map((pair) =>
    pair.map((word) => Array.from(tokenizer.encode(word), (token) => symbolOf.get(token) ?? -1))
  ) as [number[], number[]][];
  const letter = Array.from(
    symbols.data,
    (token) => /^\p{L}/u.test(new TextDecoder().decode(tokenizer.decode([token]))),
  );
  const pairs = minimalPairs(text, words, (symbol) => letter[symbol], extent, key);
  if (pairs.length > 0) return pairs;
  throw new Error(
    `language: none of the words ${
      wordPairs.flat().map((word) => word.trim()).join(", ")
    } stands in the test text beside its other; take more text, or English text`,
  );
}

/** Share of the pairs in which the model gives what was written, with what follows, the higher probability. */
async function preferred(
  runner: Pick<Runner, "outputs">,
  pairs: readonly MinimalPair[],
  length: number,
  vocabulary: number,
): Promise<number> {
  const sequences = pairs.flatMap(({ before, written, other, after }) =>
    [written, other].map((word) => {
      // The nearest tokens of what stands before, as many as the model can see.
      const rest = [...word, ...after];
      const seen = before.slice(Math.max(0, before.length + rest.length - 1 - length));
      return { seen, rest };
    })
  );
  const x = tensor(0, [sequences.length, length], "int32");
  sequences.forEach(({ seen, rest }, i) => x.data.set([...seen, ...rest.slice(0, -1)], i * length));
  const scores = sequences.map(() => 0);
  const logs = new Float64Array(vocabulary);
  for await (const { first, values: { data, shape: [rows] } } of runner.outputs(x)) {
    for (let r = 0; r < rows; r++) {
      const { seen, rest } = sequences[first + r];
      rest.forEach((token, k) => {
        logSoftmax(data, (r * length + seen.length - 1 + k) * vocabulary, logs);
        scores[first + r] += logs[token];
      });
    }
  }
  const right = pairs.filter((_, i) => scores[2 * i] > scores[2 * i + 1]);
  return right.length / pairs.length;
}
