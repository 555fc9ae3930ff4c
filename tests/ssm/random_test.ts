import assert from "node:assert/strict";
import { normalQuantile } from "../../lib/ssm/normal.ts";
import { fold, keyOf, normals, split, threefry2x32, uniforms } from "../../lib/ssm/random.ts";

Deno.test("threefry2x32, 20 rounds, equals Random123's known answers (kat_vectors)", () => {
  const vectors = [
    { key: [0, 0], counter: [0, 0], answer: [0x6b200159, 0x99ba4efe] },
    {
      key: [0xffffffff, 0xffffffff],
      counter: [0xffffffff, 0xffffffff],
      answer: [0x1cb996fc, 0xbb002be7],
    },
    {
      key: [0x13198a2e, 0x03707344],
      counter: [0x243f6a88, 0x85a308d3],
      answer: [0xc4923a9c, 0x483df7a0],
    },
  ];
  for (const { key, counter, answer } of vectors) {
    const out = new Uint32Array(2);
    threefry2x32([key[0], key[1]], counter[0], counter[1], out);
    assert.deepEqual([...out], answer);
  }
});

Deno.test("a run of counters is the blocks one by one, also across 2^32", () => {
  const run = new Uint32Array(8);
  threefry2x32([3, 4], 2 ** 32 - 2, 5, run);
  [[2 ** 32 - 2, 5], [2 ** 32 - 1, 5], [0, 6], [1, 6]].forEach(([low, high], i) => {
    const one = new Uint32Array(2);
    threefry2x32([3, 4], low, high, one);
    assert.deepEqual([...run.subarray(2 * i, 2 * i + 2)], [...one]);
  });
});

Deno.test("uniforms are the top 52 bits of each block, inside (0, 1)", () => {
  const expected = (0x6b200159 * 2 ** 20 + (0x99ba4efe >>> 12) + 0.5) / 2 ** 52;
  assert.equal(uniforms([0, 0], 1)[0], expected);
  assert.equal(uniforms(keyOf(0), 0).length, 0);
  assert.ok(uniforms(keyOf(1), 10_000).every((u) => u > 0 && u < 1));
});

Deno.test("normal quantiles equal scipy.special.ndtri to 2e-15 relative", () => {
  const table = [
    [1e-300, -37.0470962993612],
    [1e-16, -8.222082216130435],
    [1e-7, -5.1993375821928165],
    [0.025, -1.9599639845400545],
    [0.3, -0.5244005127080409],
    [0.975, 1.959963984540054],
    [0.9999, 3.719016485455709],
  ];
  for (const [p, x] of table) assert.ok(Math.abs(normalQuantile(p) / x - 1) < 2e-15, `p = ${p}`);
  assert.equal(normalQuantile(0.5), 0);
});

Deno.test("same key same bits; a longer draw continues a shorter one", () => {
  assert.deepEqual(normals(keyOf(7), 3000), normals(keyOf(7), 3000));
  assert.deepEqual(normals(keyOf(7), 3000).slice(0, 1025), normals(keyOf(7), 1025));
  assert.notDeepEqual(normals(keyOf(7), 8), normals(keyOf(8), 8));
  // Both words of the seed count.
  assert.notDeepEqual(normals(keyOf(0), 8), normals(keyOf(2 ** 32), 8));
});

Deno.test("normals have the moments of N(0, 1), and streams of one key are uncorrelated", () => {
  const n = 200_000;
  const parent = keyOf(11);
  const [left, right] = split(parent).map((key) => normals(key, n));
  const own = normals(parent, n);
  const mean = (f: (i: number) => number) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += f(i);
    return sum / n;
  };
  const bound = 4 / Math.sqrt(n);
  assert.ok(Math.abs(mean((i) => left[i])) < bound);
  assert.ok(Math.abs(mean((i) => left[i] ** 2) - 1) < bound * Math.sqrt(2));
  assert.ok(Math.abs(mean((i) => left[i] ** 3)) < bound * Math.sqrt(15));
  assert.ok(Math.abs(mean((i) => left[i] ** 4) - 3) < bound * Math.sqrt(96));
  for (const lag of [0, 1, 2]) {
    assert.ok(Math.abs(mean((i) => left[i] * right[(i + lag) % n])) < bound);
    assert.ok(Math.abs(mean((i) => left[i] * own[(i + lag) % n])) < bound);
    if (lag > 0) assert.ok(Math.abs(mean((i) => left[i] * left[(i + lag) % n])) < bound);
  }
});

Deno.test("split is fold, and keys of a tree are distinct", () => {
  const key = keyOf(5);
  assert.deepEqual(split(key, 3), [fold(key, 0), fold(key, 1), fold(key, 2)]);
  const keys = split(key, 50).flatMap((child) => split(child, 50));
  assert.equal(new Set(keys.map(String)).size, 2500);
});

Deno.test("bad seeds are refused", () => {
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
    assert.throws(() => keyOf(seed), /expected an integer/);
  }
  assert.throws(() => fold(keyOf(0), -1), /Key index -1/);
});
