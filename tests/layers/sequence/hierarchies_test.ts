/** @file Layers of levels, and a recurrence of low rank: as loops over numbers. */
import { layer as logLinear } from "../../../lib/layers/sequence/log_linear.ts";
import { layer as lowRank } from "../../../lib/layers/sequence/low_rank_gru.ts";
import { layer as trellis } from "../../../lib/layers/sequence/trellisnet.ts";
import { dot, type Vector } from "../definitions.ts";
import {
  assertDefined,
  type Named,
  parts,
  plus,
  product,
  sigmoid,
  softplus,
  testFresh,
  testOptions,
  times,
} from "./by_definition.ts";

/** The level at which token t sees token s: of the blocks before t, one for each bit of t, that which holds s (a Fenwick tree's). */
function levelOf(t: number, s: number, levels: number): number {
  if (s === t) return 0;
  let level = 1;
  while (s < Math.floor(t / 2 ** level) * 2 ** level) level++;
  return Math.min(level, levels - 1);
}

for (const levels of [4, 2, 3]) {
  Deno.test(`log-linear attention weighs a token by the block of its age, of ${levels} levels`, () => {
    const [width, heads] = [4, 2];
    const each = width / heads;
    assertDefined(logLinear, { heads, levels }, width, (p, x) => {
      const made = x.map((token) => ({
        kinds: parts(times(token, p.input), 3).map((kind) => parts(kind, heads)),
        decay: times(token, p["decay.weight"], p["decay.bias"]).map(sigmoid),
        weights: parts(times(token, p["level.weight"], p["level.bias"]).map(softplus), levels),
      }));
      return x.map((_, t) => {
        const read = Array.from({ length: heads }, (_, h) => {
          let all: Vector = Array(each).fill(0);
          let faded = 1;
          for (let s = t; s >= 0; s--) {
            const score = dot(made[t].kinds[0][h], made[s].kinds[1][h]) / Math.sqrt(each);
            const weight = made[t].weights[levelOf(t, s, levels)][h] * faded * score;
            all = plus(all, made[s].kinds[2][h].map((v) => weight * v));
            faded *= made[s].decay[h];
          }
          return all;
        });
        return times(read.flat(), p.output);
      });
    });
  });
}

for (const levels of [2, 3]) {
  Deno.test(`TrellisNet's ${levels} levels have an LSTM's gates on two tokens of the level below`, () => {
    const width = 3;
    assertDefined(trellis, { levels }, width, (p, x) => {
      const zeros = Array(width).fill(0);
      type At = { h: Vector; c: Vector };
      const none: At = { h: zeros, c: zeros };
      let below: At[] = x.map(() => none);
      for (let i = 0; i < levels; i++) {
        below = x.map((token, t) => {
          const before = below[t - 1] ?? none;
          const all = plus(
            times([...(x[t - 1] ?? zeros), ...token], p.input),
            times([...before.h, ...below[t].h], p["hidden.weight"], p["hidden.bias"]),
          );
          const [input, output, candidate, forget] = parts(all, 4);
          const c = plus(
            product(forget.map(sigmoid), before.c),
            product(input.map(sigmoid), candidate.map(Math.tanh)),
          );
          return { h: product(output.map(sigmoid), c.map(Math.tanh)), c };
        });
      }
      return below.map(({ h }) => h);
    });
  });
}

Deno.test("a low-rank GRU's maps of the state are diagonal plus a product of narrow ones", () => {
  const [width, rank] = [4, 2];
  assertDefined(lowRank, { rank }, width, (p, x) => {
    let h: Vector = Array(width).fill(0);
    const fed = (i: number, h: Vector) => {
      const narrow = times(h, p.down).slice(i * rank, (i + 1) * rank);
      const up: Named[string] = {
        ...p.up,
        shape: [rank, width],
        data: p.up.data.slice(i * rank * width, (i + 1) * rank * width),
      };
      return plus(times(narrow, up), h.map((v, j) => v * p.diagonal.data[i * width + j]));
    };
    return x.map((token) => {
      const own = parts(times(token, p["input.weight"], p["input.bias"]), 3);
      const [update, reset] = [0, 1].map((i) => plus(own[i], fed(i, h)).map(sigmoid));
      const candidate = plus(own[2], fed(2, product(reset, h))).map(Math.tanh);
      return h = h.map((v, j) => (1 - update[j]) * v + update[j] * candidate[j]);
    });
  });
});

testOptions("log_linear", logLinear, { heads: 4, levels: 12 }, [
  [{ levels: 1 }, />=2/],
  [{ heads: 3 }, /must divide the width 16/],
]);
testOptions("trellisnet", trellis, { levels: 4 }, [[{ levels: 1 }, />=2/]]);
testOptions("low_rank_gru", lowRank, { rank: 2 }, [[{ rank: 0 }, />=1/]]);
testFresh("log_linear", logLinear, [20, { heads: 2, levels: 3 }], {
  input: [[20, 60], { normal: 1 / Math.sqrt(20) }],
  "decay.weight": [[20, 2], { normal: 1 / Math.sqrt(20) }],
  "decay.bias": [[2], { constant: 0 }],
  "level.weight": [[20, 6], { normal: 1 / Math.sqrt(20) }],
  "level.bias": [[6], { constant: 0 }],
  output: [[20, 20], { normal: 1 / Math.sqrt(20) }],
}, "output");
testFresh("trellisnet", trellis, [20, {}], {
  input: [[40, 80], { normal: 1 / Math.sqrt(40) }],
  "hidden.weight": [[40, 80], { normal: 1 / Math.sqrt(40) }],
  "hidden.bias": [[80], { constant: 0 }],
}, "input");
testFresh("low_rank_gru", lowRank, [20, { rank: 4 }], {
  "input.weight": [[20, 60], { normal: 1 / Math.sqrt(20) }],
  "input.bias": [[60], { constant: 0 }],
  down: [[20, 12], { normal: 1 / Math.sqrt(20) }],
  up: [[12, 20], { normal: 1 / 2 }],
  diagonal: [[3, 20], { constant: 0 }],
}, "input.weight");
