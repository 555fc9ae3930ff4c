/**
 * @file What tasks on symbols have in common: how their sequences lie in tensors, the cross-entropy, and the scores of a model's
 * answers, taken a batch at a time because the logits of all sequences are large.
 */
import { nn, numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import type { Signature } from "../models/model.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Runner, TaskData } from "./task.ts";

/** Target of a position at which nothing is asked. */
export const UNASKED: number = -1;

/** Sequences of symbols and what is asked of them. */
export type Sequences = {
  /** Symbols, int32 [N, T]. */
  readonly x: Tensor;
  /** The class that is right after this symbol and those before it, or {@linkcode UNASKED}: int32 [N, T]. */
  readonly target: Tensor;
};

/** Room for sequences in which nothing is asked yet. */
export function emptySequences(count: number, length: number): Sequences {
  const shape = [count, length];
  return { x: tensor(0, shape, "int32"), target: tensor(UNASKED, shape, "int32") };
}

/**
 * Test data of a task on symbols.
 * @param name of the task, for messages.
 * @throws {Error} for data that are not sequences.
 * @throws {RangeError} for symbols or targets that the task does not have.
 */
export function sequencesOf(
  name: string,
  { tensors }: TaskData,
  { vocabulary, classes }: Extract<Signature, { kind: "tokens" }>,
): Sequences {
  const { x, target } = tensors ?? {};
  if (x?.shape.length !== 2 || `${target?.shape}` !== `${x.shape}`) {
    throw new Error(
      `${name}: the test data hold no symbols x [N, T] with a target [N, T] for each; make them by stage generate`,
    );
  }
  within(`${name}: symbol`, x, 0, vocabulary - 1);
  within(`${name}: target`, target, UNASKED, classes - 1);
  return { x, target };
}

function within(what: string, { data, shape: [, length] }: Tensor, low: number, high: number) {
  const i = data.findIndex((value) => value < low || value > high);
  if (i < 0) return;
  throw new RangeError(
    `${what} ${data[i]} at position ${i % length} of test sequence ${Math.floor(i / length)}; ` +
      `expected ${low} to ${high}; the data are those of a task with other options`,
  );
}

/**
 * Minus the logarithm of the probability of each target, in nats.
 * @param logits [..., classes]; probabilities are their softmax.
 * @param targets int32 [...]
 * @returns [...]
 */
export function crossEntropy(logits: JaxArray, targets: JaxArray): JaxArray {
  const [classes] = logits.shape.slice(-1);
  const isTarget = np.equal(targets.reshape([...targets.shape, 1]), np.arange(classes));
  const total = nn.logsumexp(logits.ref, -1);
  return total.sub(np.sum(np.where(isTarget, logits, 0), -1));
}

/** Which answers of a model count, and which are counted together. */
export interface Counting {
  /** Whether an answer at this position, from 0, counts. */
  isScored(position: number): boolean;
  /** Number of the group of an answer, whether it is scored or not; undefined for none. */
  groupOf(sequence: number, position: number): number | undefined;
}

/** Error rates of a model's answers. A target that ties with other classes for the largest logit is right by its share. */
export interface Scores {
  /** Share of the scored answers that are wrong. */
  readonly error: number;
  /** Of `error`, from sequence to sequence. */
  readonly standardError: number;
  /** Mean over the scored answers, in nats; NaN where logits of one are not finite. */
  readonly crossEntropy: number;
  /** How many there are. */
  readonly sequences: number;
  /** Groups that have answers, by their numbers. */
  readonly groups: readonly {
    readonly group: number;
    readonly answers: number;
    readonly error: number;
  }[];
}

/** Scores a model wherever something is asked; an answer with logits that are not finite is wrong. */
export async function scoreAnswers(
  runner: Runner,
  { x, target }: Sequences,
  { isScored, groupOf }: Counting,
): Promise<Scores> {
  const [sequences, length] = x.shape;
  const all = new Tally();
  const own = Array.from({ length: sequences }, () => new Tally());
  const groups = new Map<number, Tally>();
  let nats = 0;
  for await (const { first, values: { data, shape: [count, , classes] } } of runner.outputs(x)) {
    for (let i = 0; i < count * length; i++) {
      const right = target.data[first * length + i];
      if (right === UNASKED) continue;
      const [sequence, position] = [first + Math.floor(i / length), i % length];
      const { credit, crossEntropy } = judge(data, i * classes, classes, right);
      if (isScored(position)) {
        all.add(credit);
        own[sequence].add(credit);
        nats += crossEntropy;
      }
      const group = groupOf(sequence, position);
      if (group === undefined) continue;
      if (!groups.has(group)) groups.set(group, new Tally());
      groups.get(group)!.add(credit);
    }
  }
  const { error } = all;
  const squares = own.reduce((sum, one) => sum + (one.error - error) ** 2, 0);
  return {
    error,
    standardError: Math.sqrt(squares / (sequences - 1) / sequences),
    crossEntropy: nats / all.answers,
    sequences,
    groups: [...groups].sort(([a], [b]) => a - b)
      .map(([group, { answers, error }]) => ({ group, answers, error })),
  };
}

/** Answers that are counted together. */
class Tally {
  answers = 0;
  #wrong = 0;
  add(credit: number) {
    this.answers++;
    this.#wrong += 1 - credit;
  }
  /** NaN of none. */
  get error() {
    return this.#wrong / this.answers;
  }
}

/** One answer: the logits of `classes` classes from index `at`. */
function judge(logits: ArrayLike<number>, at: number, classes: number, right: number) {
  let [largest, ties, sum] = [-Infinity, 0, 0];
  for (let i = at; i < at + classes; i++) {
    if (logits[i] > largest) [largest, ties] = [logits[i], 0];
    if (logits[i] === largest) ties++;
  }
  for (let i = at; i < at + classes; i++) sum += Math.exp(logits[i] - largest);
  const own = logits[at + right];
  return {
    credit: own === largest && Number.isFinite(sum) ? 1 / ties : 0,
    crossEntropy: Math.log(sum) + largest - own,
  };
}
