/** @file Stacks of one layer and of several: forms agree, the future is not seen, gradients are right, fresh models predict zero. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { toHost } from "../../lib/train/host.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import {
  assertCausal,
  assertFormsAgree,
  assertQuickGradients,
  assertRollout,
  outputs,
} from "./sequence_cases.ts";
import { made, sequenceStack, stacks } from "./stacks.ts";

await initJax("wasm");

const ends = [
  { norm: "none", patch: 1 },
  { norm: "causal", patch: 3 },
  { norm: "fixed", patch: 2 },
  { norm: "causal", patch: 1 },
];
// Every stack with two of the ends, every pair of norm and patch with several stacks.
const cases = Object.entries(stacks).flatMap(([name, [named, options]], i) =>
  [ends[i % 4], ends[(i + 1) % 4]].map((chosen) =>
    [`${name}, ${chosen.norm} norm, patch ${chosen.patch}`, named, {
      ...options,
      ...chosen,
    }] as const
  )
);
const statistics = { mean: [0.5, -1, 0], variance: [0.25, 4, 1] };

for (const [name, named, options] of cases) {
  Deno.test(`parallel and step form agree at every token: ${name}`, async () => {
    await assertFormsAgree(made(named, options, 3, statistics), 7);
  });

  Deno.test(`the future changes no earlier output: ${name}`, async () => {
    await assertCausal(made(named, options, 3, statistics), 6, 4);
  });
}

for (const name of ["Transformer", "linear Transformer", "attention, LRU, LSTM"]) {
  Deno.test(`blocks and chunks of 64 tokens, the last one short: ${name}`, async () => {
    const [named, options] = stacks[name];
    await assertFormsAgree(made(named, options, 2), 131);
    await assertCausal(made(named, options, 2), 70, 66);
  });
}

for (const [name, [named, options]] of Object.entries(stacks)) {
  Deno.test(`a rollout is the model fed its own predictions: ${name}`, async () => {
    await assertRollout(made(named, { ...options, patch: 2 }, 3));
  });

  // On engine `jax`, and against jax-js's own gradients: tests/long/models.
  Deno.test(`every gradient is the slope, and the same in float32: ${name}`, async () => {
    const norm = "mlp" in options ? "causal" : "fixed";
    await assertQuickGradients(
      made(named, { ...options, norm, patch: 2 }, 2, {
        mean: [0.5, -1],
        variance: [0.25, 4],
      }),
      2,
      5,
    );
  });

  Deno.test(`an untrained model predicts zero, the mean of the data where that is put back: ${name}`, async () => {
    const y = randomTensor(generator(1), [2, 4, 2]);
    const mean = [3, -1];
    for (const norm of ["none", "fixed"]) {
      const model = sequenceStack(named, { ...options, norm }, {
        kind: "series",
        channels: 2,
        statistics: { mean, variance: [0.25, 4] },
      });
      const { data } = await outputs(model, toHost(model.init(0)), y);
      data.forEach((x, i) => assert.equal(x, norm === "none" ? 0 : mean[i % 2]));
    }
  });
}

Deno.test("one token of one channel through one head of the smallest width", async () => {
  const one = made([["softmax_attention", { heads: 1 }]], { width: 2 }, 1);
  await assertFormsAgree(one, 1);
  await assertFormsAgree(made([["lstm"]], { block: "bare", width: 1 }, 1), 1);
});

Deno.test("over data of mean 0 and variance 1, putting fixed statistics back changes nothing", async () => {
  const [named, options] = stacks.Transformer;
  const y = randomTensor(generator(4), [2, 6, 3]);
  const unit = { mean: [0, 0, 0], variance: [1, 1, 1] };
  const of = ({ model, params }: ReturnType<typeof made>) => outputs(model, params, y);
  const none = await of(made(named, { ...options, norm: "none" }, 3));
  for (const statistics of [undefined, unit]) {
    const fixed = await of(made(named, { ...options, norm: "fixed" }, 3, statistics));
    assert.deepEqual(fixed.data, none.data);
  }
});
