/**
 * @file Sentences of a language with a grammar: what a model writes, read by the grammar itself. The controls are texts of the language,
 * in which every sentence is one, and their words in random order.
 */
import { fold, keyOf } from "../../random/random.ts";
import { type Grammaticality, shuffled, written } from "../grammaticality.ts";
import type { ArtificialLanguageTask } from "./artificial_language.ts";
import type { Law } from "./law.ts";
import { words } from "./laws/grammar.ts";

/** Texts that are written. */
const texts = 400;

/**
 * Finds of what the model writes (`sentences`), of texts of the language (`sentences, real`) and of these shuffled (`sentences,
 * shuffled`) the share of sentences that are grammatical, of those that end within a text.
 */
export const grammaticality: Grammaticality<ArtificialLanguageTask> = {
  async find(task, runner, { instance, seed }) {
    const law = task.lawOf(instance);
    if (law.start().probabilities()[words.indexOf("the")] !== 1) {
      throw new Error(
        'artificial_language: this law has no sentences; choose the option law: "grammar"',
      );
    }
    const key = keyOf(seed);
    const length = task.tokens(1);
    const { x } = task.generate!(instance, seed, texts);
    const real = Array.from(
      { length: texts },
      (_, i) => [...x.data.subarray(i * length, (i + 1) * length)],
    );
    const prompts = real.map(([first]) => [first]);
    const of = { length, vocabulary: law.vocabulary, count: length - 1, key: fold(key, 1) };
    const own = (await written(runner, of, prompts)).map((text, i) => [...prompts[i], ...text]);
    return {
      sentences: grammatical(law, own),
      "sentences, real": grammatical(law, real),
      "sentences, shuffled": grammatical(law, shuffled(real, fold(key, 2))),
    };
  },
};

/** Share of the sentences that end within a text which the law allows; NaN where none ends. */
export function grammatical(law: Law, texts: readonly (readonly number[])[]): number {
  const stop = words.indexOf(".");
  let [all, right] = [0, 0];
  for (const text of texts) {
    let walk = law.start();
    let sound = true;
    for (const symbol of text) {
      sound &&= walk.probabilities()[symbol] > 0;
      walk.read(symbol);
      if (symbol !== stop) continue;
      all++;
      if (sound) right++;
      // Whatever the last sentence was, the next one starts.
      walk = law.start();
      sound = true;
    }
  }
  return right / all;
}
