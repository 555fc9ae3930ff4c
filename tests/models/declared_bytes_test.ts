/** @file What one sequence of a rollout is declared to need: counted on paper, and by the states there are. */
import assert from "node:assert/strict";
import { isSpecLike } from "../../lib/engine/mod.ts";
import * as causalLinear from "../../lib/models/causal_linear.ts";
import * as denseRecurrence from "../../lib/models/dense_recurrence.ts";
import * as linearTransformer from "../../lib/models/linear_transformer.ts";
import * as lru from "../../lib/models/lru.ts";
import * as lstm from "../../lib/models/lstm.ts";
import * as transformer from "../../lib/models/transformer.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const numbersIn = (x: Any): number =>
  isSpecLike(x)
    ? (x.shape as number[]).reduce((a, b) => a * b, 1)
    : Object.values(x).reduce((sum: number, child) => sum + numbersIn(child), 0);

const capacity = 7;
for (
  const [name, model, widths] of [
    ["transformer", transformer, [8, 2]],
    ["transformer", transformer, [12, 3]],
    ["linear_transformer", linearTransformer, [8, 2]],
    ["linear_transformer", linearTransformer, [12, 1]],
  ] as [string, Any, number[]][]
) {
  const [dModel, heads] = widths;
  Deno.test(`${name} of width ${dModel}: three times the state of every layer, beside one token on its way through a block`, () => {
    const configOf = (layers: number) => model.configure({ layers, dModel, heads }, 2);
    const { caches } = model.initialState(configOf(2), 1, capacity);
    const [two, five] = [2, 5].map((layers) => model.rolloutBytes(configOf(layers), capacity));
    const eachLayer = 3 * 4 * numbersIn(caches) / 2; // of float32
    assert.equal(five - two, 3 * eachLayer);
    // Activations of one token (16 widths), and its scores against every key for each head, three times.
    const scores = name === "transformer" ? capacity * heads : 0;
    assert.equal(two - 2 * eachLayer, 3 * 4 * (16 * dModel + scores));
  });
}

Deno.test("what is in flight is there four times: as input, as output and twice on the way", () => {
  const four = 4 * 4; // of float32
  const token = 3 * 2; // numbers
  const options = { patch: 3 };
  // Two layers: gates and states of 6 widths each, the widest activations of 8; observations in and out.
  assert.equal(
    lstm.rolloutBytes(lstm.configure({ ...options, layers: 2, dModel: 5 }, 2), capacity),
    four * (2 * 30 + 40 + 4 * capacity * token),
  );
  // Tokens in, padded, convolved, reversed, and out.
  const tokens = 6 * capacity * token;
  assert.equal(
    lru.rolloutBytes(lru.configure({ ...options, state: 5 }, 2), capacity),
    four * (tokens + 8 * 5),
  );
  assert.equal(
    denseRecurrence.rolloutBytes(denseRecurrence.configure({ ...options, state: 5 }, 2), capacity),
    four * (tokens + 4 * 5),
  );
  assert.equal(
    causalLinear.rolloutBytes(causalLinear.configure({ ...options, taps: 5 }, 2), capacity),
    four * (tokens + 2 * 5 * token),
  );
});
