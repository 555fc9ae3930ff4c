/** @file Decoding with a drafter: the model's own text whoever drafts, and calls that are counted by hand. */
import assert from "node:assert/strict";
import { keyOf, normals } from "../../lib/random/random.ts";
import {
  drafted,
  type Drafting,
  drawnWith,
  likeliest,
  type Logits,
} from "../../lib/text/drafted.ts";

const V = 6;
/** A model whose logits depend on all that it has read, by a key. */
const noisy = (seed: number, scale = 1) => {
  const known = new Map<string, Logits>();
  return (tokens: readonly number[]): Logits => {
    const name = tokens.join();
    const number = tokens.reduce((hash, token) => (hash * 31 + token + 1) % 1_000_003, seed);
    const made = known.get(name) ?? normals(keyOf(number), V).map((x) => scale * x);
    known.set(name, made);
    return made;
  };
};
const inCalls = (logits: (tokens: readonly number[]) => Logits) => {
  const asked: number[] = [];
  const model = (tokens: readonly number[]) => {
    asked.push(tokens.length);
    return Promise.resolve(tokens.map((_, i) => logits(tokens.slice(0, i + 1))));
  };
  return { model, asked };
};

Deno.test("the text is that of the model alone, greedy and drawn, whoever drafts", async () => {
  const own = noisy(1);
  for (const choose of [likeliest, drawnWith(keyOf(5))]) {
    const write = (drafter: Drafting["drafter"], ahead: number) =>
      drafted({ model: inCalls(own).model, drafter, choose, ahead }, [3, 1], 40);
    const alone = await write(own, 0);
    assert.deepEqual([alone.tokens.length, alone.calls, alone.judged], [40, 38, 0]);
    // One after the other, by hand.
    const byHand = [3, 1];
    while (byHand.length < 40) byHand.push(choose(own(byHand), byHand.length));
    assert.deepEqual(alone.tokens, byHand);
    for (const drafter of [own, noisy(2), () => [0, 9, 0, 0, 0, 0]]) {
      for (const ahead of [1, 3, 50]) {
        const { tokens, calls, judged, accepted } = await write(drafter, ahead);
        assert.deepEqual(tokens, byHand);
        // Every call gives what is accepted and one more.
        assert.equal(calls + accepted, 38);
        assert.ok(judged - accepted <= calls && calls <= 38);
      }
    }
    // A drafter that is the model is never wrong.
    const sure = await write(own, 3);
    assert.deepEqual([sure.accepted, sure.judged, sure.calls], [28, 28, 10]);
  }
});

Deno.test("no call reads more than the text may have, and none is made for a full one", async () => {
  const { model, asked } = inCalls(noisy(1));
  const given = { model, drafter: noisy(1), choose: likeliest, ahead: 4 };
  assert.equal((await drafted(given, [1, 2], 9)).tokens.length, 9);
  assert.deepEqual(asked, [6, 8]);
  assert.deepEqual((await drafted(given, [1, 2], 2)).calls, 0);
  await assert.rejects(drafted(given, [], 2), /empty prompt/);
});

Deno.test("drafts are accepted as often as both draw the same, and calls follow from that", async () => {
  // Two fixed laws; Gumbel noise that both share makes them agree at least as often as (1 - TV) / (1 + TV).
  const [p, q] = [[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]];
  const logs = (law: number[]) => law.map(Math.log);
  const model = (tokens: readonly number[]) =>
    Promise.resolve(Array<Logits>(tokens.length).fill(logs(p)));
  const choose = drawnWith(keyOf(11));
  const { tokens, calls, judged, accepted } = await drafted(
    { model, drafter: () => logs(q), choose, ahead: 1 },
    [0],
    2001,
  );
  p.forEach((share, v) => {
    const found = tokens.slice(1).filter((token) => token === v).length / 2000;
    assert.ok(Math.abs(found - share) < 0.04, `${v}: ${found}`);
  });
  const alpha = accepted / judged;
  assert.ok(alpha > 0.7 / 1.3 && alpha < 0.74, `${alpha}`);
  // Leviathan et al., equation 1, of one token ahead: (1 - alpha^2) / (1 - alpha) tokens a call.
  assert.ok(Math.abs(2000 / calls - (1 + alpha)) < 0.01);
});

Deno.test("the likeliest token is the first of the largest logits; noise belongs to key and position", () => {
  assert.equal(likeliest([1, 3, 3, 2]), 1);
  const [one, other] = [drawnWith(keyOf(1)), drawnWith(keyOf(2))];
  const draws = (of: typeof one) =>
    Array.from({ length: 40 }, (_, at) => of(new Float64Array(V), at));
  assert.deepEqual(draws(one), draws(one));
  assert.notDeepEqual(draws(one), draws(other));
  assert.equal(new Set(draws(one)).size, V);
});
