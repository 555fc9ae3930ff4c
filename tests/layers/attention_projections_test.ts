/** @file Heads of multi-head attention. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { tensor } from "../../lib/engine/mod.ts";
import { mergeHeads, splitHeads } from "../../lib/layers/attention_projections.ts";
import { inFloat64 } from "./definitions.ts";

await initJax("wasm");

Deno.test("heads are consecutive slices of the width, and merging undoes splitting", () => {
  const x = tensor(Array.from({ length: 12 }, (_, i) => i), [1, 2, 6]);
  const split = inFloat64((x: np.Array) => splitHeads(x, 3), x);
  assert.deepEqual(split.shape, [1, 2, 3, 2]); // token, head, width
  const merged = inFloat64(
    (x: np.Array) => mergeHeads(np.transpose(splitHeads(x, 3), [0, 2, 1, 3])),
    x,
  );
  assert.deepEqual(merged.shape, [1, 2, 6]);
  assert.deepEqual([...merged.data], [...x.data]);
});
