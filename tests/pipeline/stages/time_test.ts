/** @file The stage that times a model: on a clock that the test moves, and once on a real engine. */
import assert from "node:assert/strict";
import { preset } from "../../../pipeline/presets.ts";
import * as time from "../../../pipeline/stages/time.ts";
import { onClock } from "./on_clock.ts";
import { runStage } from "./run_stage.ts";

const task = {
  name: "filtering",
  options: { latentDim: 4, obsDim: 2, lambda: 0.9, length: 16 },
};
const map = { task, ...preset("causal_linear", { taps: 2 }), batch: 3, steps: 400 };

Deno.test("a step and a token take the median of their repetitions, the first one aside", async () => {
  const { observed, scalars, files } = await onClock(
    time,
    map,
    (_, run) => [1000, 5, 1, 2, 700, 3][run],
  );
  // Five of them: 1 2 3 5 700.
  assert.equal(observed["step seconds"], 3);
  assert.equal(observed["token seconds"], 3 / (3 * 16));
  assert.deepEqual(scalars, { steps: 400, repetitions: 5 });
  assert.deepEqual(files, {});
});

Deno.test("of an even number of repetitions the median lies between the two in the middle", async () => {
  const { observed } = await onClock(
    time,
    { ...map, repetitions: 6 },
    (_, run) => [0, 1, 2, 3, 5, 8, 13][run],
  );
  assert.equal(observed["step seconds"], 4);
});

Deno.test("a token of a rollout takes what comes after the first one, over sequences and observations", async () => {
  const rollout = { sequences: 7, warmup: 4, steps: 5 };
  const one = await onClock(time, { ...map, rollout }, () => 1);
  // The warm-up is 4 runs of the step form and gives the first token; 4 more runs give the others.
  assert.equal(one.observed["rollout token seconds"], 4 / (4 * 7));
  assert.equal(one.observed["token seconds"], undefined);
  const patched = {
    ...{ ...map, ...preset("transformer", { dModel: 8, layers: 1, heads: 1, patch: 2 }) },
    rollout: { ...rollout, steps: 6 },
  };
  // Three tokens of two observations.
  const { observed } = await onClock(time, patched, () => 1);
  assert.equal(observed["rollout token seconds"], 2 / (2 * 2 * 7));
});

Deno.test("a closed form is timed instead of a step", async () => {
  const { observed, scalars } = await runStage(time, {
    ...{ ...map, steps: 0, closedForm: "best_causal_map" },
  });
  assert.ok(observed["solving seconds"] > 0);
  assert.equal(observed["step seconds"], undefined);
  assert.equal(scalars.steps, 0);
});

Deno.test("fewer than five repetitions are refused, and a rollout of what is no series", async () => {
  await assert.rejects(runStage(time, { ...map, repetitions: 4 }), /repetitions/);
  const parity = { name: "parity", options: { maximum: 8, length: 8 } };
  const rollout = { sequences: 2, warmup: 4, steps: 4 };
  const model = { model: { name: "stack", options: { width: 8 } }, layers: [{ name: "gru" }] };
  await assert.rejects(
    runStage(time, { ...map, ...model, task: parity, rollout }),
    /the task has tokens; only a series can be rolled out/,
  );
});

Deno.test("it runs alone, and two times leave the same", async () => {
  assert.equal(time.alone, true);
  const [a, b] = [await runStage(time, map), await runStage(time, map)];
  assert.deepEqual([a.files, a.scalars], [b.files, b.scalars]);
  for (const name of ["step seconds", "token seconds"]) assert.ok(a.observed[name] > 0);
});
