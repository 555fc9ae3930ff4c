/**
 * @file How many steps an optimiser takes until the loss is at a target: several trainings in one program, each with its own parameters, batch and learning rate. The batch of a
 * training is the same at every step: the loss is that of all its data.
 */
import { vmap } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import { valueAndGrad } from "../../engine/gradient.ts";
import { scan } from "../../engine/scan.ts";
import { refTree } from "../../engine/trees.ts";
import type { Compile } from "../../engine/types.ts";
import { type Tensor, tensor, type Tree } from "../../tensor/tensor.ts";
import { stack } from "../../tensor/trees.ts";
import { disposeTree } from "../host.ts";
import type { Loss, TrainingState } from "../trainer.ts";
import type { Optimiser } from "./optimiser.ts";

/** One training. */
export interface Contestant {
  /** Parameters it starts from. */
  readonly initial: Tree<Tensor>;
  /** What its loss is computed from, at every step. */
  readonly batch: Tree<Tensor>;
  /** The loss that ends it. */
  readonly target: number;
}

/** A compiled race of as many trainings as it was made for. */
export interface Race {
  /**
   * Runs all trainings until each is at the target, `enough` says that the others need not go on, or the cap.
   * @param rates learning rates, one for each.
   * @param enough told the steps so far: undefined of those that are not there
   * @returns steps by training, undefined where the cap came first or training blew up; and seconds of one step of one of them
   */
  run(
    contestants: readonly Contestant[],
    rates: readonly number[],
    options: {
      cap: number;
      enough?: (steps: readonly (number | undefined)[]) => boolean;
    },
  ): Promise<{ steps: (number | undefined)[]; losses: number[]; stepSeconds: number }>;
  /** Frees the program. */
  close(): Promise<void>;
}

/** Steps in a run of the program: small programs cost more to start than to run. */
const stepsPerRun = 10;

/**
 * Compiles the steps of all trainings as one program.
 * @param examples for their number and shapes; two at least
 */
export async function makeRace<P extends Arrays, B extends Arrays>(
  loss: Loss<P, B>,
  optimiser: Optimiser,
  examples: readonly Contestant[],
  compile: Compile,
): Promise<Race> {
  if (examples.length < 2) {
    throw new RangeError(`race: ${examples.length} trainings; expected at least two.`);
  }
  type Carry = { params: P; state: Arrays };
  const step = (both: { batch: B; rate: JaxArray }, carry: Carry): [Carry, JaxArray] => {
    const { batch, rate } = both;
    const [value, grads] = valueAndGrad(loss)(refTree(carry.params), batch) as [JaxArray, P];
    return [optimiser.update(carry.params, grads, carry.state, rate), value];
  };
  const steps = (params: P, state: Arrays, batch: B, rate: JaxArray, count: JaxArray) => {
    const [last, losses] = scan(step, { batch, rate }, { params, state }, count);
    return { ...last, losses };
  };
  // deno-lint-ignore no-explicit-any -- jax-js's type of vmap knows no trees
  const all = (vmap as any)(steps, [0, 0, 0, 0, null]);
  const started = (contestants: readonly Contestant[]) => ({
    params: stack(contestants.map(({ initial }) => initial)),
    state: stack(contestants.map(({ initial }) => optimiser.init(initial))),
    batch: stack(contestants.map(({ batch }) => batch)),
  });
  const example = started(examples);
  const n = examples.length;
  const count = tensor(0, [stepsPerRun]);
  const program = await compile(
    all as (...args: unknown[]) => { params: P; state: Arrays; losses: JaxArray },
    [example.params, example.state, example.batch, tensor(0, [n]), count],
  );
  return {
    async run(contestants, rates, { cap, enough = () => false }) {
      if (contestants.length !== n || rates.length !== n) {
        throw new RangeError(
          `race: ${contestants.length} trainings and ${rates.length} rates, of a program for ${n}.`,
        );
      }
      const found = Array<number | undefined>(n).fill(undefined);
      const gone = Array<boolean>(n).fill(false);
      let losses: number[] = Array(n).fill(NaN);
      const { batch, ...start } = started(contestants);
      let current: TrainingState = start;
      let done = 0;
      const began = performance.now();
      try {
        while (done < cap && !enough(found)) {
          if (found.every((steps, i) => steps !== undefined || gone[i])) break;
          const next = await program.run(
            current.params,
            current.state,
            batch,
            tensor(Float32Array.from(rates)),
            count,
          ) as unknown as TrainingState & { losses: { read(): Promise<Tensor> } };
          const { data } = await next.losses.read();
          disposeTree(current);
          current = { params: next.params, state: next.state };
          for (let k = 0; k < stepsPerRun && done + k < cap; k++) {
            // The loss before step k of this run.
            losses = Array.from({ length: n }, (_, i) => data[i * stepsPerRun + k]);
            losses.forEach((value, i) => {
              if (!Number.isFinite(value)) gone[i] = true;
              if (value <= contestants[i].target && !gone[i]) found[i] ??= done + k;
            });
          }
          done += stepsPerRun;
        }
      } finally {
        disposeTree(current);
      }
      const stepSeconds = (performance.now() - began) / 1000 / Math.max(1, done) / n;
      return { steps: found, losses, stepSeconds };
    },
    close: () => program.close(),
  };
}
