/** @file The deep network for time series: one Toeplitz map where it claims to be linear, its layers in their order, its options. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Tensor } from "../../lib/engine/mod.ts";
import { layer as lstm } from "../../lib/layers/sequence/lstm.ts";
import { mixings, model } from "../../lib/models/deep_linear_time_series.ts";
import type { LinearWindowModel } from "../../lib/models/model.ts";
import { toeplitzMatrix } from "../../lib/layers/toeplitz_matrix.ts";
import { toHost } from "../../lib/train/host.ts";
import { flatten } from "../../lib/tensor/trees.ts";
import { inFloat64 } from "../layers/definitions.ts";
import { assertLinear, assertMatrixGradient, exactly, superposition } from "./linear_windows.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { shakenParameters } from "./stacks.ts";

await initJax("wasm");

const configure = (options: object, lookback = 7, horizon = 4, channels = 1) =>
  model.configure(options, {
    signature: { kind: "window", lookback, horizon, channels },
    layers: [],
  });
const linear = (options: object, lookback = 7, horizon = 4) =>
  configure(options, lookback, horizon) as unknown as LinearWindowModel;

Deno.test("the matrix of a kernel has the number of lag lookback + h - s at [s, h]", () => {
  for (const [lookback, horizon] of [[1, 1], [3, 1], [1, 4], [5, 3], [3, 5]]) {
    const length = lookback + horizon;
    const response = randomTensor(generator(length), [length]);
    const M = inFloat64(
      (r: np.Array) => toeplitzMatrix(r, lookback, horizon),
      response,
    );
    assert.deepEqual(M.shape, [lookback, horizon]);
    for (let s = 0; s < lookback; s++) {
      for (let h = 0; h < horizon; h++) {
        assert.equal(M.data[s * horizon + h], response.data[lookback + h - s]);
      }
    }
  }
});

const small = { width: 3 };
for (
  const options of [
    { ...small, encoder: 1, decoder: 1, residual: 0 },
    { ...small, encoder: 3, temporal: 2, decoder: 2, residual: 0.5 },
    { ...small, mixing: "fourier", temporal: 3, residual: 0 },
    { ...small, mixing: "fourier", width: 1 },
    { width: 2, mixing: "state_space", temporal: 2 },
  ]
) {
  Deno.test(`superposition, collapse and engine: ${JSON.stringify(options)}`, async () => {
    const own = linear(options);
    const params = shakenParameters(own);
    const approximate = "mixing" in options && options.mixing === "state_space";
    await assertLinear(own, params, { lookback: 7, horizon: 4 }, approximate ? 1e-5 : 1e-9);
    // Toeplitz: the same number along every diagonal.
    const M = own.collapse(params);
    for (let s = 0; s < 6; s++) {
      for (let h = 0; h < 3; h++) {
        assert.ok(Math.abs(M[s * 4 + h] - M[(s + 1) * 4 + h + 1]) < 1e-12);
      }
    }
  });
}

Deno.test("one row in, one row out", async () => {
  for (const mixing of ["toeplitz", "fourier"]) {
    const own = linear({ ...small, mixing }, 1, 1);
    await assertLinear(own, shakenParameters(own), { lookback: 1, horizon: 1 });
  }
});

Deno.test("encoder, mixing and decoder in this order, with what a layer adds", () => {
  const options = { width: 2, encoder: 2, temporal: 2, decoder: 2, residual: 0.25 };
  const own = configure(options, 3, 2, 2);
  const params = flatten(shakenParameters(own));
  assert.deepEqual(Object.keys(params).sort(), [
    "decoder.hidden",
    "decoder.last",
    "encoder.first",
    "encoder.hidden",
    "mixing.kernel",
  ]);
  assert.deepEqual([...params["mixing.kernel"].shape], [2, 5, 2]);
  const x = randomTensor(generator(8), [1, 3, 2]);
  const times = (rows: number[][], W: Tensor, at = 0) =>
    rows.map((row) =>
      [0, 1].map((j) => row.reduce((s, v, i) => s + v * W.data[at + i * 2 + j], 0))
    );
  const added = (rows: number[][], more: number[][]) =>
    rows.map((row, t) => row.map((v, c) => v + 0.25 * more[t][c]));
  const convolved = (rows: number[][], layer: number) =>
    rows.map((_, t) =>
      [0, 1].map((c) => {
        let sum = 0;
        for (let k = 0; k <= t; k++) {
          sum += params["mixing.kernel"].data[(layer * 5 + k) * 2 + c] * rows[t - k][c];
        }
        return sum;
      })
    );
  let h = times([0, 1, 2].map((t) => [...x.data.slice(2 * t, 2 * t + 2)]), params["encoder.first"]);
  h = added(h, times(h, params["encoder.hidden"]));
  h = [...h, [0, 0], [0, 0]];
  for (const layer of [0, 1]) h = added(h, convolved(h, layer));
  h = h.slice(3);
  h = added(h, times(h, params["decoder.hidden"]));
  h = times(h, params["decoder.last"]);
  const y = exactly(own, shakenParameters(own), x);
  assert.deepEqual([...y.shape], [1, 2, 2]);
  h.flat().forEach((want, i) => assert.ok(Math.abs(y.data[i] - want) < 1e-10));
  // Several channels together have no matrix of a window.
  assert.ok(!("matrix" in own) && !("collapse" in own));
  assert.ok(superposition(own, shakenParameters(own), [2, 3, 2]) < 1e-9);
});

Deno.test("with linear attention it is no linear map, and does not say that it is one", () => {
  const own = configure({ width: 3, mixing: "linear_attention" });
  assert.ok(!("matrix" in own) && !("collapse" in own));
  assert.ok(superposition(own, shakenParameters(own), [1, 7, 1]) > 1e-3);
  assert.equal(mixings.linear_attention.about.kind, "nonlinear");
});

Deno.test("layers without residual start as the identity, those with it as noise", () => {
  const hidden = (residual: number) => {
    const { "encoder.hidden": own } = flatten(toHost(
      configure({ width: 40, encoder: 3, residual }).init(1),
    ));
    return own;
  };
  const identity = hidden(0);
  assert.deepEqual([...identity.shape], [2, 40, 40]);
  identity.data.forEach((v, i) => {
    assert.equal(v, +(Math.floor(i / 40) % 40 === i % 40));
  });
  const noise = hidden(0.1).data;
  assert.ok(Math.abs(Math.hypot(...noise) / Math.sqrt(2 * 40) - 1) < 0.1);
  assert.ok(Math.abs(noise[0]) < 0.9);
  const [one, again, other] = [1, 1, 2].map((seed) => toHost(configure(small).init(seed)));
  assert.deepEqual(one, again);
  assert.notDeepEqual(one, other);
  const plain = flatten(toHost(configure({ width: 5, encoder: 1, decoder: 1 }).init(1)));
  assert.deepEqual(Object.keys(plain).sort(), ["decoder.last", "encoder.first", "mixing.kernel"]);
});

Deno.test("its gradients through kernels, transforms and loops are those of jax-js", async () => {
  for (const mixing of ["toeplitz", "fourier", "state_space"]) {
    const own = linear({ width: 2, encoder: 3, temporal: 2, decoder: 1, mixing }, 4, 3);
    await assertMatrixGradient(own, shakenParameters(own));
  }
});

Deno.test("options: what is wrong, by its name", () => {
  for (
    const [options, message] of [
      [{ width: 0 }, /^deep_linear_time_series options: width = 0: .*>=1/],
      [{ encoder: 0 }, /encoder = 0: .*>=1/],
      [{ temporal: 1.5 }, /temporal = 1.5: .*expected int/],
      [{ decoder: 0 }, /decoder = 0: .*>=1/],
      [{ residual: -1 }, /residual = -1: .*>=0/],
      [{ mixing: "softmax" }, /mixing = "softmax": .*"toeplitz"\|"fourier"/],
      [{ depth: 3 }, /Unrecognized key: "depth"/],
    ] as const
  ) {
    assert.throws(() => configure(options), { message });
  }
  const series = { kind: "series", channels: 1 } as const;
  assert.throws(
    () => model.configure({}, { signature: series, layers: [] }),
    /deep_linear_time_series: a task of series; it reads windows/,
  );
  const signature = { kind: "window", lookback: 2, horizon: 2, channels: 1 } as const;
  assert.throws(
    () => model.configure({}, { signature, layers: [{ name: "lstm", layer: lstm, options: {} }] }),
    /deep_linear_time_series: 1 layers; .* leave them out/,
  );
});
