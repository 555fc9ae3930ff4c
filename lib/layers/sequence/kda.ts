/** @file Kimi Delta Attention: a gated delta rule whose memory forgets number by number. */
import { nn, numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import {
  type Config,
  gatedDeltaLayer,
  type Input,
  type Params,
  type State,
  stepBias,
  weightInit,
} from "../gated_delta_layer.ts";
import { linear, type LinearParams } from "../linear.ts";
import { leastLogGate } from "../gated_memory.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** To one step size a number of the keys, before softplus: [d, V/H] and [V/H, K]; and the logarithm of the rates, [H]. */
export type Forget = { down: JaxArray; up: LinearParams; rate: JaxArray };

/** Of the gate on the output: [d, V/H] and [V/H, V]. */
export type Gate = { down: JaxArray; up: LinearParams };

/**
 * S_t = (I - beta_t k_t k_t') diag(a_t) S_{t-1} + beta_t k_t v_t', with a = exp(-rate softplus(.)) for every number of a key. Options:
 * `heads` (4), `expandKey` (1), `expandValue` (1), `conv` (4; 0 for none), `negative` (false; by it beta goes up to 2). A gate is at least
 * exp(-20) = 2e-9, which in float32 forgets everything.
 */
export const layer: SequenceLayer<Config, Params<Forget, Gate>, State, Input, JaxArray> =
  gatedDeltaLayer({
    name: "kda",
    about: {
      name: "KDA",
      paper:
        "Kimi Team, arXiv 2510.26692, eq. 1 and section 3, with negative eigenvalues as in arXiv 2411.12537",
      kind: "linear in the state",
      eigenvalues: "[0, 1]; [-1, 1] with negative: true",
    },
    defaults: { expandValue: 1, negative: false },
    init(config, { keys, values, value }, [k1, k2, k3, k4]) {
      const { width, heads } = config;
      const [k5, k6] = random.split(k4, 2);
      const [k7, k8] = random.split(k3, 2);
      return {
        forget: {
          down: weightInit(k1, width, value),
          up: { weight: weightInit(k2, value, keys), bias: stepBias(k7, keys) },
          rate: np.log(random.uniform(k8, [heads], { minval: 1, maxval: 16 })),
        },
        gate: {
          down: weightInit(k5, width, value),
          up: { weight: weightInit(k6, value, values), bias: np.zeros([values]) },
        },
      };
    },
    logGate({ heads }, { key }, { down, up, rate }, x) {
      const lead = x.shape.slice(0, -1);
      const steps = nn.softplus(linear(up, np.matmul(x, down))).reshape([...lead, heads, key]);
      return np.maximum(steps.mul(np.exp(rate).reshape([heads, 1])).neg(), leastLogGate);
    },
    open: ({ down, up }, x) => nn.sigmoid(linear(up, np.matmul(x, down))),
  });
