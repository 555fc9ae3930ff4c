/**
 * @file Language: after every token of a text the distribution of the next. The text is given, as tokens of stage tokenize; what can be
 * known of it at best nobody knows, so the optimum of the scale is 0 nats, below which nothing is: the gap closed is the share of the
 * unigram's nats that a model saves.
 *
 * @example Sequences of a text, and what a step sees of them
 * ```ts
 * import assert from "node:assert/strict";
 * import { tensor } from "../../tensor/tensor.ts";
 * import { task } from "./language.ts";
 *
 * const part = tensor([0, 1, 2, 0, 1, 2, 0], [7], "int32");
 * const starts = tensor([0], [1], "int32");
 * const tensors = Object.fromEntries(["train", "validation", "test"].flatMap((name) => [[name, part], [`${name}Starts`, starts]]));
 * const symbols = tensor([0, 1, 2], [3], "int32");
 * const language = task.configure({ length: 3 }, { tensors: { symbols, ...tensors } });
 * const { x, target } = language.training;
 * assert.deepEqual([[...x.data], [...target.data]], [[0, 1, 2, 0, 1, 2], [1, 2, 0, 1, 2, 0]]);
 * ```
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import { collapse } from "../../models/collapsed_mixer.ts";
import type { Model } from "../../models/model.ts";
import { asTokenMixer } from "../../models/token_mixer.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf, uniforms } from "../../random/random.ts";
import { type Tensor, tensor, type Tree } from "../../tensor/tensor.ts";
import { gapClosed } from "../gap_closed.ts";
import { crossEntropy, type Sequences, UNASKED } from "../symbols.ts";
import type { Evaluation, Task, TaskData, TaskModule } from "../task.ts";
import { Ledger, logSoftmax, type Losses } from "./losses.ts";
import { memberOf, objective } from "./offset_matrices.ts";
import { type Layout, layouts, type Part, sequencesIn } from "./sequences.ts";

/** How a model is evaluated. */
export interface Protocol {
  /** The part of the corpus that it is scored on. */
  readonly part: "validation" | "test";
  /** Of a linear mixer: its training loss with this penalty is told too, as a member of the convex class (offset_matrices.ts). */
  readonly penalty?: number;
}

/** What an evaluation leaves. */
export interface Details extends Losses {
  /** The penalised training loss, where a penalty was asked for. */
  readonly objective?: number;
}

/** The task of one corpus: what references need to know of it beyond the contract. */
export interface LanguageTask extends Task<Model, Protocol> {
  /** V, the symbols of the corpus. */
  readonly vocabulary: number;
  /** Tokens in a sequence. */
  readonly length: number;
  /** What is trained on. @throws {Error} where the data have no such part */
  readonly training: Sequences;
  /** What is scored. @throws {Error} where the data have no such part */
  scored(data: TaskData, protocol: Protocol): Sequences;
  /** The scores of a predictor that has its losses in a ledger. */
  evaluated(sequences: Sequences, ledger: Ledger): Evaluation;
}

const schema = () =>
  z.strictObject({
    /** Tokens in a sequence. */
    length: z.number().int().min(1).default(32),
    /** How documents become sequences. */
    layout: z.enum(layouts).default("packed"),
    /** The first so many training tokens; all where left out. */
    tokens: z.number().int().min(2).optional(),
  });

