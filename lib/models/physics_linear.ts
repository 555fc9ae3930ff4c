/**
 * @file Known linear physics with a learned linear residual, for fields on a ring of points: the heat or the wave equation as a map of
 * two frames, to which a residual that starts at zero is added, applied again and again for as many frames as are to come
 * (lib/physics/known_dynamics.ts). A linear map of the window, all channels together.
 */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { scan } from "../engine/scan.ts";
import { constant } from "../layers/constant.ts";
import { transpose } from "../linalg/matrix.ts";
import { readOptions } from "../options.ts";
import { operatorOf } from "../physics/known_dynamics.ts";
import type { Model, ModelModule } from "./model.ts";

/** R0 and R1, for rows times matrices, [channels, channels]. */
export type PhysicsLinear = { now: JaxArray; before: JaxArray };

/**
 * Options: `equation` ("heat" or "wave"), `strength` (nu or c^2 in units of the steps) and `noise` (size of the residual at the start,
 * 0). For windows of at least two rows, whose channels are the points of the ring; it takes no layers.
 */
export const model: ModelModule<Model<PhysicsLinear>> = {
  configure(options, { signature, layers }) {
    const schema = z.strictObject({
      equation: z.enum(["heat", "wave"]),
      strength: z.number(),
      noise: z.number().min(0).default(0),
    });
    const { noise, ...dynamics } = readOptions("physics_linear", schema, options);
    if (signature.kind !== "window" || signature.lookback < 2) {
      throw new TypeError(
        `physics_linear: a task of ${
          signature.kind === "window" ? `windows of ${signature.lookback} row` : signature.kind
        }; it reads windows of at least two rows`,
      );
    }
    if (layers.length > 0) {
      throw new RangeError(
        `physics_linear: ${layers.length} layers; it is an equation and a residual, leave them out`,
      );
    }
    const { lookback, horizon, channels: n } = signature;
    const known = operatorOf(dynamics, n);
    return {
      init(seed) {
        const [now, before] = [...random.split(random.key(seed), 2)].map((key) =>
          random.normal(key, [n, n]).mul(noise / Math.sqrt(n))
        );
        return { now, before };
      },
      apply({ now, before }, x) {
        const { dtype } = x;
        const added = (K: Float64Array<ArrayBuffer>, R: JaxArray) =>
          constant(transpose(K, n, n), [n, n], dtype).add(R);
        const maps = { now: added(known.now, now), before: added(known.before, before) };
        const [batch] = x.shape;
        const frames = np.split(x, [lookback - 2, lookback - 1], 1);
        frames[0].dispose();
        const [earlier, last] = frames.slice(1).map((frame) => frame.reshape([batch, n]));
        type State = { last: JaxArray; earlier: JaxArray };
        const turn = (m: typeof maps, s: State): [State, JaxArray] => {
          const u = np.matmul(s.last.ref, m.now).add(np.matmul(s.earlier, m.before));
          return [{ last: u.ref, earlier: s.last }, u];
        };
        const [state, ys] = scan(turn, maps, { last, earlier }, [], { length: horizon });
        state.last.dispose();
        state.earlier.dispose();
        return np.transpose(ys, [1, 0, 2]);
      },
    };
  },
};
