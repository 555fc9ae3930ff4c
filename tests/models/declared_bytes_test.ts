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
  Deno.test(`${name} of width ${dModel}: the state of every layer, beside one token on its way through a block`, () => {
    const configOf = (layers: number) => model.configure({ layers, dModel, heads }, 2);
    const { caches } = model.initialState(configOf(1), 1, capacity);
    const state = numbersIn(caches);
    const [two, five] = [2, 5].map((layers) => model.rolloutBytes(configOf(layers), capacity));
    // As input, as computed and as output, and what a rollout starts from: keys and values from the same zeros.
    const softmax = name === "transformer";
    const eachLayer = 3 * state + (softmax ? state / 2 : state);
    assert.equal(five - two, 4 * 3 * eachLayer); // of float32
    // Activations (16 widths) and scores against every key for each head, three times.
    const token = 3 * 16 * dModel + (softmax ? 3 * capacity * heads : 0);
    // Keys or values three times, the memory five times.
    const flight = softmax ? 3 * state / 2 : 5 * state;
    assert.equal(two - 2 * 4 * eachLayer, 4 * (token + flight));
  });
}

Deno.test("observations are there three times, and the state as often as a step has parts", () => {
  const bytes = 4; // of float32
  const token = 3 * 2; // numbers
  const observations = 3 * capacity * token;
  const options = { patch: 3 };
  // Two layers of 15 widths each (two states four times, gates), and 8 widths at the ends.
  assert.equal(
    lstm.rolloutBytes(lstm.configure({ ...options, layers: 2, dModel: 5 }, 2), capacity),
    bytes * (observations + 2 * 15 * 5 + 8 * 5),
  );
  // Real and imaginary parts.
  assert.equal(
    lru.rolloutBytes(lru.configure({ ...options, state: 5 }, 2), capacity),
    bytes * (observations + 10 * 2 * 5),
  );
  assert.equal(
    denseRecurrence.rolloutBytes(denseRecurrence.configure({ ...options, state: 5 }, 2), capacity),
    bytes * (observations + 8 * 5),
  );
  assert.equal(
    causalLinear.rolloutBytes(causalLinear.configure({ ...options, taps: 5 }, 2), capacity),
    bytes * (observations + 7 * 5 * token),
  );
});
