/** @file Layers that apply a map of theirs several times to one token: as loops over numbers. */
import { Matrix, solve } from "ml-matrix";
import { layer as fixedPoint } from "../../../lib/layers/sequence/fixed_point.ts";
import { layer as monoid } from "../../../lib/layers/sequence/monoid.ts";
import { dot, rmsNorm, type Vector } from "../definitions.ts";
import {
  assertDefined,
  list,
  type Named,
  parts,
  product,
  sigmoid,
  silu,
  testFresh,
  testOptions,
  times,
} from "./by_definition.ts";

/** What a token brings to the recurrence. */
function seenBy(p: Named, token: Vector) {
  const x = times(token, p.input);
  return {
    x,
    write: product(times(x, p.write).map(silu), x),
    keep: times(x, p["keep.weight"], p["keep.bias"]).map(sigmoid),
    gate: times(token, p.gate).map(silu),
  };
}

/** u and 2 a of the mixer. */
function mixer(p: Named, x: Vector, before: Vector): [u: Vector, twice: number] {
  const both = [...x, ...before];
  const raw = times(both, p.direction).map(silu);
  const [logit] = times(both, p["strength.weight"], p["strength.bias"]);
  return [raw.map((v) => v / Math.hypot(...raw)), 2 * sigmoid(logit)];
}

function shown(p: Named, { x, gate }: ReturnType<typeof seenBy>, before: Vector, h: Vector) {
  const read = product(times([...x, ...before], p.read).map(silu), h);
  return times(rmsNorm(list(p.norm), product(gate, read), 1e-5), p.output);
}

Deno.test("a fixed-point RNN's iterates each follow the one before, now and a token ago", () => {
  const [width, iterations, n] = [3, 3, 6];
  assertDefined(fixedPoint, { expansion: 2, iterations }, width, (p, tokens) => {
    const zero = (): Vector => Array(n).fill(0);
    let olds = Array.from({ length: iterations + 1 }, zero);
    return tokens.map((token) => {
      const seen = seenBy(p, token);
      const news = [zero()];
      for (let k = 1; k <= iterations; k++) {
        const [u, twice] = mixer(p, seen.x, olds[k - 1]);
        const missing = seen.write.map((v, i) => v - news[k - 1][i]);
        const along = twice * dot(u, missing);
        news.push(
          seen.keep.map((keep, i) =>
            keep * olds[k][i] + (1 - keep) * (missing[i] - along * u[i] + news[k - 1][i])
          ),
        );
      }
      const y = shown(p, seen, olds[iterations], news[iterations]);
      olds = news;
      return y;
    });
  });
});

Deno.test("a fixed-point RNN tends to the dense recurrence that it stands for, where its mixer hardly mixes", () => {
  const n = 3;
  assertDefined(
    fixedPoint,
    { iterations: 5 },
    n,
    (p, tokens) => {
      let before: Vector = Array(n).fill(0);
      return tokens.map((token) => {
        const seen = seenBy(p, token);
        const [u, twice] = mixer(p, seen.x, before);
        // (1 - D (1 - Q)) h = l h_before + D Q (b x), where D = 1 - l and 1 - Q = 2 a u u'.
        const matrix = seen.keep.map((keep, i) =>
          u.map((v, j) => +(i === j) - (1 - keep) * twice * u[i] * v)
        );
        const along = twice * dot(u, seen.write);
        const right = seen.keep.map((keep, i) =>
          keep * before[i] + (1 - keep) * (seen.write[i] - along * u[i])
        );
        const h = solve(new Matrix(matrix), Matrix.columnVector(right)).to1DArray();
        const y = shown(p, seen, before, h);
        before = h;
        return y;
      });
    },
    (p) => p["strength.bias"].data[0] = -7,
    1e-8,
  );
});

for (const levels of [2, 3]) {
  Deno.test(`a learned monoid of ${levels} levels joins halves of halves, and the largest parts one after the other`, () => {
    const width = 3;
    assertDefined(monoid, { levels }, width, (p, tokens) => {
      const join = (a: Vector, b: Vector) => {
        const [gate, candidate] = parts(times([...a, ...b], p["join.weight"], p["join.bias"]), 2);
        return a.map((v, i) => {
          const g = sigmoid(gate[i]);
          return g * v + (1 - g) * Math.tanh(candidate[i]);
        });
      };
      const leaves = tokens.map((token) => times(token, p["input.weight"], p["input.bias"]));
      const whole = (from: number, size: number): Vector =>
        size === 1 ? leaves[from] : join(whole(from, size / 2), whole(from + size / 2, size / 2));
      return tokens.map((_, t) => {
        const sizes: number[] = [];
        for (let left = t + 1; left > 0; left -= sizes.at(-1)!) {
          sizes.push(Math.min(2 ** Math.floor(Math.log2(left)), 2 ** (levels - 1)));
        }
        let from = 0;
        const pieces = sizes.map((size) => whole((from += size) - size, size));
        return times(pieces.reduce(join), p["output.weight"], p["output.bias"]);
      });
    });
  });
}

testOptions("fixed_point", fixedPoint, { expansion: 1, iterations: 4 }, [
  [{ expansion: 0 }, />0/],
  [{ expansion: 1.03 }, /expansion times the width 16 must be a whole number/],
  [{ iterations: 1 }, />=2/],
]);
testOptions("monoid", monoid, { levels: 10 }, [[{ levels: 1 }, />=2/], [{ levels: 25 }, /<=24/]]);
testFresh("fixed_point", fixedPoint, [24, { expansion: 1.5 }], {
  input: [[24, 36], { normal: 1 / Math.sqrt(24) }],
  gate: [[24, 36], { normal: 1 / Math.sqrt(24) }],
  write: [[36, 36], { normal: 1 / 6 }],
  "keep.weight": [[36, 36], { normal: 1 / 6 }],
  "keep.bias": [[36], { constant: 0 }],
  direction: [[72, 36], { normal: 1 / Math.sqrt(72) }],
  "strength.weight": [[72, 1], { normal: 1 / Math.sqrt(72) }],
  "strength.bias": [[1], { constant: 0 }],
  read: [[72, 36], { normal: 1 / Math.sqrt(72) }],
  norm: [[36], { constant: 1 }],
  output: [[36, 24], { normal: 1 / 6 }],
}, "output");
testFresh("monoid", monoid, [24, {}], {
  "input.weight": [[24, 24], { normal: 1 / Math.sqrt(24) }],
  "input.bias": [[24], { constant: 0 }],
  "join.weight": [[48, 48], { normal: 1 / Math.sqrt(48) }],
  "join.bias": [[48], { constant: 0 }],
  "output.weight": [[24, 24], { normal: 1 / Math.sqrt(24) }],
  "output.bias": [[24], { constant: 0 }],
}, "output.weight");
