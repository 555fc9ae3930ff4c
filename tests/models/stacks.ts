/** @file Stacks of sequence layers for tests, by the names of their layers. */
import type { Tensor, Tree } from "../../lib/tensor/tensor.ts";
import { mapTensors } from "../../lib/tensor/trees.ts";
import { layer as denseRecurrence } from "../../lib/layers/sequence/dense_recurrence.ts";
import { layer as gru } from "../../lib/layers/sequence/gru.ts";
import { layer as linearAttention } from "../../lib/layers/sequence/linear_attention.ts";
import { layer as lru } from "../../lib/layers/sequence/lru.ts";
import { layer as lstm } from "../../lib/layers/sequence/lstm.ts";
import type { SequenceLayer } from "../../lib/layers/sequence/sequence_layer.ts";
import { layer as softmaxAttention } from "../../lib/layers/sequence/softmax_attention.ts";
import {
  asSequenceModel,
  type Model,
  type SequenceModel,
  type Signature,
} from "../../lib/models/model.ts";
import { model as stack } from "../../lib/models/stack.ts";
import { toHost } from "../../lib/train/host.ts";
import { generator, randomTensor } from "../engine/oracle.ts";

const layers: Record<string, SequenceLayer> = {
  dense_recurrence: denseRecurrence,
  gru,
  linear_attention: linearAttention,
  lru,
  lstm,
  softmax_attention: softmaxAttention,
};
export type Named = readonly [name: string, options?: object];

export function stackOf(named: readonly Named[], options: object, signature: Signature): Model {
  const choices = named.map(([name, options = {}]) => ({ name, layer: layers[name], options }));
  return stack.configure(options, { signature, layers: choices });
}

/** As {@linkcode stackOf}, for a signature whose models go token by token. */
export function sequenceStack(
  named: readonly Named[],
  options: object,
  signature: Signature,
): SequenceModel {
  return asSequenceModel(stackOf(named, options, signature));
}

/** A model with parameters that hide nothing. */
export interface Made {
  readonly model: SequenceModel;
  readonly params: Tree<Tensor>;
  readonly channels: number;
}

/** Fresh parameters, and every one of them moved, so that nothing is hidden behind a zero or a one. */
export function shakenParameters(model: Model, seed = 3): Tree<Tensor> {
  const random = generator(seed);
  return mapTensors(toHost(model.init(7)), (leaf) => {
    // Less in large matrices, where it would make recurrences unstable.
    const size = 0.4 / Math.sqrt(leaf.shape.length > 1 ? leaf.shape.at(-2)! : 1);
    const noise = randomTensor(random, leaf.shape, { low: -size, high: size });
    return { ...leaf, data: Float32Array.from(leaf.data, (x, i) => x + noise.data[i]) };
  });
}

export function made(
  named: readonly Named[],
  options: object,
  channels: number,
  statistics?: { mean: number[]; variance: number[] },
): Made {
  const model = sequenceStack(named, options, { kind: "series", channels, statistics });
  return { model, params: shakenParameters(model), channels };
}

const heads: Named = ["softmax_attention", { heads: 2 }];
const linearHeads: Named = ["linear_attention", { heads: 2 }];
const small: Named = ["lru", { state: 4 }];

/** The models that there were before layers could be mixed, and mixtures: the layers, and the options without the ends'. */
export const stacks: Record<string, [named: Named[], options: object]> = {
  "Transformer": [[heads, heads], { width: 12 }],
  "Transformer without MLP": [[heads, heads], { width: 8, mlp: false }],
  "linear Transformer": [[linearHeads, linearHeads], { width: 12 }],
  "one LSTM": [[["lstm"]], { block: "bare", width: 5 }],
  "three LSTMs": [[["lstm"], ["lstm"], ["lstm"]], { block: "bare", width: 4 }],
  "GRUs with MLP": [[["gru"], ["gru"]], { width: 5 }],
  "LRU": [[small], { block: "bare" }],
  "dense recurrence": [[["dense_recurrence", { state: 5 }]], { block: "bare" }],
  "two bare linear layers": [[small, ["dense_recurrence", { state: 3 }]], { block: "bare" }],
  "attention, LRU, LSTM": [[heads, small, ["lstm"]], { width: 8 }],
  "LRU, linear attention, without MLP": [[small, linearHeads], { width: 4, mlp: false }],
  "bare hybrid": [[["gru"], heads, small], { block: "bare", width: 4 }],
};
