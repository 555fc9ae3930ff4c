/** @file The stack of `lib/models/decoder.ts` written out in loops over numbers, in float64. */
import type { Tensor } from "../../lib/engine/mod.ts";
import type { DecoderConfig } from "../../lib/models/decoder.ts";
import { affine, gelu, type Projections, rmsNorm, type Vector } from "../layers/definitions.ts";

interface Block {
  attentionNorm: Tensor;
  attention: Projections;
  mlpNorm: Tensor;
  up: { weight: Tensor; bias: Tensor };
  down: { weight: Tensor; bias: Tensor };
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
 * @param mix what mixes the tokens: all outputs from all inputs.
 * @param y observations of one sequence, [T][obs].
 * @param learned observations that enter the expanding statistics; all by default, later ones are frozen out.
 * @returns predictions of every next patch, [T / patch][patch obs].
 */
export function naiveDecoder(
  mix: (params: Projections, x: Vector[], heads: number) => { output: Vector[] },
  { patch, heads, norm }: DecoderConfig,
  // deno-lint-ignore no-explicit-any
  params: any,
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
      params.embed,
      y.slice(k * patch, (k + 1) * patch)
        .flatMap((row) => row.map((value, j) => (value - mean[j]) / deviation[j])),
    )
  );
  for (const block of params.blocks as Block[]) {
    const mixed = mix(
      block.attention,
      x.map((row) => rmsNorm(block.attentionNorm.data, row)),
      heads,
    ).output;
    x = x.map((row, k) => row.map((value, i) => value + mixed[k][i]));
    x = x.map((row) => {
      const hidden = affine(block.up, rmsNorm(block.mlpNorm.data, row)).map(gelu);
      const out = affine(block.down, hidden);
      return row.map((value, i) => value + out[i]);
    });
  }
  return x.map((row, k) => {
    const out = affine(params.head, rmsNorm(params.finalNorm.data, row));
    if (norm === "none") return out;
    const { mean, deviation } = tokens[k];
    return out.map((value, i) => value * deviation[i % obs] + mean[i % obs]);
  });
}
