/**
 * @file What the page on training computes: a diagonal linear recurrence (LRU) learns to filter a small linear system, by the library's
 * own training, and after every few steps its exact loss and its eigenvalues are told.
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Compile } from "../../../lib/engine/types.ts";
import { layer as lru } from "../../../lib/layers/sequence/lru.ts";
import { asSequenceModel } from "../../../lib/models/model.ts";
import { model as stack } from "../../../lib/models/stack.ts";
import { expectedExcess, type Kalman } from "../../../lib/ssm/mod.ts";
import { closedForm as steadyState } from "../../../lib/tasks/filtering/closed_forms/steady_state.ts";
import { task as filteringTask } from "../../../lib/tasks/filtering/filtering.ts";
import { type Tensor, tensor, type Tree } from "../../../lib/tensor/tensor.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { learning } from "../../../lib/train/learning.ts";
import { train } from "../../../lib/train/trainer.ts";

/** What is asked. */
export interface Question {
  /** Largest magnitude of an eigenvalue of the system, in (0, 1). */
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
  /** Exact expected loss over the Kalman filter's, minus 1. */
  excess: number;
  /** Of the recurrence, each in its place; mirrored into the upper half plane, since a real output has both. */
  eigenvalues: Complex[];
}

/** What is said before the first step, and then after every few. */
export type Part = {
  /** Eigenvalues of the steady-state Kalman filter, upper half plane. */
  filter: Complex[];
  /** Excess loss of predicting zero. */
  zero: number;
} | Moment;

/** Small enough to be trained while somebody looks on. */
const SIZES = { latentDim: 4, obsDim: 1, length: 64 } as const;
const [STATES, BATCH] = [4, 32];
/** Steps between two moments. */
const EVERY = 2;
const WARMUP = 20;

/** @returns the last moment @throws {Error} where it diverges, or a value is not allowed */
export async function trainOnce(
  { lambda, seed, steps, rate }: Question,
  compile: Compile,
  say: (part: Part) => void,
): Promise<Moment> {
  const task = filteringTask.configure({ ...SIZES, lambda });
  const model = asSequenceModel(stack.configure({ block: "bare" }, {
    signature: task.signature,
    layers: [{ name: "lru", layer: lru, options: { state: STATES } }],
  }));
  const filter = task.filterOf(seed);
  const states = { "blocks.0.layer.b": tensor(0, [SIZES.latentDim, SIZES.obsDim]) };
  const nothing = { shape: [1, SIZES.obsDim, SIZES.obsDim], data: [0] };
  say({
    filter: upper(eigenvaluesOf(steadyState.solve(task, seed, states)["blocks.0.layer.a"])),
    zero: expectedExcess(filter, nothing),
  });
  let last: Moment | undefined;
  const seeds = [{ instance: seed, initialisation: seed, data: seed + 1 }];
  const { compileStep, nextBatch } = learning(task, model, seeds, BATCH);
  await train(
    (example) => compileStep(example, { compile, optimiser: { clipNorm: 1 } }),
    nextBatch,
    {
      schedule: { peak: rate, steps, warmup: Math.min(WARMUP, steps), floor: 0.05 },
      measure: {
        every: EVERY,
        run(params, step) {
          last = momentOf(filter, params, step);
          say(last);
          return false;
        },
      },
    },
  );
  return last!;
}

function momentOf(filter: Kalman, params: Tree<Tensor>, step: number): Moment {
  const own = Object.fromEntries(
    Object.entries(flatten(params)).map(([name, { data }]) => [name.replace(/^.*\./, ""), data]),
  );
  const eigenvalues = Array.from(own.nu, (nu, i): Complex => {
    const [size, angle] = [Math.exp(-Math.exp(nu)), own.theta[i]];
    return [size * Math.cos(angle), size * Math.sin(angle)];
  });
  return {
    ...{ step, excess: expectedExcess(filter, responseOf(own, eigenvalues)) },
    eigenvalues: eigenvalues.map(([re, im]): Complex => [re, Math.abs(im)]),
  };
}

/** W_k = Re(C lambda^k exp(gamma) B), and D besides for the newest: what an observation k steps back adds to the prediction; one channel. */
function responseOf(
  { gamma, bRe, bIm, c, d }: Record<string, ArrayLike<number>>,
  eigenvalues: readonly Complex[],
) {
  const data = new Float64Array(SIZES.length);
  data[0] = d[0];
  for (const [i, [re, im]] of eigenvalues.entries()) {
    const scale = Math.exp(gamma[i]);
    let [x, y] = [scale * bRe[i], scale * bIm[i]];
    for (let k = 0; k < data.length; k++) {
      data[k] += c[i] * x + c[STATES + i] * y;
      [x, y] = [re * x - im * y, re * y + im * x];
    }
  }
  return { shape: [data.length, 1, 1], data };
}

function eigenvaluesOf({ shape: [n], data }: Tensor): Complex[] {
  const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(
    Matrix.from1DArray(n, n, [...data]),
  );
  return realEigenvalues.map((re, i): Complex => [re, imaginaryEigenvalues[i]]);
}

/** Those of the upper half plane, by their angle. */
function upper(all: readonly Complex[]): Complex[] {
  return all.filter(([, im]) => im >= -1e-9)
    .sort((a, b) => Math.atan2(a[1], a[0]) - Math.atan2(b[1], b[0]));
}
