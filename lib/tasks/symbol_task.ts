/**
 * @file What tasks have in common that ask questions about sequences of symbols: sequences of random lengths in training, longer ones
 * in tests, the cross-entropy at the positions at which something is asked, and the error rate. A task says how one sequence is
 * written, and what the trivial and the best predictor err on.
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import type { Model, Signature } from "../models/model.ts";
import { type OptionSchema, type OptionsSchema, readOptions } from "../options.ts";
import { fold, type Key, keyOf, split, uniforms } from "../random/random.ts";
import type { Tensor, Tree, TypedArray } from "../tensor/tensor.ts";
import { gapClosed } from "./gap_closed.ts";
import {
  crossEntropy,
  emptySequences,
  scoreAnswers,
  type Sequences,
  sequencesOf,
  UNASKED,
} from "./symbols.ts";
import type { About, Task, TaskModule } from "./task.ts";

/** Lengths of sequences, in what a task counts: symbols, or items to be remembered. */
export interface Lengths {
  /** Of the shortest training sequence. */
  readonly minimum: number;
  /** Of the longest one. */
  readonly maximum: number;
  /** Of all test sequences. */
  readonly length: number;
}

/** Positions that are scored, counted from 1. */
export interface Protocol {
  /** The first one. */
  readonly from: number;
  /** The last one; that of the test sequences where it is left out. */
  readonly to?: number;
}

/** Test sequences, and which of their positions are scored. */
export interface Scored extends Sequences {
  /** The first one, counted from 1. */
  readonly from: number;
  /** The last one, likewise. */
  readonly to: number;
}

/** What is asked, for given options. */
export interface Questions {
  /** How many symbols there are. */
  readonly vocabulary: number;
  /** How many answers. */
  readonly classes: number;
  /** How many positions a sequence of a length has; as many as its length where this is left out. */
  positions?(length: number): number;
  /** How many random numbers it takes at most. */
  draws(length: number): number;
  /**
   * Writes one sequence.
   * @param next a number in (0, 1), another one each time.
   * @param x its symbols, zeros before. @param target the answers, {@linkcode UNASKED} before.
   */
  write(length: number, next: () => number, x: TypedArray, target: TypedArray): void;
  /** Error rate of the trivial predictor. */
  floor(scored: Scored): number;
  /** Error rate of the best predictor; none where this is left out. */
  optimum?(scored: Scored): number;
}

/** What an evaluation leaves. */
export interface Details {
  /** Share of the answers that are right. */
  readonly accuracy: number;
  /** Of the error rate, from sequence to sequence. */
  readonly standardError: number;
  /** Mean over the answers, in nats; NaN where logits of one are not finite. */
  readonly crossEntropy: number;
  /** Of the test data. */
  readonly sequences: number;
  /** The error rate over the positions `from` to `to`, counted from 1, from the first position on; blocks with a question only. */
  readonly curve: readonly { readonly from: number; readonly to: number; readonly error: number }[];
}

/** The module of such a task. */
export type SymbolTask = TaskModule<Task<Model, Protocol>>;

/** Positions that share a point of the curve. */
const BLOCK = 8;

/** Fields of a task's schema, with its own defaults. */
export function lengthFields(
  { minimum, maximum, length }: Lengths,
): Record<keyof Lengths, OptionSchema<number>> {
  return {
    minimum: z.number().int().min(1).default(minimum),
    maximum: z.number().int().min(1).default(maximum),
    length: z.number().int().min(1).default(length),
  };
}

/**
 * A task of questions on symbols.
 * @param schema of its options, {@linkcode lengthFields} among them.
 * @param from the first position that is scored where a protocol does not say; 1 where this is left out.
 * @param questions what is asked. Throws a RangeError for options that do not go together.
 */
