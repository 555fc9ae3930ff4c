import assert from "node:assert/strict";
import { normalQuantile } from "../../lib/random/normal.ts";
import { fold, keyOf, normals, split, threefry2x32, uniforms } from "../../lib/random/random.ts";

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

Deno.test("number i of a draw comes from block i of the key, also beyond what is filled at once", () => {
  const key = keyOf(21);
  const drawn = uniforms(key, 2 * 1024 + 3);
  const same = normals(key, drawn.length);
  for (const i of [0, 1, 1022, 1023, 1024, 1025, 2047, 2048, 2050]) {
    const words = new Uint32Array(2);
    threefry2x32(key, i, 0, words);
    assert.equal(drawn[i], (words[0] * 2 ** 20 + (words[1] >>> 12) + 0.5) / 2 ** 52);
    assert.equal(same[i], normalQuantile(drawn[i]));
  }
});

Deno.test("uniforms fill (0, 1) evenly, to their last bits", () => {
  const n = 100_000;
  const drawn = uniforms(keyOf(2), n);
  const mean = (f: (u: number) => number) => drawn.reduce((sum, u) => sum + f(u), 0) / n;
  assert.ok(Math.abs(mean((u) => u) - 1 / 2) < 4 * Math.sqrt(1 / 12 / n));
  assert.ok(Math.abs(mean((u) => (u - 0.5) ** 2) - 1 / 12) < 4 * Math.sqrt(1 / 180 / n));
  for (const bits of [1, 2, 20, 31, 32, 33, 40, 52]) { // bit by bit across the two words
    const share = mean((u) => Math.floor(u * 2 ** bits) % 2);
    assert.ok(Math.abs(share - 0.5) < 4 * Math.sqrt(0.25 / n), `bit ${bits}: ${share}`);
  }
});

Deno.test("the two words of a key are the high and the low half of its seed", () => {
  assert.deepEqual(keyOf(0), [0, 0]);
  assert.deepEqual(keyOf(2 ** 32 - 1), [0, 0xffffffff]);
  assert.deepEqual(keyOf(2 ** 32), [1, 0]);
  assert.deepEqual(keyOf(3 * 2 ** 32 + 7), [3, 7]);
  assert.deepEqual(keyOf(2 ** 53 - 1), [2 ** 21 - 1, 0xffffffff]);
});

Deno.test("derived keys are blocks with the highest bit of the counter set, where no draw ever looks", () => {
  const key = keyOf(4);
  for (const index of [0, 1, 2 ** 32 - 1]) {
    const words = new Uint32Array(2);
    threefry2x32(key, index, 0x80000000, words);
    assert.deepEqual(fold(key, index), [...words]);
  }
  assert.equal(split(key).length, 2);
  assert.deepEqual(split(key, 0), []);
});

Deno.test("bad seeds and indices are refused", () => {
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
    assert.throws(() => keyOf(seed), /Seed .*: expected an integer from 0 to/);
  }
  for (const index of [-1, 0.5, NaN, 2 ** 32]) {
    assert.throws(
      () => fold(keyOf(0), index),
      new RegExp(`Key index ${index}: expected an integer from 0 to 2\\^32 - 1`),
    );
  }
});
