/** @file The deep linear network against products of dense matrices by ml-matrix. */
import { init as initJax, tree } from "@jax-js/jax";
import { Matrix } from "ml-matrix";
import assert from "node:assert/strict";
import type { JaxArray } from "../../lib/engine/arrays.ts";
import { layer as lstm } from "../../lib/layers/sequence/lstm.ts";
import type { Signature } from "../../lib/models/model.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { toHost } from "../../lib/train/host.ts";
import {
  apply,
  collapse,
  type DeepLinear,
  endToEnd,
  init,
  model,
  widthOf,
} from "../../lib/models/deep_linear.ts";
import { multiply, transpose } from "../../lib/linalg/matrix.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { inFloat64, rowsOf } from "../layers/definitions.ts";
import { assertNormal, assertUncorrelated } from "../moments.ts";
import { difference, matrix } from "../ssm/oracle.ts";
import { outputs } from "./sequence_cases.ts";
import { shakenParameters } from "./stacks.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

Deno.test("products and transposes are those of ml-matrix, four rows at a time and the rest", () => {
  for (const [n, k, m] of [[1, 1, 1], [2, 3, 5], [3, 4, 2], [1, 7, 3], [4, 8, 1], [2, 9, 2]]) {
    const [a, b] = [normals(keyOf(1), n * k), normals(keyOf(2), k * m)];
    const [A, B] = [matrix(a, n, k), matrix(b, k, m)];
    assert.ok(difference(multiply(a, b, n, k, m), A.mmul(B).to1DArray()) < 1e-13);
    assert.deepEqual([...transpose(a, n, k)], A.transpose().to1DArray());
  }
});

for (
  const [lookback, horizon, depth, width] of [[3, 2, 1], [2, 5, 2], [5, 4, 3], [4, 5, 6, 3], [
    1,
    1,
    4,
  ]]
) {
  Deno.test(`a network of ${depth} matrices from ${lookback} to ${horizon} is their product, in this order`, () => {
    const fresh = init(keyOf(1), { lookback, horizon, depth, width });
    const random = generator(depth);
    // Away from the balanced start, where the layers between are multiples of the identity.
    const entries = Object.entries(fresh).filter(([, layer]) => layer) as [string, Tensor][];
    const params = Object.fromEntries(
      entries.map(([name, { shape }]) => [
        name,
        randomTensor(random, shape, { low: -1, high: 1 }),
      ]),
    ) as unknown as DeepLinear<Tensor>;
    const { first, hidden, last } = params;
    const wide = (t: Tensor, rows: number, columns: number, at = 0) =>
      matrix(Float64Array.from(t.data.slice(at, at + rows * columns)), rows, columns);
    const inner = width ?? Math.min(lookback, horizon);
    let product = wide(first, lookback, depth === 1 ? horizon : inner);
    for (let l = 0; l < depth - 2; l++) {
      product = product.mmul(wide(hidden!, inner, inner, l * inner * inner));
    }
    if (last) product = product.mmul(wide(last, inner, horizon));
    const want = product.to1DArray();
    assert.ok(difference(collapse(params), want) < 1e-12);
    const x = randomTensor(random, [6, lookback]);
    const out = inFloat64(
      (p: Any, x: Any) => ({ y: apply(tree.ref(p), x), whole: endToEnd(p) }),
      params,
      x,
    );
    assert.deepEqual([out.y.shape, out.whole.shape], [[6, horizon], [lookback, horizon]]);
    assert.ok(difference(out.whole.data, want) < 1e-12);
    assert.ok(difference(out.y.data, wide(x, 6, lookback).mmul(product).to1DArray()) < 1e-12);
  });
}

for (
  const [lookback, horizon, depth, width] of [[7, 5, 1], [5, 7, 2], [8, 6, 3], [6, 6, 20], [
    9,
    7,
    4,
    3,
  ]]
) {
  Deno.test(`a fresh network of ${depth} matrices: all singular values are roots of the scale, the layers between multiples of 1`, () => {
    const shape = { lookback, horizon, depth, width };
    const params = init(keyOf(3), shape, 0.1);
    const inner = widthOf(shape);
    assert.equal(inner, width ?? Math.min(lookback, horizon));
    const root = 0.1 ** (1 / depth);
    if (depth === 1) {
      const P = matrix(Float64Array.from(params.first.data), lookback, horizon);
      const gram = lookback < horizon ? P.mmul(P.transpose()) : P.transpose().mmul(P);
      assert.ok(Matrix.sub(gram, Matrix.eye(inner).mul(0.01)).norm() < 1e-7);
      return;
    }
    const first = matrix(Float64Array.from(params.first.data), lookback, inner);
    const last = matrix(Float64Array.from(params.last!.data), inner, horizon);
    for (const gram of [first.transpose().mmul(first), last.mmul(last.transpose())]) {
      assert.ok(Matrix.sub(gram, Matrix.eye(inner).mul(root ** 2)).norm() < 1e-6);
    }
    assert.equal(params.hidden?.shape[0], depth > 2 ? depth - 2 : undefined);
    const size = inner * inner;
    assert.equal(params.hidden?.data.length ?? 0, Math.max(depth - 2, 0) * size);
    for (let l = 0; l < depth - 2; l++) {
      const own = params.hidden!.data.slice(l * size, (l + 1) * size);
      assert.ok(difference(own, Matrix.eye(inner).mul(root).to1DArray()) < 1e-7);
    }
  });
}

