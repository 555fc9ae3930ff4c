/** @file Mamba-2 whose heads' factors also reverse their memory. */
import { nn, numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { inChunks } from "../chunks.ts";
import { headMemory, headToken, type HeadTokens } from "../head_memory.ts";
import { convolve, convolveToken } from "../short_convolution.ts";
import { renamedOptions, signed } from "../signed_gates.ts";
import { freshState } from "./forms.ts";
import { type Config, type Input, layer as mamba2, type Params, type State } from "./mamba2.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** What the heads read and write, of tokens after the convolution, [..., I + 2 N]; and the skip of every inner channel, [..., I/P, P]. */
function headsOf(
  { headWidth, state }: Config,
  { rate, skip }: Params,
  active: JaxArray,
  step: JaxArray,
): { tokens: HeadTokens; direct: JaxArray } {
  const [heads] = rate.shape;
  const inner = heads * headWidth;
  const lead = step.shape.slice(0, -1);
  const [x, b, c] = np.split(active, [inner, inner + state], -1);
  const values = x.reshape([...lead, heads, headWidth]);
  const shared = (x: JaxArray) =>
    np.broadcastTo(x.reshape([...lead, 1, state]), [...lead, heads, state]);
  const decay = np.exp(step.ref.mul(np.exp(rate)).neg());
  const { logSize, reverses } = signed(decay.mul(2).sub(1));
  const tokens = {
    query: shared(c),
    key: shared(b),
    value: values.ref.mul(step.reshape([...lead, heads, 1])),
    logDecay: logSize,
    reverses,
  };
  return { tokens, direct: values.mul(skip.reshape([heads, 1])) };
}

/** S_t = (2 exp(step A) - 1) S_{t-1} + step B x' for every head. Options as Mamba-2's. */
export const layer: SequenceLayer<Config, Params, State, Input, JaxArray> = {
  about: {
    name: "Mamba-2 [-1, 1]",
    paper: "Dao & Gu, arXiv 2405.21060, eq. 1; signs as in Grazzi et al., arXiv 2411.12537",
    kind: "linear in the state",
    eigenvalues: "(-1, 1)",
  },

  configure: renamedOptions(mamba2.configure, "mamba2", "mamba2_signed"),
  init: mamba2.init,
  initialState: mamba2.initialState,
  inputs: mamba2.inputs!,

  cell(config, params, { memory, window }, { mixed, step }) {
    const [next, active] = params.convolution
      ? convolveToken(params.convolution, window!, mixed)
      : [undefined, nn.silu(mixed)];
    const { tokens, direct } = headsOf(config, params, active, step);
    const [now, read] = headToken(tokens, memory);
    const shown = read.add(direct).reshape([memory.shape[0], -1]);
    return [next ? { memory: now, window: next } : { memory: now }, shown];
  },

  outputs: mamba2.outputs!,

  parallel: (config, params, x, state) =>
    inChunks(
      (params, state, x) => chunk(config, params, state, x),
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};

/** Tokens of a chunk. */
const chunkLength = 32;

/** Some tokens x [B, C, d] at once. */
function chunk(config: Config, params: Params, state: State, x: JaxArray): [State, JaxArray] {
  const [batch, length] = x.shape;
  const { mixed, step } = mamba2.inputs!(config, params, x.ref);
  const [window, active] = params.convolution
    ? convolve(params.convolution, state.window!, mixed)
    : [undefined, nn.silu(mixed)];
  const { tokens, direct } = headsOf(config, params, active, step);
  const [memory, read] = headMemory(tokens, state.memory);
  const shown = read.add(direct).reshape([batch, length, -1]);
  const y = mamba2.outputs!(config, params, shown, x);
  return [window ? { memory, window } : { memory }, y];
}
