/** @file Fading memories in chunks against their definition token by token, up to gates that are 0 or 1 in float32. */
import { init as initJax, numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import type { EngineName, Tensor } from "../../lib/engine/mod.ts";
import { type DecayedMemory, decayedMemory, decays } from "../../lib/layers/decayed_memory.ts";
import { assertClose, generator, randomTensor, runEngine, runJax } from "../engine/oracle.ts";
import { inFloat64 } from "./definitions.ts";

await initJax("wasm");

type A = np.Array;
// deno-lint-ignore no-explicit-any
type Any = any;

/** Logarithms of gates: fading, closed for good in float32, open to the last digit, and all of these in turn. */
const gates: Record<string, (t: number) => number> = {
  "fading": (t) => -0.1 - 0.3 * (t % 5),
  "closed": () => -1e4,
  "open": () => -1e-30,
  "one closed, the others open": (t) => t === 6 ? -1e6 : -1e-6 * (1 + t % 3),
  "by turns": (t) => [-1e4, -0.5, -1e-7, -3, 0][t % 5],
};

for (const [what, gate] of Object.entries(gates)) {
  Deno.test(`decays are products of the gates between two tokens: ${what}`, async () => {
    const size = 13;
    const logs: Tensor = {
      dtype: "float32",
      shape: [1, 2, size],
      data: Float32Array.from({ length: 2 * size }, (_, i) => gate(i % size)),
    };
    const want: number[] = [];
    for (let h = 0; h < 2; h++) {
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          let sum = 0;
          for (let k = j + 1; k <= i; k++) sum += logs.data[h * size + k];
          want.push(i >= j ? Math.exp(sum) : 0);
        }
      }
    }
    const [got] = await runEngine((x: A) => decays(x), [logs]);
    assert.deepEqual(got.shape, [1, 2, size, size]);
    // To each of them, not to the largest: a decay next to a closed gate must not lose its digits.
    want.forEach((v, i) =>
      assert.ok(Math.abs(got.data[i] - v) <= 1e-6 * v + 1e-37, `${i}: ${got.data[i]}, ${v}`)
    );
  });
}

interface Case {
  query: Tensor;
  key: Tensor;
  value: Tensor;
  logDecay: Tensor;
  memory: Tensor;
}
type Traced = { [K in keyof Case]: A };

function draw(
  [heads, tokens, width, states]: number[],
  gate: (t: number) => number,
): Case {
  const batch = 2;
  const random = generator(tokens);
  const of = (...shape: number[]) => randomTensor(random, shape, { low: -1, high: 1 });
  return {
    query: of(batch, tokens, states),
    key: of(batch, tokens, states),
    value: of(batch, heads, tokens, width),
    logDecay: {
      dtype: "float32",
      shape: [batch, heads, tokens],
      data: Float32Array.from({ length: batch * heads * tokens }, (_, i) => gate(i % tokens)),
    },
    memory: of(batch, heads, width, states),
  };
}

const run = ({ memory, ...chunk }: Traced) => decayedMemory(chunk as DecayedMemory, memory);

/** S <- a S + v k', o = S q, in float64. @returns memory and outputs */
function wanted({ query, key, value, logDecay, memory }: Case): [Tensor, Tensor] {
  const [batch, heads, tokens, width] = value.shape;
  const states = key.shape[2];
  const s = Float64Array.from(memory.data);
  const out = new Float64Array(value.data.length);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < tokens; t++) {
        const token = (b * heads + h) * tokens + t;
        const a = Math.exp(logDecay.data[token]);
        for (let p = 0; p < width; p++) {
          for (let n = 0; n < states; n++) {
            const at = ((b * heads + h) * width + p) * states + n;
            const shared = (b * tokens + t) * states + n;
            s[at] = a * s[at] + value.data[token * width + p] * key.data[shared];
            out[token * width + p] += s[at] * query.data[shared];
          }
        }
      }
    }
  }
  return [
    { ...memory, dtype: "float64", data: s },
    { ...value, dtype: "float64", data: out },
  ];
}

for (const sizes of [[1, 1, 1, 1], [3, 7, 2, 5], [2, 16, 3, 4], [1, 33, 4, 1]]) {
  const [heads, tokens, width, states] = sizes;
  Deno.test(`${tokens} tokens at once, ${heads} heads of ${width} channels with ${states} states`, () => {
    const given = draw(sizes, gates.fading);
    const [memory, out] = inFloat64(run as Any, given);
    const [wantMemory, want] = wanted(given);
    assertClose(out, want, 1e-12, "outputs");
    assertClose(memory, wantMemory, 1e-12, "memory");
  });
}

for (const [what, gate] of Object.entries(gates)) {
  Deno.test(`float32 has the definition's outputs and gradients where gates are ${what}`, async () => {
    const given = draw([2, 13, 3, 4], gate);
    const names = Object.keys(given) as (keyof Case)[];
    const args = names.map((name) => given[name]);
    const named = (xs: A[]) => Object.fromEntries(names.map((name, i) => [name, xs[i]])) as Traced;
    const want = wanted(given);
    const engines: EngineName[] = ["ort", "jax", "tfjs"];
    for (const engine of engines) {
      const got = await runEngine(((...xs: A[]) => run(named(xs))) as Any, args, engine);
      ["memory", "outputs"].forEach((what, i) =>
        assertClose(got[i], want[i], 1e-5, `${engine}: ${what}`)
      );
    }
    const argnums = [...args.keys()];
    const loss = (form: (given: Traced) => [A, A]) => (...xs: A[]) => {
      const [memory, out] = form(named(xs));
      return np.sum(out.ref.mul(out)).add(np.sum(np.sin(memory)));
    };
    const definition = ({ query, key, value, logDecay, memory }: Traced): [A, A] => {
      const outs: A[] = [];
      for (let t = 0; t < 13; t++) {
        const shared = (x: A) => x.ref.slice([], t).reshape([2, 1, 1, 4]);
        const a = np.exp(logDecay.ref.slice([], [], t)).reshape([2, 2, 1, 1]);
        const v = value.ref.slice([], [], t).reshape([2, 2, 3, 1]);
        memory = memory.mul(a).add(v.mul(shared(key)));
        outs.push(np.sum(memory.ref.mul(shared(query)), -1).reshape([2, 2, 1, 3]));
      }
      return [memory, np.concatenate(outs, 2)];
    };
    const exact = jaxValueAndGrad(loss(definition) as Any, { argnums });
    const slopes = runJax(exact as Any, args, "float64");
    for (const engine of engines) {
      const got = await runEngine(valueAndGrad(loss(run) as Any, { argnums }) as Any, args, engine);
      ["loss", ...names].forEach((what, i) =>
        assertClose(got[i], slopes[i], 1e-5, `${engine}: ${what}`)
      );
    }
  });
}
