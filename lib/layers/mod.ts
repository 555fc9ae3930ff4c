/** @file Sequence layers and what their types speak of, for those who import the library. The pipeline names files instead. */
export type { AttentionConfig, AttentionParams, Projected } from "./attention_projections.ts";
export type { LinearParams } from "./linear.ts";
export {
  type Config as DenseRecurrenceConfig,
  layer as denseRecurrence,
  type Params as DenseRecurrenceParams,
} from "./sequence/dense_recurrence.ts";
export {
  type Config as DeltaNetConfig,
  type Input as DeltaNetInput,
  layer as deltaNet,
  type Params as DeltaNetParams,
  type State as DeltaNetState,
} from "./sequence/deltanet.ts";
export type { ShortConvolution } from "./short_convolution.ts";
export { type Config as E1Config, layer as e1, type Params as E1Params } from "./sequence/e1.ts";
/** A layer over a whole sequence, in its own parallel form or as a loop, and one token at a time. */
export * as forms from "./sequence/forms.ts";
export type { GatedTokens } from "./gated_memory.ts";
export {
  type Config as GlaConfig,
  layer as gla,
  type Params as GlaParams,
} from "./sequence/gla.ts";
export {
  type Config as GruConfig,
  layer as gru,
  type Params as GruParams,
} from "./sequence/gru.ts";
export {
  layer as linearAttention,
  type State as LinearAttentionState,
} from "./sequence/linear_attention.ts";
export {
  type Complex as LruState,
  type Config as LruConfig,
  layer as lru,
  type Params as LruParams,
} from "./sequence/lru.ts";
export {
  type Config as LstmConfig,
  layer as lstm,
  type Params as LstmParams,
  type State as LstmState,
} from "./sequence/lstm.ts";
export {
  type Config as Mamba2Config,
  type Input as Mamba2Input,
  layer as mamba2,
  type Params as Mamba2Params,
  type State as Mamba2State,
} from "./sequence/mamba2.ts";
export {
  type Config as MinGruConfig,
  type Input as MinGruInput,
  layer as minGru,
  type Params as MinGruParams,
} from "./sequence/mingru.ts";
export type { About as LayerAbout, SequenceLayer } from "./sequence/sequence_layer.ts";
export {
  layer as softmaxAttention,
  type State as SoftmaxAttentionState,
} from "./sequence/softmax_attention.ts";
