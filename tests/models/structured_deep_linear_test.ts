/** @file Networks of structured matrices against the dense product of their layers, and operators at several time scales. */
import { init as initJax } from "@jax-js/jax";
import { Matrix } from "ml-matrix";
import assert from "node:assert/strict";
import { layer as lstm } from "../../lib/layers/sequence/lstm.ts";
import type { ModelModule } from "../../lib/models/model.ts";
import { model as multiScale } from "../../lib/models/multi_scale_linear.ts";
import { averages } from "../../lib/models/scales.ts";
import { model as structured, monarchShape } from "../../lib/models/structured_deep_linear.ts";
import { toHost } from "../../lib/train/host.ts";
import { flatten } from "../../lib/tensor/trees.ts";
import { assertLinear, assertMatrixGradient } from "./linear_windows.ts";
import { shakenParameters } from "./stacks.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
const configure = (model: ModelModule<any>, options: object, lookback = 5, horizon = 3) =>
  model.configure(options, {
    signature: { kind: "window", lookback, horizon, channels: 2 },
    layers: [],
  });

for (
  const [options, lookback, horizon] of [
    [{ depth: 1 }, 5, 3],
    [{ depth: 3 }, 3, 8],
    [{ depth: 2, size: 16 }, 5, 3],
    [{ depth: 3, factor: "butterfly" }, 8, 3],
    [{ depth: 1, factor: "butterfly" }, 1, 1],
  ] as const
) {
  Deno.test(`${JSON.stringify(options)} from ${lookback} to ${horizon}: superposition, collapse, every channel alike`, async () => {
    const own = configure(structured, options, lookback, horizon);
    await assertLinear(own, shakenParameters(own), { lookback, horizon, channels: 2 });
  });
}

Deno.test("a network of Monarch matrices is the product of them, window and forecast at the end of the vector", () => {
  const own = configure(structured, { depth: 2 });
  const params = flatten(shakenParameters(own));
  assert.deepEqual([[...params.l.shape], [...params.r.shape]], [[2, 2, 4, 4], [2, 4, 2, 2]]);
  let product = Matrix.eye(8);
  for (const layer of [0, 1]) {
    // Entry by entry: block b of l makes z[b, i], block i of r mixes z[., i].
    const M = Matrix.zeros(8, 8);
    for (let b = 0; b < 2; b++) {
      for (let i = 0; i < 4; i++) {
        for (let a = 0; a < 2; a++) {
          for (let j = 0; j < 4; j++) {
            const l = params.l.data[((layer * 2 + a) * 4 + i) * 4 + j];
            const r = params.r.data[((layer * 4 + i) * 2 + b) * 2 + a];
            M.set(b * 4 + i, a * 4 + j, r * l);
          }
        }
      }
    }
    product = M.mmul(product);
  }
  const got = own.collapse(shakenParameters(own));
  for (let s = 0; s < 5; s++) {
    for (let h = 0; h < 3; h++) {
      assert.ok(Math.abs(got[s * 3 + h] - product.get(5 + h, 3 + s)) < 1e-12);
    }
  }
});

for (const factor of ["monarch", "butterfly"]) {
  Deno.test(`a fresh network of ${factor} matrices repeats the end of the window, nearly`, () => {
    const at = (noise: number) => {
      const own = configure(structured, { depth: 4, factor, noise }, 30, 6);
      return own.collapse(toHost(own.init(1)));
    };
    at(0).forEach((v: number, i: number) => {
      assert.equal(v, +(Math.floor(i / 6) === 24 + i % 6));
    });
    // The deviation does not grow with depth.
    const size = (depth: number) => {
      const own = configure(structured, { depth, factor, noise: 0.1 }, 32, 32);
      const M = Matrix.from1DArray(32, 32, [...own.collapse(toHost(own.init(1)))]);
      return Matrix.sub(M, Matrix.eye(32)).norm() / Math.sqrt(32);
    };
    for (const depth of [1, 9]) assert.ok(Math.abs(size(depth) / 0.1 - 1) < 0.35, `${size(depth)}`);
  });

  Deno.test(`gradients of ${factor} layers are those of jax-js`, async () => {
    const own = configure(structured, { depth: 3, factor }, 4, 2);
    await assertMatrixGradient(own, shakenParameters(own));
  });
}

