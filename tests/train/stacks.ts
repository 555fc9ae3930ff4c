/** @file Small stacks of sequence layers, as jobs name them. */
import type { SequenceLayer } from "../../lib/layers/sequence/sequence_layer.ts";
import { layer as denseRecurrence } from "../../lib/layers/sequence/dense_recurrence.ts";
import { layer as lru } from "../../lib/layers/sequence/lru.ts";
import { layer as lstm } from "../../lib/layers/sequence/lstm.ts";
import { layer as softmaxAttention } from "../../lib/layers/sequence/softmax_attention.ts";
import type { Model, SequenceModel, Signature } from "../../lib/models/model.ts";
import { model as stack } from "../../lib/models/stack.ts";

const layers = { denseRecurrence, lru, lstm, softmaxAttention };

/** Layers from input to output, each by its name and options. */
export type Layers = readonly (readonly [keyof typeof layers, object?])[];

export function stackOf(options: object, chosen: Layers, signature: Signature): Model {
  return stack.configure(options, {
    signature,
    layers: chosen.map(([name, options = {}]) => {
      return { name, layer: layers[name] as unknown as SequenceLayer, options };
    }),
  });
}

/** Of a series of some channels. */
export function seriesStack(options: object, chosen: Layers, channels: number): SequenceModel {
  return stackOf(options, chosen, { kind: "series", channels }) as SequenceModel;
}
