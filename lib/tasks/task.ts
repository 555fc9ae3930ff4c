/**
 * @file What a task is: where data come from, the loss, a trivial predictor (the floor), the best possible one (the optimum)
 * and the score. Training, tuning and evaluation know tasks by these types only. A module that can be named in a job exports
 * `task`.
 */
import type { Arrays, np } from "../engine/arrays.ts";
import type { Model, Signature } from "../models/model.ts";
import type { Tensor, Tree } from "../tensor/tensor.ts";

/** What one training is made from, three integers so that each can vary alone. */
export interface Seed {
  /** Which instance of the task: of filtering the key of the system. */
  readonly instance: number;
  /** Of the parameters. */
  readonly initialisation: number;
  /** Of the training data. */
  readonly data: number;
}

/** How a predictor is known to be as good or as bad as it is. */
export interface Reference {
  readonly name: string;
  readonly known: "exact" | "certified bound" | "best known";
}

/** What a reader is told about a task. */
export interface About {
  readonly name: string;
  readonly floor: Reference;
  readonly optimum: Reference;
}

/** What a task reads that was made before: a file's text, or tensors by name. */
export interface TaskData {
  readonly text?: string;
  readonly tensors?: Readonly<Record<string, Tensor>>;
}

/** A trained model at work; batches and compilation are the runner's. */
export interface Runner {
  readonly patch: number;
  /** Outputs of `apply` for inputs x [N, ...]. */
  apply(x: Tensor): Promise<Tensor>;
  /**
   * Free-running: the model reads x [N, warm-up, channels] and then its own predictions, statistics frozen.
   * @returns [N, steps, channels]
   */
  generate(x: Tensor, steps: number): Promise<Tensor>;
}

/** What an evaluation finds. */
export interface Evaluation {
  /** Of this model, lower is better; in the units of `floor` and `optimum`. */
  readonly loss: number;
  readonly floor: number;
  readonly optimum: number;
  /** (floor - loss) / (floor - optimum): 0 is trivial, 1 is optimal. */
  readonly gapClosed: number;
  /** Everything else, as JSON. */
  readonly details: unknown;
}

/** A configured task. `Protocol` says how it is evaluated. */
export interface Task<Protocol = unknown> {
  readonly signature: Signature;
  /**
   * Training batches of one seed: the batch of a step, the same bits whenever it is asked for.
   * @param batch sequences in it
   * @param patch of the model
   * @throws {RangeError} where the patch does not suit the task.
   */
  source(seed: Seed, size: { batch: number; patch: number }): (step: number) => Tree<Tensor>;
  /** Training loss of a model on one batch of {@linkcode source}, a scalar; pure, traced. */
  loss(model: Model, params: Arrays, batch: Arrays): np.Array;
  /** Test data of an instance, where they are made and not downloaded. */
  generate?(options: { instance: number; data: number; sequences: number }): Record<string, Tensor>;
  /** Scores a model on test data. @throws {RangeError} for a protocol that the data cannot serve. */
  evaluate(
    runner: Runner,
    instance: number,
    data: TaskData,
    protocol: Protocol,
  ): Promise<Evaluation>;
}

/** What a module exports as `task`. */
export interface TaskModule<Protocol = unknown> {
  readonly about: About;
  /**
   * @param data what the job's input holds, for tasks on given data.
   * @throws {Error} naming the option, its value and what is allowed.
   */
  configure(options: unknown, data?: TaskData): Task<Protocol>;
  /** The protocol of an evaluation with its defaults. @throws {Error} naming the option, its value and what is allowed. */
  protocol(options: unknown): Protocol;
}
