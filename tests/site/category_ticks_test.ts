/** @file Ticks of categories: names are turned where they do not fit, of numbers some are left out. */
import assert from "node:assert/strict";
import { categoryTicks } from "../../site/plot/axes.ts";

Deno.test("what fits side by side is written as it is", () => {
  for (const values of [["a", "b"], [1, 2, 3]]) {
    assert.deepEqual(categoryTicks(values, 600), { ticks: {}, height: 0, left: 0 });
  }
});

Deno.test("of numbers that do not fit every second or third is written, from the least", () => {
  const days = Array.from({ length: 60 }, (_, i) => 60 - i);
  const { ticks, height, left } = categoryTicks(days, 600);
  const kept = ticks.ticks as number[];
  assert.deepEqual([height, left], [0, 0]);
  assert.ok(kept.length >= 20 && kept.length < 60, `${kept.length}`);
  const step = kept[1] - kept[0];
  assert.deepEqual(kept, kept.map((_, i) => 1 + i * step));
});

Deno.test("names that do not fit are turned and cut", () => {
  const names = Array.from({ length: 20 }, (_, i) => `a name that is rather long, ${i}`);
  const { ticks, height, left } = categoryTicks(names, 400);
  assert.equal(ticks.tickRotate, -36);
  assert.ok(height > 0 && left > 0);
  const written = (ticks.tickFormat as unknown as (name: string) => string)(names[0]);
  assert.match(written, /…$/);
});
