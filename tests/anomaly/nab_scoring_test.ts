/** @file NAB's score: the values that its paper prints, a series by hand, and the threshold against trying all of them. */
import assert from "node:assert/strict";
import {
  bestThreshold,
  normalised,
  probation,
  profiles,
  rawScore,
  rowScores,
  scaledSigmoid,
} from "../../lib/anomaly/nab/scoring.ts";
import { keyOf, uniforms } from "../../lib/random/random.ts";

const { standard, rewardLowFalseAlarms, rewardLowMisses } = profiles;
const close = (found: number, expected: number, what = "") =>
  assert.ok(Math.abs(found - expected) < 1e-9, `${what} ${found}, not ${expected}`);

/** 40 rows, of which 6 are not scored, with windows of rows 10 to 14 and 30 to 30. */
const labelled = {
  file: "a.csv",
  values: new Float64Array(40),
  windows: [[10, 14], [30, 32]] as const,
};

Deno.test("NAB: the sigmoid has the values that the benchmark documents", () => {
  const documented: [number, number][] = [
    [-1, 0.98661],
    [-0.5, 0.84828],
    [0, 0],
    [1, -0.98661],
  ];
  for (const [position, value] of documented) {
    assert.ok(Math.abs(scaledSigmoid(position) - value) < 1e-5, String(position));
  }
  assert.equal(scaledSigmoid(3.01), -1);
  assert.ok(scaledSigmoid(3) > -1);
});

Deno.test("NAB: the probation is 15 % of the rows, of 5,000 at most", () => {
  assert.deepEqual([0, 1, 40, 1127, 4032, 5000, 22_695].map(probation), [
    ...[0, 0, 6, 169, 604, 750, 750],
  ]);
});

Deno.test("NAB: rows before, in, behind and between windows", () => {
  const { window, reward } = rowScores(labelled, standard);
  assert.deepEqual([...window.subarray(0, 7)], [-2, -2, -2, -2, -2, -2, -1]);
  assert.deepEqual([...window.subarray(9, 16)], [-1, 0, 0, 0, 0, 0, -1]);
  assert.deepEqual([...window.subarray(29)], [-1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1]);
  close(reward[8], -0.11, "no window before");
  close(reward[10], 1, "the first row of a window");
  close(reward[12], scaledSigmoid(-3 / 5) / scaledSigmoid(-1));
  close(reward[14], scaledSigmoid(-1 / 5) / scaledSigmoid(-1), "the last");
  close(reward[15], 0.11 * scaledSigmoid(1 / 4), "one row behind, of a width of four steps");
  close(reward[26], 0.11 * scaledSigmoid(3));
  close(reward[27], -0.11, "too far behind");
  close(reward[34], 0.11 * scaledSigmoid(1));
  close(rowScores(labelled, rewardLowFalseAlarms).reward[8], -0.22);
});

Deno.test("NAB: the best of a window counts, false alarms add up, misses cost", () => {
  const rows = rowScores(labelled, standard);
  const raw = (spoken: number[], profile = standard as { falseAlarm: number; miss: number }) =>
    rawScore(rows, (row) => spoken.includes(row), profile);
  close(raw([]), -2);
  close(raw([], rewardLowMisses), -4);
  close(raw([0, 5]), -2, "in probation");
  close(raw([10]), 0);
  close(raw([14, 12, 13]), rows.reward[12] - 1);
  close(raw([10, 31, 7, 8]), 1 + rows.reward[31] - 0.22);
});

Deno.test("NAB: a window that lies in the probation cannot be missed", () => {
  const early = { ...labelled, windows: [[1, 3], [4, 7]] as const };
  const rows = rowScores(early, standard);
  assert.deepEqual([...rows.window.subarray(0, 9)], [-2, -2, -2, -2, -2, -2, 1, 1, -1]);
  close(rawScore(rows, () => false, standard), -1);
});

Deno.test("NAB: the threshold is the best of all", () => {
  for (const seed of [1, 2, 3]) {
    const draws = uniforms(keyOf(seed), 80);
    // Few different scores, so that many are equal.
    const series = [0, 1].map((i) => ({
      ...rowScores(labelled, rewardLowMisses),
      scores: draws.slice(40 * i, 40 * i + 40).map((u) => Math.round(7 * u) / 7),
    }));
    const rawAt = (threshold: number) =>
      series.reduce(
        (sum, rows) =>
          sum + rawScore(rows, (row) => rows.scores[row] >= threshold, rewardLowMisses),
        0,
      );
    const all = [Infinity, ...Array.from({ length: 8 }, (_, k) => k / 7)];
    const { threshold, raw } = bestThreshold(series, rewardLowMisses);
    close(raw, Math.max(...all.map(rawAt)));
    close(rawAt(threshold), raw, "the threshold gives it");
  }
});

Deno.test("NAB: where every alarm is false nothing is best", () => {
  const quiet = { ...labelled, windows: [] };
  const rows = { ...rowScores(quiet, standard), scores: new Float64Array(40).fill(0.5) };
  assert.deepEqual(bestThreshold([rows], standard), { threshold: Infinity, raw: 0 });
  assert.equal(bestThreshold([], standard).threshold, Infinity);
});

Deno.test("NAB: 0 is saying nothing and 100 is perfect, in every profile", () => {
  for (const profile of Object.values(profiles)) {
    close(normalised(-profile.miss * 116, 116, profile), 0);
    close(normalised(116, 116, profile), 100);
  }
  assert.ok(Math.abs(normalised(-24.0131054891, 116, standard) - 39.65) < 0.005);
  // The benchmark's README lists 47.4 for its raw -67.0131 where misses cost double.
  assert.ok(Math.abs(normalised(-67.0131054891, 116, rewardLowMisses) - 47.4) < 0.05);
});
