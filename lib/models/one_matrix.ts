/**
 * @file A language model that is one matrix, on the engine: logits_t = sum_{k < K} w_k Q[x_{t-k}], a sum of as many rows of Q as it looks
 * back. Every linear mixer with weights by distance, and every stack of them (mixer_stack.ts), is one; collapsed_mixer.ts is the same
 * in float64 with weights by position.
 */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { overSequence } from "../layers/sequence/forms.ts";
import { layer as mixing } from "../layers/sequence/token_mixing.ts";
import { readOptions } from "../options.ts";
import { tensor } from "../tensor/tensor.ts";
import { keysFor } from "./keys.ts";
import type { ModelModule, SequenceModel } from "./model.ts";

/** Q [V (token read), V], and w [K], of the newest token first. */
export type OneMatrixParams = { matrix: JaxArray; weight: JaxArray };
/** The last symbols int32 [B, K], newest first, and which of them there are: ones and zeros [B, K]. */
export type OneMatrixState = { symbols: JaxArray; there: JaxArray };

/** Option: `taps` K. For symbols; it takes no layers. */
export const model: ModelModule<SequenceModel<OneMatrixParams, OneMatrixState>> = {
  configure(options, { signature, layers }) {
    const schema = z.strictObject({ taps: z.number().int().min(1) });
    const { taps } = readOptions("one_matrix", schema, options);
    if (signature.kind !== "tokens") {
      throw new TypeError(
        `one_matrix: a task of ${signature.kind}; it reads symbols, choose another model`,
      );
    }
    if (layers.length > 0) {
      throw new RangeError(`one_matrix: ${layers.length} layers; it has none, leave them out`);
    }
    const { vocabulary, classes } = signature;
    /** The newest first, without the one that falls out. */
    const shifted = (newest: JaxArray, all: JaxArray) =>
      taps === 1 ? newest : np.concatenate([newest, np.split(all, [taps - 1], 1)[0]], 1);
    return {
      patch: 1,
      init(seed) {
        const [matrixKey, weightKey] = keysFor(random.key(seed), 2);
        return {
          matrix: random.normal(matrixKey, [vocabulary, classes]),
          weight: mixing.init({ width: classes, taps }, weightKey).weight,
        };
      },
      apply({ matrix, weight }, x) {
        const config = { width: classes, taps };
        const [last, y] = overSequence(mixing, config, { weight }, np.take(matrix, x, 0));
        last.dispose();
        return y;
      },
      initialState: (batch) => ({
        symbols: tensor(0, [batch, taps], "int32"),
        there: tensor(0, [batch, taps]),
      }),
      step({ matrix, weight }, { symbols, there }, x, observed) {
        observed.dispose();
        const [batch] = x.shape;
        const next = {
          symbols: shifted(x, symbols),
          there: shifted(np.ones([batch, 1], { dtype: weight.dtype }), there),
        };
        const counts = next.there.ref.mul(weight).reshape([batch, 1, taps]);
        const logits = np.matmul(counts, np.take(matrix, next.symbols.ref, 0));
        return [next, logits];
      },
    };
  },
};