Deno.test("depths below 1 and widths beyond the narrow end are refused with what is allowed", () => {
  const at = (depth: number, width?: number) => () =>
    widthOf({ lookback: 5, horizon: 4, depth, width });
  assert.equal(at(1)(), 4);
  assert.equal(at(3, 1)(), 1);
  assert.equal(at(3, 4)(), 4);
  for (const depth of [0, -1, 1.5, NaN]) {
    assert.throws(at(depth), new RegExp(`depth ${depth}: expected a whole number .* at least 1`));
  }
  for (const width of [0, -1, 5, 2.5, NaN]) {
    assert.throws(
      at(3, width),
      new RegExp(`width ${width}: expected 1 to min\\(lookback, horizon\\) = 4`),
    );
  }
});

const signature = (channels: number): Signature => ({
  kind: "window",
  lookback: 7,
  horizon: 5,
  channels,
});
const configure = (options: object, channels = 1) =>
  model.configure(options, { signature: signature(channels), layers: [] });

for (const options of [{ depth: 1 }, { depth: 2, scale: 0.5 }, { depth: 6, width: 3 }]) {
  Deno.test(`as a model it maps the window of every channel by its one matrix: ${JSON.stringify(options)}`, async () => {
    const own = configure(options, 3);
    const params = shakenParameters(own);
    const x = randomTensor(generator(4), [2, 7, 3]);
    const whole = inFloat64((p: DeepLinear<JaxArray>) => own.matrix(p), params);
    assert.deepEqual(whole.shape, [7, 5]);
    assert.ok(difference(whole.data, [...own.collapse(params)]) < 1e-12);
    const got = await outputs(own, params, x);
    assert.deepEqual([...got.shape], [2, 5, 3]);
    for (const b of [0, 1]) {
      const rows = rowsOf(x, b);
      for (let h = 0; h < 5; h++) {
        for (let j = 0; j < 3; j++) {
          const want = rows.reduce((sum, row, t) => sum + row[j] * whole.data[t * 5 + h], 0);
          assert.ok(Math.abs(got.data[(b * 5 + h) * 3 + j] - want) < 1e-5);
        }
      }
    }
  });
}

Deno.test("fresh parameters of the model come from the seed, their product has the scale", () => {
  const own = configure({ depth: 3 });
  const [one, again, other] = [1, 1, 2].map((seed) => toHost(own.init(seed)));
  assert.deepEqual(one, again);
  assert.notDeepEqual(one, other);
  assert.deepEqual(one, init(keyOf(1), { lookback: 7, horizon: 5, depth: 3 }, 0.25));
  const product = matrix(own.collapse(one), 7, 5);
  const half = matrix(
    configure({ depth: 3, scale: 0.5 }).collapse(
      toHost(configure({ depth: 3, scale: 0.5 }).init(1)),
    ),
    7,
    5,
  );
  for (const [P, scale] of [[product, 0.25], [half, 0.5]] as const) {
    const gram = P.transpose().mmul(P);
    assert.ok(Matrix.sub(gram, Matrix.eye(5).mul(scale ** 2)).norm() < 1e-6);
  }
});

Deno.test("options of the model: what is wrong, by its name", () => {
  for (
    const [options, message] of [
      [{ depth: 0 }, /^deep_linear options: depth = 0: .*>=1/],
      [{ depth: 1.5 }, /^deep_linear options: depth = 1.5: .*expected int/],
      [{ scale: 0 }, /^deep_linear options: scale = 0: .*>0/],
      [{ width: 6 }, /width 6: expected 1 to min\(lookback, horizon\) = 5/],
      [{ norm: "last" }, /Unrecognized key: "norm"/],
    ] as const
  ) {
    assert.throws(() => configure(options), { message });
  }
  const series = { kind: "series", channels: 1 } as const;
  assert.throws(
    () => model.configure({}, { signature: series, layers: [] }),
    /deep_linear: a task of series; it reads windows/,
  );
  const layers = [{ name: "lstm", layer: lstm, options: {} }];
  assert.throws(
    () => model.configure({}, { signature: signature(1), layers }),
    /deep_linear: 1 layers; .* leave them out/,
  );
});

Deno.test("deep linear network: the two outer matrices are independent random isometries, the scale 1/4 unless told", () => {
  const shape = { lookback: 30, horizon: 20, depth: 3 };
  const params = init(keyOf(1), shape);
  assert.deepEqual(
    [params.first.shape, params.hidden!.shape, params.last!.shape],
    [[30, 20], [1, 20, 20], [20, 20]],
  );
  const squares = (data: ArrayLike<number>) => Array.from(data).reduce((sum, x) => sum + x * x, 0);
  const want = 0.25 ** (2 / 3);
  for (const { data } of [params.first, params.last!, params.hidden!]) {
    assert.ok(Math.abs(squares(data) / 20 - want) < 1e-5); // 20 singular values of 0.25^(1/3)
  }
  assertNormal(params.first.data, Math.sqrt(want / 30), "first"); // entries of an isometry of 30 rows
  assertUncorrelated(params.first.data, params.last!.data, "first and last");
  const transposed = transpose(Float64Array.from(params.last!.data), 20, 20);
  assertUncorrelated(params.first.data, transposed, "first and last, transposed");
  const other = init(keyOf(2), shape);
  assertUncorrelated(params.first.data, other.first.data, "two keys");
  assertUncorrelated(params.last!.data, other.last!.data, "two keys");
  const one = init(keyOf(1), { ...shape, depth: 1 });
  assert.ok(Math.abs(squares(one.first.data) / 20 - 0.25 ** 2) < 1e-6);
  assert.deepEqual([one.hidden, one.last], [undefined, undefined]);
});
