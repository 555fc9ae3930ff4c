/** @file Training on from what another model has learned, through the stage that does it. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { layer as softmax } from "../../../lib/layers/sequence/softmax_attention.ts";
import { layer as supra } from "../../../lib/layers/sequence/supra.ts";
import { model as stack } from "../../../lib/models/stack.ts";
import { task } from "../../../lib/tasks/filtering/filtering.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { toHost } from "../../../lib/train/host.ts";
import * as uptrain from "../../../pipeline/stages/uptrain.ts";
import { runStage } from "./run_stage.ts";

await initJax("wasm");

const options = { heads: 1 };
const model = { name: "stack", options: { block: "residual", width: 4, mlpWidth: 3 } };
const taskPart = { name: "filtering", options: { latentDim: 3, obsDim: 1, length: 6 } };
const params = {
  ...{ task: taskPart, model, layers: [{ name: "supra", options }] },
  ...{ batch: 2, warmup: 0, steps: 1, weightDecay: 0 },
  // So little that what comes out is where it started.
  learningRate: 1e-12,
  seeds: [7, 8].map((initialisation) => ({ instance: 0, initialisation, data: initialisation })),
};
const { signature } = task.configure(taskPart.options);
const fresh = (name: string, layer: typeof softmax | typeof supra, seed: number) =>
  flatten(toHost(
    stack.configure(model.options, {
      signature,
      layers: [{ name, layer: layer as never, options }],
    })
      .init(seed),
  ));
const transformers: Record<string, Record<string, Tensor>> = {
  "model-0.safetensors": fresh("softmax_attention", softmax, 20),
  "model-1.safetensors": fresh("softmax_attention", softmax, 21),
};
const reader = { tensors: (name: string) => Promise.resolve(transformers[name]) };

Deno.test("every seed goes on from its own Transformer, with a map of its own that is fresh", async () => {
  const { tensors, scalars } = await runStage(uptrain, params, { inputs: { model: reader } });
  assert.equal(scalars.steps, 1);
  for (const [i, seed] of [7, 8].entries()) {
    const trained: Record<string, Tensor> = tensors(`model-${i}.safetensors`);
    const own = fresh("supra", supra, seed);
    assert.deepEqual(Object.keys(trained).toSorted(), Object.keys(own).toSorted());
    for (const [name, { data }] of Object.entries(trained)) {
      const start = transformers[`model-${i}.safetensors`][name] ?? own[name];
      assert.equal(name.includes(".kernel."), start === own[name], name);
      data.forEach((v, at) => assert.ok(Math.abs(v - start.data[at]) < 1e-6, `${name} ${at}`));
    }
  }
});

Deno.test("two seeds with one initialisation are refused: one start would be lost", async () => {
  const seeds = params.seeds.map((seed) => ({ ...seed, initialisation: 7 }));
  await assert.rejects(
    runStage(uptrain, { ...params, seeds }, { inputs: { model: reader } }),
    /seeds 1 and another have initialisation 7/,
  );
});
