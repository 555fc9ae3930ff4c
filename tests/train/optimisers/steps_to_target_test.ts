/** @file Races of trainings: steps by hand, caps, blow-ups, and who need not go on. */
import assert from "node:assert/strict";
import type { Arrays, JaxArray } from "../../../lib/engine/arrays.ts";
import { compile } from "../../../lib/engine/engines/ort.ts";
import { tensor } from "../../../lib/tensor/tensor.ts";
import { optimiser as sgd } from "../../../lib/train/optimisers/sgd.ts";
import { type Contestant, makeRace } from "../../../lib/train/optimisers/steps_to_target.ts";

/** (w - goal)^2 / 2: each step leaves 1 - rate of the distance. */
const loss = (params: Arrays, batch: Arrays): JaxArray => {
  const distance = (params as { w: JaxArray }).w.sub((batch as { goal: JaxArray }).goal);
  return distance.ref.mul(distance).mul(0.5).sum();
};

const runner = (start: number, goal: number, target: number): Contestant => ({
  initial: { w: tensor(start, [1, 1]) },
  batch: { goal: tensor(goal, [1, 1]) },
  target,
});

/** Steps until distance^2 / 2 <= target. */
function byHand(distance: number, rate: number, target: number): number {
  for (let step = 0;; step++, distance *= 1 - rate) {
    if (distance ** 2 / 2 <= target) return step;
  }
}

const field = [runner(5, 1, 1e-3), runner(0, 1, 1e-3), runner(1, 1, 0.1), runner(3, 1, 1e-3)];
const rates = [0.2, 0.05, 0.5, 0.5];
const expected = [byHand(4, 0.2, 1e-3), byHand(1, 0.05, 1e-3), 0, byHand(2, 0.5, 1e-3)];

const race = () => makeRace(loss, sgd.configure({}), field, compile);

Deno.test("steps are those by hand, each training with its own start, batch, rate and target", async () => {
  const { run, close } = await race();
  try {
    const { steps, losses, stepSeconds } = await run(field, rates, { cap: 100 });
    assert.deepEqual(steps, expected);
    assert.ok(losses.every((value, i) => value <= field[i].target));
    assert.ok(stepSeconds > 0 && stepSeconds < 1);
    // The same program again, from the start, in another order.
    const back = await run(field.toReversed(), rates.toReversed(), { cap: 100 });
    assert.deepEqual(back.steps, expected.toReversed());
  } finally {
    await close();
  }
});

Deno.test("who is not there at the cap has no steps, nor has who blew up; then nobody waits for them", async () => {
  const { run, close } = await race();
  try {
    const cap = expected[1]; // needs one step more than there are before it
    assert.equal((await run(field, rates, { cap })).steps[1], undefined);
    assert.equal((await run(field, rates, { cap: cap + 1 })).steps[1], cap);
    const wild = await run(field, [0.2, 1e30, 0.5, 0.5], { cap: 1e6 });
    assert.deepEqual(wild.steps, [expected[0], undefined, 0, expected[3]]);
  } finally {
    await close();
  }
});

Deno.test("where some are enough the others stop", async () => {
  const { run, close } = await race();
  try {
    const told: unknown[] = [];
    const { steps } = await run(field, rates, {
      cap: 100,
      enough: (found) => {
        told.push([...found]);
        return found[3] !== undefined;
      },
    });
    assert.deepEqual(told[0], [undefined, undefined, undefined, undefined]);
    assert.ok(expected[3] < 10 && expected[0] > 10);
    assert.deepEqual(steps, [undefined, undefined, 0, expected[3]]);
  } finally {
    await close();
  }
});

Deno.test("one training is no race, and a program is for as many as it was made for", async () => {
  await assert.rejects(
    () => makeRace(loss, sgd.configure({}), field.slice(1, 2), compile),
    /1 trainings; expected at least two/,
  );
  const { run, close } = await race();
  try {
    const some = field.slice(1);
    await assert.rejects(() => run(some, rates, { cap: 9 }), /3 trainings and 4 rates.* for 4/);
    await assert.rejects(() => run(field, [1], { cap: 9 }), /4 trainings and 1 rates/);
  } finally {
    await close();
  }
});
