/**
 * @file A linear mixer as what it is: one matrix of token by token, one of position by position, in float64. Inference is a sum of rows,
 * and says exactly what each token of the context adds to each logit.
 */
import { multiply } from "../linalg/matrix.ts";
import type { Tensor, Tree } from "../tensor/tensor.ts";
import { flatten } from "../tensor/trees.ts";
import type { TokenMixer } from "./token_mixer.ts";

/** logits_t = sum_{s <= t} M_ts Q[x_s] + b_t h */
export interface CollapsedMixer {
  /** V */
  readonly vocabulary: number;
  /** T, tokens of context. */
  readonly length: number;
  /** Q' [V, V]: what a token adds to the logits of all, at weight 1. */
  readonly matrix: Float64Array;
  /** M [T, T], lower triangular, with what goes past the mixing. */
  readonly mixing: Float64Array;
  /** b [T] */
  readonly bias: Float64Array;
  /** h [V] */
  readonly direction: Float64Array;
}

/** One token of a context and what it adds. */
export interface Contribution {
  /** The token that was read. */
  readonly token: number;
  /** M_ts, by which its row of the matrix counts. */
  readonly weight: number;
}

/**
 * The matrices of a trained linear mixer.
 * @throws {TypeError} for one that is not linear
 */
export function collapse(model: TokenMixer, params: Tree<Tensor>): CollapsedMixer {
  if (model.kind !== "linear") {
    throw new TypeError(
      `token_mixer: kind = ${
        JSON.stringify(model.kind)
      } is not linear, so no matrix is the same function`,
    );
  }
  const { length, toeplitz } = model;
  const { embed, ...rest } = flatten(params);
  const [weight, bias] = [rest["mixing.weight"], rest["mixing.bias"]];
  const [vocabulary, width] = embed.shape;
  const head = headOf(rest, width);
  const matrix = new Float64Array(vocabulary * vocabulary);
  const direction = new Float64Array(vocabulary);
  for (let k = 0; k < width; k++) {
    for (let v = 0; v < vocabulary; v++) direction[v] += head[k * vocabulary + v];
    for (let u = 0; u < vocabulary; u++) {
      const unit = embed.data[u * width + k];
      for (let v = 0; v < vocabulary; v++) {
        matrix[u * vocabulary + v] += unit * head[k * vocabulary + v];
      }
    }
  }
  const mixing = new Float64Array(length * length);
  for (let t = 0; t < length; t++) {
    for (let s = 0; s <= t; s++) {
      mixing[t * length + s] = weight.data[toeplitz ? t - s : t * length + s] + Number(s === t);
    }
  }
  return {
    ...{ vocabulary, length, matrix, mixing, direction },
    bias: Float64Array.from(bias.data),
  };
}

/** The head and the maps before it as one matrix [d, V]. */
function headOf(tensors: Readonly<Record<string, Tensor>>, width: number): Float64Array {
  let product = Float64Array.from(tensors.head.data);
  const columns = tensors.head.shape[1];
  const maps = Object.keys(tensors).filter((name) => name.startsWith("maps.")).length;
  for (let i = maps - 1; i >= 0; i--) {
    product = multiply(
      Float64Array.from(tensors[`maps.${i}`].data),
      product,
      width,
      width,
      columns,
    );
  }
  return product;
}

/**
 * What the last tokens of a context count: the newest `length` of it, in the positions from the first on.
 * @param context newest last, at least one token
 * @throws {RangeError} for an empty context
 */
export function contributions(
  { length, mixing }: CollapsedMixer,
  context: readonly number[],
): Contribution[] {
  const seen = context.slice(-length);
  if (seen.length === 0) throw new RangeError("an empty context; it needs at least one token");
  const row = (seen.length - 1) * length;
  return seen.map((token, s) => ({ token, weight: mixing[row + s] }));
}

/** The logits of the token after a context: a sum of rows. @throws {RangeError} for an empty context */
export function logitsAfter(mixer: CollapsedMixer, context: readonly number[]): Float64Array {
  const { vocabulary, matrix, bias, direction } = mixer;
  const found = contributions(mixer, context);
  const b = bias[found.length - 1];
  const logits = direction.map((value) => b * value);
  for (const { token, weight } of found) {
    for (let v = 0; v < vocabulary; v++) logits[v] += weight * matrix[token * vocabulary + v];
  }
  return logits;
}
