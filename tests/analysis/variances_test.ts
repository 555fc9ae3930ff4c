/** @file Variances by their source: against numbers by hand, and against what random effects were drawn with. */
import assert from "node:assert/strict";
import { errorOfMean, variances } from "../../lib/analysis/variances.ts";
import { fold, keyOf, normals } from "../../lib/random/random.ts";

Deno.test("variances of a small table are those by hand", () => {
  // Means 2, 5, 5 with variance 3; halves of squared differences 2, 0.5, 8.
  const found = variances([[1, 3], [5.5, 4.5], [3, 7]], [0.1, 0.3]);
  assert.ok(Math.abs(found.repetition - 10.5 / 3) < 1e-12);
  assert.ok(Math.abs(found.unit - (3 - 10.5 / 6)) < 1e-12);
  assert.ok(Math.abs(found.sampling - 0.05) < 1e-12);
  assert.ok(Math.abs(errorOfMean(found, 4, 2) - Math.sqrt((1.25 + 1.75) / 4)) < 1e-12);
  assert.equal(errorOfMean({ unit: -1, repetition: 8, sampling: 0 }, 2, 4), 1);
});

Deno.test("on average the estimates are the variances that the effects were drawn with", () => {
  const [unit, repetition] = [2, 0.5];
  const sums = [0, 0];
  const tables = 400;
  for (let t = 0; t < tables; t++) {
    const draws = normals(fold(keyOf(7), t), 24);
    const pairs = Array.from({ length: 8 }, (_, i): [number, number] => {
      const own = Math.sqrt(unit) * draws[i];
      const at = (r: number) => own + Math.sqrt(repetition) * draws[8 + 2 * i + r];
      return [at(0), at(1)];
    });
    const found = variances(pairs, [0]);
    sums[0] += found.unit / tables;
    sums[1] += found.repetition / tables;
  }
  // Standard errors of these means are .06 and .013.
  assert.ok(Math.abs(sums[0] - unit) < 0.2, `${sums[0]}`);
  assert.ok(Math.abs(sums[1] - repetition) < 0.045, `${sums[1]}`);
});

Deno.test("one unit has no variance between units; nothing and what is no number are refused", () => {
  assert.ok(Number.isNaN(variances([[1, 2]], [1]).unit));
  assert.throws(() => variances([], [1]), /expected finite numbers/);
  assert.throws(() => variances([[1, 2]], []), /expected finite numbers/);
  assert.throws(() => variances([[1, NaN]], [1]), /expected finite numbers/);
  assert.throws(() => variances([[1, 2]], [Infinity]), /expected finite numbers/);
});
