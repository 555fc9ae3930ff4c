/** @file Linear attention that fades, and its kin, as sums over all earlier tokens. */
import { layer as cosFormer } from "../../../lib/layers/sequence/cosformer.ts";
import { layer as mLstm } from "../../../lib/layers/sequence/mlstm.ts";
import { layer as retNet } from "../../../lib/layers/sequence/retnet.ts";
import { layer as rwkv6 } from "../../../lib/layers/sequence/rwkv6.ts";
import { layer as tnl, slopes } from "../../../lib/layers/sequence/tnl.ts";
import assert from "node:assert/strict";
import { dot, rmsNorm, turned, type Vector } from "../definitions.ts";
import {
  assertDefined,
  convolved,
  list,
  type Named,
  parts,
  plus,
  product,
  sigmoid,
  silu,
  standardised,
  sum,
  testFresh,
  testOptions,
  times,
} from "./by_definition.ts";

/** sum_{s <= t} weight(t, s) v_s for every token t. */
const attend = (values: Vector[], weight: (t: number, s: number) => number): Vector[] =>
  values.map((_, t) =>
    values[0].map((_, j) => sum(values.slice(0, t + 1).map((v, s) => weight(t, s) * v[j])))
  );

/** What heads say of each token, side by side. */
const joined = (heads: Vector[][]): Vector[] =>
  heads[0].map((_, t) => heads.flatMap((head) => head[t]));

Deno.test("RetNet is a sum over turned keys by powers of each head's factor", () => {
  const [width, heads, keys, values] = [6, 3, 6, 9];
  assertDefined(retNet, { heads, expandKey: 1, expandValue: 1.5 }, width, (p, x) => {
    const mixed = x.map((token) => times(token, p.input));
    const read = Array.from({ length: heads }, (_, h) => {
      const of = (from: number, all: number) =>
        mixed.map((m) => parts(m.slice(from, from + all), heads)[h]);
      const [q, k, v] = [of(0, keys), of(keys, keys), of(2 * keys, values)];
      const gamma = 1 - 2 ** (-5 - h);
      return attend(
        v,
        (t, s) => gamma ** (t - s) * dot(turned(q[t], t), turned(k[s], s)) / Math.sqrt(2),
      )
        .map((row) => rmsNorm(p.norm.data, row, 1e-5));
    });
    return joined(read).map((row, t) =>
      times(product(row, times(x[t], p.gate).map(silu)), p.output)
    );
  });
});

for (const [heads, decay, negative] of [[3, 0.4, false], [4, 1, false], [3, 0.4, true]] as const) {
  const other = negative ? ", every other head by a factor below zero" : "";
  Deno.test(`TNL fades by ALiBi's slopes, ${heads} heads, slopes times ${decay}${other}`, () => {
    const width = 12;
    const wanted = heads === 4 ? [1 / 4, 1 / 16, 1 / 64, 1 / 256] : [1 / 16, 1 / 256, 1 / 4];
    assertDefined(tnl, { heads, decay, negative }, width, (p, x) => {
      const mixed = x.map((token) => times(token, p.input).map(silu));
      const read = Array.from({ length: heads }, (_, h) => {
        const [q, k, v] = [0, 1, 2].map((kind) =>
          mixed.map((m) => parts(parts(m, 3)[kind], heads)[h])
        );
        const factor = Math.exp(-wanted[h] * decay) * (negative && h !== 1 ? -1 : 1);
        return attend(v, (t, s) => factor ** (t - s) * dot(q[t], k[s]));
      });
      return joined(read).map((row, t) => {
        const normed = plus(
          product(standardised(row), list(p["norm.scale"])),
          list(p["norm.shift"]),
        );
        const open = times(times(x[t], p["gate.down"]), p["gate.up"]).map(sigmoid);
        return times(product(normed, open), p.output);
      });
    });
  });
}

Deno.test("slopes of twelve heads are those of eight, and every other of sixteen", () => {
  const sixteen = slopes(16);
  assert.deepEqual(slopes(12), [...slopes(8), sixteen[0], sixteen[2], sixteen[4], sixteen[6]]);
  assert.deepEqual(slopes(1), [2 ** -8]);
});

Deno.test("cosFormer weighs by cosines of distances, up to negative ones, and divides by no less than 1e-6", () => {
  const [width, heads, span] = [6, 2, 3];
  assertDefined(cosFormer, { heads, span }, width, (p, x) => {
    const of = (name: string, h: number) =>
      x.map((token) => parts(times(token, p[`${name}.weight`], p[`${name}.bias`]), heads)[h]);
    const relu = (row: Vector) => row.map((v) => Math.max(v, 0));
    const read = Array.from({ length: heads }, (_, h) => {
      const [q, k] = [of("query", h).map(relu), of("key", h).map(relu)];
      const weight = (t: number, s: number) =>
        Math.cos(Math.PI / 2 * (t - s) / span) * dot(q[t], k[s]);
      const all = attend(of("value", h).map((row) => [...row, 1]), weight);
      return all.map((row) => row.slice(0, -1).map((v) => v / Math.max(row.at(-1)!, 1e-6)));
    });
    return joined(read).map((row) => times(row, p["output.weight"], p["output.bias"]));
  });
});

