/** @file The delta rule in chunks against its definition token by token, and where float32 is most easily lost. */
import { init as initJax, numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import type { EngineName, Tensor } from "../../lib/engine/mod.ts";
import { type DeltaRule, deltaRule, unitLowerInverse } from "../../lib/layers/delta_rule.ts";
import { assertClose, generator, randomTensor, runEngine, runJax } from "../engine/oracle.ts";
import { inFloat64 } from "./definitions.ts";

await initJax("wasm");

type A = np.Array;
// deno-lint-ignore no-explicit-any
type Any = any;

for (const size of [1, 2, 3, 8, 13, 16]) {
  Deno.test(`a unit lower triangular matrix of ${size} rows is inverted, whatever stands on and above its diagonal`, () => {
    const a = randomTensor(generator(size), [2, 3, size, size], { low: -1, high: 1 });
    const got = inFloat64((a: A) => unitLowerInverse(a), a);
    assert.deepEqual(got.shape, a.shape);
    for (let m = 0; m < 6; m++) {
      const at = (i: number, j: number) => (m * size + i) * size + j;
      // (I + L) inverse = I
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          let sum = got.data[at(i, j)];
          for (let k = 0; k < i; k++) sum += a.data[at(i, k)] * got.data[at(k, j)];
          assert.ok(Math.abs(sum - Number(i === j)) < 1e-9, `${m}, ${i}, ${j}: ${sum}`);
        }
      }
    }
  });
}

/** S <- S + beta k (v - S' k)', o = S' q, in the order of the paper, for one head: rows of q, k [C][K], v [C][V]. */
function byToken(
  q: number[][],
  k: number[][],
  v: number[][],
  beta: number[],
  memory: number[][],
) {
  const s = memory.map((row) => row.slice());
  const read = (x: number[]) =>
    s[0].map((_, j) => x.reduce((sum, value, i) => sum + value * s[i][j], 0));
  const out = q.map((query, t) => {
    const held = read(k[t]);
    k[t].forEach((key, i) => held.forEach((h, j) => s[i][j] += beta[t] * key * (v[t][j] - h)));
    return read(query);
  });
  return { out, memory: s };
}

/** The rows of matrix number m of x [..., rows, columns]. */
function rowsAt({ shape, data }: Tensor, m: number): number[][] {
  const [rows, columns] = shape.slice(-2);
  return Array.from(
    { length: rows },
    (_, i) => Array.from(data.slice((m * rows + i) * columns, (m * rows + i + 1) * columns)),
  );
}

interface Sizes {
  batch: number;
  heads: number;
  tokens: number;
  keys: number;
  values: number;
}

function draw(seed: number, { batch, heads, tokens, keys, values }: Sizes) {
  const random = generator(seed);
  const of = (...shape: number[]) => randomTensor(random, shape, { low: -1, high: 1 });
  const key = of(batch, heads, tokens, keys);
  for (let i = 0; i < key.data.length; i += keys) {
    const row = key.data.subarray(i, i + keys);
    const size = Math.hypot(...row);
    row.forEach((v, j) => row[j] = v / size);
  }
  return {
    query: of(batch, heads, tokens, keys),
    key,
    value: of(batch, heads, tokens, values),
    beta: randomTensor(random, [batch, heads, tokens], { low: 0, high: 2 }),
    memory: of(batch, heads, keys, values),
  };
}
type Case = ReturnType<typeof draw>;

const run = ({ memory, ...rule }: { [K in keyof Case]: A }) => deltaRule(rule as DeltaRule, memory);

/** Memory and outputs as the definition has them, in float64. */
function wanted({ query, key, value, beta, memory }: Case): [Tensor, Tensor] {
  const [batch, heads, tokens] = beta.shape;
  const heads64 = Array.from({ length: batch * heads }, (_, m) =>
    byToken(
      rowsAt(query, m),
      rowsAt(key, m),
      rowsAt(value, m),
      Array.from(beta.data.slice(m * tokens, (m + 1) * tokens)),
      rowsAt(memory, m),
    ));
  const stacked = (like: Tensor, rows: number[][][]): Tensor => ({
    ...like,
    dtype: "float64",
    data: Float64Array.from(rows.flat(2)),
  });
  return [
    stacked(memory, heads64.map(({ memory }) => memory)),
    stacked(value, heads64.map(({ out }) => out)),
  ];
}