export function symbolTask<Options extends Lengths>(
  { about, schema, from: first = 1, questions }: {
    about: About;
    schema: () => OptionsSchema<Options>;
    from?: number;
    questions: (options: Options) => Questions;
  },
): SymbolTask {
  const { name } = about;
  return {
    about,
    protocol(options) {
      const schema = z.strictObject({
        from: z.number().int().min(1).default(first),
        to: z.number().int().min(1).optional(),
      });
      const protocol = readOptions(`${name} protocol`, schema, options);
      const { from, to = from } = protocol;
      ordered(`${name} protocol`, { from, to });
      return protocol;
    },
    configure(options) {
      const own = readOptions(name, schema(), options);
      const { minimum, maximum, length } = own;
      ordered(name, { minimum, maximum });
      const asked = questions(own);
      const { vocabulary, classes, positions = (length: number) => length } = asked;
      const signature: Extract<Signature, { kind: "tokens" }> = {
        ...{ kind: "tokens", vocabulary, classes },
      };
      const across = positions(maximum);
      return {
        signature,
        tokens: (batch) => batch * across,
        source({ data }, batch) {
          const key = keyOf(data);
          return (step): Tree<Tensor> => {
            const [sizes, symbols] = split(fold(key, step));
            const lengths = Array.from(
              uniforms(sizes, batch),
              (u) => minimum + Math.floor(u * (maximum - minimum + 1)),
            );
            return written(asked, symbols, lengths, across);
          };
        },
        loss(model: Model, params: Arrays, batch: Arrays): JaxArray {
          const { x, target } = batch as Record<"x" | "target", JaxArray>;
          const losses = crossEntropy(model.apply(params, x), target.ref);
          const weights = np.greaterEqual(target, 0).astype(losses.dtype);
          return np.sum(losses.mul(weights.ref)).div(np.sum(weights));
        },
        generate: (_instance, data, sequences) =>
          written(asked, keyOf(data), Array(sequences).fill(length), positions(length)),
        async evaluate(runner, _instance, data, { from, to: last }) {
          const sequences = sequencesOf(name, data, signature);
          const [, longest] = sequences.x.shape;
          const to = last ?? longest;
          if (to > longest || from > longest) {
            throw new RangeError(
              `${name} protocol: positions ${from} to ${to} are scored, but the test sequences have ${longest}; lower them, ` +
                `or generate longer ones by the task's option length`,
            );
          }
          const { error, groups, ...scores } = await scoreAnswers(runner, sequences, {
            isScored: (position) => position + 1 >= from && position < to,
            groupOf: (_, position) => position < to ? Math.floor(position / BLOCK) : undefined,
          });
          const scored = { ...sequences, from, to };
          const ends = { floor: asked.floor(scored), optimum: asked.optimum?.(scored) ?? 0 };
          const losses = { loss: error, ...ends };
          const details: Details = {
            accuracy: 1 - error,
            ...scores,
            curve: groups.map(({ group, error }) => ({
              from: group * BLOCK + 1,
              to: Math.min((group + 1) * BLOCK, to),
              error,
            })),
          };
          return { ...losses, gapClosed: gapClosed(losses), details };
        },
      };
    },
  };
}

/** One sequence of each length, in room for the longest. Every one has random numbers of its own, so that more of them go on where fewer end. */
function written(
  asked: Questions,
  key: Key,
  lengths: readonly number[],
  across: number,
): Sequences {
  const sequences = emptySequences(lengths.length, across);
  lengths.forEach((length, b) => {
    const drawn = uniforms(fold(key, b), asked.draws(length));
    let used = 0;
    const own = ({ data }: Sequences["x"]) => data.subarray(b * across, (b + 1) * across);
    asked.write(length, () => drawn[used++], own(sequences.x), own(sequences.target));
  });
  return sequences;
}

/**
 * Error rate of naming one class at all times, the most frequent answer of the test data: the floor of tasks whose answers do not
 * depend on the position.
 */
export function constantFloor({ target, from, to }: Scored): number {
  const counts = new Map<number, number>();
  const [, across] = target.shape;
  let asked = 0;
  target.data.forEach((answer, i) => {
    const position = i % across + 1;
    if (answer === UNASKED || position < from || position > to) return;
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
    asked++;
  });
  return 1 - Math.max(...counts.values()) / asked;
}

/** @throws {RangeError} unless the first one is the smaller one or both are equal. */
function ordered(what: string, bounds: Record<string, number>) {
  const [[low, least], [high, most]] = Object.entries(bounds);
  if (least <= most) return;
  throw new RangeError(
    `${what} options: ${low} = ${least} is larger than ${high} = ${most}; expected ${low} <= ${high}`,
  );
}

/** One of `n` equally likely numbers from 0. @param u in (0, 1) */
export const oneOf = (n: number, u: number): number => Math.floor(u * n);
