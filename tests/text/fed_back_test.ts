/** @file A mixer that is fed its logits: powers of its matrix, by hand. */
import assert from "node:assert/strict";
import { type CollapsedMixer, logitsAfter } from "../../lib/models/collapsed_mixer.ts";
import { fedBack } from "../../lib/text/fed_back.ts";

const mixer: CollapsedMixer = {
  ...{ vocabulary: 2, length: 3 },
  matrix: Float64Array.of(1, 2, -1, 3),
  mixing: Float64Array.of(1, 0, 0, 0.5, 2, 0, 0.25, 4, 3),
  bias: Float64Array.of(0, 1, -1),
  direction: Float64Array.of(10, 20),
};

Deno.test("after a prompt of one token: its row, then rows of rows, each weighted by its position", () => {
  const found = fedBack(mixer, [0], 3, 1).map((logits) => [...logits]);
  // z1 = 1 (1, 2).
  // z1 Q = 1 (1, 2) + 2 (-1, 3) = (-1, 8); z2 = .5 (1, 2) + 2 (-1, 8) + (10, 20).
  // z2 Q = 8.5 (1, 2) + 37 (-1, 3) = (-28.5, 128); z3 = .25 (1, 2) + 4 (-1, 8) + 3 (-28.5, 128) - (10, 20).
  assert.deepEqual(found, [[1, 2], [8.5, 37], [-99.25, 396.5]]);
});

Deno.test("the scale is that of what is fed back alone; a one-hot vector is the token", () => {
  const half = fedBack(mixer, [0], 2, 0.5).map((logits) => [...logits]);
  assert.deepEqual(half, [[1, 2], [9.5, 29]]);
  assert.deepEqual([...fedBack(mixer, [0, 1], 1, 7)[0]], [...logitsAfter(mixer, [0, 1])]);
  // Logits (1, 0) are token 0.
  const same = { ...mixer, matrix: Float64Array.of(1, 0, 5, 5), bias: new Float64Array(3) };
  assert.deepEqual([...fedBack(same, [0], 2, 1)[1]], [...logitsAfter(same, [0, 0])]);
});

Deno.test("what does not fit a sequence is refused", () => {
  assert.throws(
    () => fedBack(mixer, [], 1, 1),
    /0 tokens and 1 steps; expected at least one token/,
  );
  assert.equal(fedBack(mixer, [0, 0, 0], 1, 1).length, 1);
  assert.throws(() => fedBack(mixer, [0, 0, 0], 2, 1), /at most 3 in all but the last step/);
});
