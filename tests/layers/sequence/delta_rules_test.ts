/** @file Gated delta rules and their kin, in loops over numbers in the order of their equations. */
import { Matrix, solve } from "ml-matrix";
import { layer as deltaProduct } from "../../../lib/layers/sequence/deltaproduct.ts";
import { layer as gatedDeltaNet } from "../../../lib/layers/sequence/gated_deltanet.ts";
import { layer as kda } from "../../../lib/layers/sequence/kda.ts";
import { layer as mesa } from "../../../lib/layers/sequence/mesa.ts";
import { layer as rwkv7 } from "../../../lib/layers/sequence/rwkv7.ts";
import { dot, rmsNorm, type Vector } from "../definitions.ts";
import {
  type Any,
  assertDefined,
  convolved,
  list,
  type Named,
  parts,
  plus,
  product,
  sigmoid,
  silu,
  softplus,
  standardised,
  sum,
  testFresh,
  testOptions,
  times,
  unit,
} from "./by_definition.ts";

type Memory = number[][];
const empty = (rows: number, columns: number): Memory =>
  Array.from({ length: rows }, () => Array<number>(columns).fill(0));
/** S' k */
const readAt = (memory: Memory, key: Vector): Vector =>
  memory[0].map((_, j) => sum(key.map((k, i) => k * memory[i][j])));
const write = (memory: Memory, key: Vector, value: Vector) =>
  memory.forEach((row, i) => row.forEach((_, j) => row[j] += key[i] * value[j]));
const fade = (memory: Memory, by: (i: number) => number) =>
  memory.forEach((row, i) => row.forEach((_, j) => row[j] *= by(i)));

/** What makes one gated delta rule another: gates of a token by head and key number, and the gate on the output. */
interface Rule {
  readonly layer: Any;
  readonly steps?: number;
  gates(p: Named, token: Vector, heads: number): (h: number, i: number) => number;
  open(p: Named, token: Vector): Vector;
}

const headRates = {
  gates(p: Named, token: Vector) {
    const steps = times(token, p["forget.step.weight"], p["forget.step.bias"]).map(softplus);
    return (h: number) => Math.exp(-Math.exp(p["forget.rate"].data[h]) * steps[h]);
  },
  open: (p: Named, token: Vector) => times(token, p.gate).map(silu),
};

const rules: Record<string, Rule> = {
  "Gated DeltaNet": { layer: gatedDeltaNet, ...headRates },
  "DeltaProduct of 3": { layer: deltaProduct, steps: 3, ...headRates },
  KDA: {
    layer: kda,
    gates(p, token, heads) {
      const low = times(token, p["forget.down"]);
      const steps = parts(
        times(low, p["forget.up.weight"], p["forget.up.bias"]).map(softplus),
        heads,
      );
      return (h, i) => Math.exp(-Math.exp(p["forget.rate"].data[h]) * steps[h][i]);
    },
    open: (p, token) =>
      times(times(token, p["gate.down"]), p["gate.up.weight"], p["gate.up.bias"]).map(sigmoid),
  },
};

for (const [name, { layer, steps, gates, open }] of Object.entries(rules)) {
  for (const [conv, negative] of [[3, true], [0, false]] as const) {
    Deno.test(`${name} forgets, then replaces what is held under its keys, ${conv} taps, beta below ${negative ? 2 : 1}`, () => {
      const [width, heads, key, value] = [4, 2, 3, 4];
      const [keys, values, count] = [heads * key, heads * value, steps ?? 1];
      const options = {
        heads,
        expandKey: keys / width,
        expandValue: values / width,
        conv,
        negative,
      };
      assertDefined(layer, steps ? { ...options, steps } : options, width, (p, x) => {
        const mixed = x.map((token) => times(token, p.input));
        const active = conv
          ? convolved(mixed, { weight: p["convolution.weight"] })
          : mixed.map((row) => row.map(silu));
        const memories = Array.from({ length: heads }, () => empty(key, value));
        return x.map((token, t) => {
          const betas = times(token, p.beta).map((b) => (negative ? 2 : 1) * sigmoid(b));
          const gate = gates(p, token, heads);
          const read = memories.flatMap((memory, h) => {
            fade(memory, (i) => gate(h, i));
            for (let n = 0; n < count; n++) {
              const at = keys + (n * heads + h) * key;
              const k = unit(active[t].slice(at, at + key));
              const from = (1 + count) * keys + (n * heads + h) * value;
              const v = active[t].slice(from, from + value);
              const held = readAt(memory, k);
              write(memory, k, v.map((target, j) => betas[n * heads + h] * (target - held[j])));
            }
            const q = unit(active[t].slice(h * key, (h + 1) * key)).map((v) => v / Math.sqrt(key));
            return rmsNorm(p.norm.data, readAt(memory, q), 1e-5);
          });
          return times(product(read, open(p, token)), p.output);
        });
      });
    });
  }
}

