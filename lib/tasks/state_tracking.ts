/**
 * @file Following a finite automaton: after every symbol the state that it is in. Training sequences have lengths from a range,
 * test sequences are longer, and positions beyond the range are scored: a model that counts instead of tracking does not get far
 * there. A task of one automaton is a folder with its table, such as parity.
 *
 * The automata and the lengths are those of Grazzi et al., arXiv 2411.12537, who ask for the last state only.
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import type { Model, Signature } from "../models/model.ts";
import { readOptions } from "../options.ts";
import { fold, type Key, keyOf, split, uniforms } from "../random/random.ts";
import { type Tensor, tensor, type Tree } from "../tensor/tensor.ts";
import { gapClosed } from "./gap_closed.ts";
import {
  crossEntropy,
  emptySequences,
  scoreAnswers,
  type Sequences,
  sequencesOf,
} from "./symbols.ts";
import type { Task, TaskModule } from "./task.ts";

/** Entry [state][symbol] is the next state; an automaton starts in state 0. */
export type Transitions = readonly (readonly number[])[];

/** Positions that are scored, counted from 1: from `from` to `length`. */
export interface Protocol {
  /** The first one; by default the first that no training sequence has. */
  readonly from: number;
  /** The last one; test data may be longer. */
  readonly length: number;
}

/** What an evaluation leaves. */
export interface Details {
  /** Share of the scored positions at which the state is right. */
  readonly accuracy: number;
  /** The same from 0, that of the floor, to 1. */
  readonly scaledAccuracy: number;
  /** Of the error rate, from sequence to sequence. */
  readonly standardError: number;
  /** Mean over the scored positions, in nats; NaN where logits of one are not finite, as of a recurrence that grows. */
  readonly crossEntropy: number;
  /** Of the test data. */
  readonly sequences: number;
  /** The error rate over the length, from the first position on: positions `from` to `to`, counted from 1. */
  readonly curve: readonly { readonly from: number; readonly to: number; readonly error: number }[];
}

/** The module of such a task. */
export type StateTracking = TaskModule<Task<Model, Protocol>>;

const schema = () =>
  z.strictObject({
    /** Shortest and longest training sequence. */
    minimum: z.number().int().min(1).default(3),
    maximum: z.number().int().min(1).default(40),
    /** Of the test sequences that `generate` makes. */
    length: z.number().int().min(1).default(256),
  });

const protocolSchema = () =>
  z.strictObject({
    from: z.number().int().min(1).default(41),
    length: z.number().int().min(1).default(256),
  });

/** Positions that share a point of the curve. */
const BLOCK = 8;

/** The task of one automaton over symbols that are drawn uniformly. @param name of the task. */
export function stateTracking(name: string, next: Transitions): StateTracking {
  const symbols = next[0].length;
  const signature: Extract<Signature, { kind: "tokens" }> = {
    kind: "tokens",
    vocabulary: symbols,
    classes: next.length,
  };
  return {
    about: {
      name,
      floor: { name: "the likeliest state at every position", known: "exact" },
      optimum: { name: "the automaton", known: "exact" },
    },
    protocol(options) {
      const protocol = readOptions(`${name} protocol`, protocolSchema(), options);
      ordered(`${name} protocol`, "from", protocol.from, "length", protocol.length);
      return protocol;
    },
    configure(options) {
      const { minimum, maximum, length } = readOptions(name, schema(), options);
      ordered(name, "minimum", minimum, "maximum", maximum);
      return {
        signature,
        tokens: (batch) => batch * maximum,
        source({ data }, batch) {
          const key = keyOf(data);
          return (step): Tree<Tensor> => {
            const [lengths, walk] = split(fold(key, step));
            const weights = new Float32Array(batch * maximum);
            uniforms(lengths, batch).forEach((u, b) => {
              const drawn = minimum + Math.floor(u * (maximum - minimum + 1));
              weights.fill(1, b * maximum, b * maximum + drawn);
            });
            return {
              ...walks(next, walk, batch, maximum),
              weights: tensor(weights, [batch, maximum]),
            };
          };
        },
        loss(model: Model, params: Arrays, batch: Arrays): JaxArray {
          const { x, target, weights } = batch as Record<"x" | "target" | "weights", JaxArray>;
          const losses = crossEntropy(model.apply(params, x), target);
          return np.sum(losses.mul(weights.ref)).div(np.sum(weights));
        },
        generate: (_instance, data, sequences) => walks(next, keyOf(data), sequences, length),
        async evaluate(runner, _instance, data, protocol) {
          const sequences = sequencesOf(name, data, signature);
          const [, longest] = sequences.x.shape;
          if (protocol.length > longest) {
            throw new RangeError(
              `${name} protocol: length = ${protocol.length}, but the test sequences have ${longest} symbols; lower it, ` +
                `or generate longer ones by the task's option length`,
            );
          }
          const { error, groups, ...scores } = await scoreAnswers(runner, sequences, {
            isScored: (position) => position + 1 >= protocol.from && position < protocol.length,
            groupOf: (_, position) =>
              position < protocol.length ? Math.floor(position / BLOCK) : undefined,
          });
          const losses = { loss: error, floor: floorOf(next, protocol), optimum: 0 };
          const details: Details = {
            accuracy: 1 - error,
            scaledAccuracy: gapClosed(losses),
            ...scores,
            curve: groups.map(({ group, error }) => ({
              from: group * BLOCK + 1,
              to: Math.min((group + 1) * BLOCK, protocol.length),
              error,
            })),
          };
          return { ...losses, gapClosed: gapClosed(losses), details };
        },
      };
    },
  };
}

/** Sequences of uniform symbols, and the state after each. */
function walks(next: Transitions, key: Key, count: number, length: number): Sequences {
  const sequences = emptySequences(count, length);
  const symbols = next[0].length;
  const drawn = uniforms(key, count * length);
  for (let i = 0, state = 0; i < drawn.length; i++) {
    const symbol = Math.floor(drawn[i] * symbols);
    state = next[i % length === 0 ? 0 : state][symbol];
    sequences.x.data[i] = symbol;
    sequences.target.data[i] = state;
  }
  return sequences;
}

/** Error rate of naming the likeliest state at each of the scored positions, of symbols that are drawn uniformly. */
function floorOf(next: Transitions, { from, length }: Protocol): number {
  let probabilities = next.map((_, state) => Number(state === 0));
  let error = 0;
  for (let position = 1; position <= length; position++) {
    const after = next.map(() => 0);
    next.forEach((row, state) =>
      row.forEach((to) => after[to] += probabilities[state] / row.length)
    );
    probabilities = after;
    if (position >= from) error += 1 - Math.max(...probabilities);
  }
  return error / (length - from + 1);
}

function ordered(what: string, low: string, least: number, high: string, most: number) {
  if (least <= most) return;
  throw new RangeError(
    `${what} options: ${low} = ${least} is larger than ${high} = ${most}; expected ${low} <= ${high}`,
  );
}
