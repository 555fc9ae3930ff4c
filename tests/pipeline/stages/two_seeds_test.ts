/** @file Two seeds through the stages train and evaluate: every system is scored with its own seed's model. */
import assert from "node:assert/strict";
import { createSystem, kalman, nextPatch, score, simulate } from "../../../lib/ssm/mod.ts";
import * as evaluate from "../../../pipeline/stages/evaluate.ts";
import * as train from "../../../pipeline/stages/train.ts";
import * as affine from "../../train/affine_model.ts";
import { trainByHand } from "../../train/affine_model.ts";
import { artifact, dataset, runStage } from "./run_stage.ts";

const distribution = { latentDim: 3, obsDim: 2, lambda: 0.8 };
const length = 8;
const size = { batch: 2, warmup: 0, weightDecay: 0, clipNorm: 1 };
const task = { name: "filtering", options: { ...distribution, length } };
const model = { name: "affine", options: { patch: 2 } };
const seeds = [6, 9].map((instance) => ({
  instance,
  initialisation: instance,
  data: 50 + instance,
}));

/** Score of W' token + b on the sequences of one system. */
function scoreByHand(seed: typeof seeds[0], y: ReturnType<typeof simulate>) {
  const { weight, bias } = trainByHand({
    ...size,
    distribution,
    length,
    patch: 2,
    seed,
    steps: 2,
    rateOf: (step) => [0.2, 0.01][step], // the last step of a schedule has a twentieth
  });
  const [sequences, long] = y.shape;
  const tokens = sequences * long / 2;
  const data: number[] = [];
  for (let token = 0; token < tokens; token++) {
    if ((token + 1) % (long / 2) === 0) continue; // nothing follows the last patch
    for (let o = 0; o < 4; o++) {
      data.push(
        [0, 1, 2, 3].reduce((s, i) => s + y.data[token * 4 + i] * weight[i * 4 + o], bias[o]),
      );
    }
  }
  const filter = kalman(createSystem(seed.instance, distribution), long);
  const prediction = { shape: [sequences, long / 2 - 1, 2, 2], data };
  return score(filter, y, prediction, nextPatch(long, 2)).overall;
}

Deno.test("each of two systems is scored with the model that was trained on it", async () => {
  const params = { ...size, task, model, seeds, steps: 2, learningRate: 0.2 };
  const modules = { model: affine };
  const trained = await runStage(train, params, { modules });
  for (const [index, seed] of seeds.entries()) {
    const { instance } = seed;
    const y = simulate(createSystem(instance, distribution), 1, { batch: 4, length: 10 });
    const { scalars } = await runStage(
      evaluate,
      { task, model, instance, index },
      { modules, inputs: { model: artifact(trained), data: dataset(y) } },
    );
    const want = scoreByHand(seed, y);
    for (const [name, value] of [["loss", want.ratio], ["gapClosed", want.gapClosed]] as const) {
      const near = Math.abs(scalars[name] - value) < 1e-5;
      assert.ok(near, `system ${instance}, ${name}: ${scalars[name]}, ${value}`);
    }
  }
});
