/** @file The causal linear map against its sum written out, its forms against each other, and its closed form's parameter. */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Arrays } from "../../lib/engine/arrays.ts";
import type { SequenceModel, Signature } from "../../lib/models/model.ts";
import { model as causalLinear } from "../../lib/models/causal_linear.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";
import { toHost } from "../../lib/train/host.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { inFloat64, rowsOf, type Vector } from "../layers/definitions.ts";
import {
  assertCausal,
  assertFormsAgree,
  assertGradients,
  assertRollout,
  outputs,
} from "./sequence_cases.ts";
import { layer as lstm } from "../../lib/layers/sequence/lstm.ts";
import { shakenParameters } from "./stacks.ts";

await initJax("wasm");

const configure = (options: object, signature: Signature): SequenceModel =>
  causalLinear.configure(options, { signature, layers: [] });
const statistics = { mean: [3, -1], variance: [0.25, 4] };

function made(options: object, channels = 2, unit = false) {
  const signature = {
    kind: "series",
    channels,
    statistics: unit ? undefined : statistics,
  } as const;
  const model = configure(options, signature);
  return { model, params: shakenParameters(model), channels };
}

/** Predictions [T / patch][patch channels] for the observations of one sequence. */
function naive(kernel: Tensor, patch: number, rows: Vector[]): Vector[] {
  const [taps, width] = kernel.shape;
  const { mean, variance } = statistics;
  const tokens = Array.from(
    { length: rows.length / patch },
    (_, k) =>
      rows.slice(k * patch, (k + 1) * patch)
        .flatMap((row) => row.map((value, j) => (value - mean[j]) / Math.sqrt(variance[j]))),
  );
  return tokens.map((_, t) =>
    Array.from({ length: width }, (_, o) => {
      let sum = 0;
      for (let k = 0; k < Math.min(taps, t + 1); k++) {
        for (let i = 0; i < width; i++) {
          sum += kernel.data[(k * width + o) * width + i] * tokens[t - k][i];
        }
      }
      return sum * Math.sqrt(variance[o % 2]) + mean[o % 2];
    })
  );
}

for (const [taps, patch, tokens] of [[3, 1, 13], [3, 1, 2], [1, 1, 4], [4, 3, 7], [2, 2, 1]]) {
  const own = made({ taps, patch });
  const title = `${taps} taps, patch ${patch}, ${tokens} tokens`;

  Deno.test(`whole and step by step, the sum over the last tokens: ${title}`, () => {
    const y = randomTensor(generator(8), [2, tokens * patch, 2]);
    const got = inFloat64(
      (p: Arrays, state: Arrays, y: np.Array) => {
        const whole = own.model.apply(tree.ref(p), y.ref);
        const steps = np.split(y, tokens, 1).map((token) => {
          const observed = np.array(0).astype(token.dtype);
          const [next, prediction] = own.model.step(tree.ref(p), state, token, observed);
          state = next;
          return prediction.reshape([2, 1, patch, 2]);
        });
        return { whole, steps: np.concatenate(steps, 1) };
      },
      own.params,
      own.model.initialState(2, tokens),
      y,
    );
    const { kernel } = own.params as { kernel: Tensor };
    const want = [0, 1].flatMap((b) => naive(kernel, patch, rowsOf(y, b)).flat());
    for (const { shape, data } of [got.whole, got.steps]) {
      assert.deepEqual(shape, [2, tokens, patch, 2]);
      want.forEach((x, i) => assert.ok(Math.abs(data[i] - x) < 1e-9, `${i}: ${data[i]}, ${x}`));
    }
  });

  Deno.test(`forms agree and nothing is seen ahead: ${title}`, async () => {
    await assertFormsAgree(own, tokens);
    if (tokens > 2) await assertCausal(own, tokens, tokens - 2);
  });
}

Deno.test("a rollout is the model fed its own predictions", async () => {
  await assertRollout(made({ taps: 3, patch: 2 }, 2, true));
});

Deno.test("loss and every gradient agree with float64 on every engine", async () => {
  await assertGradients(made({ taps: 3 }), 2, 9);
  await assertGradients(made({ taps: 5, patch: 2 }), 2, 4);
});

Deno.test("fresh parameters are zero, one matrix a tap, whatever the seed; it predicts the mean", async () => {
  const { model } = made({ taps: 5, patch: 3 });
  const params = toHost(model.init(4)) as { kernel: Tensor };
  assert.deepEqual(params.kernel.shape, [5, 6, 6]);
  assert.ok(params.kernel.data.every((x) => x === 0));
  const { data } = await outputs(model, params, randomTensor(generator(1), [1, 6, 2]));
  data.forEach((x, i) => assert.equal(x, statistics.mean[i % 2]));
  assert.deepEqual(model.initialState(2, 9), { ends: {}, recent: tensor(0, [2, 5, 6]) });
});

Deno.test("options: defaults, bounds, and what is wrong by its name", () => {
  const series = { kind: "series", channels: 2 } as const;
  const kernelOf = (options: object) =>
    (toHost(configure(options, series).init(1)) as { kernel: Tensor }).kernel.shape;
  assert.deepEqual(kernelOf({}), [64, 2, 2]);
  assert.deepEqual(kernelOf({ taps: 1, patch: 32 }), [1, 64, 64]);
  for (
    const [options, message] of [
      [{ taps: 0 }, /^causal_linear options: taps = 0: .*>=1/],
      [{ taps: 2.5 }, /^causal_linear options: taps = 2.5: .*expected int/],
      [{ patch: 33 }, /^causal_linear options: patch = 33: .*<=32/],
      [{ norm: "causal" }, /Unrecognized key: "norm"/],
    ] as const
  ) {
    assert.throws(() => configure(options, series), { message });
  }
  const window = { kind: "window", lookback: 4, horizon: 2, channels: 1 } as const;
  assert.throws(() => configure({}, window), /causal_linear: a task of window; it reads observed/);
  const layers = [{ name: "lstm", layer: lstm, options: {} }];
  assert.throws(
    () => causalLinear.configure({}, { signature: series, layers }),
    /causal_linear: 1 layers; .* leave them out/,
  );
});
