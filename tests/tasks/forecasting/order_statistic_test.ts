/** @file An order statistic is what sorting says it is. */
import assert from "node:assert/strict";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { kthSmallest } from "../../../lib/tasks/forecasting/order_statistic.ts";

Deno.test("k-th smallest: every rank of every kind of order, ties and infinities included", () => {
  const kinds: Record<string, (t: number, n: number) => number> = {
    rising: (t) => t,
    falling: (t, n) => n - t,
    equal: () => 3,
    ties: (t) => t * 7 % 3,
    alternating: (t) => t % 2 ? t : -t,
    ends: (t) => t % 3 === 0 ? Infinity : t % 3 === 1 ? -Infinity : t,
  };
  for (const n of [1, 2, 3, 4, 7, 64, 101]) {
    const noise = normals(keyOf(n), n);
    for (const value of [...Object.values(kinds), (t: number) => noise[t]]) {
      const values = Float64Array.from({ length: n }, (_, t) => value(t, n));
      const sorted = values.slice().sort();
      for (let k = 0; k < n; k++) assert.equal(kthSmallest(values.slice(), k), sorted[k]);
    }
  }
});
