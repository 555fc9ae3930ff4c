/** @file The learning rate of every step, worked out on paper. */
import assert from "node:assert/strict";
import { learningRate, type Schedule } from "../../lib/train/schedule.ts";

const rates = (schedule: Schedule, count = schedule.steps) =>
  Array.from({ length: count }, (_, step) => learningRate(schedule, step));
function assertRates(got: number[], want: number[]) {
  assert.equal(got.length, want.length);
  want.forEach((x, i) => assert.ok(Math.abs(got[i] - x) < 1e-12, `step ${i}: ${got[i]}, ${x}`));
}

Deno.test("the rate rises in equal steps to its peak, and falls by a cosine to its floor at the last step", () => {
  const half = (angle: number) => 0.1 + 0.9 * (1 + Math.cos(angle)) / 2;
  // The first step of the cosine is at the peak too.
  const want = [0.25, 0.5, 0.75, 1, 1, ...[1, 2, 3, 4, 5].map((i) => half(i * Math.PI / 6)), 0.1];
  assertRates(rates({ peak: 2, steps: 11, warmup: 4, floor: 0.1 }), want.map((x) => 2 * x));
});

Deno.test("without a warm-up the first step has the peak; the floor is a twentieth unless it is given", () => {
  assertRates(rates({ peak: 4, steps: 3, warmup: 0 }), [4, 4 * 0.525, 4 * 0.05]);
  assertRates(rates({ peak: 4, steps: 3, warmup: 0, floor: 0 }), [4, 2, 0]);
  assertRates(rates({ peak: 4, steps: 3, warmup: 0, floor: 1 }), [4, 4, 4]);
});

Deno.test("a single step has the peak", () => {
  assertRates(rates({ peak: 3, steps: 1, warmup: 0 }), [3]);
  assertRates(rates({ peak: 3, steps: 1, warmup: 1 }), [3]);
});

Deno.test("a warm-up as long as the training or longer has no cosine after it", () => {
  assertRates(rates({ peak: 3, steps: 3, warmup: 3 }), [1, 2, 3]);
  assertRates(rates({ peak: 3, steps: 3, warmup: 6 }), [0.5, 1, 1.5]);
  assertRates(rates({ peak: 3, steps: 3, warmup: 2 }), [1.5, 3, 3]);
});

Deno.test("beyond its end a schedule stays at its floor", () => {
  assertRates(rates({ peak: 1, steps: 3, warmup: 1 }, 6), [1, 1, 0.05, 0.05, 0.05, 0.05]);
});
