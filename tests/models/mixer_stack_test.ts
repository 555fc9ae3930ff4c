/** @file Stacks of linear mixers: their equations by hand, token by token as at once, and the one matrix that they are. */
import assert from "node:assert/strict";
import type { Arrays, JaxArray } from "../../lib/engine/arrays.ts";
import { compile, type Tensor, tensor, type Tree } from "../../lib/engine/mod.ts";
import { composed, kinds, type MixerStack, model } from "../../lib/models/mixer_stack.ts";
import type { SequenceModel } from "../../lib/models/model.ts";
import { model as oneMatrix } from "../../lib/models/one_matrix.ts";
import { flatten } from "../../lib/tensor/trees.ts";
import { freshParameters } from "../../lib/train/host.ts";

const signature = { kind: "tokens", vocabulary: 5, classes: 5 } as const;
const [V, d, K, T] = [5, 3, 4, 9];
const symbols = [4, 0, 2, 2, 1, 3, 0, 1, 1, 3, 4, 1, 0, 0, 2, 4, 3, 2];

const made = (options: object): MixerStack =>
  model.configure({ width: d, taps: K, depth: 2, ...options }, { signature, layers: [] });

/** Logits [2, T, V] of both sequences at once. */
async function atOnce(model: SequenceModel, params: Tree<Tensor>): Promise<ArrayLike<number>> {
  const x = tensor(symbols, [2, T], "int32");
  const program = await compile(
    (params: Arrays, x: JaxArray) => model.apply(params, x),
    [params, x],
  );
  const out: Tensor = await (await program.run(params, x)).read();
  await program.close();
  return out.data;
}

/** The same, token by token. */
async function oneByOne(model: SequenceModel, params: Tree<Tensor>): Promise<ArrayLike<number>> {
  let state = model.initialState(2, T);
  const example = [params, state, tensor([0, 0], [2, 1], "int32"), tensor(0)];
  const program = await compile(
    (params: Arrays, state: Arrays, x: JaxArray, observed: JaxArray) => {
      const [next, logits] = model.step(params, state, x, observed);
      return { next, logits };
    },
    example,
  );
  const all = new Float32Array(2 * T * V);
  for (let t = 0; t < T; t++) {
    const x = tensor([symbols[t], symbols[T + t]], [2, 1], "int32");
    const { next, logits } = await program.run(params, state, x, tensor(1));
    const { shape, data } = await logits.read();
    assert.deepEqual(shape, [2, 1, V]);
    for (const b of [0, 1]) all.set(data.subarray(b * V, (b + 1) * V), (b * T + t) * V);
    state = next;
  }
  await program.close();
  return all;
}

/** logits[t][v] of one sequence, by the equations. */
function byHand({ kind, depth }: MixerStack, params: Tree<Tensor>, x: readonly number[]) {
  const p = flatten(params);
  const mix = (name: string, rows: number[][]) =>
    rows.map((row, t) =>
      row.map((_, i) => {
        let sum = 0;
        for (let k = 0; k < K && k <= t; k++) sum += p[`${name}.weight`].data[k] * rows[t - k][i];
        return sum;
      })
    );
  const times = (row: number[], { data, shape: [, columns] }: Tensor) =>
    Array.from(
      { length: columns },
      (_, j) => row.reduce((sum, value, i) => sum + value * data[i * columns + j], 0),
    );
  const gelu = (x: number) =>
    0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  let h = x.map((token) => [...p.embed.data.slice(token * d, (token + 1) * d)]);
  for (let i = 0; i < depth; i++) {
    const once = mix(`layers.${i}.mixing`, h);
    const mixed = kind === "linear"
      ? once
      : mix(`layers.${i}.second`, once.map((row) => row.map(gelu)));
    const before = h;
    h = mixed.map((row, t) =>
      times(row.map((value, k) => value + before[t][k]), p[`layers.${i}.map`])
    );
  }
  return h.flatMap((row) => times(row, p.head));
}

function near(got: ArrayLike<number>, want: ArrayLike<number>, bound: number) {
  assert.equal(got.length, want.length);
  const largest = Math.max(...Array.from(want, Math.abs));
  for (let i = 0; i < want.length; i++) {
    assert.ok(Math.abs(got[i] - want[i]) <= bound * largest, `${i}: ${got[i]}, ${want[i]}`);
  }
}

for (const kind of kinds) {
  Deno.test(`two layers, ${kind}: the equations, at once and token by token`, async () => {
    const stack = made({ kind });
    const params = await freshParameters(stack, 3);
    const want = [symbols.slice(0, T), symbols.slice(T)].flatMap((x) => byHand(stack, params, x));
    const bound = kind === "linear" ? 1e-5 : 1e-3; // of the GELU, which is the exact one on engines
    near(await atOnce(stack as never, params), want, bound);
    near(await oneByOne(stack as never, params), want, bound);
  });
}

for (const [depth, taps] of [[1, K], [3, K], [2, 1]]) {
  Deno.test(`${depth} linear layers of ${taps} taps are one matrix to 1e-5, at once and token by token`, async () => {
    const stack = made({ depth, taps });
    const params = await freshParameters(stack, 8);
    const one = oneMatrix.configure({ taps: T }, { signature, layers: [] });
    const same = composed(stack, params, T);
    const want = await atOnce(stack as never, params);
    near(await atOnce(one as never, same), want, 1e-5);
    near(await oneByOne(one as never, same), want, 1e-5);
  });
}

Deno.test("one matrix of one tap is a table of what follows what", async () => {
  const one = oneMatrix.configure({ taps: 1 }, { signature, layers: [] });
  const params = await freshParameters(one, 0);
  const { matrix, weight } = flatten(params);
  const want = symbols.flatMap((token) =>
    Array.from(matrix.data.slice(token * V, (token + 1) * V), (q) => q * weight.data[0])
  );
  near(await atOnce(one as never, params), want, 1e-6);
  near(await oneByOne(one as never, params), want, 1e-6);
});

Deno.test("what they cannot serve is refused by name", async () => {
  const series = { signature: { kind: "series", channels: 1 } as const, layers: [] };
  const named = { signature, layers: [{ name: "lru", layer: {} as never, options: {} }] };
  const options = { width: 2, taps: 2, depth: 1 };
  assert.throws(() => model.configure(options, series), /mixer_stack: a task of series/);
  assert.throws(() => model.configure(options, named), /mixer_stack: 1 layers.*depth/);
  assert.throws(() => model.configure({ ...options, depth: 0 }, series), /depth/);
  assert.throws(() => oneMatrix.configure({ taps: 2 }, series), /one_matrix: a task of series/);
  assert.throws(() => oneMatrix.configure({ taps: 2 }, named), /one_matrix: 1 layers/);
  const nearly = made({ kind: "nearly linear" });
  const params = await freshParameters(nearly, 0);
  assert.throws(() => composed(nearly, params, T), /"nearly linear" is not one matrix/);
});
