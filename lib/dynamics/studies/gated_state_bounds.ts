/** @file Bounds on the derivative of a gated state (gated_state.ts) by the last state, over random weights and states. */
import * as z from "zod";
import { singularValues } from "../../linalg/svd.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf, normals, uniforms } from "../../random/random.ts";
import { gatedJacobian, type GatedUpdate, saturatesAt } from "../gated_state.ts";
import type { StudyModule } from "../study.ts";

const schema = () =>
  z.strictObject({
    /** n */
    width: z.number().int().min(1).default(8),
    /** Of weights and states. */
    draws: z.number().int().min(1).default(200),
  });

/**
 * Scalars: `stated`, the largest |J| / |W_h|, which the theory says is at most 1; `mended`, the largest |J| / (|W_h| + |W_g| / 4);
 * `closest`, the latter ratio for W_h = 0 where tanh has saturated and the gate is half open; `saturates`, the first integer whose sigmoid is 1
 * in single precision. Norms are largest singular values.
 */
export const study: StudyModule = {
  configure(options) {
    const { width, draws } = readOptions("gated_state_bounds", schema(), options);
    return {
      run(seed, _data, progress) {
        let [stated, mended] = [0, 0];
        for (let draw = 0; draw < draws; draw++) {
          const update = drawn(fold(keyOf(seed), draw), width);
          const [J, W, G] = norms(update, width);
          stated = Math.max(stated, J / W);
          mended = Math.max(mended, J / (W + G / 4));
          progress(draw + 1, draws);
        }
        const { gate } = drawn(fold(keyOf(seed), draws), width);
        const [J, , G] = norms({
          ...{ recurrent: new Float64Array(width * width), gate },
          ...{ candidate: Array(width).fill(20), opening: Array(width).fill(0) },
        }, width);
        return {
          scalars: { stated, mended, closest: 4 * J / G, saturates: saturatesAt() },
          details: { width, draws },
        };
      },
    };
  },
};

/** Of J, W_h and W_g. */
function norms(update: GatedUpdate, n: number): [number, number, number] {
  const norm = (A: Float64Array) => singularValues(A, n, n)[0];
  return [norm(gatedJacobian(update)), norm(update.recurrent), norm(update.gate)];
}

/** Normal weights, W_h of .05 to 2 over the square root of n and W_g of .5 to 8; a state in (-1, 1); normal drives of size 2. */
function drawn(key: readonly [number, number], n: number): GatedUpdate {
  const [a, b, ...h] = uniforms(fold(key, 0), 2 + n);
  const weights = (at: number, size: number) =>
    normals(fold(key, at), n * n).map((x) => size * x / Math.sqrt(n));
  const recurrent = weights(1, 0.05 * 40 ** a);
  const gate = weights(2, 0.5 * 16 ** b);
  const through = (W: Float64Array, at: number) => {
    const drive = normals(fold(key, at), n);
    return drive.map((u, i) => h.reduce((sum, x, j) => sum + W[i * n + j] * (2 * x - 1), 2 * u));
  };
  return { recurrent, gate, candidate: through(recurrent, 3), opening: through(gate, 4) };
}
