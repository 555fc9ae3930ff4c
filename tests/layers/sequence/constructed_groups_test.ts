/**
 * @file Weights set by hand with which one DeltaNet with eigenvalues in [-1, 1] follows words of permutations: a swap is one reflection, so
 * swaps take a token each, and other permutations as many as they are products of swaps (which is DeltaProduct, Siems et al., arXiv
 * 2502.10297: that layer is this one on a sequence so many times as long). What training does not find is told apart from what
 * cannot be.
 */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { layer } from "../../../lib/layers/sequence/deltanet.ts";
import { overSequence, recurrent } from "../../../lib/layers/sequence/forms.ts";
import { task } from "../../../lib/tasks/automaton/automaton.ts";
import { groupOf, type Permutation } from "../../../lib/tasks/automaton/table.ts";
import { inverseSilu } from "./inverse_silu.ts";

await initJax("wasm");

type Swap = readonly [i: number, j: number];

/** Keys and values are silu of something, which is never below -.278. */
const size = 0.25;
const [plus, minus] = [inverseSilu(size), inverseSilu(-size)];

/**
 * With y the product of the permutation matrices so far and c = size sqrt 2, the memory is c (y - I): zero before the first token. A
 * reflection R = I - 2 k k' takes it to R S + (R - I) c, so the value of a swap is -c k. The last token is no swap: its beta is 0.
 */
function parametersOf(
  things: number,
  swaps: readonly Swap[],
  width: number,
): Record<string, Tensor> {
  const input = new Float32Array(width * 3 * things); // rows: queries, keys, values
  const beta = new Float32Array(width).fill(-100);
  swaps.forEach(([i, j], token) => {
    const row = token * 3 * things;
    [input[row + things + i], input[row + things + j]] = [plus, minus];
    [input[row + 2 * things + i], input[row + 2 * things + j]] = [minus, plus];
    beta[token] = 100;
  });
  return {
    input: tensor(input, [width, 3 * things]),
    beta: tensor(beta, [width, 1]),
    norm: tensor(1, [things]),
    output: tensor(0, [things, width]),
  };
}

/** A permutation as swaps, the first one first: each brings one thing to where it goes. */
function swapsOf(permutation: Permutation): Swap[] {
  const made: Swap[] = [];
  const now = permutation.map((_, i) => i);
  for (let i = 0; i < now.length; i++) {
    if (now[i] === permutation[i]) continue;
    const [from, to] = [now[i], permutation[i]];
    made.push([from, to]);
    now.forEach((place, k) => now[k] = place === from ? to : place === to ? from : place);
  }
  return made;
}

/** The memory after all tokens. @param tokens [B][T], numbers of swaps or of none */
async function memoryAfter(
  things: number,
  swaps: readonly Swap[],
  tokens: readonly number[][],
  { negative, parallel }: { negative: boolean; parallel: boolean },
): Promise<number[][][]> {
  const width = 4 * things;
  const config = layer.configure(
    { heads: 1, conv: 0, expandKey: 0.25, expandValue: 0.25, negative },
    width,
  );
  const [batch, length] = [tokens.length, tokens[0].length];
  const x = new Float32Array(batch * length * width);
  tokens.flat().forEach((token, at) => x[at * width + token] = 1);
  const form = parallel ? overSequence : recurrent;
  const args = [parametersOf(things, swaps, width), tensor(x, [batch, length, width])] as const;
  const program = await compile(
    (params: never, x: np.Array) => form(layer, config, params, x)[0].memory,
    [...args] as never,
  );
  const { data } = await (await program.run(...args as unknown as never[])).read();
  await program.close();
  return Array.from(
    { length: batch },
    (_, b) =>
      Array.from(
        { length: things },
        (_, i) => Array.from({ length: things }, (_, j) => data[(b * things + i) * things + j]),
      ),
  );
}

const allSwaps = (things: number): Swap[] =>
  Array.from({ length: things }, (_, i) => Array.from({ length: i }, (_, j): Swap => [i, j]))
    .flat();

const groups: [automaton: string, generators: Permutation[], each: number][] = [
  ["s3", [[1, 2, 0], [1, 0, 2]], 2],
  ["s4", [[1, 2, 3, 0], [1, 0, 2, 3]], 3],
  ["s5", [[1, 2, 3, 4, 0], [1, 0, 2, 3, 4]], 4],
];

/** The farthest that a matrix is from c (permutation - I). */
function distance(memory: readonly number[][], permutation: Permutation): number {
  const c = size * Math.SQRT2;
  return Math.max(
    ...memory.flatMap((row, i) =>
      row.map((value, j) => Math.abs(value / c - Number(permutation[j] === i) + Number(i === j)))
    ),
  );
}

for (const [automaton, generators, each] of groups) {
  Deno.test(`${automaton}: words of 64 elements, ${each} reflections each, are followed with eigenvalues in [-1, 1] alone`, async () => {
    const things = generators[0].length;
    const swaps = allSwaps(things);
    const elements = groupOf(generators);
    const number = ([a, b]: Swap) =>
      swaps.findIndex(([i, j]) => (i === a && j === b) || (i === b && j === a));
    const words = elements.map((element) => {
      const own = swapsOf(element).map(number);
      return [...own, ...Array<number>(each - own.length).fill(swaps.length)];
    });
    assert.ok(words.some((word) => !word.includes(swaps.length)), "so many are needed");
    for (const length of [1, 7, 64]) {
      const { x, target } = task.configure({ automaton, length }).generate!(0, 5, 8);
      const tokens = Array.from(
        { length: 8 },
        (_, b) =>
          Array.from(x.data.slice(b * length, (b + 1) * length)).flatMap((symbol) => words[symbol]),
      );
      const products = tokens.map((_, b) => elements[target.data[(b + 1) * length - 1]]);
      const how = { negative: true, parallel: length > 1 };
      const memory = await memoryAfter(things, swaps, tokens, how);
      memory.forEach((one, b) => assert.ok(distance(one, products[b]) < 0.02, `${length}, ${b}`));
      if (length < 64) continue;
      const positive = await memoryAfter(things, swaps, tokens, { ...how, negative: false });
      assert.ok(positive.some((one, b) => distance(one, products[b]) > 0.4));
    }
  });
}

Deno.test("swaps of five things take one token each, at 256 of them, token by token and in chunks", async () => {
  const { x, target } = task.configure({ automaton: "s5_swaps" }).generate!(0, 5, 8);
  // Symbols are the identity, then the swaps in this order; elements come nearer ones first, by these.
  const swaps = allSwaps(5);
  const asPermutation = ([i, j]: Swap) => [0, 1, 2, 3, 4].map((k) => k === i ? j : k === j ? i : k);
  const elements = groupOf(swaps.map(asPermutation));
  const tokens = Array.from(
    { length: 8 },
    (_, b) =>
      Array.from(x.data.slice(256 * b, 256 * b + 256), (symbol) => symbol === 0 ? 10 : symbol - 1),
  );
  for (const parallel of [false, true]) {
    const memory = await memoryAfter(5, swaps, tokens, { negative: true, parallel });
    memory.forEach((one, b) =>
      assert.ok(distance(one, elements[target.data[256 * b + 255]]) < 0.02, `${b}`)
    );
  }
});
