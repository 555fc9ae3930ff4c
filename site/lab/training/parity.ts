/**
 * @file A recurrence learns parity: after each bit whether the number of ones so far is odd. A one has to turn the state around and a
 * zero has to leave it, which no transition with positive eigenvalues does (Grazzi et al., arXiv 2411.12537, theorem 1).
 */
import { layer as deltanet } from "../../../lib/layers/sequence/deltanet.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
import { model as stack } from "../../../lib/models/stack.ts";
import { task as parity } from "../../../lib/tasks/parity/parity.ts";
import type { Tensor, Tree } from "../../../lib/tensor/tensor.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { learning } from "../../../lib/train/learning.ts";
import { runnerOf } from "../../../lib/train/runner.ts";
import { eigenvaluesOf, lstmStep } from "./eigenvalues.ts";
import type { Complex, Lesson } from "./training.ts";

/** What can learn it here. */
export type Learner = "deltanet-negative" | "deltanet" | "lstm";

/** Every position is asked, so short sequences come first in each: the beginning of a long one is one. */
const [SHORTEST, LONGEST] = [2, 12];
const [WIDTH, BATCH] = [8, 32];
/** Of the sequences that what was learned is tried on. */
const [TRIED, LENGTH] = [64, 64];
const EVERY = 1;
/** Key of the sequences that it is tried on; those of a training are drawn from keys that are folded from its own. */
const TEST = 0;

interface Choice {
  layer: { name: string; layer: typeof deltanet | typeof lstm; options: object };
  trails: boolean;
  eigenvalues(params: Record<string, Tensor>): Complex[][];
}

const CHOICES: Record<Learner, Choice> = {
  "deltanet-negative": delta(true),
  deltanet: delta(false),
  lstm: {
    layer: { name: "lstm", layer: lstm, options: {} },
    // They come in no order.
    trails: false,
    eigenvalues: ofLstm,
  },
};

/** I - beta k k' has 1 - beta along the key, and 1 across it. */
function delta(negative: boolean): Choice {
  return {
    layer: { name: "deltanet", layer: deltanet, options: { heads: 1, conv: 0, negative } },
    trails: true,
    eigenvalues: (params) =>
      [0, 1].map((symbol) => {
        const token = tokenOf(params, symbol);
        const { data } = params.beta;
        const rate = token.reduce((sum, x, i) => sum + x * data[i], 0);
        return [[1 - (negative ? 2 : 1) / (1 + Math.exp(-rate)), 0], [1, 0]];
      }),
  };
}

/** Of its derivative where it stands after some symbols, by the one that comes next. */
function ofLstm(params: Record<string, Tensor>): Complex[][] {
  const inputs = [0, 1].map((symbol) => {
    const token = tokenOf(params, symbol);
    const { weight, bias } = params;
    return Float64Array.from(
      bias.data,
      (b, k) => token.reduce((sum, x, i) => sum + x * weight.data[i * 4 * WIDTH + k], b),
    );
  });
  let state = { h: new Float64Array(WIDTH), c: new Float64Array(WIDTH) };
  // As many ones as zeros, in no period.
  for (const symbol of [0, 1, 1, 0, 1, 0, 0, 1]) {
    state = lstmStep(inputs[symbol], params.recurrent.data, state).next;
  }
  return inputs.map((input) =>
    eigenvaluesOf(lstmStep(input, params.recurrent.data, state).derivative)
      .map(([re, im]): Complex => [re, Math.abs(im)])
  );
}

/** What the layer sees of a symbol, see lib/models/ends/tokens.ts. */
function tokenOf({ embed }: Record<string, Tensor>, symbol: number): number[] {
  return Array.from({ length: WIDTH }, (_, i) => embed.data[symbol * WIDTH + i] * Math.sqrt(WIDTH));
}

/** Tensors by the ends of their names; the head's are nobody's business here. */
function own(params: Tree<Tensor>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(flatten(params)).filter(([name]) => !name.includes("head"))
      .map(([name, tensor]) => [name.replace(/^.*\./, ""), tensor]),
  );
}

export function parityLearning(learner: Learner, seed: number): Lesson {
  const { layer, trails, eigenvalues } = CHOICES[learner];
  const task = parity.configure({ minimum: SHORTEST, maximum: LONGEST, length: LENGTH });
  const model = stack.configure({ block: "bare", width: WIDTH }, {
    signature: task.signature,
    layers: [layer],
  });
  return {
    start: { floor: Math.LN2, optimum: [], trails },
    learning: learning(
      task,
      model,
      [{ instance: 0, initialisation: seed, data: seed + 1 }],
      BATCH,
    ),
    every: EVERY,
    // A head of zeros says that both are as likely.
    momentOf: (params, step, loss = Math.LN2) => ({
      ...{ step, loss, eigenvalues: eigenvalues(own(params)) },
    }),
    async end({ params }, compile) {
      const runner = runnerOf(model, params, { compile, batch: TRIED });
      try {
        const [from, to] = [LONGEST + 1, LENGTH];
        const protocol = parity.protocol({ from, length: to });
        const data = { tensors: task.generate!(0, TEST, TRIED) };
        const { loss } = await task.evaluate(runner, 0, data, protocol);
        return { right: 1 - loss, from, to };
      } finally {
        await runner.close();
      }
    },
  };
}
