/** @file The stage that measures training and single tokens by the length of sequences, on a clock that the test moves. */
import assert from "node:assert/strict";
import { pilot } from "../../../pipeline/estimate/pilots/length_cost.ts";
import * as stage from "../../../pipeline/stages/length_cost.ts";
import { onClock } from "./on_clock.ts";
import { runStage } from "./run_stage.ts";

const stack = (id: string, ...names: string[]) => ({
  id,
  model: { name: "stack", options: { block: "bare", width: 4 } },
  layers: names.map((name) => ({ name, options: name === "gru" ? {} : { heads: 2 } })),
});
const load = (length: number, batch: number) => ({
  ...{ length, batch },
  task: { name: "filtering", options: { latentDim: 2, obsDim: 1, length } },
});
const params = {
  models: [stack("mixed", "softmax_attention", "gru"), stack("linear", "linear_attention")],
  loads: [load(4, 2), load(8, 1), load(4, 1)],
  growths: [{ name: "alone", from: 2, to: 1 }, { name: "together", from: 0, to: 1 }],
  single: { tokens: 2, capacities: [4, 8] },
  rounds: 3,
};

Deno.test("every round makes a step at each length; medians, the first aside; powers of each model, of the mean and of the largest", async () => {
  // Of each model the programs of three loads, then of two capacities.
  const seconds = [2, 8, 2, 1, 2, 4, 4, 2, 3, 5];
  const isStep = (which: number) => which % 5 < 3;
  // Of the rounds that count the second is in the middle; of an even number of tokens the mean of the middle two counts.
  const [rounds, singles] = [[90, 0, -1, 300], [50, -0.5, 0.5]];
  const { observed, scalars, files, order, open, progress } = await onClock(
    stage,
    params,
    (which, run) => seconds[which] + (isStep(which) ? rounds : singles)[run],
  );
  const ofModel = (at: number) => [
    ...Array(4).fill([at, at + 1, at + 2]).flat(),
    ...Array(3).fill(at + 3),
    ...Array(3).fill(at + 4),
  ];
  assert.deepEqual(order, [...ofModel(0), ...ofModel(5)]);
  const want: Record<string, number> = {
    // Eight tokens in 2 seconds, eight in 8, four in 2; eight in 4, eight in 4, four in 2.
    "training tokens of mixed at 2 x 4": 4,
    "training tokens of mixed at 1 x 8": 1,
    "training tokens of mixed at 1 x 4": 2,
    "training tokens of linear at 1 x 8": 2,
    // A token of twice the length takes twice as long, or four times, or as long.
    "alone of mixed": 1,
    "together of mixed": 2,
    "alone of linear": 0,
    "together of linear": 0,
    "minus mean alone": -0.5,
    "minus mean together": -1,
    "minus largest alone": -1,
    "minus largest together": -2,
    "single token seconds of mixed at 4": 1,
    "single token seconds of mixed at 8": 2,
    "single token seconds of linear at 4": 3,
    "single token seconds of linear at 8": 5,
  };
  for (const [name, value] of Object.entries(want)) {
    assert.ok(Math.abs(observed[name] - value) < 1e-9, `${name}: ${observed[name]}`);
  }
  // Of four more tokens keys and values of four numbers each.
  assert.equal(scalars["state of mixed at 8"] - scalars["state of mixed at 4"], 4 * 2 * 4);
  assert.equal(scalars["state of linear at 8"], scalars["state of linear at 4"]);
  const flags = ["kind of mixed", "loops of mixed", "kind of linear", "loops of linear"];
  assert.deepEqual(flags.map((name) => scalars[name]), [2, 1, 1, 0]);
  assert.equal(Object.keys(scalars).length, 8);
  assert.deepEqual([files, open], [{}, 0]);
  assert.deepEqual(progress, [[0, 2], [1, 2], [2, 2]]);
});

Deno.test("only what a job names is in its key; powers are of longer sequences, and there is room for what is timed", () => {
  const parsed = stage.params().parse(params);
  const used = stage.modules(parsed);
  assert.deepEqual([...new Set(Object.values(used).map(({ path }) => path))].sort(), [
    "lib/layers/sequence/gru.ts",
    "lib/layers/sequence/linear_attention.ts",
    "lib/layers/sequence/softmax_attention.ts",
    "lib/models/stack.ts",
    "lib/tasks/filtering/filtering.ts",
  ]);
  assert.deepEqual([stage.alone, stage.usesEngine], [true, true]);
  const said = (more: object) => {
    const { error } = stage.params().safeParse({ ...params, ...more });
    return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join();
  };
  for (const [from, to] of [[1, 2], [0, 2], [0, 3], [3, 0]]) {
    const growths = [params.growths[0], { name: "no", from, to }];
    assert.match(said({ growths })!, /^growths\.1: .* longer sequences, among 3$/);
  }
  const room = (capacities: number[]) => said({ single: { tokens: 4, capacities } });
  assert.match(room([5, 4])!, /^single\.capacities\.1: expected room for 4 tokens/);
  assert.equal(room([5]), undefined);
});

Deno.test("tokens of a task without a series are not timed", async () => {
  const options = { automaton: "parity", minimum: 4, maximum: 4, length: 4 };
  const loads = [{ length: 4, batch: 1, task: { name: "automaton", options } }];
  await assert.rejects(
    runStage(stage, { ...params, loads, growths: [], rounds: 1 }),
    /length_cost: the task automaton has tokens; .* such as filtering/,
  );
});

Deno.test("a model whose numbers outgrow float32 is timed all the same", async () => {
  // Of the third power of what came in, seven times over.
  const models = [stack("grown", ...Array(7).fill("hla"))];
  const loads = [load(32, 1), load(64, 1)];
  const growths = [{ name: "alone", from: 0, to: 1 }];
  const { observed } = await onClock(
    stage,
    { ...params, models, loads, growths, rounds: 1 },
    () => 2,
  );
  assert.equal(observed["training tokens of grown at 1 x 64"], 32);
});

Deno.test("a pilot is two of the models, once for all measurements", () => {
  const parsed = stage.params().parse({
    ...params,
    models: [...params.models, stack("gru", "gru")],
  });
  const { class: own, ...rest } = pilot(parsed);
  assert.deepEqual(rest, {
    params: { ...parsed, models: parsed.models.slice(0, 2) },
    ...{ units: 2, of: 3 },
  });
  assert.deepEqual(pilot({ ...parsed, repetition: 5 }).class, own);
  assert.notDeepEqual(pilot({ ...parsed, models: parsed.models.slice(1) }).class, own);
});
