/** @file How deep linear networks start: moments, singular values and products of every initialisation. */
import assert from "node:assert/strict";
import { multiply, transpose } from "../../lib/linalg/matrix.ts";
import { singularValues } from "../../lib/linalg/svd.ts";
import { init, model } from "../../lib/models/deep_linear.ts";
import { initialisationNames, initialised } from "../../lib/models/initialisations.ts";
import { keyOf } from "../../lib/random/random.ts";

const close = (a: number, b: number, within: number) =>
  assert.ok(Math.abs(a - b) <= within, `${a}, expected ${b} +- ${within}`);

/** Mean and variance. */
function moments(values: Float64Array) {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length };
}

Deno.test("every layer has the size that its widths say, and depends on the key", () => {
  for (const name of initialisationNames) {
    for (const sizes of [[1, 1], [5, 2], [5, 2, 2, 3], [3, 3, 3]]) {
      const layers = initialised(name, keyOf(1), sizes);
      assert.deepEqual(
        layers.map(({ length }) => length),
        sizes.slice(1).map((columns, l) => columns * sizes[l]),
      );
      assert.deepEqual(initialised(name, keyOf(1), sizes), layers);
      if (sizes.length > 2) assert.notDeepEqual(initialised(name, keyOf(2), sizes), layers);
    }
  }
});

Deno.test("gaussian layers have the variance of their paper, and are independent of each other", () => {
  const sizes = [60, 40, 40];
  const [first, second] = initialised("xavier", keyOf(2), sizes);
  close(moments(first).variance, 2 / 100, 0.0015);
  close(moments(second).variance, 2 / 80, 0.002);
  close(moments(first).mean, 0, 0.01);
  const he = initialised("he", keyOf(3), sizes);
  close(moments(he[0]).variance, 2 / 60, 0.0025);
  close(moments(he[1]).variance, 2 / 40, 0.004);
  const correlation = second.reduce((sum, x, i) => sum + x * first[i], 0) / second.length;
  close(correlation, 0, 0.002);
});

Deno.test("orthogonal layers keep lengths as far as their sizes let them", () => {
  for (const [rows, columns] of [[4, 4], [5, 2], [2, 5]]) {
    const [W] = initialised("orthogonal", keyOf(4), [rows, columns]);
    for (const s of singularValues(W, rows, columns)) close(s, 1, 1e-12);
  }
  const layers = initialised("orthogonal", keyOf(5), [3, 3, 3]);
  const product = multiply(layers[0], layers[1], 3, 3, 3);
  for (const s of singularValues(product, 3, 3)) close(s, 1, 1e-12);
  assert.notDeepEqual(layers[0], layers[1]);
});

Deno.test("identity plus noise is the identity up to the noise that is asked for", () => {
  const [W] = initialised("identity", keyOf(6), [40, 30], { noise: 0.1 });
  const noise = W.map((w, e) => w - (e % 30 === Math.floor(e / 30) ? 1 : 0));
  close(Math.sqrt(moments(noise).variance), 0.1, 0.006);
  const [usual] = initialised("identity", keyOf(6), [3, 3]);
  close(usual[0], 1, 0.05);
  assert.notEqual(usual[1], 0);
});

Deno.test("balanced layers: equal singular values of the product, and neighbours in balance", () => {
  for (const sizes of [[5, 3], [5, 2, 2, 3], [3, 3, 4]]) {
    const layers = initialised("balanced", keyOf(7), sizes, { scale: 0.5 });
    const product = layers.slice(1).reduce(
      (X, W, l) => multiply(X, W, sizes[0], sizes[l + 1], sizes[l + 2]),
      layers[0],
    );
    const k = sizes.length > 2 ? sizes[1] : 3;
    const s = singularValues(product, sizes[0], sizes.at(-1)!);
    s.slice(0, k).forEach((value) => close(value, 0.5, 1e-12));
    s.slice(k).forEach((value) => close(value, 0, 1e-12));
    layers.slice(1).forEach((next, l) => {
      const [rows, width, columns] = [sizes[l], sizes[l + 1], sizes[l + 2]];
      const own = multiply(transpose(layers[l], rows, width), layers[l], width, rows, width);
      const others = multiply(next, transpose(next, width, columns), width, columns, width);
      own.forEach((value, e) => close(value, others[e], 1e-12));
    });
  }
});

Deno.test("widths that cannot be are refused", () => {
  assert.throws(() => initialised("he", keyOf(0), [3]), /he: widths 3; expected at least two/);
  assert.throws(() => initialised("xavier", keyOf(0), [3, 0, 2]), /widths 3, 0, 2/);
  assert.throws(() => initialised("he", keyOf(0), [3, 1.5]), /widths 3, 1.5/);
  for (const sizes of [[4, 3, 2], [4, 2, 1, 3]]) {
    assert.throws(() => initialised("balanced", keyOf(0), sizes), /cannot be balanced/);
  }
});

Deno.test("a deep linear network starts as its option says; balanced unless told", () => {
  const shape = { lookback: 5, horizon: 3, depth: 3 };
  const sizes = [5, 3, 3, 3];
  for (const name of initialisationNames) {
    const { first, hidden, last } = init(keyOf(8), shape, 0.3, name);
    const layers = initialised(name, keyOf(8), sizes, { scale: 0.3 });
    [first, hidden!, last!].forEach(({ data }, l) =>
      assert.deepEqual(data, Float32Array.from(layers[l]))
    );
    assert.deepEqual(hidden!.shape, [1, 3, 3]);
  }
  assert.deepEqual(init(keyOf(8), shape), init(keyOf(8), shape, 0.25, "balanced"));
  const context = {
    signature: { kind: "window" as const, lookback: 5, horizon: 3, channels: 1 },
    layers: [],
  };
  assert.throws(
    () => model.configure({ initialisation: "zero" }, context),
    /initialisation = "zero"/,
  );
});
