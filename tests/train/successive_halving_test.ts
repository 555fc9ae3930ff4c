/** @file Successive halving against what it must do when the scores are known beforehand. */
import assert from "node:assert/strict";
import {
  candidatesOfRungs,
  stepsOfTrials,
  successiveHalving,
} from "../../lib/train/successive_halving.ts";

/** Scores that fall towards each candidate's own limit, so that an early leader may lose. */
const curve = (limit: number, speed: number) => (budget: number) =>
  limit + Math.exp(-speed * budget);

async function play(
  curves: ((budget: number) => number)[],
  budgets: number[],
  keep = 0.5,
) {
  const asked: { survivors: number[]; budget: number }[] = [];
  const candidates = curves.map((_, i) => i);
  const result = await successiveHalving(candidates, budgets, keep, (survivors, _rung, budget) => {
    asked.push({ survivors: [...survivors], budget });
    return Promise.resolve(survivors.map((i) => curves[i](budget)));
  });
  return { ...result, asked };
}

Deno.test("half of the candidates survive each rung, and the best of the last wins", async () => {
  const limits = [5, 1, 4, 0, 3, 2, 7, 6];
  const { best, asked, trials } = await play(limits.map((l) => curve(l, 1)), [1, 2, 4, 8]);
  assert.equal(best, 3);
  assert.deepEqual(asked.map((a) => a.survivors), [[0, 1, 2, 3, 4, 5, 6, 7], [1, 3, 4, 5], [1, 3]]);
  assert.deepEqual(asked.map((a) => a.budget), [1, 2, 4]); // one is left: nothing to compare at 8
  assert.equal(trials.length, 8 + 4 + 2);
  assert.deepEqual(trials.at(-1), { candidate: 3, rung: 2, budget: 4, score: curve(0, 1)(4) });
});

Deno.test("a slow starter that survives can still win; one that is cut cannot", async () => {
  const slow = curve(0, 0.1);
  const { best } = await play([curve(1, 5), slow, curve(3, 5), curve(4, 5)], [1, 50]);
  assert.equal(best, 1);
  const cut = await play([curve(1, 5), curve(0.9, 5), curve(0.05, 0.01)], [1, 1000], 0.67);
  assert.notEqual(cut.best, 2);
});

Deno.test("diverged candidates lose, and when all have diverged that is said", async () => {
  const nan = () => NaN;
  const { best, trials } = await play([nan, () => Infinity, curve(9, 1)], [1, 2], 0.67);
  assert.equal(best, 2);
  assert.equal(trials[0].score, Infinity);
  await assert.rejects(play([nan, nan], [3]), /none of 2 candidates.*rung 0 \(budget 3\)/);
});

Deno.test("one candidate, equal scores, and nothing to compare", async () => {
  assert.equal((await play([curve(1, 1)], [1, 2])).best, 0);
  assert.equal((await play([() => 1, () => 1, () => 1], [1])).best, 0); // the first of equals
  await assert.rejects(play([], [1]), /no candidates/);
  await assert.rejects(play([() => 1], []), /budgets/);
});

Deno.test("the share that is kept is rounded, and is one candidate at least", async () => {
  const kept = async (count: number, keep: number) => {
    const curves = Array.from({ length: count }, (_, i) => curve(i, 1));
    return (await play(curves, [1, 2], keep)).asked[1]?.survivors.length ?? 1;
  };
  assert.equal(await kept(5, 0.5), 3); // 2.5
  assert.equal(await kept(5, 0.48), 2); // 2.4
  assert.equal(await kept(3, 0.1), 1); // 0.3
  assert.equal(await kept(4, 0.99), 4);
});

Deno.test("of candidates that have diverged none is kept, whatever the share", async () => {
  const { asked } = await play([() => Infinity, curve(1, 1), () => NaN, curve(0, 1)], [1, 2], 0.9);
  assert.deepEqual(asked.map(({ survivors }) => survivors), [[0, 1, 2, 3], [1, 3]]);
});

Deno.test("a rung is asked for with its number and its cumulative budget, and its trials say both", async () => {
  const asked: number[][] = [];
  const { trials } = await successiveHalving(["a", "b"], [3, 5], 0.9, (_, rung, budget) => {
    asked.push([rung, budget]);
    return Promise.resolve([2, -1]);
  });
  assert.deepEqual(asked, [[0, 3], [1, 5]]);
  assert.deepEqual(trials.map(({ candidate, ...rest }) => [candidate, ...Object.values(rest)]), [
    ["a", 0, 3, 2],
    ["b", 0, 3, -1],
    ["a", 1, 5, 2],
    ["b", 1, 5, -1],
  ]);
});

Deno.test("all that is left may diverge in a later rung, which is said with its number", async () => {
  const late = (budget: number) => budget > 3 ? NaN : 1;
  await assert.rejects(play([late, late], [3, 5], 0.9), /none of 2 .* rung 1 \(budget 5\)/);
});

Deno.test("budgets are positive and ascend, and a share lies between none and all", async () => {
  for (const budgets of [[0, 1], [-1], [2, 1], [1, 3, 3], [NaN]]) {
    await assert.rejects(play([curve(1, 1)], budgets), /expected ascending and positive/);
  }
  for (const keep of [0, 1, -0.5, 1.5, NaN]) {
    await assert.rejects(play([curve(1, 1)], [1], keep), /expected between 0 and 1/);
  }
});

Deno.test("the steps of all trials are those that are asked for, rung by rung", async () => {
  const cases: [candidates: number, budgets: number[], keep: number, want: number][] = [
    [8, [1, 2, 4, 8], 0.5, 8 + 4 + 2 * 2], // one is left before the last
    [3, [10], 0.5, 30],
    [1, [10, 20], 0.5, 10],
    [5, [3, 7], 0.5, 15 + 3 * 4],
    [4, [2, 5, 6], 0.99, 8 + 12 + 4],
  ];
  for (const [candidates, budgets, keep, want] of cases) {
    assert.equal(stepsOfTrials(candidates, budgets, keep), want);
    const curves = Array.from({ length: candidates }, (_, i) => curve(i, 1));
    const { asked } = await play(curves, budgets, keep);
    const played = asked.reduce((sum, { survivors, budget }, rung) => {
      return sum + survivors.length * (budget - (budgets[rung - 1] ?? 0));
    }, 0);
    assert.equal(played, want);
    const counts = candidatesOfRungs(candidates, budgets, keep);
    assert.deepEqual(counts, asked.map(({ survivors }) => survivors.length));
  }
});
