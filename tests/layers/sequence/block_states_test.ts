/** @file Layers whose token makes a matrix of their state, or that change their own: as loops over numbers. */
import assert from "node:assert/strict";
import { layer as bilinear } from "../../../lib/layers/sequence/bilinear.ts";
import { layer as e10 } from "../../../lib/layers/sequence/e10.ts";
import { layer as gatedE1 } from "../../../lib/layers/sequence/e1_lean.ts";
import { layer as hla } from "../../../lib/layers/sequence/hla.ts";
import { layer as regular } from "../../../lib/layers/sequence/regular_lrnn.ts";
import { layer as slice } from "../../../lib/layers/sequence/slice.ts";
import { layer as srwm } from "../../../lib/layers/sequence/srwm.ts";
import { dot, type Vector } from "../definitions.ts";
import {
  assertDefined,
  list,
  type Named,
  parts,
  plus,
  product,
  sigmoid,
  silu,
  sum,
  testFresh,
  testOptions,
  times,
  unit,
} from "./by_definition.ts";

/** x' for x of a block by a matrix whose rows stand one after the other. */
const multiplied = (rows: Vector, x: Vector): Vector =>
  parts(rows, x.length).map((row) => dot(row, x));

Deno.test("E10 shows its state and averages of it, each by a gate of the token", () => {
  const [width, n, banks] = [3, 6, 2];
  assertDefined(e10, { expansion: 2, banks }, width, (p, x) => {
    let h: Vector = Array(n).fill(0);
    const m = Array.from({ length: banks }, () => Array(n).fill(0));
    return x.map((token) => {
      const drive = times(times(token, p.input).map(silu), p["drive.weight"], p["drive.bias"]);
      h = plus(drive, times(h, p.recurrent)).map(Math.tanh);
      m.forEach((bank, k) =>
        bank.forEach((v, i) => {
          const keep = sigmoid(p.keep.data[k * n + i]);
          bank[i] = keep * v + (1 - keep) * h[i];
        })
      );
      const gates = parts(times(token, p.gate).map(silu), 1 + banks);
      return times(plus(...[h, ...m].map((v, k) => product(v, gates[k]))), p.output);
    });
  });
});

for (const recurrentGate of [true, false]) {
  Deno.test(`E1's state is multiplied by a gate that ${recurrentGate ? "sees it" : "sees the token alone"}`, () => {
    const width = 3;
    assertDefined(gatedE1, { recurrentGate }, width, (p, x) => {
      let h: Vector = Array(width).fill(0);
      return x.map((token) => {
        const fresh = parts(times(token, p["input.weight"], p["input.bias"]), 2);
        const fed = parts(times(h, p.recurrent), recurrentGate ? 2 : 1);
        const gate = recurrentGate ? plus(fresh[1], fed[1]) : fresh[1];
        return h = product(plus(fresh[0], fed[0]).map(Math.tanh), gate.map(sigmoid));
      });
    });
  });
}

Deno.test("RegularLRNN's blocks have columns without mean, the largest of p-norm 1", () => {
  const [width, block] = [6, 3];
  assertDefined(regular, { block }, width, (p, x) => {
    const network = (name: string, token: Vector) => {
      const hidden = times(token, p[`${name}.up.weight`], p[`${name}.up.bias`]);
      const relu = hidden.map((v) => Math.max(v, 0));
      return times(relu, p[`${name}.down.weight`], p[`${name}.down.bias`]);
    };
    let h = list(p.start);
    return x.map((token) => {
      const raw = parts(network("blocks", token), width / block);
      const next = raw.map((matrix, k) => {
        const columns = Array.from({ length: block }, (_, j) => {
          const column = Array.from({ length: block }, (_, i) => matrix[i * block + j]);
          const mean = sum(column) / block;
          return column.map((v) => v - mean);
        });
        const norms = columns.map((column) =>
          sum(column.map((v) => Math.abs(v) ** 1.2)) ** (1 / 1.2)
        );
        const largest = Math.max(...norms);
        return plus(
          ...columns.map((column, j) =>
            column.map((v) => v / largest * parts(h, width / block)[k][j])
          ),
        );
      });
      return h = plus(next.flat(), network("values", token));
    });
  });
});

Deno.test("SLiCE starts by its first token, and goes on by blocks that are linear in time and token", () => {
  const [width, state, block, step] = [3, 4, 2, 0.3];
  assertDefined(slice, { state, block, step }, width, (p, x) => {
    let h: Vector;
    return x.map((token, t) => {
      if (t === 0) h = times(token, p["start.weight"], p["start.bias"]);
      else {
        const blocks = parts(times([1, ...token], p.field), state / block);
        const moved = blocks.flatMap((rows, k) => multiplied(rows, parts(h, state / block)[k]));
        h = plus(h, moved.map((v) => step * v));
      }
      return times(h, p["output.weight"], p["output.bias"]);
    });
  });
});

Deno.test("a bilinear state is a product with the token at unit length, and a token of zeros ends it", () => {
  const [width, state, block] = [3, 4, 2];
  assertDefined(bilinear, { state, block }, width, (p, x) => {
    let h = list(p.start);
    return x.map((token) => {
      const blocks = parts(times(token, p.transition), state / block);
      h = unit(blocks.flatMap((rows, k) => multiplied(rows, parts(h, state / block)[k])));
      return times(h, p["output.weight"], p["output.bias"]);
    });
  });
});

