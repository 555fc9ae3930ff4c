/** @file Layers whose state is a network, a memory of cells that turn, or vectors that ask: as loops over numbers. */
import assert from "node:assert/strict";
import { layer as blocks } from "../../../lib/layers/sequence/block_recurrent.ts";
import { layer as plstm } from "../../../lib/layers/sequence/plstm.ts";
import { layer as supra } from "../../../lib/layers/sequence/supra.ts";
import { layer as warp } from "../../../lib/layers/sequence/warp.ts";
import { dot, turned, type Vector } from "../definitions.ts";
import {
  assertDefined,
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

const softmax = (logits: Vector): Vector => {
  const powers = logits.map(Math.exp);
  return powers.map((v) => v / sum(powers));
};

Deno.test("WARP's network starts by the first token, and changes by what each differs from the last", () => {
  const [width, inner, hidden] = [3, 2, 4];
  assertDefined(warp, { inner, hidden }, width, (p, tokens) => {
    const us = tokens.map((token) => times(token, p.down));
    let theta = times(us[0], p["start.weight"], p["start.bias"]);
    return us.map((u, t) => {
      const size = theta.length;
      const A = parts(list(p.transition), size);
      const moved = t === 0 ? u.map(() => 0) : u.map((v, i) => v - us[t - 1][i]);
      theta = plus(A.map((row) => dot(row, theta)), times(moved, p.change));
      let at = 0;
      const take = (count: number) => theta.slice(at, at += count);
      const [first, firstBias] = [parts(take(hidden * inner), hidden), take(hidden)];
      const [second, secondBias] = [parts(take(inner * hidden), inner), take(inner)];
      const shown = first.map((row, i) => silu(dot(row, u) + firstBias[i]));
      const answer = second.map((row, i) => dot(row, shown) + secondBias[i]);
      return times(answer, p["up.weight"], p["up.bias"]);
    });
  });
});

Deno.test("pLSTM's cells turn, shrink and turn again; what is read of them is marked, and is of the tokens before", () => {
  const [width, heads, tracking, conv] = [8, 2, 2, 3];
  const [each, places] = [4, 2];
  const open = (p: Named) => {
    p.gates.data.forEach((v, i) => p.gates.data[i] = v + 5);
    // The series is a turn as long as turns are small.
    p["turns.weight"].data.forEach((v, i) => p["turns.weight"].data[i] = 0.3 * v);
  };
  assertDefined(plstm, { heads, tracking, conv }, width, (p, tokens) => {
    const gate = (kind: number, h: number, i: number, j: number) =>
      sigmoid(p.gates.data[((kind * heads + h) * tracking + i) * tracking + j]);
    /** exp of (0, a; -a, 0) for the first matrix's a = m_01 - m_10. */
    const turn = (m: Vector) => {
      const angle = m[1] - m[2];
      return [[Math.cos(angle), Math.sin(angle)], [-Math.sin(angle), Math.cos(angle)]];
    };
    // memory[h][key][place][number]
    const memory = Array.from(
      { length: heads },
      () =>
        Array.from({ length: each }, () => Array.from({ length: places }, (): Vector => [0, 0])),
    );
    return tokens.map((token, t) => {
      const seen = list(p["convolution.bias"]);
      for (let lag = 0; lag < Math.min(conv, t + 1); lag++) {
        tokens[t - lag].forEach((v, c) =>
          seen[c] += p["convolution.weight"].data[lag * width + c] * v
        );
      }
      const turns = parts(times(seen, p["turns.weight"], p["turns.bias"]), 2 * heads);
      const factors = parts(times(seen, p["factors.weight"], p["factors.bias"]), heads)
        .map((row) => row.map((v) => Math.tanh(5 * v)));
      const read = memory.map((cells, h) => {
        const content = (x: Vector) =>
          times(parts(x, heads)[h], p["content.weight"], undefined, h)
            .map((v, i) => v + p["content.bias"].data[h * 3 * each + i]);
        const [query, key] = parts(content(seen), 3);
        const value = parts(parts(content(token), 3)[2], places);
        const out = Array.from(
          { length: places },
          (_, v) =>
            Array.from({ length: tracking }, (_, i) => {
              let all = 0;
              for (let d = 0; d < each; d++) {
                for (let j = 0; j < tracking; j++) {
                  all += query[d] * gate(1, h, i, j) * cells[d][v][j];
                }
              }
              for (let l = 0; l < tracking; l++) {
                all += dot(query, key) * gate(2, h, i, l) * value[v][l];
              }
              return all / Math.sqrt(each);
            }),
        ).flat();
        const [before, after] = [turn(turns[h]), turn(turns[heads + h])];
        cells.forEach((row, d) =>
          row.forEach((cell, v) => {
            const inner = before.map((r, i) => factors[h][i] * dot(r, cell));
            row[v] = after.map((r, i) =>
              dot(r, inner) + key[d] * sum(value[v].map((w, l) => gate(0, h, i, l) * w))
            );
          })
        );
        const root = Math.sqrt(dot(out, out) / each + 1e-5);
        return out.map((v, i) => v / root * p.norm.data[h * each + i]);
      });
      return plus(times(read.flat(), p.output), product(list(p.pass), seen));
    });
  }, open);
});

Deno.test("a block-recurrent layer sees two blocks and its vectors, which ask the block and each other at its end", () => {
  const [width, heads, block, vectors] = [8, 2, 2, 2];
  const each = width / heads;
  assertDefined(blocks, { heads, block, vectors }, width, (p, tokens) => {
    const split = (all: Vector) => ({
      first: parts(all.slice(0, width), heads),
      second: parts(all.slice(width, 2 * width), heads),
      key: all.slice(2 * width, 2 * width + each),
      value: all.slice(2 * width + each),
    });
    const attended = (query: Vector, keys: Vector[], values: Vector[]) => {
      const weights = softmax(keys.map((key) => dot(query, key) / Math.sqrt(each)));
      return plus(...values.map((value, i) => value.map((v) => weights[i] * v)));
    };
    const made = tokens.map((token) => split(times(token, p.input)));
    let state = parts(list(p.start), vectors);
    const names = parts(list(p.name), vectors);
    return tokens.map((_, t) => {
      const faces = state.map((vector, i) =>
        split(times(
          plus(product(standardised(vector), list(p.norm)), names[i]),
          p.vector,
        ))
      );
      const from = Math.max(0, (Math.floor(t / block) - 1) * block);
      const seen = made.slice(from, t + 1);
      const ofTokens = made[t].first.flatMap((query) =>
        attended(
          turned(query, t),
          seen.map(({ key }, i) => turned(key, from + i)),
          seen.map(({ value }) => value),
        )
      );
      const ofVectors = made[t].second.flatMap((query) =>
        attended(query, faces.map(({ key }) => key), faces.map(({ value }) => value))
      );
      if ((t + 1) % block === 0) {
        const current = made.slice(t + 1 - block, t + 1);
        state = state.map((vector, i) => {
          const answers = [
            ...faces[i].first.flatMap((query) =>
              attended(query, faces.map(({ key }) => key), faces.map(({ value }) => value))
            ),
            ...faces[i].second.flatMap((query) =>
              attended(query, current.map(({ key }) => key), current.map(({ value }) => value))
            ),
          ];
          const fresh = times(times(answers, p.answer), p["gate.weight"], p["gate.bias"]);
          return vector.map((v, j) => {
            const part = sigmoid(p.keep.data[j]);
            return part * fresh[j] + (1 - part) * v;
          });
        });
      }
      return times([...ofTokens, ...ofVectors], p.output);
    });
  });
});

Deno.test("SUPRA sums values by what queries and keys show of themselves, turned, fading and normed by head", () => {
  const [width, heads] = [8, 2];
  const each = width / heads;
  assertDefined(
    supra,
    { heads },
    width,
    (p, tokens) => {
      const map = (name: string, x: Vector) => times(x, p[`${name}.weight`], p[`${name}.bias`]);
      const shown = (name: string, x: Vector) =>
        parts(map("kernel", map(name, x)).map((v) => Math.max(v, 0)), heads);
      return tokens.map((token, t) => {
        const query = shown("query", token);
        const read = query.map((own, h) => {
          const fade = Math.exp(-(2 ** (-8 * (h + 1) / heads)));
          return standardised(plus(
            ...tokens.slice(0, t + 1).map((other, s) => {
              const key = shown("key", other)[h];
              const score = dot(turned(own, t), turned(key, s)) / Math.sqrt(each);
              return parts(map("value", other), heads)[h].map((v) => fade ** (t - s) * score * v);
            }),
          ));
        });
        return map("output", read.flat());
      });
    },
    undefined,
    1e-7,
  );
});

testOptions("warp", warp, { inner: 4, hidden: 4 }, [[{ inner: 0 }, />=1/], [
  { hidden: 0.5 },
  /int/,
]]);
testOptions("plstm", plstm, { heads: 4, tracking: 4, conv: 4 }, [
  [{ heads: 3 }, /the width 16 must be a multiple of heads times tracking = 4/],
  [{ tracking: 1 }, />=2/],
  [{ conv: 1 }, />=2/],
]);
testOptions("block_recurrent", blocks, { heads: 4, block: 16, vectors: 8 }, [
  [{ heads: 3 }, /the width 16 must be a multiple of 2 heads/],
  [{ block: 0 }, />=1/],
  [{ vectors: 0 }, />=1/],
]);
testOptions("supra", supra, { heads: 4 }, [
  [{ heads: 0 }, />=1/],
  [{ heads: 16 }, /the width 16 is not a multiple of 2 x heads/],
]);
Deno.test("heads are as many as the width allows", () => {
  for (const [width, heads] of [[24, 3], [12, 3], [4, 1]]) {
    assert.equal(plstm.configure({}, width).heads, heads);
  }
  for (const [width, heads] of [[24, 4], [12, 3], [10, 1]]) {
    assert.equal(blocks.configure({}, width).heads, heads);
  }
});
testFresh("warp", warp, [24, { inner: 3, hidden: 4 }], {
  down: [[24, 3], { normal: 1 / Math.sqrt(24) }],
  "start.weight": [[3, 31], { normal: 1 / Math.sqrt(3) }],
  "start.bias": [[31], { normal: 1 / Math.sqrt(3) }],
  transition: [[31, 31], {
    values: Array.from({ length: 961 }, (_, i) => +(Math.floor(i / 31) === i % 31)),
  }],
  change: [[3, 31], { constant: 0 }],
  "up.weight": [[3, 24], { normal: 1 / Math.sqrt(3) }],
  "up.bias": [[24], { constant: 0 }],
}, "up.weight");
testFresh(
  "plstm",
  plstm,
  [24, { heads: 2, conv: 4 }],
  {
    "convolution.weight": [[4, 24], { uniform: [-0.5, 0.5] }],
    "convolution.bias": [[24], { uniform: [-0.5, 0.5] }],
    "content.weight": [[2, 12, 36], { normal: Math.sqrt(2 / 120) }],
    "content.bias": [[2, 1, 36], { constant: 0 }],
    gates: [[3, 2, 4, 4], { constant: -5 }],
    "turns.weight": [[24, 64], { constant: 0 }],
    "turns.bias": [[64], {
      values: Array.from({ length: 64 }, (_, i) => +(Math.floor(i / 4) % 4 === i % 4)),
    }],
    "factors.weight": [[24, 8], { constant: 0 }],
    "factors.bias": [[8], { constant: 1 }],
    norm: [[2, 12], { constant: 1 }],
    output: [[24, 24], { normal: Math.sqrt(2 / 120) }],
    pass: [[24], { constant: 1 }],
  },
  "output",
  "pass",
);
testFresh("block_recurrent", blocks, [24, { heads: 4, vectors: 9 }], {
  input: [[24, 60], { normal: 1 / Math.sqrt(24) }],
  vector: [[24, 60], { normal: 1 / Math.sqrt(24) }],
  norm: [[24], { constant: 1 }],
  name: [[9, 24], { normal: 1 }],
  start: [[9, 24], { normal: 0.1 }],
  answer: [[48, 24], { normal: 1 / Math.sqrt(48) }],
  "gate.weight": [[24, 24], { normal: 1 / Math.sqrt(24) }],
  "gate.bias": [[24], { constant: 0 }],
  keep: [[24], { normal: 0.1 }],
  output: [[48, 24], { normal: 1 / Math.sqrt(48) }],
}, "output");
const projection: [number[], { normal: number }] = [[24, 24], { normal: 1 / Math.sqrt(24) }];
testFresh("supra", supra, [24, { heads: 2 }], {
  "query.weight": projection,
  "query.bias": [[24], { normal: 1 }],
  "key.weight": projection,
  "key.bias": [[24], { normal: 1 }],
  "value.weight": projection,
  "value.bias": [[24], { constant: 0 }],
  "output.weight": projection,
  "output.bias": [[24], { constant: 0 }],
  "kernel.weight": projection,
  "kernel.bias": [[24], { constant: 0 }],
}, "output.weight");
