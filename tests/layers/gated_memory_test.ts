/** @file The memory with gates, in chunks, against its recurrence, also where the gates forget everything at once. */
import { init as initJax, numpy as np, random as jaxRandom } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { compile, type Tensor, tensor } from "../../lib/engine/mod.ts";
import { gatedMemory, leastLogGate } from "../../lib/layers/gated_memory.ts";
import { overSequence, recurrent } from "../../lib/layers/sequence/forms.ts";
import { layer as gla } from "../../lib/layers/sequence/gla.ts";
import { readTree, toHost } from "../../lib/train/host.ts";
import { generator, randomTensor } from "../engine/oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
type DType = "float32" | "float64";
const dtypes: DType[] = ["float32", "float64"];
const [batch, heads, keys, values] = [2, 2, 3, 5];

const draw = (random: () => number, shape: number[], dtype: DType) =>
  randomTensor(random, shape, { low: -1, high: 1, dtype });

/** S = diag(alpha) S + k v', o = S' q in loops over numbers. */
function definition(
  { query, key, value, logGate }: Record<"query" | "key" | "value" | "logGate", Tensor>,
  memory: Tensor,
): { last: number[]; mixed: number[] } {
  const length = query.shape[1];
  const last = Array.from(memory.data);
  const mixed = new Array(batch * length * heads * values).fill(0);
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < length; t++) {
      for (let h = 0; h < heads; h++) {
        const token = (b * length + t) * heads + h;
        for (let i = 0; i < keys; i++) {
          for (let j = 0; j < values; j++) {
            const at = ((b * heads + h) * keys + i) * values + j;
            last[at] = Math.exp(logGate.data[token * keys + i]) * last[at] +
              key.data[token * keys + i] * value.data[token * values + j];
            mixed[token * values + j] += query.data[token * keys + i] * last[at];
          }
        }
      }
    }
  }
  return { last, mixed };
}

const gates: Record<string, (t: number, u: number) => number> = {
  open: () => 0,
  "between 0 and 1": (_, u) => Math.log(u),
  "nearly closed": () => leastLogGate,
  "closed at every other token": (t) => t % 2 === 0 ? leastLogGate : -0.01,
  "closed in the first half of a chunk": (t) => t % 8 < 4 ? leastLogGate : 0,
  "closed in the second half of a chunk": (t) => t % 8 < 4 ? 0 : leastLogGate,
};

for (const dtype of dtypes) {
  for (const length of [1, 7, 8, 9, 37]) {
    for (const [what, gate] of Object.entries(gates)) {
      Deno.test(`chunks are the recurrence: gates ${what}, ${length} tokens, ${dtype}`, async () => {
        const random = generator(length);
        const wide = (width: number) => draw(random, [batch, length, heads, width], dtype);
        const tokens = { query: wide(keys), key: wide(keys), value: wide(values) };
        const logs = wide(keys);
        logs.data.forEach((u, n) =>
          logs.data[n] = gate(Math.floor(n / (heads * keys)) % length, (1 + u) / 2)
        );
        const given = { ...tokens, logGate: logs };
        const memory = draw(random, [batch, heads, keys, values], dtype);
        const program = await compile(gatedMemory as Any, [given, memory] as Any);
        const [last, mixed] = await readTree(await program.run(...[given, memory] as Any)) as Any;
        await program.close();
        const want = definition(given, memory);
        const tolerance = dtype === "float32" ? 1e-5 : 1e-12;
        const check = (got: Tensor, want: number[], name: string) =>
          want.forEach((value, i) =>
            assert.ok(
              Math.abs(got.data[i] - value) <= tolerance,
              `${name} ${i}: ${got.data[i]}, ${value}`,
            )
          );
        check(last, want.last, "the memory");
        check(mixed, want.mixed, "what is read");
      });
    }
  }

  Deno.test(`GLA with gates that forget everything at once: forms and gradients agree and are finite, ${dtype}`, async () => {
    const [width, length] = [8, 37];
    const config = gla.configure({ heads: 2, expandKey: 1, gateNormaliser: 1 }, width);
    const random = generator(5);
    const params = toHost(gla.init(config, jaxRandom.key(3))) as Any;
    // sigmoid(-30) = exp(-30); then logits whose exponential is no float32.
    for (const logit of [-30, -480]) {
      params.forget.up.bias = tensor(logit, [width]);
      const cast = (x: Any): Any =>
        ArrayBuffer.isView(x.data)
          ? { ...x, dtype, data: bits(x.data, dtype) }
          : Object.fromEntries(
            Object.entries(x).map(([name, child]) => [name, cast(child)]),
          );
      const x = draw(random, [batch, length, width], dtype);
      const state = draw(random, [batch, 2, 4, 4], dtype);
      const target = draw(random, [batch, length, width], dtype);
      const results = [];
      for (const form of [recurrent, overSequence]) {
        const loss = (params: Any, x: np.Array, state: np.Array, target: np.Array) => {
          const [last, y] = form(gla, config, params, x, state);
          return np.sum(y.mul(target)).add(np.sum(last));
        };
        const args = [cast(params), x, state, target];
        const step = valueAndGrad(loss, { argnums: [0, 1, 2] });
        const program = await compile(step as Any, args);
        const [value, gradients] = await readTree(await program.run(...args)) as Any;
        await program.close();
        results.push(leaves([value, gradients]));
      }
      const [want, got] = results;
      assert.equal(got.length, 1 + 7 + 2);
      const tolerance = dtype === "float32" ? 1e-4 : 1e-10;
      for (const [i, { data }] of want.entries()) {
        const scale = Math.max(1, ...Array.from(data, Math.abs));
        data.forEach((value, j) => {
          assert.ok(Number.isFinite(got[i].data[j]) && Number.isFinite(value), `leaf ${i}`);
          assert.ok(
            Math.abs(got[i].data[j] - value) <= tolerance * scale,
            `leaf ${i}, ${j}: ${got[i].data[j]}, ${value}`,
          );
        });
      }
    }
  });
}

const bits = (data: ArrayLike<number>, dtype: DType) =>
  dtype === "float32" ? Float32Array.from(data) : Float64Array.from(data);

/** Tensors of a tree, in the order of its names. */
function leaves(tree: Any): Tensor[] {
  return ArrayBuffer.isView(tree.data) ? [tree] : Object.values(tree).flatMap(leaves);
}
