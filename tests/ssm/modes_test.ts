/** @file Transitions in modal form against the same ones as dense matrices, and the law of random eigenvalues. */
import assert from "node:assert/strict";
import { Matrix } from "ml-matrix";
import {
  advance,
  advanceRows,
  conjugate,
  dense,
  type Modes,
  randomModes,
  stationaryCovariance,
} from "../../lib/ssm/modes.ts";
import { fold, keyOf, normals } from "../../lib/random/random.ts";
import { difference, matrix } from "./oracle.ts";

/** Blocks with entries that are all different. */
function modesOf(size: number): Modes {
  const blocks = Math.ceil(size / 2);
  const real = Float64Array.from({ length: blocks }, (_, k) => 0.5 - 0.2 * k);
  const imaginary = Float64Array.from({ length: blocks }, (_, k) => -0.3 + 0.25 * k);
  if (size % 2 === 1) imaginary[blocks - 1] = 0;
  return { size, real, imaginary };
}

/** D as the definition says, block by block. */
function definition({ size, real, imaginary }: Modes): Matrix {
  const D = Matrix.zeros(size, size);
  for (let k = 0; 2 * k < size; k++) {
    D.set(2 * k, 2 * k, real[k]);
    if (2 * k + 1 === size) break;
    D.set(2 * k, 2 * k + 1, -imaginary[k]);
    D.set(2 * k + 1, 2 * k, imaginary[k]);
    D.set(2 * k + 1, 2 * k + 1, real[k]);
  }
  return D;
}

for (const n of [1, 2, 3, 6, 7]) {
  Deno.test(`dimension ${n}: D times a state, rows times D and D P D' are dense products`, () => {
    const modes = modesOf(n);
    const D = definition(modes);
    assert.deepEqual([...dense(modes)], D.to1DArray().map((x) => x + 0));

    const z = normals(keyOf(1), n + 3);
    const [before, after] = [z.slice(0, 2), z.slice(n + 2)];
    const want = D.mmul(Matrix.columnVector(z.slice(2, n + 2))).to1DArray();
    advance(modes, z, 2);
    assert.ok(difference(z.slice(2, n + 2), want) < 1e-15);
    assert.deepEqual([z.slice(0, 2), z.slice(n + 2)], [before, after]); // the neighbours
    const first = normals(keyOf(1), n);
    const wantFirst = D.mmul(Matrix.columnVector(first)).to1DArray();
    advance(modes, first);
    assert.ok(difference(first, wantFirst) < 1e-15);

    const G = normals(keyOf(2), 3 * n);
    const rows = matrix(G, 3, n).mmul(D).to1DArray();
    const copy = { ...modes, imaginary: modes.imaginary.slice() };
    advanceRows(modes, G);
    assert.ok(difference(G, rows) < 1e-15);
    assert.deepEqual(modes, copy);

    const P = normals(keyOf(3), n * n); // not symmetric, so that a transposition would show
    const both = D.mmul(matrix(P, n, n)).mmul(D.transpose()).to1DArray();
    conjugate(modes, P);
    assert.ok(difference(P, both) < 1e-15 * n);
  });
}

Deno.test("the stationary covariance of one real mode is V / (1 - a^2)", () => {
  const modes = { size: 1, real: Float64Array.of(-0.5), imaginary: Float64Array.of(0) };
  const V = Float64Array.of(3);
  assert.ok(Math.abs(stationaryCovariance(modes, V)[0] - 4) < 1e-15);
  assert.equal(V[0], 3);
});

Deno.test("the stationary covariance of a rotation without a preferred direction is V / (1 - |lambda|^2)", () => {
  const modes = { size: 2, real: Float64Array.of(0.3), imaginary: Float64Array.of(0.4) };
  const P = stationaryCovariance(modes, Float64Array.of(3, 0, 0, 3));
  assert.ok(difference(P, [4, 0, 0, 4]) < 1e-14);
});

Deno.test("magnitudes are uniform from lambda / 2 to lambda, phases uniform, and the two independent", () => {
  const [blocks, lambda] = [20_000, 0.8];
  const { size, real, imaginary } = randomModes(keyOf(3), 2 * blocks, lambda);
  assert.deepEqual([size, real.length, imaginary.length], [2 * blocks, blocks, blocks]);
  const magnitude = Array.from(real, (a, k) => Math.hypot(a, imaginary[k]));
  const phase = Array.from(real, (a, k) => Math.atan2(imaginary[k], a));
  const mean = (f: (k: number) => number) => real.reduce((s, _, k) => s + f(k), 0) / blocks;
  const near = (f: (k: number) => number, want: number, what: string) => {
    const centre = mean(f);
    const error = Math.sqrt(mean((k) => (f(k) - centre) ** 2) / blocks);
    assert.ok(Math.abs(centre - want) < 4.5 * error, `${what}: ${centre}, expected ${want}`);
  };
  assert.ok(magnitude.every((r) => r > 0.4 && r < 0.8));
  assert.ok(Math.min(...magnitude) < 0.401 && Math.max(...magnitude) > 0.799);
  near((k) => magnitude[k], 0.6, "mean magnitude");
  near((k) => (magnitude[k] - 0.6) ** 2, 0.4 ** 2 / 12, "variance of the magnitude");
  for (const harmonic of [1, 2, 3]) {
    near((k) => Math.cos(harmonic * phase[k]), 0, `cosine ${harmonic}`);
    near((k) => Math.sin(harmonic * phase[k]), 0, `sine ${harmonic}`);
    near((k) => (magnitude[k] - 0.6) * Math.cos(harmonic * phase[k]), 0, "independence");
    near((k) => (magnitude[k] - 0.6) * Math.sin(harmonic * phase[k]), 0, "independence");
  }
  near((k) => Math.cos(phase[k] - phase[(k + 1) % blocks]), 0, "blocks are independent");
});

Deno.test("in an odd dimension the last eigenvalue is real, of either sign, and as large as the others", () => {
  for (const size of [1, 3, 5, 9]) {
    const { imaginary } = randomModes(keyOf(size), size, 0.9);
    imaginary.forEach((b, k) => assert.equal(b === 0, 2 * k + 1 === size));
  }
  const last = Array.from({ length: 2000 }, (_, key) => {
    const { real, imaginary } = randomModes(fold(keyOf(1), key), 3, 0.5);
    assert.equal(imaginary[1], 0);
    assert.notEqual(imaginary[0], 0);
    return real[1];
  });
  const sizes = last.map(Math.abs);
  assert.ok(sizes.every((r) => r > 0.25 && r < 0.5));
  const mean = sizes.reduce((s, r) => s + r, 0) / 2000;
  assert.ok(Math.abs(mean - 0.375) < 4.5 * 0.25 / Math.sqrt(12 * 2000));
  const positive = last.filter((a) => a > 0).length / 2000;
  assert.ok(Math.abs(positive - 0.5) < 4.5 * Math.sqrt(0.25 / 2000));
});

Deno.test("eigenvalues under another lambda are those of the first, scaled", () => {
  const [low, high] = [0.4, 0.8].map((lambda) => randomModes(keyOf(5), 7, lambda));
  assert.ok(difference(high.real, low.real.map((a) => 2 * a)) < 1e-15);
  assert.ok(difference(high.imaginary, low.imaginary.map((b) => 2 * b)) < 1e-15);
  assert.notDeepEqual(randomModes(keyOf(6), 7, 0.4), low);
});
