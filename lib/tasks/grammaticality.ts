/**
 * @file Whether a model of symbols writes grammatically, as the file `grammaticality.ts` in the folder of a task finds out; and how a
 * trained model writes.
 */
import { type Key, uniforms } from "../random/random.ts";
import { tensor } from "../tensor/tensor.ts";
import type { BytePairs } from "../text/byte_pairs.ts";
import { drawToken } from "../text/sampling.ts";
import { logSoftmax } from "./language/losses.ts";
import type { Runner, Task, TaskData } from "./task.ts";

/** What such a file reads beside the model. */
export interface Given {
  /** Of the task. */
  readonly data: TaskData;
  /** Whose tokens the symbols are, of a text. */
  readonly tokenizer?: BytePairs;
  /** Which instance of the task. */
  readonly instance: number;
  /** Of what is drawn. */
  readonly seed: number;
}

/** Numbers by their names: of what the model writes, and of controls that are known to be right and wrong. */
export type Findings = Record<string, number>;

/** What such a file exports as `grammaticality`. */
export interface Grammaticality<T extends Task = Task> {
  /** What it measures of a trained model. @throws {Error} for data that it cannot ask */
  find(task: T, runner: Runner, given: Given): Promise<Findings>;
}

/**
 * Goes on from prompts by the model's own probabilities, one symbol at a time.
 * @param length symbols that the model sees at once, the newest of a longer text
 * @param vocabulary its classes
 * @param prompts at least one symbol each
 * @returns of each prompt what follows it, `count` symbols
 */
export async function written(
  runner: Pick<Runner, "outputs">,
  { length, vocabulary, count, key }: {
    readonly length: number;
    readonly vocabulary: number;
    readonly count: number;
    readonly key: Key;
  },
  prompts: readonly (readonly number[])[],
): Promise<number[][]> {
  const texts = prompts.map((prompt) => [...prompt]);
  const draws = uniforms(key, count * texts.length);
  const logs = new Float64Array(vocabulary);
  for (let k = 0; k < count; k++) {
    const x = tensor(0, [texts.length, length], "int32");
    const seen = texts.map((text) => text.slice(-length));
    seen.forEach((symbols, i) => x.data.set(symbols, i * length));
    for await (const { first, values: { data, shape: [rows] } } of runner.outputs(x)) {
      for (let r = 0; r < rows; r++) {
        const i = first + r;
        logSoftmax(data, (r * length + seen[i].length - 1) * vocabulary, logs);
        texts[i].push(drawToken(logs.map(Math.exp), draws[k * texts.length + i]));
      }
    }
  }
  return texts.map((text, i) => text.slice(prompts[i].length));
}

/** The symbols of every text in another order, which a key decides. */
export function shuffled(texts: readonly (readonly number[])[], key: Key): number[][] {
  const draws = uniforms(key, texts.reduce((sum, { length }) => sum + length, 0));
  let next = 0;
  return texts.map((text) => {
    const order = [...text];
    for (let i = 0; i < order.length; i++) {
      const other = i + Math.floor(draws[next++] * (order.length - i));
      [order[i], order[other]] = [order[other], order[i]];
    }
    return order;
  });
}
