/** @file The stages on tasks of symbols: from generated data to scores, as jobs and as the pilots of an estimate run them. */
import assert from "node:assert/strict";
import type { Pilot } from "../../../pipeline/estimate/pilot.ts";
import * as evaluatePilot from "../../../pipeline/estimate/pilots/evaluate.ts";
import * as generatePilot from "../../../pipeline/estimate/pilots/generate.ts";
import * as trainPilot from "../../../pipeline/estimate/pilots/train.ts";
import * as tunePilot from "../../../pipeline/estimate/pilots/tune.ts";
import * as evaluate from "../../../pipeline/stages/evaluate.ts";
import * as generate from "../../../pipeline/stages/generate.ts";
import * as train from "../../../pipeline/stages/train.ts";
import * as tune from "../../../pipeline/stages/tune.ts";
import { artifact, runStage } from "./run_stage.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const gru = (width: number) => ({
  model: { name: "stack", options: { block: "bare", width } },
  layers: [{ name: "gru" }],
});
const seed = (i: number) => ({ instance: 0, initialisation: i, data: 10 + i });

const parity = { name: "parity", options: { minimum: 3, maximum: 8, length: 20 } };
const recall = { name: "recall", options: { vocabulary: 12, length: 8, pairs: 2 } };

/** Test data, two seeds trained at the rate that was found, and the scores of each. */
async function chain(task: object, protocol: object, { steps, width }: Any) {
  const common = { task, ...gru(width), batch: 16, warmup: 10 };
  const made = await runStage(generate, { task, instance: 0, data: 1, sequences: 70 });
  const tuned = await runStage(tune, {
    ...common,
    seeds: [seed(9)],
    rates: [1e-6, 1e-5, 0.02],
    rungs: [60],
  });
  assert.equal(tuned.scalars.learningRate, 0.02);
  const trained = await runStage(train, { ...common, seeds: [seed(1), seed(2)], steps }, {
    inputs: { tuned: artifact(tuned) },
  });
  assert.equal(trained.scalars.edge, 1);
  const scores = [];
  for (const index of [0, 1]) {
    const params = { task, ...gru(width), index, batch: 32, protocol };
    const result = await runStage(evaluate, params, {
      inputs: { model: artifact(trained), data: artifact(made) },
    });
    assert.deepEqual(Object.keys(result.scalars).sort(), ["floor", "gapClosed", "loss", "optimum"]);
    assert.deepEqual(result.progress, [[32, 70], [64, 70], [70, 70], [70, 70]]);
    scores.push({ ...result.scalars, details: result.json("scores.json") } as Any);
  }
  return { trained, scores };
}

Deno.test("parity, from data to scores: two seeds, of which each has scores of its own", async () => {
  const protocol = { from: 9, length: 20 };
  const { trained, scores } = await chain(parity, protocol, { steps: 200, width: 12 });
  assert.equal(trained.scalars.tokens, 200 * 16 * 8);
  for (const { gapClosed, floor, optimum, details } of scores) {
    assert.ok(gapClosed > 0.9, `${gapClosed}`);
    assert.deepEqual([floor, optimum, details.sequences], [0.5, 0, 70]);
    assert.deepEqual(details.curve.map((block: Any) => block.to), [8, 16, 20]);
  }
  assert.notEqual(scores[0].details.crossEntropy, scores[1].details.crossEntropy);
});

Deno.test("recall, from data to scores", async () => {
  const { trained, scores } = await chain(recall, {}, { steps: 200, width: 24 });
  assert.equal(trained.scalars.tokens, 200 * 16 * 8);
  for (const { gapClosed, floor, optimum, details } of scores) {
    assert.ok(gapClosed > 0.3, `${gapClosed}`); // which values there are, if not yet whose
    assert.ok(Math.abs(floor - 5 / 6) < 1e-12 && optimum === 0);
    const queries = details.bySymbolsSince.map((range: Any) => range.queries);
    assert.equal(queries.reduce((a: number, b: number) => a + b), 140);
  }
});

Deno.test("a protocol that the data cannot serve, and data of another task, are refused by their numbers", async () => {
  const made = await runStage(generate, { task: parity, instance: 0, data: 1, sequences: 2 });
  const params = { task: parity, ...gru(4), batch: 16, warmup: 2, seeds: [seed(1)], steps: 1 };
  const model = artifact(await runStage(train, { ...params, learningRate: 1e-3 }));
  const scored = (task: object, protocol: object) =>
    runStage(evaluate, { task, ...gru(4), protocol }, { inputs: { model, data: artifact(made) } });
  await assert.rejects(scored(parity, {}), /length = 256, but the test sequences have 20 symbols/);
  await assert.rejects(
    scored(parity, { from: 9, length: 8 }),
    /parity protocol options: from = 9 is larger than length = 8/,
  );
  await assert.rejects(
    scored(recall, {}),
    /ends\.embed has shape \[2,4\], the model wants \[12,4\]/,
  );
});

for (const [task, protocol] of [[parity, { from: 9, length: 20 }], [recall, {}]] as const) {
  Deno.test(`${task.name}: every pilot of an estimate is a job that runs, and counts its units`, async () => {
    const training = { task, ...gru(4), batch: 4, warmup: 9 };
    const parsed = (stage: { params(): Any }, params: object) => stage.params().parse(params);
    const measured = async (stage: Any, { params, units }: Pilot, inputs = {}) => {
      const result = await runStage(stage, params, { inputs });
      assert.equal(result.progress.at(-1)![0], units);
      assert.ok(result.observed["unit seconds"] >= 0, "the time of a unit");
      return result;
    };
    const generateParams = parsed(generate, { task, instance: 0, data: 1, sequences: 600 });
    await measured(generate, generatePilot.pilot(generateParams));
    await measured(
      tune,
      tunePilot.pilot(
        parsed(tune, { ...training, seeds: [seed(1)], rates: [0.1, 0.2], rungs: [50] }),
      ),
    );
    const trained = await measured(
      train,
      trainPilot.pilot(parsed(train, { ...training, seeds: [seed(1)], steps: 90 })),
    );
    const scored = evaluatePilot.pilot(
      parsed(evaluate, { task, ...gru(4), batch: 8, protocol }),
      { data: { stage: "generate", params: generateParams } },
    );
    assert.deepEqual([scored.units, scored.of], [16, 600]);
    const data = artifact(await runStage(generate, scored.inputs!.data));
    await measured(evaluate, scored, { model: artifact(trained), data });
  });
}
