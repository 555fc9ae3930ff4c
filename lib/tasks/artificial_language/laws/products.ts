/**
 * @file A language that no sum of logits follows: the next symbol depends on the sum modulo V of the last two, so that each of them alone
 * says nothing. Whatever adds up what single symbols say is left with the uniform distribution, however wide.
 */
import { type Key, normals } from "../../../random/random.ts";
import { type Law, softmaxInPlace } from "../law.ts";

/** What such a law is drawn from. */
export interface ProductsOptions {
  /** V */
  readonly vocabulary: number;
  /** Standard deviation of the logits. */
  readonly sharpness: number;
}

/**
 * p(v | …, a, b) = w[(v - a - b) mod V], with w the softmax of normal numbers drawn from the key. As w is shifted by a and b, every
 * symbol is as frequent as any other after a known a, or a known b. Before two symbols were read all are equally likely.
 */
export function productsLaw({ vocabulary, sharpness }: ProductsOptions, key: Key): Law {
  const w = softmaxInPlace(normals(key, vocabulary).map((value) => sharpness * value));
  const uniform = new Float64Array(vocabulary).fill(1 / vocabulary);
  return {
    vocabulary,
    start() {
      let [before, last] = [-1, -1];
      return {
        probabilities() {
          if (before < 0) return uniform;
          return Float64Array.from(
            { length: vocabulary },
            (_, v) => w[(v - before - last + 2 * vocabulary) % vocabulary],
          );
        },
        read: (symbol) => void ([before, last] = [last, symbol]),
      };
    },
  };
}