for (
  const [tokens, keys, values] of [[1, 1, 1], [2, 3, 2], [7, 2, 5], [16, 4, 3], [19, 5, 1]]
) {
  Deno.test(`${tokens} tokens at once, keys of ${keys} and values of ${values} numbers`, () => {
    const given = draw(tokens, { batch: 2, heads: 3, tokens, keys, values });
    const [memory, out] = inFloat64(run as Any, given);
    const [wantMemory, want] = wanted(given);
    assertClose(out, want, 1e-9, "outputs");
    assertClose(memory, wantMemory, 1e-9, "memory");
  });
}

/**
 * With equal keys and beta near 2, which is where training on parity leads, powers of tril(beta k k') reach 1e20 before they cancel:
 * doubling of a Neumann series has no digit left from 32 tokens on.
 */
const hard = (tokens: number, engines: readonly EngineName[]) => {
  const given = draw(5, { batch: 1, heads: 2, tokens, keys: 6, values: 3 });
  given.beta.data.fill(1.9);
  given.key.data.forEach((_, i) => given.key.data[i] = given.key.data[i % 6]);
  const names = Object.keys(given) as (keyof Case)[];
  const args = names.map((name) => given[name]);
  const named = (arrays: A[]) =>
    Object.fromEntries(names.map((name, i) => [name, arrays[i]])) as { [K in keyof Case]: A };

  Deno.test(`${tokens} equal keys, beta = 1.9: float32 has the definition's outputs to 1e-4`, async () => {
    const want = wanted(given);
    for (const engine of engines) {
      const got = await runEngine(((...xs: A[]) => run(named(xs))) as Any, args, engine);
      ["memory", "outputs"].forEach((what, i) =>
        assertClose(got[i], want[i], 1e-4, `${engine}: ${what}`)
      );
    }
  });

  Deno.test(`${tokens} equal keys, beta = 1.9: float32 has the definition's gradients to 1e-4`, async () => {
    const loss = (form: (given: { [K in keyof Case]: A }) => [A, A]) => (...xs: A[]) => {
      const [memory, out] = form(named(xs));
      return np.sum(out.ref.mul(out)).add(np.sum(np.sin(memory)));
    };
    const argnums = [...args.keys()];
    // The definition in jax-js, by jax-js's own gradient.
    const definition = ({ query, key, value, beta, memory }: { [K in keyof Case]: A }): [A, A] => {
      const at = (x: A, t: number) => x.ref.slice([], [], [t, t + 1]);
      const outs: A[] = [];
      for (let t = 0; t < tokens; t++) {
        const k = np.swapaxes(at(key, t), -1, -2);
        const held = np.sum(memory.ref.mul(k.ref), 2, { keepdims: true });
        const change = at(value, t).sub(held).mul(at(beta, t).reshape([1, 2, 1, 1]));
        memory = memory.add(k.mul(change));
        const q = np.swapaxes(at(query, t), -1, -2);
        outs.push(np.sum(memory.ref.mul(q), 2, { keepdims: true }));
      }
      return [memory, np.concatenate(outs, 2)];
    };
    const want = runJax(
      jaxValueAndGrad(loss(definition) as Any, { argnums }) as Any,
      args,
      "float64",
    );
    for (const engine of engines) {
      const step = valueAndGrad(loss(run) as Any, { argnums });
      const got = await runEngine(step as Any, args, engine);
      ["loss", ...names].forEach((what, i) =>
        assertClose(got[i], want[i], 1e-4, `${engine}: ${what}`)
      );
    }
  });
};
hard(16, ["ort", "jax", "tfjs"]);
hard(64, ["ort"]);
