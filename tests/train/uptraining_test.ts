/** @file Starting from what another model has learned: what is kept, what is fresh, and what is refused. */
import { init as initJax, random } from "@jax-js/jax";
import assert from "node:assert/strict";
import { layer as softmax } from "../../lib/layers/sequence/softmax_attention.ts";
import { layer as supra } from "../../lib/layers/sequence/supra.ts";
import { tensor } from "../../lib/tensor/tensor.ts";
import { flatten } from "../../lib/tensor/trees.ts";
import { toHost } from "../../lib/train/host.ts";
import { arraysOf, uptrained } from "../../lib/train/uptraining.ts";

await initJax("wasm");
const config = { width: 8, heads: 2 };
const of = (layer: typeof softmax | typeof supra, seed: number) =>
  toHost(layer.init(config, random.key(seed)));

Deno.test("linear attention starts with all of softmax attention's parameters, and a map of its own", () => {
  const [trained, fresh] = [flatten(of(softmax, 1)), of(supra, 2)];
  const started = flatten(uptrained(trained, fresh));
  const names = Object.keys(started);
  assert.deepEqual(names.toSorted(), Object.keys(flatten(fresh)).toSorted());
  for (const name of names) {
    const want = name.startsWith("kernel.") ? flatten(fresh)[name] : trained[name];
    assert.deepEqual(started[name], want, name);
  }
  // Through jax-js and back.
  assert.deepEqual(flatten(toHost(arraysOf(uptrained(trained, fresh)))), started);
});

Deno.test("what would be lost, or has another shape, is refused by name", () => {
  const fresh = of(supra, 2);
  const trained = flatten(of(softmax, 1));
  assert.throws(
    () => uptrained({ ...trained, "gate.weight": tensor(0, [8, 8]) }, fresh),
    /the trained model has gate\.weight, the new one has not/,
  );
  assert.throws(
    () => uptrained({ ...trained, "query.weight": tensor(0, [4, 8]) }, fresh),
    /query\.weight has shape \[4,8\], the model wants \[8,8\]/,
  );
  assert.throws(() => arraysOf({ position: tensor(0, [], "int32") }), /of type int32, not a float/);
});
