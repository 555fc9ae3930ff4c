/** @file Successive halving against what it must do when the scores are known beforehand. */
import assert from "node:assert/strict";
import { successiveHalving } from "../../lib/train/successive_halving.ts";

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

Deno.test("one candidate, equal scores, and wrong arguments", async () => {
  assert.equal((await play([curve(1, 1)], [1, 2])).best, 0);
  assert.equal((await play([() => 1, () => 1, () => 1], [1])).best, 0); // the first of equals
  await assert.rejects(play([], [1]), /no candidates/);
  await assert.rejects(play([() => 1], []), /budgets/);
  await assert.rejects(play([() => 1], [2, 2]), /ascending/);
  await assert.rejects(play([() => 1], [1], 1), /keep = 1/);
});
