/** @file The stage that measures a training step by length, on a clock that the test moves. */
import assert from "node:assert/strict";
import { pilot } from "../../../pipeline/estimate/pilots/step_cost.ts";
import * as stage from "../../../pipeline/stages/step_cost.ts";
import { onClock } from "./on_clock.ts";

const stack = (name: string, width: number) => ({
  id: name,
  model: { name: "stack", options: { block: "bare", width } },
  layers: [{ name }],
});
const load = (length: number, batch: number) => ({
  ...{ length, batch },
  task: {
    name: "automaton",
    options: { automaton: "parity", minimum: length, maximum: length, length },
  },
});
const params = {
  contenders: [stack("gru", 2), stack("mingru", 4)],
  loads: [load(3, 2), load(5, 1)],
  rounds: 3,
};

Deno.test("every round each model makes one step at each length; medians, the first round aside; the second over the first", async () => {
  // Of the rounds that count the second is in the middle.
  const rounds = [90, 0, 1, 300];
  const { observed, scalars, files, order, progress } = await onClock(
    stage,
    params,
    (which, run) => [2, 6, 3, 12][which] + rounds[run] - 1,
  );
  assert.deepEqual(order, Array(4).fill([0, 1, 2, 3]).flat());
  const near = (name: string, value: number) =>
    assert.ok(Math.abs(observed[name] - value) < 1e-9, `${name}: ${observed[name]}`);
  near("seconds of gru at 3", 2);
  near("seconds of mingru at 3", 6);
  near("seconds of mingru at 5", 12);
  near("tokens of gru at 3", 3);
  near("tokens of gru at 5", 5 / 3);
  near("log ratio at 3", Math.log(3));
  near("log ratio at 5", Math.log(4));
  // Two symbols in and out. Width 2: embedding 2 x 2; three gates, of the token and of the state, 2 x 2 x 3 + 2 x 3 each; head 2 x 2 + 2.
  const gru = 4 + 2 * (12 + 6) + 6;
  // Width 4: embedding 2 x 4; gate and candidate of the token, 4 x 4 each, without biases; head 4 x 2 + 2.
  const mingru = 8 + 2 * 16 + 10;
  assert.deepEqual(scalars, {
    "parameters of gru at 3": gru,
    "parameters of gru at 5": gru,
    "parameters of mingru at 3": mingru,
    "parameters of mingru at 5": mingru,
  });
  assert.deepEqual(files, {});
  assert.deepEqual(progress.at(-1), [3, 3]);
});

Deno.test("only what a job names is in its key; two contenders, no more; it runs alone", () => {
  const parsed = stage.params().parse(params);
  const used = stage.modules(parsed);
  assert.deepEqual([...new Set(Object.values(used).map(({ path }) => path))].sort(), [
    "lib/layers/sequence/gru.ts",
    "lib/layers/sequence/mingru.ts",
    "lib/models/stack.ts",
    "lib/tasks/automaton/automaton.ts",
  ]);
  assert.deepEqual(parsed.loads[1].batch, 1);
  for (const contenders of [params.contenders.slice(1), [...params.contenders, stack("lru", 2)]]) {
    assert.ok(!stage.params().safeParse({ ...params, contenders }).success);
  }
  assert.deepEqual([stage.alone, stage.usesEngine], [true, true]);
  const { class: own, ...rest } = pilot(parsed);
  assert.deepEqual(rest, { params: parsed, units: 1, of: 1 });
  assert.deepEqual(pilot({ ...parsed, repetition: 5 }).class, own);
});
