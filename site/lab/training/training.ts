/**
 * @file What the page on training computes: a small recurrence learns a task by the library's own training, and after every few steps
 * its loss and its eigenvalues are told. A file beside this one for each task.
 */
import type { Compile } from "../../../lib/engine/types.ts";
import type { Learning } from "../../../lib/train/learning.ts";
import { train, type TrainResult } from "../../../lib/train/trainer.ts";
import type { Tensor, Tree } from "../../../lib/tensor/tensor.ts";
import { filterLearning } from "./filtering.ts";
import { type Learner, parityLearning } from "./parity.ts";

/** What is asked. */
export interface Question {
  /** Which layer learns what. */
  what: "filtering" | Learner;
  /** Largest magnitude of an eigenvalue of the system, in (0, 1); of filtering only. */
  lambda: number;
  /** Of system, initialisation and data. */
  seed: number;
  steps: number;
  /** Largest learning rate. */
  rate: number;
}

/** A complex number. */
export type Complex = readonly [re: number, im: number];

/** Where the training is. */
export interface Moment {
  step: number;
  /** What is to become 0: of filtering the exact excess loss over the filter's, of parity the cross-entropy of a fresh batch in nats. */
  loss: number;
  /**
   * Of the recurrence, each in its place; mirrored into the upper half plane, since a real output has both. One list, or one for each
   * symbol that may come.
   */
  eigenvalues: Complex[][];
}

/** What is said before the first step. */
export interface Start {
  /** Loss of who has learned nothing. */
  floor: number;
  /** Eigenvalues of the optimum, upper half plane; none where there are many optima. */
  optimum: Complex[];
  /** Whether eigenvalues keep their places from moment to moment. */
  trails: boolean;
}

/** What is said after the last step, of what was not trained on. */
export interface End {
  /** Share of the positions beyond the longest training sequence at which the answer is right. */
  right: number;
  from: number;
  to: number;
}

export type Part = Start | Moment | End;

/** How a task is learned here. */
export interface Lesson {
  start: Start;
  learning: Learning;
  /** Steps between two moments. */
  every: number;
  /** @param loss of the last batch, before its step; undefined before the first */
  momentOf(params: Tree<Tensor>, step: number, loss: number | undefined): Moment;
  end?(result: TrainResult, compile: Compile): Promise<End>;
}

const WARMUP = 20;

/** @returns the last moment @throws {Error} where it diverges, or a value is not allowed */
export async function trainOnce(
  question: Question,
  compile: Compile,
  say: (part: Part) => void,
): Promise<Moment> {
  const { what, steps, rate } = question;
  const lesson = what === "filtering"
    ? filterLearning(question)
    : parityLearning(what, question.seed);
  say(lesson.start);
  let last: Moment | undefined;
  let loss: number | undefined;
  const { compileStep, nextBatch } = lesson.learning;
  const result = await train(
    (example) => compileStep(example, { compile, optimiser: { clipNorm: 1 } }),
    nextBatch,
    {
      schedule: { peak: rate, steps, warmup: Math.min(WARMUP, steps), floor: 0.05 },
      onStep: ({ losses }) => loss = losses[0],
      measure: {
        every: lesson.every,
        run(params, step) {
          last = lesson.momentOf(params, step, loss);
          say(last);
          return false;
        },
      },
    },
  );
  if (lesson.end) say(await lesson.end(result, compile));
  return last!;
}
