/**
 * @file A gated recurrent unit whose numbers see themselves alone, which all times solve at once: by Newton's method each step is a linear
 * recurrence.
 */
import { lax, nn, numpy as np, random, tree } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x, y and the state. */
  readonly width: number;
  /** Steps of Newton's method. */
  readonly iterations: number;
}

/** Update gate, reset gate and candidate. */
export type Params = {
  /** [d, 3 d] */
  input: LinearParams;
  /** What a number of the state adds to its own gates and candidate, [3, d]. */
  recurrent: JaxArray;
};

/** f(h) and its slope, number by number. @param recurrent [3, d] @param x [..., 3 d] @param h [..., d] */
function stepOf(
  recurrent: JaxArray,
  x: JaxArray,
  h: JaxArray,
): { next: JaxArray; slope: JaxArray } {
  const [width] = h.shape.slice(-1);
  const [a, b, c] = np.split(recurrent, 3, 0).map((row) => row.reshape([width]));
  const [forUpdate, forReset, forCandidate] = np.split(x, 3, -1);
  const update = nn.sigmoid(forUpdate.add(a.ref.mul(h.ref)));
  const reset = nn.sigmoid(forReset.add(b.ref.mul(h.ref)));
  const shown = reset.ref.mul(h.ref);
  const candidate = np.tanh(forCandidate.add(c.ref.mul(shown)));
  const apart = candidate.ref.sub(h.ref);
  const ofReset = reset.ref.mul(reset.ref.neg().add(1)).mul(b);
  const ofCandidate = candidate.ref.mul(candidate).neg().add(1).mul(c)
    .mul(reset.add(h.ref.mul(ofReset)));
  const ofUpdate = update.ref.mul(update.ref.neg().add(1)).mul(a);
  const slope = update.ref.neg().add(1).add(ofUpdate.mul(apart.ref)).add(
    update.ref.mul(ofCandidate),
  );
  return { next: h.add(update.mul(apart)), slope };
}

/**
 * z, r = sigmoid(W x + a h + b), c = tanh(W x + a (r h) + b), h_t = (1 - z) h_{t-1} + z c, with an a for each; y = h. Option: `iterations` (8), of
 * the form for all times at once, which is exact after as many as there are tokens and long before.
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "diagonal GRU",
    paper: "Danieli et al., arXiv 2510.21450, section 3: ParaGRU and its solver",
    kind: "nonlinear",
    eigenvalues: "any, along each number",
  },

  configure(options, width) {
    const schema = z.strictObject({ iterations: z.number().int().min(1).default(8) });
    return { width, ...readOptions("newton_gru", schema, options) };
  },

  init({ width }, key, gain = 1) {
    const [k1, k2] = random.split(key, 2);
    const { weight, bias } = linearInit(k1, width, 3 * width);
    return {
      input: { weight: weight.mul(gain), bias },
      recurrent: random.uniform(k2, [3, width], { minval: -1, maxval: 1 }),
    };
  },

  initialState: ({ width }, batch) => tensor(0, [batch, width]),

  inputs: (_, { input }, x) => linear(input, x),

  cell(_, { recurrent }, h, x) {
    const { next, slope } = stepOf(recurrent, x, h);
    slope.dispose();
    return [next.ref, next];
  },

  /**
   * States of all times that satisfy h_t = f(h_{t-1}): from a guess, f is replaced by its tangent there. The way back goes through the last step
   * alone, whose derivative at the solution is the solution's own.
   */
  parallel({ width, iterations }, { input, recurrent }, x, state) {
    const [batch, length] = x.shape;
    state ??= freshState(layer, { width, iterations }, batch, 0, x.dtype);
    const xs = np.transpose(linear(input, x), [1, 0, 2]); // [T, B, 3 d]
    const improved = (
      given: { recurrent: JaxArray; xs: JaxArray; state: JaxArray },
      guess: JaxArray,
    ) => {
      const first = given.state.ref.reshape([1, batch, width]);
      const before = length === 1
        ? first
        : np.concatenate([first, np.split(guess, [length - 1], 0)[0]], 0);
      const { next, slope } = stepOf(given.recurrent, given.xs, before.ref);
      const rest = next.sub(slope.ref.mul(before));
      const [last, all] = scan(
        (_: unknown, h: JaxArray, { slope, rest }: { slope: JaxArray; rest: JaxArray }) => {
          const now = slope.mul(h).add(rest);
          return [now.ref, now] as [JaxArray, JaxArray];
        },
        [],
        given.state,
        { slope, rest },
      );
      last.dispose();
      return all;
    };
    const given = { recurrent, xs, state };
    const fixed = tree.map(lax.stopGradient, tree.ref(given)) as typeof given;
    let guess = np.zeros([length, batch, width], { dtype: x.dtype });
    for (let i = 1; i < iterations; i++) guess = improved(tree.ref(fixed), guess);
    tree.dispose(fixed);
    const all = improved(given, lax.stopGradient(guess));
    const last = length === 1 ? all.ref : np.split(all.ref, [length - 1], 0)[1];
    return [last.reshape([batch, width]), np.transpose(all, [1, 0, 2])];
  },
};
