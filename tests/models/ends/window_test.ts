/** @file Stacks over windows against loops over numbers. */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Arrays } from "../../../lib/engine/arrays.ts";
import { asSequenceModel } from "../../../lib/models/model.ts";
import { type Tensor, tensor } from "../../../lib/tensor/tensor.ts";
import { toHost } from "../../../lib/train/host.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import { type Affine, affine, inFloat64, rowsOf, type Vector } from "../../layers/definitions.ts";
import { type LstmLayer, naiveLstmLayer } from "../naive_lstm.ts";
import { outputs } from "../sequence_cases.ts";
import { shakenParameters, stackOf } from "../stacks.ts";

await initJax("wasm");

const [lookback, horizon, channels] = [6, 4, 3];
const signature = { kind: "window", lookback, horizon, channels } as const;

interface Params {
  ends: { embed?: Affine; head: Affine };
  blocks: { layer: LstmLayer }[];
}

/** The forecast [horizon][channels] of one window [lookback][channels]. */
function naive({ ends: { embed, head }, blocks }: Params, window: Vector[], options: {
  patch: number;
  shared: boolean;
  norm: string;
}): Vector[] {
  const { patch, shared, norm } = options;
  const level = window[0].map((_, j) => {
    if (norm === "last") return window.at(-1)![j];
    return norm === "mean" ? window.reduce((sum, row) => sum + row[j], 0) / window.length : 0;
  });
  const forecast = Array.from({ length: horizon }, () => [...level]);
  // One series of numbers a time, or one of all channels.
  const groups = shared ? window[0].map((_, j) => [j]) : [window[0].map((_, j) => j)];
  for (const group of groups) {
    let x = Array.from(
      { length: lookback / patch },
      (_, k) =>
        window.slice(k * patch, (k + 1) * patch)
          .flatMap((row) => group.map((j) => row[j] - level[j])),
    );
    if (embed) x = x.map((token) => affine(embed, token));
    for (const { layer } of blocks) x = naiveLstmLayer(layer, x);
    const out = affine(head, x.at(-1)!);
    out.forEach((value, i) =>
      forecast[Math.floor(i / group.length)][group[i % group.length]] += value
    );
  }
  return forecast;
}

/** Windows with a level of their own each. */
function windows(): Tensor {
  const x = randomTensor(generator(3), [2, lookback, channels]);
  x.data.forEach((value, i) => x.data[i] = value + 10 * (i % channels) - 5);
  return x;
}

for (const shared of [true, false]) {
  for (
    const [norm, patch, width] of [
      ["none", 1, 5],
      ["last", 2, 4],
      ["mean", 3, undefined],
      ["last", 6, undefined],
    ] as const
  ) {
    const options = { patch, shared, norm };
    const model = stackOf([["lstm"], ["lstm"]], { block: "bare", width, ...options }, signature);
    const params = shakenParameters(model);
    const title = `${shared ? "shared" : "all channels together"}, norm ${norm}, patch ${patch}`;

    Deno.test(`a forecast is that of the loops: ${title}`, async () => {
      const x = windows();
      const exact = inFloat64((p: Arrays, x: np.Array) => model.apply(p, x), params, x);
      const compiled = await outputs(model, params, x);
      for (const { shape } of [exact, compiled]) {
        assert.deepEqual([...shape], [2, horizon, channels]);
      }
      const want = [0, 1].flatMap((b) =>
        naive(params as unknown as Params, rowsOf(x, b), options).flat()
      );
      want.forEach((value, i) => {
        assert.ok(Math.abs(exact.data[i] - value) < 1e-6, `${i}: ${exact.data[i]}, ${value}`);
        assert.ok(Math.abs(compiled.data[i] - value) < 1e-4, `${i}: ${compiled.data[i]}, ${value}`);
      });
    });
  }
}

Deno.test("an untrained model forecasts the level that was subtracted", async () => {
  const x = tensor([1, 5, 3, 7, 2, 6], [1, 6, 1]);
  for (const [norm, level] of [["none", 0], ["last", 6], ["mean", 4]] as const) {
    const model = stackOf([["lstm"]], { width: 3, norm }, { ...signature, channels: 1 });
    const { data } = await outputs(model, toHost(model.init(1)), x);
    assert.deepEqual([...data], [level, level, level, level]);
  }
});

Deno.test("a series that drifts takes its forecast along", async () => {
  const x = windows();
  const moved = { ...x, data: x.data.map((value, i) => value + 8 * (i % channels)) };
  for (const norm of ["last", "mean"]) {
    const model = stackOf([["softmax_attention", { heads: 2 }]], { width: 4, norm }, signature);
    const params = shakenParameters(model);
    const [first, second] = [await outputs(model, params, x), await outputs(model, params, moved)];
    first.data.forEach((value, i) =>
      assert.ok(Math.abs(second.data[i] - value - 8 * (i % channels)) < 1e-4)
    );
  }
});

Deno.test("a model of windows does not go token by token", () => {
  const model = stackOf([["lstm"]], { width: 3 }, signature);
  assert.throws(() => asSequenceModel(model), /whole windows/);
});