for (const negative of [false, true]) {
  Deno.test(`mLSTM is its sum without a stabiliser, factors of either sign: ${negative}`, () => {
    const [width, heads, inner, block] = [4, 2, 8, 4];
    // Some gates let nothing in, others as much as exp(30).
    const wild = (p: Named) =>
      p["gates.weight"].data.forEach((v, i) => p["gates.weight"].data[i] = 30 * v);
    assertDefined(mLstm, { heads, expand: 2, block, conv: 3, negative }, width, (p, x) => {
      const mixed = x.map((token) => times(token, p.input));
      const active = convolved(mixed, {
        weight: p["convolution.weight"],
        bias: p["convolution.bias"],
      });
      const blocks = (rows: Vector[], name: string) =>
        rows.map((row) =>
          parts(row, inner / block).flatMap((part, i) => times(part, p[name], undefined, i))
        );
      const [q, k, v] = [blocks(active, "query"), blocks(active, "key"), blocks(mixed, "value")];
      const logits = x.map((_, t) =>
        times([...q[t], ...k[t], ...v[t]], p["gates.weight"], p["gates.bias"])
      );
      const read = Array.from({ length: heads }, (_, h) => {
        const own = (rows: Vector[]) => rows.map((row) => parts(row, heads)[h]);
        const factor = logits.map((l) =>
          negative ? 2 * sigmoid(l[heads + h]) - 1 : sigmoid(l[heads + h])
        );
        const weight = (t: number, s: number) => {
          const kept = factor.slice(s + 1, t + 1).reduce((a, b) => a * b, 1);
          return kept * Math.exp(logits[s][h]) * dot(own(q)[t], own(k)[s]) /
            Math.sqrt(inner / heads);
        };
        return attend(own(v).map((row) => [...row, 1]), weight)
          .map((row) =>
            standardised(row.slice(0, -1).map((n) => n / Math.max(Math.abs(row.at(-1)!), 1)))
          );
      });
      return joined(read).map((row, t) => {
        const seen = plus(product(row, list(p.norm)), product(active[t], list(p.skip)));
        return times(product(seen, times(x[t], p.gate).map(silu)), p.output);
      });
    }, wild);
  });

  Deno.test(`RWKV-6 reads before it writes, with a share of the token itself, factors of either sign: ${negative}`, () => {
    const [width, heads, keys, rank] = [4, 2, 6, 3];
    const options = {
      heads,
      expandKey: keys / width,
      expandValue: 2,
      mixRank: rank,
      decayRank: 2,
      negative,
    };
    assertDefined(rwkv6, options, width, (p, x) => {
      const seen = x.map((token, t) => {
        const delta = token.map((v, i) => (t === 0 ? 0 : x[t - 1][i]) - v);
        const low = parts(
          times(plus(token, product(delta, list(p["mix.first"]))), p["mix.down"]).map(Math.tanh),
          5,
        );
        const [r, w, k, v, g] = low.map((part, n) => {
          const share = plus(
            times(part, p["mix.up"], undefined, n),
            parts(list(p["mix.bias"]), 5)[n],
          );
          return plus(token, product(delta, share));
        });
        const rates = times(
          times(w, p["decay.down"]).map(Math.tanh),
          p["decay.up.weight"],
          p["decay.up.bias"],
        );
        const kept = rates.map((rate) => Math.exp(-Math.exp(rate))).map((w) =>
          negative ? 2 * w - 1 : w
        );
        return {
          r: times(r, p.query),
          kept,
          k: times(k, p.key),
          v: times(v, p.value),
          g: times(g, p.gate).map(silu),
        };
      });
      const read = Array.from({ length: heads }, (_, h) => {
        const of = (name: "r" | "kept" | "k" | "v") =>
          seen.map((token) => parts(token[name], heads)[h]);
        const [r, kept, k, v] = [of("r"), of("kept"), of("k"), of("v")];
        const bonus = parts(list(p.bonus), heads)[h];
        const weight = (t: number, s: number) =>
          sum(k[s].map((key, i) => {
            if (s === t) return r[t][i] * bonus[i] * key;
            return r[t][i] * kept.slice(s + 1, t).reduce((all, w) => all * w[i], 1) * key;
          }));
        return attend(v, weight).map((row) => standardised(row));
      });
      return joined(read).map((row, t) => {
        const normed = plus(product(row, list(p["norm.scale"])), list(p["norm.shift"]));
        return times(product(normed, seen[t].g), p.output);
      });
    });
  });
}

