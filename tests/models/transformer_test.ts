/** @file The Transformer: its two forms agree, it never looks ahead, and a rollout feeds it its own predictions. */
import { init as initJax, numpy as np, random } from "@jax-js/jax";
import assert from "node:assert/strict";
import { tensor } from "../../lib/engine/mod.ts";
import { attention } from "../../lib/layers/attention.ts";
import { attentionInit } from "../../lib/layers/attention_projections.ts";
import * as transformer from "../../lib/models/transformer.ts";
import { toHost } from "../../lib/train/host.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { assertCausal, assertFormsAgree, assertRollout, make, parallel } from "./sequence_cases.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const obs = 3;
const small = { layers: 2, dModel: 12, heads: 2 };

/** The state before the first token, with room for `tokens`, by hand. */
function emptyState({ layers, dModel, heads }: Any, batch: number, tokens: number) {
  const cache = () => tensor(0, [batch, heads, dModel / heads, tokens]);
  return {
    caches: Array.from({ length: layers }, () => ({ keys: cache(), values: cache() })),
    sums: { sum: tensor(0, [batch, obs]), square: tensor(0, [batch, obs]), count: tensor(0) },
  };
}

for (const norm of ["none", "fixed", "causal"] as const) {
  for (const patch of [1, 3]) {
    Deno.test(`parallel and step form agree at every position: ${norm}, patch ${patch}`, async () => {
      const made = make(transformer, { ...small, norm, patch }, obs);
      // Attention computes long sequences in blocks of 64: 131 tokens are three, the last one short.
      const tokens = norm === "fixed" ? 131 : 7;
      const y = randomTensor(generator(11), [2, tokens * patch, obs]);
      await assertFormsAgree(made, y);
      const { config } = made;
      assert.deepEqual(transformer.initialState(config, 2, tokens), emptyState(config, 2, tokens));
    });

    Deno.test(`the future changes no earlier output: ${norm}, patch ${patch}`, async () => {
      const [tokens, from] = norm === "none" ? [70, 66] : [6, 4];
      await assertCausal(make(transformer, { ...small, norm, patch }, obs), tokens, from);
    });
  }
}

Deno.test("a rollout is the model fed its own predictions", async () => {
  await assertRollout(make(transformer, { ...small, patch: 2 }, obs));
});

Deno.test("an untrained model predicts zero", async () => {
  const config = transformer.configure({ layers: 1, dModel: 4, heads: 1 }, obs);
  const params = toHost(transformer.init(config, 0));
  const made = { model: transformer as Any, config, params };
  const out = await parallel(made, randomTensor(generator(1), [1, 4, obs]));
  assert.ok(out.data.every((x) => x === 0));
});

Deno.test("over data of mean 0 and variance 1, putting fixed statistics back changes nothing", async () => {
  const y = randomTensor(generator(4), [2, 6, obs]);
  const [none, fixed] = [
    await parallel(make(transformer, { ...small, norm: "none" }, obs), y),
    await parallel(make(transformer, { ...small, norm: "fixed" }, obs), y),
  ];
  assert.deepEqual(none.data, fixed.data);
});

Deno.test("a fresh layer weighs its past by distance, whatever the contents", () => {
  // Queries and keys that do not look at their tokens: what the last token makes of one value depends on how far back it is.
  const seen = (position: number) => {
    const x = new Float32Array(6 * 8);
    x.fill(1, position * 8, position * 8 + 8);
    const params = attentionInit(random.key(5), 8, 1);
    for (const blind of [params.query, params.key]) {
      blind.weight.dispose();
      blind.weight = np.zeros([8, 8]);
    }
    const output = attention(params, np.array(x, { shape: [1, 6, 8] }), 2);
    return Math.hypot(...output.slice(0, -1).js() as number[]);
  };
  const [near, far] = [seen(4), seen(0)];
  assert.ok(Math.abs(near / far - 1) > 0.01, `${near} and ${far}`);
});
