/** @file The liquid time-constant network: neurons joined by synapses whose conductance depends on the voltage before them. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y, and the number of neurons. */
  readonly width: number;
  /** Steps of the solver a token. */
  readonly unfolds: number;
}

/** Synapses from every one of d sources to every neuron, [d, d] each. Conductances are softplus of `strength`. */
export type Synapses = {
  strength: JaxArray;
  slope: JaxArray;
  middle: JaxArray;
  reversal: JaxArray;
};

/** Synapses, and what every neuron is and shows. */
export type Params = {
  /** Of the tokens, after `scale` and `shift`. */
  sensory: Synapses;
  /** Between the neurons. */
  between: Synapses;
  /** Scale and shift of the tokens, [d] each. */
  scale: JaxArray;
  shift: JaxArray;
  /** Of the neurons, [d] each; softplus of the leak and of the capacity count. */
  leak: JaxArray;
  rest: JaxArray;
  capacity: JaxArray;
  /** Scale and shift of what they show, [d] each. */
  outputScale: JaxArray;
  outputShift: JaxArray;
};

/** Sums of conductances, and of conductances times reversal potentials, over the sources: [..., d] each. */
export type Currents = { conductance: JaxArray; current: JaxArray };

function currents({ strength, slope, middle, reversal }: Synapses, voltage: JaxArray): Currents {
  const [...lead] = voltage.shape;
  const open = nn.sigmoid(voltage.reshape([...lead, 1]).sub(middle).mul(slope));
  const conductances = open.mul(nn.softplus(strength));
  return {
    conductance: np.sum(conductances.ref, -2),
    current: np.sum(conductances.mul(reversal), -2),
  };
}

/** The numbers whose softplus these are, uniform between two ends. */
function conductance(key: JaxArray, shape: number[], low: number, high: number): JaxArray {
  return np.log(np.exp(random.uniform(key, shape, { minval: low, maxval: high })).sub(1));
}

function synapses(key: JaxArray, width: number): Synapses {
  const [k1, k2, k3, k4] = random.split(key, 4);
  const shape = [width, width];
  return {
    strength: conductance(k1, shape, 0.001, 1),
    slope: random.uniform(k2, shape, { minval: 3, maxval: 8 }),
    middle: random.uniform(k3, shape, { minval: 0.3, maxval: 0.8 }),
    // Exciting or inhibiting.
    reversal: np.sign(random.uniform(k4, shape, { minval: -1, maxval: 1 })),
  };
}

/**
 * c dv/dt = -g (v - v_rest) - sum_j w_j sigmoid(slope (u_j - middle)) (v - e_j) over neurons and tokens u_j, by `unfolds` steps a token that
 * are implicit in v (the paper's fused solver); y is an affine map of each v. All neurons are joined. Option: `unfolds` (6).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, Currents, JaxArray> = {
  about: {
    name: "LTC",
    paper:
      "Hasani et al., arXiv 2006.04439, eq. 1 and algorithm 1, with the synapses of github.com/mlech26l/ncps",
    kind: "nonlinear",
    eigenvalues: "(0, 1), what the solver keeps of a voltage, where no neuron is joined",
  },

  configure(options, width) {
    const schema = z.strictObject({ unfolds: z.number().int().min(1).default(6) });
    return { width, ...readOptions("ltc", schema, options) };
  },

  /** In the ranges of the published code. */
  init({ width }, key) {
    const [k1, k2, k3, k4, k5] = random.split(key, 5);
    return {
      sensory: synapses(k1, width),
      between: synapses(k2, width),
      scale: np.ones([width]),
      shift: np.zeros([width]),
      leak: conductance(k3, [width], 0.001, 1),
      rest: random.uniform(k4, [width], { minval: -0.2, maxval: 0.2 }),
      capacity: conductance(k5, [width], 0.4, 0.6),
      outputScale: np.ones([width]),
      outputShift: np.zeros([width]),
    };
  },

  initialState: ({ width }, batch) => tensor(0, [batch, width]),

  inputs: (_, { sensory, scale, shift }, x) => currents(sensory, x.mul(scale).add(shift)),

  cell({ unfolds }, { between, leak, rest, capacity }, voltage, given) {
    const held = nn.softplus(capacity).mul(unfolds);
    const leaking = nn.softplus(leak);
    const base = given.current.add(leaking.ref.mul(rest));
    const load = given.conductance.add(leaking).add(held.ref).add(1e-8);
    for (let i = 0; i < unfolds; i++) {
      const { strength, slope, middle, reversal } = between;
      const again = i + 1 < unfolds;
      const kept = (x: JaxArray) => again ? x.ref : x;
      const own = currents({
        strength: kept(strength),
        slope: kept(slope),
        middle: kept(middle),
        reversal: kept(reversal),
      }, voltage.ref);
      const above = kept(held).mul(voltage).add(kept(base)).add(own.current);
      voltage = above.mul(np.reciprocal(kept(load).add(own.conductance)));
    }
    return [voltage.ref, voltage];
  },

  outputs(_, { outputScale, outputShift }, voltage, x) {
    x.dispose();
    return voltage.mul(outputScale).add(outputShift);
  },
};
