/** @file Which systems judge: chosen again from the gaps of all candidates, some of which are computed again here. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  candidates,
  gapOf,
  quantile,
  select,
} from "../../../../pipeline/experiments/transformer_filters/shared/select_systems.ts";
import * as systems from "../../../../pipeline/experiments/transformer_filters/shared/systems.ts";
import { createSystem, observationCovariance } from "../../../../lib/ssm/mod.ts";
import { cholesky } from "../../../../lib/linalg/cholesky.ts";

/** Of all candidates, to six digits, as select_systems.ts leaves them. */
const gaps = readFileSync(new URL("./candidate_gaps.txt", import.meta.url), "utf8")
  .trim().split(/\s+/).map(Number);

Deno.test("the systems are those that their command chooses, and their quantiles those of the candidates", () => {
  assert.equal(gaps.length, candidates);
  const chosen = select(gaps);
  assert.deepEqual(systems.judged, chosen.judged);
  assert.deepEqual(systems.tuning, chosen.tuning);
  assert.equal(systems.candidateGaps.length, 5);
  for (const [share, gap] of systems.candidateGaps) {
    assert.ok(Math.abs(gap - quantile(gaps, share)) <= 5e-5, `${share}`);
  }
});

Deno.test("the gaps of the candidates are what the closed form says of them", () => {
  const some = Array.from({ length: 16 }, (_, i) => (i * 127 + 3) % candidates);
  for (const key of [...some, ...systems.judged.slice(0, 2), ...systems.tuning.slice(0, 2)]) {
    const gap = gapOf(key);
    assert.ok(Math.abs(gaps[key] - gap) <= 1e-5 * gap, `${key}: ${gaps[key]}, ${gap}`);
  }
});

Deno.test("the gap is that of the joint Gaussian distribution of a sequence", () => {
  const [key, length, obs] = [systems.judged[7], 256, 2];
  const covariance = observationCovariance(createSystem(key, { lambda: 0.92 }), length);
  // The innovations of y_t given y_1..y_{t-1}: the blocks on the diagonal of the Cholesky factor.
  const size = length * obs;
  const root = cholesky(covariance, size);
  let sum = 0;
  for (let t = 1; t < length; t++) {
    let [zero, optimal] = [0, 0];
    for (let i = t * obs; i < (t + 1) * obs; i++) {
      zero += covariance[i * size + i];
      for (let j = t * obs; j <= i; j++) optimal += root[i * size + j] ** 2;
    }
    sum += zero / optimal;
  }
  assert.ok(Math.abs(sum / (length - 1) - 1 - gapOf(key)) < 1e-8);
});

Deno.test("two systems are of each decile of the candidates; those of a smaller profile are spread over all", () => {
  const ranks = new Map(
    gaps.map((gap, key) => ({ gap, key })).sort((a, b) => a.gap - b.gap)
      .map(({ key }, rank) => [key, rank]),
  );
  const decile = (key: number) => Math.floor(ranks.get(key)! / 200);
  const all = Array.from({ length: 10 }, (_, i) => [i, i]).flat();
  assert.deepEqual(systems.judged.map(decile), all);
  assert.equal(new Set([...systems.judged, ...systems.tuning]).size, 24);
  assert.deepEqual(systems.tuning.map((key) => Math.floor(ranks.get(key)! / 500)), [0, 1, 2, 3]);
  assert.deepEqual(systems.spread(20), systems.judged);
  assert.deepEqual(systems.spread(5).map(decile), [1, 3, 5, 7, 9]);
  assert.deepEqual(systems.spread(2).map(decile), [2, 7]);
  assert.deepEqual(systems.spread(1).map(decile), [5]);
  assert.equal(new Set(systems.spread(8)).size, 8);
});
