/** @file Sums of products at all lags against the sums that define them, by both ways. */
import assert from "node:assert/strict";
import { addLagProducts } from "../../lib/linalg/lag_products.ts";
import { keyOf, normals } from "../../lib/random/random.ts";

Deno.test("lag products: directly and by the transform they are the sums, added to what was there", () => {
  // Lags and values: few of both, just below and at the limits of the transform, several blocks, a larger transform.
  const cases = [[1, 1], [3, 50], [5, 4], [63, 4096], [64, 4095], [64, 4096], [65, 9001], [
    432,
    8000,
  ]];
  cases.push([1100, 5000]);
  for (const [lags, n] of cases) {
    const a = normals(keyOf(1), n + 3), b = normals(keyOf(2), n + lags - 1);
    const out = Float64Array.from({ length: lags }, (_, lag) => 100 - lag);
    addLagProducts(out, a, b, n);
    let scale = 0;
    for (let i = 0; i < n; i++) scale += Math.abs(a[i]);
    for (const lag of new Set([0, 1, 2, lags >> 1, lags - 2, lags - 1])) {
      if (lag < 0 || lag >= lags) continue;
      let sum = 100 - lag;
      for (let i = 0; i < n; i++) sum += a[i] * b[i + lag];
      assert.ok(Math.abs(out[lag] - sum) < 1e-13 * scale, `${lags} lags, ${n} values, lag ${lag}`);
    }
  }
});
