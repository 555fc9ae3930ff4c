/**
 * @file The models of the accuracy table that are trained window by window, in one place: what is said of their speed and memory is
 * said of the very same models.
 */
import type { Architecture } from "../../../presets.ts";
import type { Part } from "../../../parts.ts";

/** What the models of the accuracy table read and forecast. */
export const accuracyWindow = { lookback: 336, horizon: 96 } as const;

/** Two residual blocks over patches of 16 rows (Nie et al., arXiv 2211.14730), every channel by itself, about its last value. */
const residual = (layer: Part): Architecture => ({
  model: {
    name: "stack",
    options: { block: "residual", width: 32, patch: 16, norm: "last" },
  },
  layers: [layer, layer],
});

/** One affine map. */
const affine = (form: string): Architecture => ({
  model: { name: "window_linear", options: { form } },
  layers: [],
});

/** By the names that tables use: nonlinear ones, then the linear ones of the literature, trained as those are. */
export const accuracyModels = {
  "transformer": residual({ name: "softmax_attention", options: { heads: 4 } }),
  "lstm": residual({ name: "lstm", options: {} }),
  "gru": residual({ name: "gru", options: {} }),
  "dlinear": affine("dlinear"),
  "nlinear": affine("nlinear"),
  "rlinear": affine("rlinear"),
} as const satisfies Record<string, Architecture>;

/** The names of those with nonlinearities. */
export const nonlinear = ["transformer", "lstm", "gru"] as const;
