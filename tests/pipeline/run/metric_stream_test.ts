/** @file A curve that is sent while it grows: each point once, at most four times a second. */
import assert from "node:assert/strict";
import { MetricStream } from "../../../pipeline/run/metric_stream.ts";
import type { MetricPoint } from "../../../pipeline/store/changes.ts";

/** A stream whose time and points the test makes. */
function makeStream(everyMs?: number) {
  const points: MetricPoint[] = [];
  const sent: number[][] = [];
  const stream = new MetricStream(
    points,
    (news) => sent.push(news.map(([, step]) => step)),
    everyMs,
  );
  const real = performance.now;
  let now = 1000;
  performance.now = () => now;
  return {
    sent,
    /** Steps that are added one by one, `ms` after what was before. */
    grow(ms: number, ...steps: number[]) {
      now += ms;
      for (const step of steps) {
        points.push(["loss", step, 1 / step]);
        stream.grew();
      }
    },
    [Symbol.dispose]: () => void (performance.now = real),
  };
}

Deno.test("the first point goes at once, then a quarter of a second's points together", () => {
  using at = makeStream();
  at.grow(0, 1, 2, 3);
  assert.deepEqual(at.sent, [[1]]);
  at.grow(249, 4);
  assert.equal(at.sent.length, 1);
  at.grow(1, 5, 6);
  assert.deepEqual(at.sent, [[1], [2, 3, 4, 5]]);
  at.grow(300, 7);
  assert.deepEqual(at.sent, [[1], [2, 3, 4, 5], [6, 7]]);
});

Deno.test("another interval counts from what was sent last", () => {
  using at = makeStream(10);
  at.grow(0, 1);
  at.grow(9, 2);
  at.grow(2, 3);
  at.grow(9, 4);
  at.grow(1, 5);
  assert.deepEqual(at.sent, [[1], [2, 3], [4, 5]]);
});
