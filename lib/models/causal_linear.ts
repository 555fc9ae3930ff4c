/**
 * @file A causal linear map of the last k tokens, p_t = sum_{j<k} W_j u_{t-j}, with u = 0 before the first: the simplest
 * forecaster there is, and with k large enough one that contains every time-invariant linear filter.
 *
 * It is trained like any other model, or found in closed form as the map of least expected loss on a known system
 * (lib/tasks/filtering/closed_forms/best_causal_map.ts).
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { causalConvolution } from "../layers/causal_convolution.ts";
import { readOptions } from "../options.ts";
import { tensor } from "../tensor/tensor.ts";
import { ends as patches, type PatchState } from "./ends/patches.ts";
import type { ModelModule, SequenceModel } from "./model.ts";

/** W [taps, out, in], the newest token first. */
export type CausalLinearParams = { kernel: JaxArray };
/** The last `taps` tokens, newest first, [B, taps, in], and what the ends carry. */
export type CausalLinearState = { ends: PatchState; recent: JaxArray };

/**
 * Options: `patch` (observations in a token, 1) and `taps` (k, 64). For observed series; it takes no layers. Signals are not
 * embedded: a token is the patch itself, so the model is linear in the observations.
 */
export const model: ModelModule<SequenceModel<CausalLinearParams, CausalLinearState>> = {
  configure(options, { signature, layers }) {
    const schema = z.strictObject({
      patch: z.number().int().min(1).max(32).default(1),
      /** k, tokens that the map sees. */
      taps: z.number().int().min(1).default(64),
    });
    const { patch, taps } = readOptions("causal_linear", schema, options);
    if (signature.kind !== "series") {
      throw new TypeError(
        `causal_linear: a task of ${signature.kind}; it reads observed series, choose another model`,
      );
    }
    if (layers.length > 0) {
      throw new RangeError(
        `causal_linear: ${layers.length} layers; it is no stack of layers, leave them out`,
      );
    }
    const ends = patches({ patch, norm: "fixed" }, signature);
    const { width } = ends;
    return {
      patch,
      /** Zero: the loss is a quadratic bowl, so nothing has to be broken by chance. */
      init: () => ({ kernel: np.zeros([taps, width, width]) }),
      apply({ kernel }, y) {
        const { tokens, leave } = ends.enter({}, y);
        return leave(causalConvolution(kernel, tokens));
      },
      initialState: (batch) => ({
        ends: ends.step.initialState(batch),
        recent: tensor(0, [batch, taps, width]),
      }),
      step({ kernel }, state, y, observed) {
        const [before, { tokens, leave }] = ends.step.enter({}, state.ends, y, observed);
        const newest = tokens.reshape([tokens.shape[0], 1, width]);
        const recent = taps === 1
          ? newest
          : np.concatenate([newest, state.recent.slice([], [0, taps - 1])], 1);
        const out = np.einsum("koi,bki->bo", kernel, recent.ref);
        return [{ ends: before, recent }, leave(out)];
      },
    };
  },
};
