/** @file What the leaderboard compares: a stack for each sequence layer, all of one size, and linear recurrences by themselves. */
import type { Architecture } from "../../../presets.ts";
import type { Part } from "../../../parts.ts";

/** One row of the leaderboard. */
export interface Entry {
  /** Value of the tag `layer`. */
  id: string;
  /** What the table calls it. */
  label: string;
  /** Of lib/layers/sequence, with its options. */
  layer: Part;
  /** Of every other block, where that has another layer. */
  second?: Part;
  /**
   * What theory says of parity at lengths beyond training: a recurrence whose transitions lie in [0, 1], or do not depend on the
   * input, cannot follow it (Grazzi et al., arXiv 2411.12537, theorem 1); others can. Absent where it is not judged.
   */
  parity?: "can" | "cannot";
  /** Learning rates that are tried instead of those of a task, by its id, where a seed diverges at these. */
  rates?: Record<string, readonly number[]>;
  /** Of one block without MLP, instead of a stack with the parameters of the leaderboard. */
  width?: number;
  /** The layer alone between embedding and head, without norms and MLPs; as large as its state makes it. */
  bare?: boolean;
}

/** Parameters between embedding and head: few, and enough for an LSTM of more than 16 cells with its MLP. */
export const parameters = 13_000;
/** Blocks of a stack. */
const blocks = 2;
/** Of the bare layers; their `state` is the one at which they have nearly the parameters of the stacks. */
const bareWidth = 32;

const part = (name: string, options: Part["options"] = {}): Part => ({ name, options });
const heads = { heads: 2 };
const delta = { ...heads, negative: false };
const ranks = { ...heads, mixRank: 4, decayRank: 8 };