testOptions("retnet", retNet, { heads: 4, expandKey: 1, expandValue: 2 }, [
  [{ heads: 0 }, />=1/],
  [{ expandKey: 0 }, />0/],
  [{ expandKey: 0.25 }, /multiple of heads = 8/], // pairs
  [{ expandValue: 0 }, />0/],
  [{ expandValue: 0.1 }, /multiple of heads = 4/],
]);
testOptions("tnl", tnl, { heads: 4, decay: 1, negative: false }, [
  [{ heads: 0 }, />=1/],
  [{ decay: -0.1 }, />=0/],
  [{ negative: 1 }, /expected boolean/],
]);
testOptions("cosformer", cosFormer, { heads: 4, span: 512 }, [
  [{ heads: 0 }, />=1/],
  [{ span: 0 }, />=1/],
]);
testOptions("mlstm", mLstm, { heads: 4, expand: 2, block: 4, conv: 4, negative: false }, [
  [{ heads: 0 }, />=1/],
  [{ expand: 0 }, />0/],
  [{ expand: 0.125 }, /multiple of heads = 4/],
  [{ block: 0 }, />=1/],
  [{ conv: 1 }, />=2/],
  [{ negative: 1 }, /expected boolean/],
]);
testOptions(
  "rwkv6",
  rwkv6,
  { heads: 4, expandKey: 0.5, expandValue: 1, mixRank: 32, decayRank: 64, negative: false },
  [
    [{ heads: 0 }, />=1/],
    [{ expandKey: 0.1 }, /multiple of heads = 4/],
    [{ expandKey: 0 }, />0/],
    [{ expandValue: 0.1 }, /multiple of heads = 4/],
    [{ expandValue: 0 }, />0/],
    [{ mixRank: 0 }, />=1/],
    [{ decayRank: 0 }, />=1/],
    [{ negative: 1 }, /expected boolean/],
  ],
);

const d = 24;
const into = { normal: 1 / Math.sqrt(d) };
testFresh("retnet", retNet, [d, { heads: 3 }], {
  input: [[d, 4 * d], into],
  gate: [[d, 2 * d], into],
  norm: [[16], { constant: 1 }],
  output: [[2 * d, d], { normal: 1 / Math.sqrt(2 * d) }],
}, "output");
testFresh("tnl", tnl, [d, { heads: 3 }], {
  input: [[d, 3 * d], into],
  "gate.down": [[d, 8], into],
  "gate.up": [[8, d], { normal: 1 / Math.sqrt(8) }],
  "norm.scale": [[d], { constant: 1 }],
  "norm.shift": [[d], { constant: 0 }],
  output: [[d, d], into],
}, "output");
testFresh("mlstm", mLstm, [d, { heads: 3 }], {
  input: [[d, 48], into],
  "convolution.weight": [[4, 48], { uniform: [-0.5, 0.5] }],
  "convolution.bias": [[48], { uniform: [-0.5, 0.5] }],
  query: [[12, 4, 4], { normal: 0.5 }],
  key: [[12, 4, 4], { normal: 0.5 }],
  value: [[12, 4, 4], { normal: 0.5 }],
  "gates.weight": [[144, 6], { constant: 0 }],
  "gates.bias": [[6], { values: [NaN, NaN, NaN, 3, 4.5, 6] }],
  norm: [[48], { constant: 1 }],
  skip: [[48], { constant: 1 }],
  gate: [[d, 48], into],
  output: [[48, d], { normal: 1 / Math.sqrt(48) }],
}, "output");
testFresh("rwkv6", rwkv6, [d, { heads: 3, mixRank: 8, decayRank: 16 }], {
  "mix.first": [[d], { constant: 0.5 }],
  "mix.down": [[d, 40], into],
  "mix.up": [[5, 8, d], { normal: 0.1 / Math.sqrt(8) }],
  "mix.bias": [[5, d], { constant: 0.5 }],
  query: [[d, 12], into],
  "decay.down": [[d, 16], into],
  "decay.up.weight": [[16, 12], { normal: 0.1 / 4 }],
  "decay.up.bias": [[12], {
    values: Array.from({ length: 12 }, (_, i) => -6 + 5 * (i / 11) ** 0.7),
  }],
  key: [[d, 12], into],
  value: [[d, d], into],
  gate: [[d, d], into],
  bonus: [[3, 4], { constant: 0 }],
  "norm.scale": [[d], { constant: 1 }],
  "norm.shift": [[d], { constant: 0 }],
  output: [[d, d], into],
}, "output");
