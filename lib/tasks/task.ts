/**
 * @file What a task is: where data come from, the loss, a trivial predictor (the floor), the best possible one (the optimum)
 * and the score. Training, tuning and evaluation know tasks by these types only. A module that can be named in a job exports
 * `task`.
 */
import type { Arrays, JaxArray } from "../engine/arrays.ts";
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
  /** Such as "Kalman filter". */
  readonly name: string;
  /** `exact`: computed. `certified bound`: no predictor can be beyond it. `best known`: nothing better was found. */
  readonly known: "exact" | "certified bound" | "best known";
}

/** What a reader is told about a task. */
export interface About {
  /** What tables call the task. */
  readonly name: string;
  /** The trivial predictor, at a gap closed of 0. */
  readonly floor: Reference;
  /** The best possible predictor, at a gap closed of 1. */
  readonly optimum: Reference;
}

/** What a task reads that was made before: a file's text, or tensors by name. */
export interface TaskData {
  /** Of a downloaded file, decoded or as bytes. */
  readonly text?: string | Uint8Array;
  /** Of test data that the task generated, by the names of its `generate`. */
  readonly tensors?: Readonly<Record<string, Tensor>>;
}

/** Outputs of a model for some of the inputs that follow each other. */
export interface Outputs {
  /** Index of the first of these inputs. */
  readonly first: number;
  /** [n, ...] of n inputs. */
  readonly values: Tensor;
}

/** A trained model at work; how it is compiled and in which batches it runs is the runner's business. */
export interface Runner<M extends Model = Model> {
  /** The model that was trained; a task reads its patch. */
  readonly model: M;
  /** Its parameters on the host. */
  readonly params: Tree<Tensor>;
  /** Outputs of the model's `apply` for inputs x [N, ...]. */
  apply(x: Tensor): Promise<Tensor>;
  /** The same batch by batch, in order, for outputs that are too large to be held at once. */
  outputs(x: Tensor): AsyncIterable<Outputs>;
  /**
   * Free-running, of a sequence model: it reads x [N, warm-up, channels] and then its own predictions, statistics frozen.
   * @returns [N, steps, channels]
   * @throws {RangeError} for a warm-up that is no multiple of the patch.
   */
  generate(x: Tensor, steps: number): Promise<Tensor>;
}

/** What an evaluation finds. */
export interface Evaluation {
  /** Of this model, lower is better; in the units of `floor` and `optimum`. */
  readonly loss: number;
  /** The trivial predictor's loss on the same data. */
  readonly floor: number;
  /** The best possible predictor's loss on the same data. */
  readonly optimum: number;
  /** (floor - loss) / (floor - optimum): 0 is trivial, 1 is optimal; NaN where there is no such gap (gap_closed.ts). */
  readonly gapClosed: number;
  /** Everything else, as JSON. */
  readonly details: unknown;
}

/** A configured task, for models of the kind `M`; `Protocol` says how it is evaluated. */
export interface Task<M extends Model = Model, Protocol = unknown> {
  /** What the task expects of a model; its `configure` is told. */
  readonly signature: Signature;
  /** Observations or symbols that a training step sees. */
  tokens(batch: number): number;
  /** What a reader should know about the data. */
  readonly notes?: readonly string[];
  /** Every step has the same batch: the loss is that of all training data. */
  readonly constantBatch?: boolean;
  /**
   * Training batches of one seed: the batch of a step, the same bits whenever it is asked for.
   * @param batch sequences in it.
   * @throws {RangeError} for a model that does not suit the task.
   */
  source(seed: Seed, batch: number, model: M): (step: number) => Tree<Tensor>;
  /** Training loss of a model on one batch of {@linkcode source}, a scalar; pure, traced. */
  loss(model: M, params: Arrays, batch: Arrays): JaxArray;
  /**
   * By how much the loss on all training data exceeds the lowest that is possible, as a share of that; where it is known exactly.
   */
  excess?(model: M, params: Tree<Tensor>): number;
  /** Test data of an instance, where they are made and not downloaded. @param data their key. */
  generate?(instance: number, data: number, sequences: number): Record<string, Tensor>;
  /** Scores a model on test data. @throws {RangeError} for a protocol that the data cannot serve. */
  evaluate(
    runner: Runner<M>,
    instance: number,
    data: TaskData,
    protocol: Protocol,
  ): Promise<Evaluation>;
}

/** The protocol of a task's type. */
export type ProtocolOf<T extends Task> = T extends Task<infer _M, infer P> ? P : never;

/** What a module exports as `task`. */
export interface TaskModule<T extends Task = Task> {
  /** What tables and pages say of it. */
  readonly about: About;
  /**
   * The task that options describe, with the defaults of those that are left out.
   * @param data what the job's input holds, for tasks on given data.
   * @throws {Error} naming the option, its value and what is allowed, or for data that the task cannot be made of.
   */
  configure(options: unknown, data?: TaskData): T;
  /**
   * How an evaluation is made, with the defaults filled in.
   * @throws {Error} naming the option, its value and what is allowed.
   */
  protocol(options: unknown): ProtocolOf<T>;
}

/** A predictor of one task that is no trained model: its floor, its optimum, a closed form. What a module exports as `reference`. */
export interface ReferenceModule<T extends Task = Task> {
  /**
   * Scores the predictor on the test data on which a trained model is scored.
   * @param options of the reference, such as a ridge.
   * @throws {Error} naming the option, its value and what is allowed.
   */
  score(
    task: T,
    instance: number,
    data: TaskData,
    protocol: ProtocolOf<T>,
    options?: unknown,
  ): Evaluation | Promise<Evaluation>;
}

/**
 * Parameters of a model that are best for a known instance of a task, found without training. What a module exports as
 * `closedForm`.
 */
export interface ClosedFormModule<T extends Task = Task> {
  /**
   * The best parameters for one instance.
   * @param example fresh parameters of the model, for their names and shapes.
   * @returns parameters by their dotted names, in any precision.
   * @throws {RangeError} for a model that cannot have this form.
   */
  solve(task: T, instance: number, example: Tree<Tensor>): Record<string, Tensor>;
  /**
   * Expected loss of these parameters minus the optimum's, where that is known without sampling.
   * @param solved what `solve` gave
   * @returns undefined where it is not known
   */
  excess?(task: T, instance: number, solved: Record<string, Tensor>): number | undefined;
}
