/** @file Residual blocks between the ends of patches (`lib/models/stack.ts`), written out in loops over numbers, in float64. */
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { type Affine, affine, gelu, rmsNorm, type Vector } from "../layers/definitions.ts";

/** Parameters by name; those of a layer are known to what mixes its tokens. */
export interface DecoderTensors<Layer> {
  readonly ends: { readonly embed: Affine; readonly head: Affine };
  readonly blocks: readonly {
    readonly norm: Tensor;
    readonly layer: Layer;
    readonly mlp?: { readonly norm: Tensor; readonly up: Affine; readonly down: Affine };
  }[];
  readonly norm: Tensor;
}

export interface Statistics {
  mean: ArrayLike<number>;
  variance: ArrayLike<number>;
}

/** What the inputs of a token are standardised with, and its outputs put back with. */
function normaliser(norm: string, { mean, variance }: Statistics, past: Vector[]) {
  if (norm !== "causal") {
    return { mean: Array.from(mean), deviation: Array.from(variance, Math.sqrt) };
  }
  // The train statistics count as 8 observations.
  const total = past.length + 8;
  const shrunk = Array.from(mean, (m, j) => {
    const sum = past.reduce((s, row) => s + row[j], 8 * m);
    const square = past.reduce((s, row) => s + row[j] ** 2, 8 * (variance[j] + m * m));
    return { mean: sum / total, deviation: Math.sqrt(square / total - (sum / total) ** 2) };
  });
  return { mean: shrunk.map((s) => s.mean), deviation: shrunk.map((s) => s.deviation) };
}

/**
 * @param mixes what each layer makes of its tokens: all outputs from all inputs.
 * @param y observations of one sequence, [T][obs].
 * @param learned observations that enter the expanding statistics; all by default, later ones are frozen out.
 * @returns predictions of every next patch, [T / patch][patch obs].
 */
export function naiveDecoder<Layer>(
  mixes: readonly ((params: Layer, x: Vector[]) => Vector[])[],
  { patch, norm }: { patch: number; norm: string },
  params: DecoderTensors<Layer>,
  statistics: Statistics,
  y: Vector[],
  learned = y.length,
): Vector[] {
  const obs = statistics.mean.length;
  const tokens = Array.from(
    { length: y.length / patch },
    (_, k) => normaliser(norm, statistics, y.slice(0, Math.min((k + 1) * patch, learned))),
  );
  let x = tokens.map(({ mean, deviation }, k) =>
    affine(
      params.ends.embed,
      y.slice(k * patch, (k + 1) * patch)
        .flatMap((row) => row.map((value, j) => (value - mean[j]) / deviation[j])),
    )
  );
  params.blocks.forEach(({ norm, layer, mlp }, i) => {
    const mixed = mixes[i](layer, x.map((row) => rmsNorm(norm.data, row)));
    x = x.map((row, k) => row.map((value, i) => value + mixed[k][i]));
    if (!mlp) return;
    x = x.map((row) => {
      const hidden = affine(mlp.up, rmsNorm(mlp.norm.data, row)).map(gelu);
      const out = affine(mlp.down, hidden);
      return row.map((value, i) => value + out[i]);
    });
  });
  return x.map((row, k) => {
    const out = affine(params.ends.head, rmsNorm(params.norm.data, row));
    if (norm === "none") return out;
    const { mean, deviation } = tokens[k];
    return out.map((value, i) => value * deviation[i % obs] + mean[i % obs]);
  });
}
