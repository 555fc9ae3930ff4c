/**
 * @file Languages of known law: after every symbol the distribution of the next, scored by what is lost against the law itself, the mean
 * divergence KL(p || q) in nats, which is never negative and has none of the noise of the symbols that happened to come.
 *
 * An instance is a law; every training step has fresh texts of it, each from its start.
 *
 * @example The second symbol of a grammar's texts is a noun
 * ```ts
 * import assert from "node:assert/strict";
 * import { words } from "./laws/grammar.ts";
 * import { task } from "./artificial_language.ts";
 *
 * const language = task.configure({ law: "grammar", length: 8 });
 * const { x } = language.generate!(0, 1, 2);
 * assert.equal(words[x.data[0]], "the");
 * assert.match(words[x.data[1]], /^(dog|cat|bird|girl)s?$/);
 * ```
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import type { Model, Signature } from "../../models/model.ts";
import { readOptions } from "../../options.ts";
import { fold, type Key, keyOf, uniforms } from "../../random/random.ts";
import type { Tensor, Tree } from "../../tensor/tensor.ts";
import { gapClosed } from "../gap_closed.ts";
import { Ledger, logSoftmax, type Losses } from "../language/losses.ts";
import { crossEntropy, emptySequences, type Sequences, sequencesOf } from "../symbols.ts";
import type { Task, TaskModule } from "../task.ts";
import { drawToken } from "../../text/sampling.ts";
import type { Law } from "./law.ts";
import { additiveLaw } from "./laws/additive.ts";
import { grammarLaw } from "./laws/grammar.ts";
import { productsLaw } from "./laws/products.ts";

/** What an evaluation leaves: divergences from the law, in nats, and what the law itself leaves open. */
export interface Details extends Losses {
  /** Mean conditional entropy of the law at the scored positions. */
  readonly entropy: number;
  /** Mean probability that the model gives to what the law does not rule out: that its next symbol is grammatical. */
  readonly allowed: number;
}

/** A task of one family of laws. */
export interface ArtificialLanguageTask extends Task<Model, Record<string, never>> {
  /** The law of an instance. */
  lawOf(instance: number): Law;
}

const schema = () =>
  z.strictObject({
    /** A file of laws. */
    law: z.enum(["additive", "products", "grammar"]).default("additive"),
    /** Symbols; those of the grammar are its words. */
    vocabulary: z.number().int().min(2).max(1024).optional(),
    /** Symbols that matter, of the additive law. */
    taps: z.number().int().min(1).optional(),
    /** Standard deviation of logits, of the additive law and that of products. */
    sharpness: z.number().positive().optional(),
    /** Of a sequence. */
    length: z.number().int().min(1).default(16),
  });

function configure(options: unknown): ArtificialLanguageTask {
  const { law, length, ...own } = readOptions("artificial_language", schema(), options);
  const foreign = Object.entries({
    vocabulary: ["grammar"],
    sharpness: ["grammar"],
    taps: ["grammar", "products"],
  })
    .find(([name, of]) => own[name as keyof typeof own] !== undefined && of.includes(law));
  if (foreign) {
    throw new RangeError(
      `artificial_language options: ${foreign[0]} is no option of the law ${law}; leave it out`,
    );
  }
  const { vocabulary = 64, taps = 8, sharpness = 1.5 } = own;
  const lawOf = (instance: number): Law => {
    const key = keyOf(instance);
    if (law === "grammar") return grammarLaw();
    return law === "additive"
      ? additiveLaw({ vocabulary, taps, sharpness }, key)
      : productsLaw({ vocabulary, sharpness }, key);
  };
  const { vocabulary: classes } = lawOf(0);
  const signature: Extract<Signature, { kind: "tokens" }> = {
    ...{ kind: "tokens", classes },
    vocabulary: classes,
  };
  return {
    ...{ signature, lawOf },
    tokens: (batch) => batch * length,
    source({ instance, data }, batch) {
      const [known, key] = [lawOf(instance), keyOf(data)];
      return (step): Tree<Tensor> => texts(known, fold(key, step), batch, length);
    },
    loss(model: Model, params: Arrays, batch: Arrays): JaxArray {
      const { x, target } = batch as Record<"x" | "target", JaxArray>;
      return np.mean(crossEntropy(model.apply(params, x), target));
    },
    generate: (instance, data, sequences) => texts(lawOf(instance), keyOf(data), sequences, length),
    async evaluate(runner, instance, data) {
      const { x } = sequencesOf("artificial_language", data, signature);
      const [sequences, across] = x.shape;
      const known = lawOf(instance);
      const [divergences, entropies] = [0, 0].map(() => new Ledger(sequences, across));
      const usual = meanLaw(known, x);
      let [floor, allowed] = [0, 0];
      const logs = new Float64Array(classes);
      for await (const { first, values: { data: logits, shape: [count] } } of runner.outputs(x)) {
        for (let s = 0; s < count; s++) {
          const walk = known.start();
          for (let t = 0; t < across; t++) {
            walk.read(x.data[(first + s) * across + t]);
            const p = walk.probabilities();
            logSoftmax(logits, (s * across + t) * classes, logs);
            const entropy = sum(p, (p) => -p * Math.log(p));
            entropies.add(first + s, t, entropy);
            allowed += sum(p, (_, v) => Math.exp(logs[v]));
            divergences.add(first + s, t, sum(p, (p, v) => -p * logs[v]) - entropy);
            floor += sum(p, (p, v) => -p * Math.log(usual[v])) - entropy;
          }
        }
      }
      const losses = divergences.losses();
      const scores = { loss: losses.nats, floor: floor / losses.tokens, optimum: 0 };
      const details: Details = {
        ...losses,
        entropy: entropies.losses().nats,
        allowed: allowed / losses.tokens,
      };
      return { ...scores, gapClosed: gapClosed(scores), details };
    },
  };
}

/** Texts of a law with the symbol that follows each. */
function texts(law: Law, key: Key, count: number, length: number): Sequences {
  const sequences = emptySequences(count, length);
  const draws = uniforms(key, count * (length + 1));
  for (let b = 0, next = 0; b < count; b++) {
    const walk = law.start();
    let symbol = drawToken(walk.probabilities(), draws[next++]);
    for (let i = b * length; i < (b + 1) * length; i++) {
      sequences.x.data[i] = symbol;
      walk.read(symbol);
      sequences.target.data[i] = symbol = drawToken(walk.probabilities(), draws[next++]);
    }
  }
  return sequences;
}

/** The mean of what the law says after every symbol: of all constant predictions the best one. */
function meanLaw(law: Law, { data, shape: [sequences, length] }: Tensor): Float64Array {
  const mean = new Float64Array(law.vocabulary);
  for (let s = 0; s < sequences; s++) {
    const walk = law.start();
    for (let t = 0; t < length; t++) {
      walk.read(data[s * length + t]);
      walk.probabilities().forEach((p, v) => mean[v] += p / (sequences * length));
    }
  }
  return mean;
}

/** Over what is possible. */
function sum(p: Float64Array, of: (p: number, symbol: number) => number): number {
  let total = 0;
  for (let v = 0; v < p.length; v++) if (p[v] > 0) total += of(p[v], v);
  return total;
}

/** Predicting the next symbol of a language of known law. */
export const task: TaskModule<ArtificialLanguageTask> = {
  about: {
    name: "artificial language",
    floor: { name: "the mean of the law", known: "exact" },
    optimum: { name: "the law", known: "exact" },
  },
  protocol: (options) => readOptions("artificial_language protocol", z.strictObject({}), options),
  configure,
};