function configure(options: unknown, data: TaskData = {}): LanguageTask {
  const { length, layout, tokens } = readOptions("language", schema(), options);
  const vocabulary = symbolsOf(data);
  const sequences = (name: string, { tensors }: TaskData, most?: number) =>
    sequencesIn(partOf(name, tensors, vocabulary, most), length, layout as Layout);
  let known: Sequences | undefined;
  const training = () => known ??= sequences("train", data, tokens);
  const evaluated = (sequences: Sequences, ledger: Ledger): Evaluation => {
    const losses = ledger.losses();
    const floor = unigramLoss(training(), sequences, vocabulary);
    const scores = { loss: losses.nats, floor, optimum: 0 };
    return { ...scores, gapClosed: gapClosed(scores), details: losses };
  };
  return {
    ...{ vocabulary, length, evaluated },
    signature: { kind: "tokens", vocabulary, classes: vocabulary },
    tokens: (batch) => batch * length,
    get training() {
      return training();
    },
    scored: (given, { part }) => sequences(part, given),
    source({ data: seed }, batch) {
      const { x, target } = training();
      const [count] = x.shape;
      const orders = new Map<number, Int32Array>();
      const sequenceOf = (index: number) => {
        const epoch = Math.floor(index / count);
        let order = orders.get(epoch);
        if (!order) {
          // A step has sequences of this epoch and of those that its batch reaches into, never of an earlier one again.
          if (orders.size > 4) orders.clear();
          orders.set(epoch, order = shuffled(seed, epoch, count));
        }
        return order[index % count];
      };
      return (step): Tree<Tensor> => {
        const shape = [batch, length];
        const [xs, targets] = [0, 0].map(() => tensor(0, shape, "int32"));
        const weights = tensor(0, shape);
        for (let b = 0; b < batch; b++) {
          const at = sequenceOf(step * batch + b) * length;
          xs.data.set(x.data.subarray(at, at + length), b * length);
          for (let t = 0; t < length; t++) {
            const asked = target.data[at + t] !== UNASKED;
            targets.data[b * length + t] = asked ? target.data[at + t] : 0;
            weights.data[b * length + t] = Number(asked);
          }
        }
        return { x: xs, target: targets, weights };
      };
    },
    loss(model: Model, params: Arrays, batch: Arrays): JaxArray {
      const { x, target, weights } = batch as Record<"x" | "target" | "weights", JaxArray>;
      const losses = crossEntropy(model.apply(params, x), target);
      return np.sum(losses.mul(weights.ref)).div(np.sum(weights));
    },
    async evaluate(runner, _instance, given, protocol) {
      const scored = sequences(protocol.part, given);
      const { x, target } = scored;
      const ledger = new Ledger(x.shape[0], length);
      const logs = new Float64Array(vocabulary);
      for await (const { first, values: { data: logits, shape: [count] } } of runner.outputs(x)) {
        for (let i = 0; i < count * length; i++) {
          const right = target.data[first * length + i];
          if (right === UNASKED) continue;
          logSoftmax(logits, i * vocabulary, logs);
          ledger.add(first + Math.floor(i / length), i % length, -logs[right]);
        }
      }
      const evaluation = evaluated(scored, ledger);
      if (protocol.penalty === undefined) return evaluation;
      const of = { vocabulary, length, taps: length, penalty: protocol.penalty };
      const member = memberOf(of, collapse(asTokenMixer(runner.model), runner.params));
      const penalised = objective(of, training())(member, new Float64Array(member.length));
      const details: Details = { ...evaluation.details as Losses, objective: penalised };
      return { ...evaluation, details };
    },
  };
}

/** How many there are. @throws {Error} without the tokens of a corpus */
function symbolsOf({ tensors }: TaskData): number {
  const symbols = tensors?.symbols;
  if (symbols?.shape.length === 1) return symbols.shape[0];
  throw new Error("language: the data hold no symbols [V]; make them by stage tokenize");
}

function partOf(
  name: string,
  tensors: TaskData["tensors"],
  vocabulary: number,
  most = Infinity,
): Part {
  const { [name]: ids, [`${name}Starts`]: starts } = tensors ?? {};
  if (ids?.shape.length !== 1 || starts?.shape.length !== 1) {
    throw new Error(
      `language: the data hold no tokens ${name} [n] with ${name}Starts [documents]; make them by stage tokenize`,
    );
  }
  const wrong = ids.data.find((id) => id < 0 || id >= vocabulary);
  if (wrong !== undefined) {
    throw new RangeError(
      `language: symbol ${wrong} in ${name}; expected 0 to ${
        vocabulary - 1
      }. Make the data again by stage tokenize`,
    );
  }
  if (ids.data.length <= most) return { ids, starts };
  const within = starts.data.filter((start) => start < most);
  return {
    ids: tensor(ids.data.slice(0, most), [most], "int32"),
    starts: tensor(within, [within.length], "int32"),
  };
}

/** An order of the sequences, another in every epoch (Fisher & Yates). */
function shuffled(seed: number, epoch: number, count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  uniforms(fold(keyOf(seed), epoch), count).forEach((u, i) => {
    const other = i + Math.floor(u * (count - i));
    [order[i], order[other]] = [order[other], order[i]];
  });
  return order;
}

/** Loss of the frequencies of the training targets, each counted once more than it was seen (Laplace). */
function unigramLoss(training: Sequences, scored: Sequences, vocabulary: number): number {
  const counts = new Float64Array(vocabulary).fill(1);
  let total = vocabulary;
  for (const id of training.target.data) {
    if (id === UNASKED) continue;
    counts[id]++;
    total++;
  }
  const asked = [...scored.target.data].filter((id) => id !== UNASKED);
  return asked.reduce((sum, id) => sum - Math.log(counts[id] / total), 0) / asked.length;
}

/** Predicting the next token of a given text. */
export const task: TaskModule<LanguageTask> = {
  about: {
    name: "language",
    floor: { name: "the frequencies of tokens", known: "exact" },
    optimum: { name: "0 nats", known: "certified bound" },
  },
  protocol: (options) =>
    readOptions(
      "language protocol",
      z.strictObject({
        part: z.enum(["validation", "test"]).default("test"),
        penalty: z.number().positive().optional(),
      }),
      options,
    ),
  configure,
};
