/** @file A diagonal linear recurrence (LRU) learns to filter a small linear system; its loss is exact, from its own impulse response. */
import { layer as lru } from "../../../lib/layers/sequence/lru.ts";
import { asSequenceModel } from "../../../lib/models/model.ts";
import { model as stack } from "../../../lib/models/stack.ts";
import { expectedExcess, type Kalman } from "../../../lib/ssm/mod.ts";
import { closedForm as steadyState } from "../../../lib/tasks/filtering/closed_forms/steady_state.ts";
import { task as filteringTask } from "../../../lib/tasks/filtering/filtering.ts";
import { type Tensor, tensor, type Tree } from "../../../lib/tensor/tensor.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { learning } from "../../../lib/train/learning.ts";
import { eigenvaluesOf } from "./eigenvalues.ts";
import type { Complex, Lesson, Moment, Question } from "./training.ts";

/** Small enough to be trained while somebody looks on. */
const SIZES = { latentDim: 4, obsDim: 1, length: 64 } as const;
const [STATES, BATCH] = [4, 32];
/** Steps between two moments. */
const EVERY = 2;

/** @throws {Error} for a value that is not allowed */
export function filterLearning({ lambda, seed }: Pick<Question, "lambda" | "seed">): Lesson {
  const task = filteringTask.configure({ ...SIZES, lambda });
  const model = asSequenceModel(stack.configure({ block: "bare" }, {
    signature: task.signature,
    layers: [{ name: "lru", layer: lru, options: { state: STATES } }],
  }));
  const filter = task.filterOf(seed);
  const states = { "blocks.0.layer.b": tensor(0, [SIZES.latentDim, SIZES.obsDim]) };
  const nothing = { shape: [1, SIZES.obsDim, SIZES.obsDim], data: [0] };
  const seeds = [{ instance: seed, initialisation: seed, data: seed + 1 }];
  return {
    start: {
      floor: expectedExcess(filter, nothing),
      optimum: upper(eigenvaluesOf(steadyState.solve(task, seed, states)["blocks.0.layer.a"])),
      trails: true,
    },
    learning: learning(task, model, seeds, BATCH),
    every: EVERY,
    momentOf: (params, step) => momentOf(filter, params, step),
  };
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
    ...{ step, loss: expectedExcess(filter, responseOf(own, eigenvalues)) },
    eigenvalues: [eigenvalues.map(([re, im]): Complex => [re, Math.abs(im)])],
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

/** Those of the upper half plane, by their angle. */
function upper(all: readonly Complex[]): Complex[] {
  return all.filter(([, im]) => im >= -1e-9)
    .sort((a, b) => Math.atan2(a[1], a[0]) - Math.atan2(b[1], b[0]));
}