/** In the order of the table where nothing is measured: attention, linear maps, linear in the state, nonlinear. */
export const entries: readonly Entry[] = [
  { id: "softmax-attention", label: "softmax attention", layer: part("softmax_attention", heads) },
  {
    id: "linear-attention",
    parity: "cannot",
    label: "linear attention",
    layer: part("linear_attention", heads),
  },
  { id: "lru", parity: "cannot", label: "LRU", layer: part("lru") },
  {
    id: "bare-lru",
    parity: "cannot",
    label: "LRU, bare",
    layer: part("lru", { state: 91 }),
    bare: true,
  },
  {
    id: "dense-recurrence",
    parity: "cannot",
    label: "dense recurrence",
    layer: part("dense_recurrence"),
    // Nothing keeps its state matrix stable: at the rates of the others one of three seeds diverged.
    rates: { recall: [1e-3, 2e-3, 4e-3] },
  },
  {
    id: "bare-dense-recurrence",
    parity: "cannot",
    label: "dense recurrence, bare",
    layer: part("dense_recurrence", { state: 82 }),
    bare: true,
  },
  {
    id: "token-mixing",
    parity: "cannot",
    label: "token mixing",
    layer: part("token_mixing"),
  },
  { id: "mingru", parity: "cannot", label: "minGRU", layer: part("mingru") },
  { id: "mingru-negative", label: "minGRU [-1, 1]", layer: part("mingru_signed") },
  { id: "minlstm", parity: "cannot", label: "minLSTM", layer: part("minlstm") },
  { id: "minlstm-negative", label: "minLSTM [-1, 1]", layer: part("minlstm_signed") },
  { id: "hgrn", parity: "cannot", label: "HGRN", layer: part("hgrn") },
  {
    id: "hgrn-negative",
    label: "HGRN [-1, 1]",
    layer: part("hgrn", { negative: true }),
  },
  {
    id: "local-attention",
    label: "local attention",
    layer: part("local_attention", { ...heads, window: 16 }),
  },
  {
    id: "griffin",
    label: "Griffin: RG-LRU, local attention",
    layer: part("rg_lru"),
    second: part("local_attention", { ...heads, window: 16 }),
  },
  { id: "rg-lru", parity: "cannot", label: "RG-LRU", layer: part("rg_lru") },
  {
    id: "rg-lru-negative",
    label: "RG-LRU [-1, 1]",
    layer: part("rg_lru", { negative: true }),
  },
  { id: "fsmn", parity: "cannot", label: "FSMN", layer: part("fsmn") },
  { id: "rwkv4", parity: "cannot", label: "RWKV-4", layer: part("rwkv4") },
  { id: "aaren", parity: "cannot", label: "Aaren", layer: part("aaren", heads) },
  { id: "dss", parity: "cannot", label: "DSS", layer: part("dss", { state: 8 }) },
  { id: "s4d", parity: "cannot", label: "S4D", layer: part("s4d", { state: 8 }) },
  {
    id: "stable-ssm",
    parity: "cannot",
    label: "StableSSM",
    layer: part("stable_ssm", { state: 8 }),
  },
  { id: "s4", parity: "cannot", label: "S4", layer: part("s4", { state: 4 }) },
  { id: "lssl", parity: "cannot", label: "LSSL", layer: part("lssl", { state: 16 }) },
  { id: "s5", parity: "cannot", label: "S5", layer: part("s5", { state: 16 }) },
  {
    id: "s5-ptd",
    parity: "cannot",
    label: "S5-PTD",
    layer: part("s5_ptd", { state: 16 }),
  },
  {
    id: "stu",
    parity: "cannot",
    label: "STU",
    layer: part("stu", { length: 64, filters: 4 }),
  },
  { id: "retnet", parity: "cannot", label: "RetNet", layer: part("retnet", heads) },
  { id: "supra", parity: "cannot", label: "SUPRA", layer: part("supra", heads) },
  { id: "tnl", parity: "cannot", label: "TNL", layer: part("tnl", heads) },
  {
    id: "tnl-negative",
    parity: "cannot",
    label: "TNL [-1, 1]",
    layer: part("tnl", { ...heads, negative: true }),
  },
  {
    id: "cosformer",
    parity: "cannot",
    label: "cosFormer",
    layer: part("cosformer", heads),
  },
  { id: "gla", parity: "cannot", label: "GLA", layer: part("gla", heads) },
  {
    id: "gla-negative",
    label: "GLA [-1, 1]",
    layer: part("gla_signed", { ...heads, gateNormaliser: 1 }),
  },
  { id: "hgrn2", parity: "cannot", label: "HGRN2", layer: part("hgrn2", heads) },
  {
    id: "hgrn2-negative",
    label: "HGRN2 [-1, 1]",
    layer: part("hgrn2_signed", heads),
  },
  {
    id: "mlstm",
    parity: "cannot",
    label: "mLSTM",
    layer: part("mlstm", heads),
    rates: { filtering: [1e-3, 3e-3, 1e-2], "parity-at-end": [1e-3, 3e-3] },
  },
  {
    id: "mlstm-negative",
    label: "mLSTM [-1, 1]",
    layer: part("mlstm", { ...heads, negative: true }),
    rates: { forecasting: [5e-4, 2e-3, 8e-3] },
  },
  { id: "rwkv6", parity: "cannot", label: "RWKV-6", layer: part("rwkv6", ranks) },
  {
    id: "rwkv6-negative",
    label: "RWKV-6 [-1, 1]",
    layer: part("rwkv6", { ...ranks, negative: true }),
  },
  { id: "gateloop", label: "GateLoop", layer: part("gateloop") },
  {
    id: "gateloop-real",
    label: "GateLoop (-1, 1)",
    layer: part("gateloop", { complex: false }),
  },
  {
    id: "log-linear",
    parity: "cannot",
    label: "log-linear attention",
    layer: part("log_linear", { ...heads, levels: 9 }),
  },
  { id: "hla", parity: "cannot", label: "HLA", layer: part("hla", heads) },
  {
    id: "regular-lrnn",
    label: "RegularLRNN",
    layer: part("regular_lrnn", { block: 2 }),
  },
  { id: "slice", label: "SLiCE", layer: part("slice", { block: 2 }) },
  { id: "plstm", label: "pLSTM", layer: part("plstm", { heads: 1 }) },
  {
    id: "warp",
    label: "WARP",
    layer: part("warp"),
    // Nothing bounds its transition either.
    rates: { filtering: [3e-4, 1e-3, 3e-3], recall: [2.5e-4, 5e-4, 1e-3] },
  },
  { id: "mesa", parity: "cannot", label: "Mesa", layer: part("mesa", heads) },
  { id: "deltanet", parity: "cannot", label: "DeltaNet", layer: part("deltanet", delta) },
  {
    id: "deltanet-negative",
    parity: "can",
    label: "DeltaNet [-1, 1]",
    layer: part("deltanet", { ...delta, negative: true }),
  },
  {
    id: "gated-deltanet",
    parity: "cannot",
    label: "Gated DeltaNet",
    layer: part("gated_deltanet", delta),
  },
  {
    id: "gated-deltanet-negative",
    label: "Gated DeltaNet [-1, 1]",
    layer: part("gated_deltanet", { ...delta, negative: true }),
  },
  { id: "kda", parity: "cannot", label: "KDA", layer: part("kda", delta) },
  {
    id: "kda-negative",
    label: "KDA [-1, 1]",
    layer: part("kda", { ...delta, negative: true }),
  },
  {
    id: "deltaproduct",
    label: "DeltaProduct, factors in [0, 1]",
    layer: part("deltaproduct", delta),
  },
  {
    id: "deltaproduct-negative",
    label: "DeltaProduct",
    layer: part("deltaproduct", { ...delta, negative: true }),
  },
  { id: "rwkv7", label: "RWKV-7", layer: part("rwkv7", { ...heads, rank: 8 }) },
  {
    id: "mamba",
    parity: "cannot",
    label: "Mamba",
    layer: part("mamba", { state: 8 }),
  },
  {
    id: "mamba-negative",
    label: "Mamba [-1, 1]",
    layer: part("mamba", { state: 8, negative: true }),
  },
  {
    id: "mamba2",
    parity: "cannot",
    label: "Mamba-2",
    layer: part("mamba2", { headWidth: 16, state: 16 }),
  },
  {
    id: "mamba2-negative",
    label: "Mamba-2 [-1, 1]",
    layer: part("mamba2_signed", { headWidth: 16, state: 16 }),
  },
  { id: "lstm", parity: "can", label: "LSTM", layer: part("lstm") },
  { id: "gru", label: "GRU", layer: part("gru") },
  { id: "e1", label: "E1", layer: part("e1") },
  {
    id: "deep-reservoir",
    label: "deep reservoir",
    layer: part("deep_reservoir", { state: 32 }),
  },
  {
    id: "reservoir-memory",
    label: "residual reservoir memory",
    layer: part("reservoir_memory", { state: 64, memory: 32 }),
  },
  { id: "newton-gru", label: "diagonal GRU", layer: part("newton_gru") },
  { id: "low-rank-gru", label: "low-rank GRU", layer: part("low_rank_gru") },
  { id: "iclrnn", label: "ICLRNN", layer: part("iclrnn") },
  { id: "trellisnet", label: "TrellisNet", layer: part("trellisnet") },
  {
    id: "block-recurrent",
    label: "block-recurrent Transformer",
    layer: part("block_recurrent", { ...heads, block: 16 }),
  },
  { id: "e1-gated-state", label: "E1, gated state", layer: part("e1_lean") },
  { id: "e10", label: "E10", layer: part("e10", { banks: 2 }) },
  { id: "bilinear", label: "bilinear RNN", layer: part("bilinear", { block: 2 }) },
  { id: "srwm", label: "SRWM", layer: part("srwm", heads) },
  { id: "lattice", label: "Lattice", layer: part("lattice", heads) },
  { id: "fixed-point", label: "FixedPointRNN", layer: part("fixed_point") },
  { id: "monoid", label: "learned monoid", layer: part("monoid", { levels: 9 }) },
  { id: "slstm", label: "sLSTM", layer: part("slstm") },
  { id: "lem", label: "LEM", layer: part("lem") },
  { id: "cfc", label: "CfC", layer: part("cfc") },
  { id: "ltc", label: "LTC", layer: part("ltc") },
  { id: "scrn", label: "SCRN", layer: part("scrn") },
  { id: "alrnn", label: "ALRNN", layer: part("alrnn") },
  {
    id: "shallow-plrnn",
    label: "shallow PLRNN",
    layer: part("shallow_plrnn"),
    rates: { parity: [1e-3, 2.5e-3, 5e-3] },
  },
  { id: "rnn-of-rnns", label: "RNN of RNNs", layer: part("rnn_of_rnns") },
];

/** The entry of that name, or of a layer that nobody listed, with its default options. */
export function entryOf(id: string): Entry {
  return entries.find((entry) => entry.id === id) ?? { id, label: id, layer: part(id) };
}

/** The model of an entry. @param ends options of the stack's ends, such as `patch`. */
export function architectureOf(
  { layer, second = layer, bare, width }: Entry,
  ends: Part["options"],
): Architecture {
  const options = bare
    ? { block: "bare", width: bareWidth }
    : width === undefined
    ? { block: "residual", parameters }
    : { block: "residual", mlp: false, width };
  return {
    model: { name: "stack", options: { ...options, ...ends } },
    layers: Array.from(
      { length: bare || width !== undefined ? 1 : blocks },
      (_, i) => i % 2 === 0 ? layer : second,
    ),
  };
}
