/** @file What the clock makes of counts, against sums by hand, on a clock that stands still between them. */
import assert from "node:assert/strict";
import { Clock } from "../../../pipeline/run/clock.ts";
import { stillClock } from "../stages/run_stage.ts";

/** Counts with seconds that pass before each. */
function timed(...events: [seconds: number, count: (clock: Clock) => void][]) {
  using time = stillClock();
  const clock = new Clock();
  for (const [seconds, count] of events) {
    time.advance(seconds);
    count(clock);
  }
  return clock.observations();
}
const progress = (done: number) => (clock: Clock) => clock.progress(done);
const tick = (name: string, count: number) => (clock: Clock) => clock.tick(name, count);

Deno.test("units of progress are timed from the first report to the last", () => {
  assert.deepEqual(timed([100, progress(2)], [3, progress(3)], [7, progress(7)]), {
    "unit seconds": 10 / 5,
  });
  assert.deepEqual(timed([100, progress(0)], [3, progress(4)]), { "unit seconds": 3 / 4 });
});

Deno.test("work after the last unit belongs to all of them when the count is told again", () => {
  const events: Parameters<typeof timed> = [[9, progress(4)], [6, progress(10)], [
    20,
    progress(10),
  ]];
  assert.deepEqual(timed(...events), { "unit seconds": 6 / 6 + 20 / 10 });
  assert.deepEqual(timed(...events, [50, tick("other", 0)]), { "unit seconds": 6 / 6 + 20 / 10 });
  // A count that rises again: what lay between is of the units that followed.
  assert.deepEqual(timed([1, progress(1)], [2, progress(1)], [3, progress(6)]), {
    "unit seconds": 1,
  });
});

Deno.test("what says nothing about a unit is not observed", () => {
  assert.deepEqual(timed(), {});
  assert.deepEqual(timed([5, progress(3)], [5, progress(3)]), {});
  assert.deepEqual(timed([5, progress(3)], [5, progress(2)]), {});
  assert.deepEqual(timed([5, tick("token", 4)]), {});
  assert.deepEqual(timed([5, tick("token", 0)], [5, tick("token", 4)], [5, tick("token", 0)]), {});
});

Deno.test("ticks leave out the first interval and whatever ends with a tick of none", () => {
  const found = timed(
    [100, tick("token", 2)],
    [3, tick("token", 2)],
    [40, tick("token", 0)],
    [5, tick("token", 6)],
  );
  assert.deepEqual(found, { "token seconds": (3 + 5) / 8 });
  const restarted = timed([100, tick("token", 0)], [50, tick("token", 2)], [4, tick("token", 2)]);
  assert.deepEqual(restarted, { "token seconds": 2 });
});

Deno.test("units that are ticked are timed by their ticks, and still share what comes after them", () => {
  const found = timed(
    [100, progress(1)],
    [1, tick("unit", 4)],
    [0, progress(4)],
    [2, progress(5)],
    [6, tick("unit", 4)],
    [0, progress(8)],
    [16, progress(8)],
  );
  assert.deepEqual(found, { "unit seconds": 8 / 4 + 16 / 8 });
  // Names keep to themselves.
  const two = timed([1, tick("a", 1)], [2, tick("b", 1)], [3, tick("a", 1)], [4, tick("b", 1)]);
  assert.deepEqual(two, { "a seconds": 5, "b seconds": 7 });
});
