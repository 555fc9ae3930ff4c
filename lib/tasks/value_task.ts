/**
 * @file What tasks have in common that ask for a number after every token of values: squared errors of it, between predicting zero
 * and the best predictor, which is run on the same test data. A model's first output channel is its answer.
 */
import { numpy as np } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import type { SequenceModel, Signature } from "../models/model.ts";
import * as z from "zod";
import { type OptionsSchema, readOptions } from "../options.ts";
import { fold, type Key, keyOf, normals } from "../random/random.ts";
import { type Tensor, tensor, type Tree } from "../tensor/tensor.ts";
import { gapClosed } from "./gap_closed.ts";
import type { About, Runner, Task, TaskData, TaskModule } from "./task.ts";

/** Sequences of numbers and what is asked after each token. */
export type Values = {
  /** float32 [N, T, channels] */
  readonly x: Tensor;
  /** float32 [N, T] */
  readonly target: Tensor;
};

/** What is asked, for given options. */
export interface Quantity {
  /** Numbers in a token. */
  readonly channels: number;
  /** Of a sequence. */
  readonly length: number;
  /** Standard normal numbers that a sequence takes. */
  readonly draws: number;
  /**
   * Writes one sequence.
   * @param next a standard normal number, another one each time. @param x [T, channels] @param target [T]
   */
  write(next: () => number, x: Float32Array, target: Float32Array): void;
  /** Answers of the best predictor [T]: the mean of the target, given the tokens so far. @param x [T, channels] */
  best(x: ArrayLike<number>): ArrayLike<number>;
}

/** What an evaluation leaves. */
export interface Details {
  /** Of the loss minus the optimum's, from sequence to sequence. */
  readonly standardError: number;
  /** Of the test data. */
  readonly sequences: number;
  /** Mean squared errors at each position, from the first token on: of the model, of zero, of the best predictor. */
  readonly curve: readonly {
    readonly loss: number;
    readonly floor: number;
    readonly optimum: number;
  }[];
}

/** The module of such a task. */
export type ValueTask = TaskModule<Task<SequenceModel, Record<string, never>>>;

/** A task that asks for a number. @param schema of its options. */
export function valueTask<Options>(
  { about, schema, quantity }: {
    about: Omit<About, "floor">;
    schema: () => OptionsSchema<Options>;
    quantity: (options: Options) => Quantity;
  },
): ValueTask {
  const { name } = about;
  return {
    about: { ...about, floor: { name: "predicting zero", known: "exact" } },
    protocol: (options) => readOptions(`${name} protocol`, z.strictObject({}), options),
    configure(options) {
      const asked = quantity(readOptions(name, schema(), options));
      const { channels, length } = asked;
      const signature: Extract<Signature, { kind: "series" }> = { kind: "series", channels };
      return {
        signature,
        tokens: (batch) => batch * length,
        source({ data }, batch, { patch }) {
          if (patch !== 1) {
            throw new RangeError(
              `${name}: a number is asked for after every token, but the model reads patches of ${patch}; expected patch = 1`,
            );
          }
          const key = keyOf(data);
          return (step): Tree<Tensor> => written(asked, fold(key, step), batch);
        },
        loss(model: SequenceModel, params: Arrays, batch: Arrays): JaxArray {
          const { x, target } = batch as Record<"x" | "target", JaxArray>;
          const [count] = x.shape;
          const out = model.apply(params, x).reshape([count, length, channels]);
          const first = np.equal(np.arange(channels), 0).astype(out.dtype);
          const error = np.sum(out.mul(first), -1).sub(target);
          return np.mean(error.ref.mul(error));
        },
        generate: (_instance, data, sequences) => ({ ...written(asked, keyOf(data), sequences) }),
        evaluate: (runner, _instance, data) => evaluate(name, asked, runner, data),
      };
    },
  };
}

async function evaluate(
  name: string,
  { channels, best }: Quantity,
  runner: Runner<SequenceModel>,
  data: TaskData,
) {
  const { x, target } = valuesOf(name, channels, data);
  const [sequences, length] = target.shape;
  const curves = { loss: new Float64Array(length), floor: new Float64Array(length) };
  const optimum = new Float64Array(length);
  const excesses = new Float64Array(sequences);
  for await (const { first, values: { data, shape: [count] } } of runner.outputs(x)) {
    for (let b = 0; b < count; b++) {
      const sequence = first + b;
      const size = length * channels;
      const answers = best(x.data.subarray(sequence * size, (sequence + 1) * size));
      for (let t = 0; t < length; t++) {
        const right = target.data[sequence * length + t];
        const own = (data[(b * length + t) * channels] - right) ** 2;
        const least = (answers[t] - right) ** 2;
        curves.loss[t] += own / sequences;
        curves.floor[t] += right ** 2 / sequences;
        optimum[t] += least / sequences;
        excesses[sequence] += (own - least) / length;
      }
    }
  }
  const mean = (of: Float64Array) => of.reduce((sum, value) => sum + value, 0) / of.length;
  const losses = {
    loss: mean(curves.loss),
    floor: mean(curves.floor),
    optimum: mean(optimum),
  };
  const squares = excesses.reduce((sum, one) => sum + (one - mean(excesses)) ** 2, 0);
  const details: Details = {
    standardError: Math.sqrt(squares / (sequences - 1) / sequences),
    sequences,
    curve: Array.from(optimum, (least, t) => ({
      loss: curves.loss[t],
      floor: curves.floor[t],
      optimum: least,
    })),
  };
  return { ...losses, gapClosed: gapClosed(losses), details };
}

function written({ channels, length, draws, write }: Quantity, key: Key, count: number): Values {
  const x = new Float32Array(count * length * channels);
  const target = new Float32Array(count * length);
  for (let b = 0; b < count; b++) {
    const drawn = normals(fold(key, b), draws);
    let used = 0;
    write(
      () => drawn[used++],
      x.subarray(b * length * channels, (b + 1) * length * channels),
      target.subarray(b * length, (b + 1) * length),
    );
  }
  return { x: tensor(x, [count, length, channels]), target: tensor(target, [count, length]) };
}

/** @throws {Error} for data that are no such sequences. */
function valuesOf(name: string, channels: number, { tensors }: TaskData): Values {
  const { x, target } = tensors ?? {};
  if (x?.shape.length === 3 && `${target?.shape}` === `${x.shape.slice(0, 2)}`) {
    if (x.shape[2] === channels) return { x, target };
    throw new RangeError(
      `${name}: tokens of the test data have ${
        x.shape[2]
      } numbers; expected ${channels}; the data are those of a task with other options`,
    );
  }
  throw new Error(
    `${name}: the test data hold no values x [N, T, ${channels}] with a target [N, T] for each token; make them by stage generate`,
  );
}