Deno.test("RWKV-7 takes back under one key, of the memory before it forgets, and writes under another", () => {
  const [width, heads, each, rank] = [6, 2, 3, 3];
  assertDefined(rwkv7, { heads, rank }, width, (p, x) => {
    const memories = Array.from({ length: heads }, () => empty(each, each));
    return x.map((token, t) => {
      const delta = token.map((v, i) => (t === 0 ? 0 : x[t - 1][i]) - v);
      const [forQuery, forGate, forKey, forValue, forRate, forOutput] = parts(list(p.mix), 6)
        .map((share) => plus(token, product(delta, share)));
      const low = (x: Vector, name: string, f = (v: number) => v) =>
        times(times(x, p[`${name}.down`]).map(f), p[`${name}.up.weight`], p[`${name}.up.bias`]);
      const w = low(forGate, "decay", Math.tanh).map((v) => Math.exp(-Math.exp(-0.5) * sigmoid(v)));
      const a = low(forRate, "rate").map(sigmoid);
      const g = times(times(forOutput, p["gate.down"]).map(sigmoid), p["gate.up"]);
      const k = times(forKey, p.key);
      const made = {
        r: times(forQuery, p.query),
        w,
        a,
        removed: product(k, list(p.removed)),
        k: k.map((v, i) => v * (1 + (a[i] - 1) * p.written.data[i])),
        v: times(forValue, p.value),
      };
      const read = memories.flatMap((memory, h) => {
        const own = (name: keyof typeof made) => parts(made[name], heads)[h];
        const removed = unit(own("removed"), 1e-12);
        const held = readAt(memory, removed);
        fade(memory, (i) => own("w")[i]);
        write(memory, product(removed, own("a")), held.map((v) => -v));
        write(memory, own("k"), own("v"));
        const normed = standardised(readAt(memory, own("r")), 1e-5 * each);
        const part = (name: string) => parts(list(p[name]), heads)[h];
        const share = dot(product(own("r"), own("k")), part("bonus"));
        return plus(
          product(normed, part("norm.scale")),
          part("norm.shift"),
          own("v").map((v) => share * v),
        );
      });
      return times(product(read, g), p.output);
    });
  });
});

Deno.test("Mesa is ridge regression on what was seen, with weights that fade", () => {
  const [width, heads, keys] = [4, 2, 6];
  const each = keys / heads;
  assertDefined(mesa, { heads, expand: keys / width, conv: 3, leastRidge: 0.3 }, width, (p, x) => {
    const mixed = x.map((token) => times(token, p.input));
    const active = convolved(mixed.map((m) => m.slice(0, 2 * keys)), {
      weight: p["convolution.weight"],
    });
    const logits = x.map((token) => times(token, p["gates.weight"], p["gates.bias"]).map(sigmoid));
    return x.map((_, t) => {
      const read = Array.from({ length: heads }, (_, h) => {
        const q = (s: number) => unit(parts(active[s].slice(0, keys), heads)[h]);
        const k = (s: number) => unit(parts(active[s].slice(keys), heads)[h]);
        const v = (s: number) => parts(mixed[s].slice(2 * keys), heads)[h];
        const weight = (s: number) =>
          logits.slice(s + 1, t + 1).reduce((all, l) => all * l[h], 1) * logits[s][heads + h];
        const seen = Array.from({ length: t + 1 }, (_, s) => s);
        // M (sum w k k' + Lambda) = sum w v k'
        const squares = empty(each, each);
        const products = empty(each, each);
        for (const s of seen) {
          write(squares, k(s), k(s).map((key) => weight(s) * key));
          write(products, k(s), v(s).map((value) => weight(s) * value));
        }
        squares.forEach((row, i) => row[i] += softplus(p.ridge.data[h * each + i]) + 0.3);
        const map = solve(new Matrix(squares), new Matrix(products)).to2DArray();
        return rmsNorm(p.norm.data, readAt(map, q(t)), 1e-5);
      });
      return times(read.flat(), p.output);
    });
  });
});

