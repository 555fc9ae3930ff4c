/**
 * @file Memories that forget number by number and take back under a key, in chunks, against their recurrence in float64: gates that are
 * closed or open in float32, of either sign, and equal keys with beta = 1.9, where powers of what has to be inverted reach 1e20.
 */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Tensor } from "../../lib/engine/mod.ts";
import { headMemory } from "../../lib/layers/head_memory.ts";
import { leastLogGate } from "../../lib/layers/gated_memory.ts";
import { lowRankMemory } from "../../lib/layers/low_rank_memory.ts";
import { readTree } from "../../lib/train/host.ts";
import { generator, randomTensor } from "../engine/oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
type Tokens = Record<string, Tensor>;

const [batch, heads, keys, values] = [2, 2, 3, 4];

/** Gates by the number of the token, and of u in 0..1. */
const gates: Record<string, (t: number, u: number) => number> = {
  open: () => 0,
  "between 0 and 1": (_, u) => Math.log(0.05 + u),
  "nearly closed": () => leastLogGate,
  "closed at every other token": (t) => t % 2 === 0 ? leastLogGate : -0.01,
  "closed in the second half of a chunk": (t) => t % 8 < 4 ? 0 : leastLogGate,
};

function draw(
  length: number,
  gate: (t: number, u: number) => number,
  equal: boolean,
  width: number,
) {
  const random = generator(length + 1);
  const wide = (width: number) =>
    randomTensor(random, [batch, length, heads, width], { low: -1, high: 1 });
  const [query, read, value, logGate, reverses] = [keys, keys, values, width, width].map(wide);
  const each = heads * keys;
  for (let i = 0; i < read.data.length; i += keys) {
    const row = read.data.subarray(i, i + keys);
    if (equal) row.set(read.data.subarray(i % each, i % each + keys));
    const size = Math.hypot(...row);
    row.forEach((v, j) => row[j] = v / size);
  }
  const key = {
    ...read,
    data: read.data.map((v) => (equal ? 1.9 : 1) * v) as Float32Array<ArrayBuffer>,
  };
  logGate.data.forEach((u, i) => {
    logGate.data[i] = Math.min(0, gate(Math.floor(i / (heads * width)) % length, (1 + u) / 2));
  });
  reverses.data.forEach((u, i) => reverses.data[i] = Number(u > 0));
  const memory = randomTensor(random, [batch, heads, keys, values], { low: -1, high: 1 });
  return { tokens: { query, key, value, logGate, read, reverses } as Tokens, memory };
}

/** In loops: S = diag(a) S + k (v - S' diag(a) r)', o = S' q. */
function definition({ query, key, value, logGate, read, reverses }: Tokens, memory: Tensor) {
  const length = query.shape[1];
  const width = logGate.shape[3];
  const last = Array.from(memory.data);
  const out = new Array(value.data.length).fill(0);
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < length; t++) {
      for (let h = 0; h < heads; h++) {
        const token = (b * length + t) * heads + h;
        const at = (i: number, j: number) => ((b * heads + h) * keys + i) * values + j;
        for (let j = 0; j < values; j++) {
          let held = 0;
          for (let i = 0; i < keys; i++) {
            const n = token * width + i % width;
            last[at(i, j)] *= Math.exp(logGate.data[n]) * (reverses?.data[n] ? -1 : 1);
            held += (read?.data[token * keys + i] ?? 0) * last[at(i, j)];
          }
          for (let i = 0; i < keys; i++) {
            last[at(i, j)] += key.data[token * keys + i] * (value.data[token * values + j] - held);
            out[token * values + j] += query.data[token * keys + i] * last[at(i, j)];
          }
        }
      }
    }
  }
  return { last, out };
}

async function assertSame(
  fn: Any,
  args: Any[],
  want: { last: number[]; out: number[] },
  transposed = false,
) {
  const program = await compile(fn, args);
  const [last, out] = await readTree(await program.run(...args)) as Any;
  await program.close();
  const scale = Math.max(1, ...want.out.map(Math.abs), ...want.last.map(Math.abs));
  const near = (got: number, want: number, what: string) =>
    assert.ok(Math.abs(got - want) <= 2e-5 * scale, `${what}: ${got}, ${want}`);
  want.out.forEach((v, i) => near(out.data[i], v, `read ${i}`));
  want.last.forEach((v, i) => {
    const [m, k, j] = [Math.floor(i / (keys * values)), Math.floor(i / values) % keys, i % values];
    const at = transposed ? (m * values + j) * keys + k : i;
    near(last.data[at], v, `memory ${i}`);
  });
}

for (const [what, gate] of Object.entries(gates)) {
  Deno.test(`in chunks of 8, gates ${what}: the recurrence, with and without taking back and signs`, async () => {
    for (const length of [1, 8, 19]) {
      const { tokens, memory } = draw(length, gate, false, keys);
      const { read, reverses, ...plain } = tokens;
      for (const some of [plain, { ...plain, read }, { ...plain, reverses }, tokens]) {
        await assertSame(lowRankMemory, [some, memory], definition(some as Tokens, memory));
      }
    }
  });

  Deno.test(`in a chunk of any size, one gate a head, ${what}: the recurrence, with and without signs`, async () => {
    const length = 13;
    const { tokens, memory } = draw(length, gate, false, 1);
    const { read: _, logGate, reverses, ...plain } = tokens;
    const flat = (x: Tensor) => ({ ...x, shape: x.shape.slice(0, 3) });
    const turned = randomTensor(generator(1), [batch, heads, values, keys]);
    memory.data.forEach((v, i) => {
      const [m, k, j] = [
        Math.floor(i / (keys * values)),
        Math.floor(i / values) % keys,
        i % values,
      ];
      turned.data[(m * values + j) * keys + k] = v;
    });
    for (const signed of [false, true]) {
      const given = {
        ...plain,
        logDecay: flat(logGate),
        ...(signed ? { reverses: flat(reverses) } : {}),
      };
      const want = definition({ ...plain, logGate, ...(signed ? { reverses } : {}) }, memory);
      await assertSame(headMemory, [given, turned], want, true);
    }
  });
}

for (const signed of [false, true]) {
  Deno.test(`equal keys, beta = 1.9, gates open but for one, signs: ${signed}: float32 has the recurrence`, async () => {
    const { tokens, memory } = draw(64, (t) => t === 20 ? leastLogGate : 0, true, keys);
    const { reverses, ...rest } = tokens;
    const given = signed ? { ...rest, reverses } : rest;
    await assertSame(lowRankMemory, [given, memory], definition(given as Tokens, memory));
  });
}