Deno.test("blocks are as square as powers of two can be", () => {
  assert.deepEqual(monarchShape(512), { blocks: 16, size: 32 });
  assert.deepEqual(monarchShape(64), { blocks: 8, size: 8 });
  assert.deepEqual(monarchShape(1), { blocks: 1, size: 1 });
});

Deno.test("averages of a window, the newest first", () => {
  assert.deepEqual([...averages({ every: 2, lags: 2 }, 5)], [0, 0, 0, 0.5, 0, 0.5, 0.5, 0, 0.5, 0]);
  assert.deepEqual([...averages({ every: 1, lags: 1 }, 1)], [1]);
  assert.throws(
    () => averages({ every: 3, lags: 2 }, 5),
    /2 averages over 3 rows: it reaches back 6 rows, the lookback is 5/,
  );
});

for (const depth of [1, 3]) {
  Deno.test(`operators of ${depth} matrices at two scales: superposition, collapse, gradients`, async () => {
    const options = { depth, scales: [{ every: 1, lags: 3 }, { every: 2, lags: 2 }] };
    const own = configure(multiScale, options);
    const params = shakenParameters(own);
    await assertLinear(own, params, { lookback: 5, horizon: 3, channels: 2 });
    await assertMatrixGradient(own, params);
    if (depth > 1) return;
    // Row by row: what a scale reads of it.
    const { "operators.0.first": days, "operators.1.first": pairs } = flatten(params);
    const M = own.collapse(params);
    for (let h = 0; h < 3; h++) {
      const want = [
        0,
        pairs.data[3 + h] / 2,
        pairs.data[3 + h] / 2 + days.data[6 + h],
        pairs.data[h] / 2 + days.data[3 + h],
        pairs.data[h] / 2 + days.data[h],
      ];
      want.forEach((w, s) => assert.ok(Math.abs(M[s * 3 + h] - w) < 1e-12));
    }
  });
}

Deno.test("scales start as different draws, which add up to a forecast of a quarter", () => {
  const own = configure(multiScale, { scales: [{ every: 1, lags: 3 }, { every: 1, lags: 3 }] });
  const { "operators.0.first": a, "operators.1.first": b } = flatten(toHost(own.init(1)));
  assert.notDeepEqual(a, b);
  assert.ok(Math.abs(Math.hypot(...a.data) / Math.sqrt(3) - 0.125) < 1e-6);
});

for (const [name, model] of Object.entries({ structured, multiScale })) {
  Deno.test(`${name}: what is wrong, by its name`, () => {
    const bad = name === "structured"
      ? [
        [{ depth: 0 }, /depth = 0: .*>=1/],
        [{ factor: "dense" }, /factor = "dense"/],
        [
          { size: 4 },
          /size = 4: expected a power of two, at least max\(lookback, horizon, 2\) = 5/,
        ],
        [{ size: 12 }, /size = 12: expected a power of two/],
        [{ noise: -1 }, /noise = -1: .*>=0/],
        [{ size: 1 }, /size = 1: .*>=2/],
      ] as const
      : [
        [{ scales: [] }, /scales = \[\]/],
        [{ scales: [{ every: 0, lags: 1 }] }, /scales.0.every = 0/],
        [{ scales: [{ every: 3, lags: 2 }] }, /reaches back 6 rows/],
        [{ depth: 0 }, /depth = 0: .*>=1/],
        [{}, /3 averages over 22 rows|4 averages over 5 rows/],
      ] as const;
    for (const [options, message] of bad) {
      assert.throws(() => configure(model, options), { message });
    }
    const signature = { kind: "window", lookback: 70, horizon: 2, channels: 1 } as const;
    const layers = [{ name: "lstm", layer: lstm, options: {} }];
    assert.throws(
      () => model.configure({}, { signature, layers }),
      /: 1 layers; .* leave them out/,
    );
    assert.throws(
      () => model.configure({}, { signature: { kind: "series", channels: 1 }, layers: [] }),
      /a task of series; it reads windows/,
    );
  });
}