const delta = { heads: 4, expandKey: 1, expandValue: 2, conv: 4, negative: false, steps: 1 };
const refused: [object, RegExp][] = [
  [{ heads: 0 }, />=1/],
  [{ expandKey: 0 }, />0/],
  [{ expandKey: 0.1 }, /multiple of heads = 4/],
  [{ expandValue: 0 }, />0/],
  [{ expandValue: 0.1 }, /multiple of heads = 4/],
  [{ conv: -1 }, />=0/],
  [{ conv: 1 }, /at least 2, or 0 for no convolution/],
  [{ negative: 1 }, /expected boolean/],
];
testOptions("gated_deltanet", gatedDeltaNet, delta, refused);
testOptions("kda", kda, { ...delta, expandValue: 1 }, refused);
testOptions("deltaproduct", deltaProduct, { ...delta, negative: true, steps: 2 }, [
  ...refused,
  [{ steps: 0 }, />=1/],
]);
testOptions("rwkv7", rwkv7, { heads: 4, rank: 32 }, [[{ heads: 0 }, />=1/], [{ rank: 0 }, />=1/]]);
testOptions("mesa", mesa, { heads: 4, expand: 1, conv: 4, leastRidge: 0.25 }, [
  [{ heads: 0 }, />=1/],
  [{ expand: 0 }, />0/],
  [{ expand: 0.1 }, /multiple of heads = 4/],
  [{ conv: 1 }, />=2/],
  [{ leastRidge: 0 }, />0/],
]);

const d = 24;
const into = { normal: 1 / Math.sqrt(d) };
const steps = { uniform: [-3, -1] as [number, number], of: (x: number) => Math.log10(softplus(x)) };
const rates = { uniform: [1, 16] as [number, number], of: Math.exp };
for (
  const [name, layer, count] of [["gated_deltanet", gatedDeltaNet, 1], [
    "deltaproduct",
    deltaProduct,
    2,
  ]] as const
) {
  testFresh(name, layer, [d, { heads: 12 }], {
    input: [[d, d + count * 3 * d], into],
    beta: [[d, count * 12], into],
    "forget.step.weight": [[d, 12], into],
    "forget.step.bias": [[12], steps],
    "forget.rate": [[12], rates],
    gate: [[d, 2 * d], into],
    norm: [[4], { constant: 1 }],
    output: [[2 * d, d], { normal: 1 / Math.sqrt(2 * d) }],
    "convolution.weight": [[4, d + count * 3 * d], { uniform: [-0.5, 0.5] }],
  }, "output");
}
testFresh("kda", kda, [d, { heads: 6, conv: 0 }], {
  input: [[d, 3 * d], into],
  beta: [[d, 6], into],
  "forget.down": [[d, 4], into],
  "forget.up.weight": [[4, d], { normal: 0.5 }],
  "forget.up.bias": [[d], steps],
  "forget.rate": [[6], rates],
  "gate.down": [[d, 4], into],
  "gate.up.weight": [[4, d], { normal: 0.5 }],
  "gate.up.bias": [[d], { constant: 0 }],
  norm: [[4], { constant: 1 }],
  output: [[d, d], into],
}, "output");
testFresh("rwkv7", rwkv7, [d, { heads: 3, rank: 8 }], {
  mix: [[6, d], { constant: 0.5 }],
  query: [[d, d], into],
  key: [[d, d], into],
  value: [[d, d], into],
  "decay.down": [[d, 8], into],
  "decay.up.weight": [[8, d], { normal: 0.1 / Math.sqrt(8) }],
  "decay.up.bias": [[d], { values: Array.from({ length: d }, (_, i) => -5.5 + 6 * i / (d - 1)) }],
  "rate.down": [[d, 8], into],
  "rate.up.weight": [[8, d], { normal: 0.1 / Math.sqrt(8) }],
  "rate.up.bias": [[d], { constant: -0.19 }],
  "gate.down": [[d, 8], into],
  "gate.up": [[8, d], { normal: 1 / Math.sqrt(8) }],
  removed: [[d], { constant: 0.71 }],
  written: [[d], { constant: 1.02 }],
  bonus: [[3, 8], { constant: -0.04 }],
  "norm.scale": [[d], { constant: 1 }],
  "norm.shift": [[d], { constant: 0 }],
  output: [[d, d], into],
}, "output");
testFresh("mesa", mesa, [d, { heads: 3 }], {
  input: [[d, 3 * d], into],
  "convolution.weight": [[4, 2 * d], { uniform: [-0.5, 0.5] }],
  "gates.weight": [[d, 6], into],
  "gates.bias": [[6], { constant: 0 }],
  ridge: [[d], { constant: Math.log(Math.expm1(0.75)) }],
  norm: [[8], { constant: 1 }],
  output: [[d, d], into],
}, "output");
