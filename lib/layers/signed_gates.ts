/**
 * @file Layers whose memory is multiplied by gates in (0, 1), made to multiply it by 2 gate - 1, in (-1, 1), with the same parameters (Grazzi et
 * al., arXiv 2411.12537, section 4.2): what is written stays as it was.
 */
import { numpy as np } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import { type GatedTokens, leastLogGate } from "./gated_memory.ts";
import { lowRankMemory, lowRankToken, type LowRankTokens } from "./low_rank_memory.ts";
import { freshState } from "./sequence/forms.ts";
import type { About, SequenceLayer } from "./sequence/sequence_layer.ts";

/** Of factors: the logarithm of their size, not below {@linkcode leastLogGate}, and 1 where they are below zero, else 0. */
export function signed(factor: JaxArray): { logSize: JaxArray; reverses: JaxArray } {
  const reverses = factor.ref.less(0).astype(factor.dtype);
  const size = np.maximum(np.abs(factor), Math.exp(leastLogGate));
  return { logSize: np.log(size), reverses };
}

/** Options are those of another layer, and refused under this one's name. */
export function renamedOptions<Config>(
  configure: (options: unknown, width: number) => Config,
  from: string,
  to: string,
): (options: unknown, width: number) => Config {
  return (options, width) => {
    try {
      return configure(options, width);
    } catch (error) {
      (error as Error).message = (error as Error).message.replace(
        `${from} options: `,
        `${to} options: `,
      );
      throw error;
    }
  };
}

/** Of a layer with a gate for every number of a key. @param names its file, and that of the layer with signs */
export function withSigns<Config, Params extends Arrays>(
  base: SequenceLayer<Config, Params, JaxArray, GatedTokens, JaxArray>,
  names: { from: string; to: string },
  about: About,
): SequenceLayer<Config, Params, JaxArray, LowRankTokens, JaxArray> {
  const inputs = (config: Config, params: Params, x: JaxArray): LowRankTokens => {
    const { logGate, ...tokens } = base.inputs!(config, params, x);
    const { logSize, reverses } = signed(np.exp(logGate).mul(2).sub(1));
    return { ...tokens, logGate: logSize, reverses };
  };
  const layer: SequenceLayer<Config, Params, JaxArray, LowRankTokens, JaxArray> = {
    about,
    configure: renamedOptions(base.configure, names.from, names.to),
    init: base.init,
    initialState: base.initialState,
    inputs,
    cell: (_config, _params, memory, token) => lowRankToken(memory, token),
    outputs: base.outputs!,
    parallel(config, params, x, state) {
      const [batch, length] = x.shape;
      state ??= freshState(layer, config, batch, length, x.dtype);
      const [last, mixed] = lowRankMemory(inputs(config, params, x.ref), state);
      return [last, base.outputs!(config, params, mixed, x)];
    },
  };
  return layer;
}
