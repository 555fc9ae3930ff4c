/**
 * @file A product of matrices in float64, and the gradient of a function of that product for every factor: all that
 * the training dynamics of a deep linear network are made of. Rows are inputs: the map is x X with X = W_1 W_2 ... W_N.
 */
import { type Matrix, multiply, transpose } from "../linalg/matrix.ts";

/** The layers of a deep linear network, float64. */
export interface Chain {
  /** Widths from input to output, one more than there are layers. */
  readonly sizes: readonly number[];
  /** Layer l is [sizes[l], sizes[l + 1]]. */
  readonly layers: readonly Matrix[];
}

/** Checks the sizes. @throws {RangeError} unless there is a layer, and every layer has the size that its widths say. */
export function checkChain({ sizes, layers }: Chain): void {
  if (layers.length < 1 || sizes.length !== layers.length + 1) {
    throw new RangeError(
      `chain: ${layers.length} layers between ${sizes.length} widths; expected at least one, and one width more.`,
    );
  }
  for (const [l, { length }] of layers.entries()) {
    if (length !== sizes[l] * sizes[l + 1]) {
      throw new RangeError(
        `chain: layer ${l} has ${length} entries; expected ${sizes[l]} x ${sizes[l + 1]}.`,
      );
    }
  }
}

/** The product X [sizes[0], sizes[N]] of all layers. */
export function productOf({ sizes, layers }: Chain): Matrix {
  let product = layers[0].slice();
  for (let l = 1; l < layers.length; l++) {
    product = multiply(product, layers[l], sizes[0], sizes[l], sizes[l + 1]);
  }
  return product;
}

/**
 * What multiplies each layer: `before[l]` = W_1 ... W_{l-1} [sizes[0], sizes[l]] (undefined of the first), `after[l]` =
 * W_{l+1} ... W_N [sizes[l + 1], sizes[N]] (undefined of the last), so that X = before W after.
 */
export function surroundings({ sizes, layers }: Chain): {
  before: (Matrix | undefined)[];
  after: (Matrix | undefined)[];
} {
  const depth = layers.length;
  const before: (Matrix | undefined)[] = [undefined];
  for (let l = 1; l < depth; l++) {
    const left = before[l - 1];
    before.push(
      left ? multiply(left, layers[l - 1], sizes[0], sizes[l - 1], sizes[l]) : layers[0],
    );
  }
  const after: (Matrix | undefined)[] = Array(depth).fill(undefined);
  for (let l = depth - 2; l >= 0; l--) {
    const right = after[l + 1];
    after[l] = right
      ? multiply(layers[l + 1], right, sizes[l + 1], sizes[l + 2], sizes[depth])
      : layers[l + 1];
  }
  return { before, after };
}

/**
 * Gradients of all layers: G_l = before_l' Z after_l'.
 * @param gradientOf the gradient Z of the function by the product, both [sizes[0], sizes[N]].
 */
export function gradients(chain: Chain, gradientOf: (product: Matrix) => Matrix): Matrix[] {
  const { sizes, layers } = chain;
  const depth = layers.length;
  const [rows, columns] = [sizes[0], sizes[depth]];
  const { before, after } = surroundings(chain);
  const last = before[depth - 1];
  const product = last
    ? multiply(last, layers[depth - 1], rows, sizes[depth - 1], columns)
    : layers[0];
  const Z = gradientOf(product);
  return layers.map((_, l) => {
    const left = before[l]
      ? multiply(transpose(before[l]!, rows, sizes[l]), Z, sizes[l], rows, columns)
      : Z;
    return after[l]
      ? multiply(
        left,
        transpose(after[l]!, sizes[l + 1], columns),
        sizes[l],
        columns,
        sizes[l + 1],
      )
      : left;
  });
}

/** The chain after a step of gradient descent: W_l - rate G_l. */
export function descended({ sizes, layers }: Chain, G: readonly Matrix[], rate: number): Chain {
  return { sizes, layers: layers.map((W, l) => W.map((w, i) => w - rate * G[l][i])) };
}
