/** @file Drawing what comes next, and text with what each token added. */
import assert from "node:assert/strict";
import type { CollapsedMixer } from "../../lib/models/collapsed_mixer.ts";
import { BytePairs } from "../../lib/text/byte_pairs.ts";
import { continued, type LanguageModel, symbolsOf } from "../../lib/text/generated.ts";
import { drawToken, nucleus } from "../../lib/text/sampling.ts";

const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a}, ${b}`);

Deno.test("the nucleus is the softmax of logits over the temperature, without what is unlikely", () => {
  const logits = Float64Array.of(0, Math.log(4), Math.log(3), Math.log(2)); // .1, .4, .3, .2
  const at = (temperature: number, topP: number) => [...nucleus(logits, { temperature, topP })];
  [0.1, 0.4, 0.3, 0.2].forEach((p, v) => close(at(1, 1)[v], p));
  [0, 4 / 7, 3 / 7, 0].forEach((p, v) => close(at(1, 0.6)[v], p));
  [0, 1, 0, 0].forEach((p, v) => close(at(1, 0.1)[v], p));
  [0, 4 / 9, 3 / 9, 2 / 9].forEach((p, v) => close(at(1, 0.75)[v], p));
  [1, 16, 9, 4].forEach((p, v) => close(at(0.5, 1)[v], p / 30));
  assert.deepEqual(at(0, 1), [0, 1, 0, 0]);
  assert.deepEqual([...nucleus(Float64Array.of(1, 1), { temperature: 0, topP: 0.3 })], [1, 0]);
  for (const [temperature, topP] of [[-1, 1], [1, 0], [1, 1.1], [NaN, 1]]) {
    assert.throws(() => nucleus(logits, { temperature, topP }), /expected a temperature from 0/);
  }
  assert.throws(
    () => nucleus(Float64Array.of(0, NaN), { temperature: 1, topP: 1 }),
    /logit 1 is NaN/,
  );
});

Deno.test("a token is where the sum of probabilities passes u, and never one of probability 0", () => {
  assert.equal(drawToken(Float64Array.of(0.25, 0.75), 0.249), 0);
  assert.equal(drawToken(Float64Array.of(0.25, 0.75), 0.25), 1);
  assert.equal(drawToken(Float64Array.of(0, 0.5, 0, 0.5, 0), 0), 1);
  assert.equal(drawToken(Float64Array.of(0, 0.5, 0, 0.5, 0), 1), 3); // rounding
});

/** Symbols a, b, ab; each is followed by the next, with logits that are made by hand. */
const mixer: CollapsedMixer = {
  ...{ vocabulary: 3, length: 2 },
  matrix: Float64Array.of(0, 5, 0, 0, 0, 5, 5, 0, 0),
  mixing: Float64Array.of(1, 0, 0.1, 2),
  bias: Float64Array.of(0.5, -1),
  direction: Float64Array.of(0, 0.2, 0.4),
};
const tokenizer = new BytePairs([["a", "b"]]);
const ids = ["a", "b", "ab"].map((token) => tokenizer.tokens.indexOf(token));
const model: LanguageModel = { mixer, tokenizer, symbols: ids };
const said = (drawn: Iterable<{ bytes: Uint8Array }>) =>
  [...drawn].map(({ bytes }) => new TextDecoder().decode(bytes));

Deno.test("a text goes on from a prompt, and parts add up to the logit", () => {
  const sharpness = { temperature: 0, topP: 1 };
  assert.deepEqual(symbolsOf(model, "ab"), [2]);
  const drawn = [...continued(model, "ab", 4, 0, sharpness)];
  assert.deepEqual(said(drawn), ["a", "b", "ab", "a"]);
  for (const { logit, parts, position } of drawn) {
    close(parts.reduce((sum, { logit }) => sum + logit, position), logit);
  }
  const [first, second] = drawn;
  assert.deepEqual([first.parts.length, second.parts.length], [1, 2]);
  // b after ab a: .1 of what ab adds to b, twice what a adds, and the second position.
  close(second.parts[0].logit, 0);
  close(second.parts[1].logit, 10);
  close(second.position, -0.2);
  assert.deepEqual(said(second.parts), ["ab", "a"]);
  assert.equal(first.probability, 1);
});

Deno.test("the same seed gives the same text, another one another, and longer continues shorter", () => {
  const text = (seed: number, count: number) =>
    said(continued(model, "a", count, seed, { temperature: 5, topP: 1 })).join(",");
  assert.equal(text(1, 30), text(1, 30));
  assert.notEqual(text(1, 30), text(2, 30));
  assert.ok(text(1, 30).startsWith(text(1, 10)));
});

Deno.test("a prompt without tokens, or with one that the model does not know, is refused", () => {
  assert.throws(() => symbolsOf(model, ""), /an empty prompt/);
  assert.throws(() => symbolsOf(model, "abc"), /prompt "abc": its token "c" does not occur/);
});
