/** @file The Transformer with linear attention: its two forms agree, it never looks ahead, its gradients are right. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { tensor } from "../../lib/engine/mod.ts";
import * as linearTransformer from "../../lib/models/linear_transformer.ts";
import { flatten, readTree, toHost } from "../../lib/train/host.ts";
import { compileMembers, member, stack } from "../../lib/train/ensemble.ts";
import { nextPatchLoss } from "../../lib/tasks/filtering/next_patch.ts";
import { compileStep, type TrainingStep } from "../../lib/train/trainer.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import {
  assertCausal,
  assertFormsAgree,
  assertGradients,
  assertRollout,
  lossBatch,
  make,
  parallel,
} from "./sequence_cases.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const obs = 3;

/** The state before the first token, by hand. */
function zeroState({ layers, dModel, heads }: Any, batch: number) {
  const width = dModel / heads;
  return {
    caches: Array.from({ length: layers }, () => ({
      memory: tensor(0, [batch, heads, width, width]),
      total: tensor(0, [batch, heads, width]),
    })),
    sums: { sum: tensor(0, [batch, obs]), square: tensor(0, [batch, obs]), count: tensor(0) },
  };
}

const small = { layers: 2, dModel: 12, heads: 2 };
for (const norm of ["none", "fixed", "causal"] as const) {
  for (const patch of [1, 3]) {
    Deno.test(`parallel and step form agree at every position: ${norm}, patch ${patch}`, async () => {
      const made = make(linearTransformer, { ...small, norm, patch }, obs);
      // 131 tokens are three chunks of 64, the last one short.
      const tokens = norm === "fixed" ? 131 : 7;
      const y = randomTensor(generator(11), [2, tokens * patch, obs]);
      await assertFormsAgree(made, y);
      const { config } = made;
      assert.deepEqual(linearTransformer.initialState(config, 2), zeroState(config, 2));
    });
  }
  Deno.test(`the future changes no earlier output: ${norm}`, async () => {
    await assertCausal(make(linearTransformer, { ...small, norm }, obs), 6, 4);
    if (norm === "fixed") {
      await assertCausal(make(linearTransformer, { ...small, norm, patch: 3 }, obs), 140, 70);
    }
  });
}

Deno.test("one head of the smallest width, one token", async () => {
  const made = make(linearTransformer, { layers: 1, dModel: 2, heads: 1 }, obs);
  await assertFormsAgree(made, randomTensor(generator(2), [1, 1, obs]));
});

Deno.test("a rollout is the model fed its own predictions", async () => {
  await assertRollout(make(linearTransformer, { ...small, patch: 2 }, obs));
  // 66 tokens of warm-up: two chunks.
  await assertRollout(make(linearTransformer, { ...small, patch: 2 }, obs), 132);
});

for (
  const [name, options, tokens] of [
    ["patch 1, no norm", { norm: "none" }, 7],
    ["patch 3, fixed norm", { patch: 3 }, 5],
    ["patch 2, causal norm", { patch: 2, norm: "causal" }, 5],
    ["two chunks", { layers: 1, dModel: 4, heads: 1 }, 67],
  ] as const
) {
  Deno.test(`gradients agree with float64 on every engine: ${name}`, async () => {
    await assertGradients(make(linearTransformer, { ...small, ...options }, obs), 2, tokens);
  });
}

Deno.test("two trained in one program end as each alone", async () => {
  const config = linearTransformer.configure({ layers: 1, dModel: 4, heads: 1 }, obs);
  const loss = nextPatchLoss(linearTransformer as Any, config);
  const made = { model: linearTransformer as Any, config, params: {} };
  const first = lossBatch(made, 2, 66);
  const batches = [first, { ...first, y: randomTensor(generator(1), first.y.shape) }];
  const init = (seed: number) => linearTransformer.init(config, seed);
  const threeSteps = async (step: TrainingStep, batch: Any) => {
    let current: Any = step.fresh;
    for (let i = 0; i < 3; i++) current = await step.run(current, batch, 0.01);
    const params = await readTree(current.params);
    await step.close();
    return params;
  };
  const both = stack(batches as Any);
  const together = await compileMembers(loss, [init(0), init(1)], both, [1, 2], {});
  const got = await threeSteps(together, both);
  for (const [i, batch] of batches.entries()) {
    const alone = await compileStep(loss, init(i) as Any, batch as Any, {});
    const rate = { ...alone, run: (c: Any, b: Any, r: number) => alone.run(c, b, (i + 1) * r) };
    const want = flatten(await threeSteps(rate, batch));
    const own = flatten(member(got, i));
    for (const [name, { data }] of Object.entries(want)) {
      data.forEach((x, k) => assert.ok(Math.abs(own[name].data[k] - x) <= 1e-5, `${i}: ${name}`));
    }
  }
});

Deno.test("an untrained model predicts zero", async () => {
  const config = linearTransformer.configure({ layers: 1, dModel: 4, heads: 1 }, obs);
  const params = toHost(linearTransformer.init(config, 5));
  const made = { model: linearTransformer as Any, config, params };
  const out = await parallel(made, randomTensor(generator(1), [1, 4, obs]));
  assert.ok(out.data.every((x) => x === 0));
});
