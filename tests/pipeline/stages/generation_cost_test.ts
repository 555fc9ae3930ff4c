/** @file The stage that measures a token of generation by layers, on a clock that the test moves. */
import assert from "node:assert/strict";
import * as stage from "../../../pipeline/stages/generation_cost.ts";
import { onClock } from "./on_clock.ts";

const mixers = (depths: number[]) => ({
  id: "layered",
  depths: depths.map((depth) => ({
    depth,
    model: { name: "mixer_stack", options: { width: 4, taps: 3, depth } },
  })),
});
const transformers = {
  id: "transformer",
  depths: [1, 3].map((depth) => ({
    depth,
    model: { name: "stack", options: { width: 4 } },
    layers: Array(depth).fill({ name: "softmax_attention", options: { heads: 2 } }),
  })),
};
const params = { vocabulary: 5, context: 6, rounds: 3, tokens: 2 };

Deno.test("the median token of each model, the first round aside, and how it grows with layers", async () => {
  const depths = [1, 2, 4];
  // Rounds of two tokens each: the first one counts for nothing, of the others the second is in the middle.
  const rounds = [0, 0, 1, 300];
  const { observed, scalars, files, ran, progress } = await onClock(
    stage,
    { ...params, kinds: [mixers(depths)] },
    (which, run) => 7 + 3 * depths[which] ** 2 + rounds[run >> 1] - 1,
  );
  assert.deepEqual(ran, depths.map(() => 8));
  const want = depths.map((n) => 7 + 3 * n ** 2);
  depths.forEach((n, i) => {
    assert.ok(Math.abs(observed[`seconds of layered at ${n}`] - want[i]) < 1e-9);
    // Embedding and head of 5 symbols; taps and a map a layer.
    assert.equal(scalars[`parameters of layered at ${n}`], 2 * 20 + n * (3 + 16));
  });
  assert.ok(Math.abs(observed["exponent of layered"] - 2) < 1e-3);
  assert.ok(observed["slope of layered"] < 1.5);
  assert.equal(observed["open exponent of layered"], 1.5 - observed["exponent of layered"]);
  assert.ok(
    Math.abs(observed["minus log growth of layered"] - Math.log(want[0] / want[2])) < 1e-12,
  );
  assert.deepEqual(files, {});
  assert.ok(Object.keys(scalars).every((name) => name.startsWith("parameters")));
  assert.deepEqual(progress.at(-1), [3, 3]);
});

Deno.test("kinds side by side: in every round each model once, in their order", async () => {
  const { observed, order } = await onClock(
    stage,
    { ...params, kinds: [mixers([1, 2]), transformers] },
    (which) => 1 + which,
  );
  const round = [0, 0, 1, 1, 2, 2, 3, 3];
  assert.deepEqual(order, [round, round, round, round].flat());
  assert.equal(observed["seconds of transformer at 3"], 4);
  assert.equal(observed["minus log growth of layered"], -Math.log(2));
});

Deno.test("only what a job names is in its key, and one depth is no growth", () => {
  const parsed = stage.params().parse({ ...params, kinds: [mixers([1, 2]), transformers] });
  const used = stage.modules(parsed);
  assert.deepEqual(Object.keys(used).sort(), [
    ...["layer softmax_attention", "model mixer_stack", "model stack"],
  ]);
  assert.equal(used["model mixer_stack"].path, "lib/models/mixer_stack.ts");
  const one = stage.params().safeParse({ ...params, kinds: [mixers([1])] });
  assert.match(one.error!.message, />=2/);
  assert.deepEqual([stage.alone, stage.usesEngine], [true, true]);
});
