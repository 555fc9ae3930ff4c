/**
 * @file Weights set by hand with which one DeltaProduct (Siems et al., arXiv 2502.10297) follows words of a group: a symbol's n factors I - 2 k k' are the
 * reflections that its matrix is the product of; a symbol that needs fewer leaves the others out (beta = 0), one that needs more gets the first n. How many
 * are enough is found by trying, and stands beside the number below which no weights do (fewest_factors.ts).
 */
import * as z from "zod";
import { reflect, reflectionsOf } from "../../linalg/reflections.ts";
import { identity } from "../../linalg/matrix.ts";
import { fewestFactors } from "../../groups/fewest_factors.ts";
import { groupNames, type Represented, represented } from "../../groups/represented.ts";
import { readOptions } from "../../options.ts";
import { keyOf, uniforms } from "../../random/random.ts";
import { after } from "../../tasks/automaton/table.ts";
import type { StudyModule } from "../study.ts";

const schema = () =>
  z.strictObject({
    group: z.enum(groupNames),
    /** Symbols of the word; any element is as likely. */
    length: z.number().int().min(1).default(4096),
  });

/** Numbers of factors that are tried. */
const tried = [1, 2, 3, 4];

/**
 * Scalars: `fewest`, below which no weights follow the group; `enough`, the least number of factors tried at which the weights follow the whole word, one
 * more than the last tried where none does; `followed N`, the share of the word at which the nearest matrix of the group is that of the product, with N
 * factors; `distance`, the largest entry by which the state is off at the end with enough of them.
 */
export const study: StudyModule = {
  configure(options) {
    const { group, length } = readOptions("group_words", schema(), options);
    const words = represented(group);
    const factors = words.matrices.map((M) => reflectionsOf(M, words.size));
    return {
      run(seed, _data, progress) {
        const count = words.elements.length;
        const word = Array.from(uniforms(keyOf(seed), length), (u) => Math.floor(u * count));
        const right = productsOf(words, word);
        let [enough, distance] = [tried.at(-1)! + 1, 0];
        const scalars: Record<string, number> = {};
        for (const n of tried) {
          const state = identity(words.size);
          let followed = 0;
          word.forEach((symbol, t) => {
            // The last factor is the first one that meets the state.
            for (const k of factors[symbol].slice(0, n).toReversed()) reflect(state, k);
            if (nearest(state, words) === right[t]) followed += 1 / length;
          });
          scalars[`followed ${n}`] = followed;
          if (followed > 1 - 0.5 / length && n < enough) {
            enough = n;
            distance = furthest(state, words.matrices[right[length - 1]]);
          }
          progress(n, tried.length);
        }
        const fewest = fewestFactors(words.elements);
        return { scalars: { fewest, enough, distance, ...scalars }, details: { elements: count } };
      },
    };
  },
};

/** Numbers of the running products. */
function productsOf({ elements }: Represented, word: readonly number[]): number[] {
  const numbers = new Map(elements.map((element, i) => [`${element}`, i]));
  let product = elements[0];
  return word.map((symbol) => {
    product = after(product, elements[symbol]);
    return numbers.get(`${product}`)!;
  });
}

/** The matrix with the largest product with the state, entry by entry. */
function nearest(state: Float64Array, { matrices }: Represented): number {
  let [best, most] = [0, -Infinity];
  matrices.forEach((M, i) => {
    let sum = 0;
    for (let at = 0; at < M.length; at++) sum += M[at] * state[at];
    if (sum > most) [best, most] = [i, sum];
  });
  return best;
}

function furthest(A: Float64Array, B: Float64Array): number {
  return A.reduce((most, value, i) => Math.max(most, Math.abs(value - B[i])), 0);
}