Deno.test("SRWM's matrix answers, and changes by what it makes of its own query and key", () => {
  const [width, heads] = [4, 2];
  const each = width / heads;
  const softmax = (x: Vector) => {
    const powers = x.map(Math.exp);
    return powers.map((v) => v / sum(powers));
  };
  assertDefined(srwm, { heads }, width, (p, x) => {
    const columns = 3 * each + 4;
    const W = parts(list(p.weight), heads).map((head) => parts(head, each));
    const by = (x: Vector, matrix: Vector[]) =>
      plus(...matrix.map((row, i) => row.map((w) => x[i] * w)));
    return x.map((token) => {
      const answers = parts(token, heads).map((own, head) => {
        const made = by(own, W[head]);
        const [query, key] = [made.slice(each, 2 * each), made.slice(2 * each, 3 * each)].map(
          softmax,
        );
        const rates = made.slice(3 * each).map(sigmoid);
        const apart = plus(by(query, W[head]), by(key, W[head]).map((v) => -v));
        for (let i = 0; i < each; i++) {
          for (let j = 0; j < columns; j++) {
            W[head][i][j] += key[i] * rates[Math.min(3, Math.floor(j / each))] * apart[j];
          }
        }
        return made.slice(0, each);
      });
      return times(answers.flat(), p.output);
    });
  });
});

Deno.test("HLA reads values by masked scores times their own transpose, masked", () => {
  const [width, heads] = [4, 2];
  const each = width / heads;
  assertDefined(hla, { heads }, width, (p, x) => {
    const made = x.map((token) =>
      parts(times(token, p.input), 3).map((kind) => parts(kind, heads))
    );
    return x.map((_, t) => {
      const read = Array.from({ length: heads }, (_, h) => {
        const score = (a: number, b: number) => dot(made[a][0][h], made[b][1][h]) / Math.sqrt(each);
        let all: Vector = Array(each).fill(0);
        for (let j = 0; j <= t; j++) {
          let weight = 0;
          for (let i = 0; i <= j; i++) weight += score(t, i) * score(j, i);
          all = plus(all, made[j][2][h].map((v) => weight * v));
        }
        return all;
      });
      return times(read.flat(), p.output);
    });
  });
});

testOptions("e10", e10, { expansion: 1, banks: 4 }, [[{ banks: 0 }, />=1/]]);
testOptions("regular_lrnn", regular, { block: 8 }, [
  [{ block: 5 }, /must divide the width 16/],
  [{ block: 1 }, />=2/],
]);
testOptions("slice", slice, { state: 16, block: 4, step: 1 / 40 }, [
  [{ block: 3 }, /must divide state = 16/],
  [{ step: 0 }, />0/],
]);
testOptions("bilinear", bilinear, { state: 16, block: 16 }, [
  [{ block: 3 }, /must divide state = 16/],
  [{ state: 1 }, />=2/],
]);
testOptions("srwm", srwm, { heads: 4 }, [[{ heads: 3 }, /must divide the width 16/]]);
testOptions("hla", hla, { heads: 4 }, [[{ heads: 3 }, /must divide the width 16/]]);

Deno.test("blocks and heads are the largest divisors of a width that has few", () => {
  const of = (layer: { configure(options: unknown, width: number): unknown }, width: number) =>
    layer.configure({}, width) as Named;
  assert.deepEqual(of(regular, 14), { width: 14, block: 7 } as never);
  assert.deepEqual(of(slice, 9), { width: 9, state: 9, block: 3, step: 1 / 40 } as never);
  assert.deepEqual(of(srwm, 9), { width: 9, heads: 3 } as never);
  assert.deepEqual(of(hla, 10), { width: 10, heads: 2 } as never);
});

const glorot = (fans: number): { uniform: [number, number] } => ({
  uniform: [-Math.sqrt(6 / fans), Math.sqrt(6 / fans)],
});
testFresh("e10", e10, [20, { expansion: 1.5, banks: 2 }], {
  input: [[20, 30], glorot(20 + 4 * 30)],
  gate: [[20, 90], glorot(20 + 4 * 30)],
  "drive.weight": [[30, 30], glorot(60)],
  "drive.bias": [[30], { constant: 0 }],
  recurrent: [[30, 30], glorot(60)],
  keep: [[2, 30], { values: Array(60).fill(NaN) }],
  output: [[30, 20], glorot(50)],
}, "output");
testFresh("slice", slice, [20, { state: 12, block: 3 }], {
  "start.weight": [[20, 12], { normal: 1 }],
  "start.bias": [[12], { normal: 1 }],
  field: [[21, 36], { normal: 1 / Math.sqrt(3) }],
  "output.weight": [[12, 20], { normal: 1 / Math.sqrt(12) }],
  "output.bias": [[20], { constant: 0 }],
}, "output.weight");
testFresh("bilinear", bilinear, [20, { state: 12, block: 3 }], {
  transition: [[20, 36], { normal: 1 / Math.sqrt(60) }],
  start: [[12], { normal: 1 / Math.sqrt(12) }],
  "output.weight": [[12, 20], { normal: 1 }],
  "output.bias": [[20], { constant: 0 }],
}, "output.weight");
testFresh("hla", hla, [20, {}], {
  input: [[20, 60], { normal: 1 / Math.sqrt(20) }],
  output: [[20, 20], { normal: 1 / Math.sqrt(20) }],
}, "output");
