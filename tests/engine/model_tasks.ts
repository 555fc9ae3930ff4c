/**
 * @file Models as functions of single arrays, and loss, gradients and training of theirs on every engine that runs here, against the same
 * program in float64, on odd shapes. Beyond 100 layers the measure is 1e-4.
 */
import { init as initJax, numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { compileOn, type EngineName } from "../../lib/engine/mod.ts";
import { model as deepLinear } from "../../lib/models/deep_linear.ts";
import { patchLoss } from "../../lib/tasks/filtering/next_patch.ts";
import { flatten, leavesOf, mapTensors } from "../../lib/tensor/trees.ts";
import { toHost } from "../../lib/train/host.ts";
import { compileStep, train } from "../../lib/train/trainer.ts";
import { sequenceStack, shakenParameters } from "../models/stacks.ts";
import { assertParity } from "./layer_cases.ts";
import { assertClose, generator, randomTensor, runEngine, runJax } from "./oracle.ts";
import { nativeTfjs } from "./native_tfjs.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

// deno-lint-ignore no-explicit-any
const adapter = await (navigator as any).gpu?.requestAdapter().catch(() => null);
if (!adapter) console.log("no WebGPU adapter: engine jax-webgpu is not tested");
/** Those that run everywhere, and a GPU's where there is an adapter. */
export const engines: EngineName[] = [
  "ort",
  "jax",
  "tfjs",
  ...nativeTfjs,
  ...(adapter ? ["jax-webgpu" as const] : []),
];

export interface Task {
  params: Any;
  data: Any;
  loss: (params: Any, data: Any) => np.Array;
  tolerance?: number;
}

export function transformerTask(options: Record<string, unknown>): Task {
  const heads = ["softmax_attention", { heads: 2 }] as const;
  const model = sequenceStack([heads, heads], { width: 12, ...options }, {
    kind: "series",
    channels: 3,
  });
  const { patch } = model;
  const random = generator(8);
  const [batch, tokens] = [3, 7];
  const data = {
    y: randomTensor(random, [batch, tokens * patch, 3]),
    weights: randomTensor(random, [tokens - 1, patch, 1], { low: 0.5, high: 2 }),
  };
  return {
    params: shakenParameters(model, 5),
    data,
    loss: (params, { y, weights }) => patchLoss(model.apply(params, y.ref), y, weights),
  };
}

export function deepLinearTask(depth: number): Task {
  const random = generator(depth);
  const model = deepLinear.configure({ depth, scale: 0.5 }, {
    signature: { kind: "window", lookback: 7, horizon: 5, channels: 1 },
    layers: [],
  });
  const data = { x: randomTensor(random, [17, 7, 1]), y: randomTensor(random, [17, 5, 1]) };
  return {
    params: toHost(model.init(1)),
    data,
    loss: (params, { x, y }) => {
      const error = model.apply(params, x).sub(y);
      return np.mean(error.ref.mul(error));
    },
    tolerance: depth > 100 ? 1e-4 : 1e-5,
  };
}

/** Loss and gradients of a task on every engine. */
export async function checkGradients(t: Deno.TestContext, make: () => Task): Promise<void> {
  const { params, data, loss, tolerance } = make();
  // As a function of single arrays, the parameters first.
  const args = leavesOf([params, data]);
  const argnums = leavesOf(params).map((_, i) => i);
  const ofArrays = (...arrays: np.Array[]) => {
    const next = arrays.values();
    const [p, d] = mapTensors([params, data], () => next.next().value! as Any) as Any;
    return loss(p, d);
  };
  const step = valueAndGrad(ofArrays, { argnums });
  const want = runJax((jaxValueAndGrad as Any)(ofArrays, { argnums }), args, "float64");
  for (const engine of engines) {
    await t.step(engine, async () => {
      assertParity(await runEngine(step, args, engine), want, tolerance);
    });
  }
}

/** That many training steps of a deep linear network end alike on every engine. */
export async function checkTraining(steps: number): Promise<void> {
  const { params, data, loss } = deepLinearTask(3);
  const trained = async (engine: EngineName) => {
    const result = await train(
      (example) => compileStep(loss, params, example, { compile: compileOn(engine) }),
      () => data,
      { schedule: { peak: 0.02, steps, warmup: 10 } },
    );
    return { loss: result.lastLosses[0], params: flatten(result.params) };
  };
  const want = await trained("ort");
  for (const engine of engines.filter((name) => name !== "ort")) {
    const got = await trained(engine);
    assert.ok(Math.abs(got.loss - want.loss) <= 1e-3 * want.loss, `${engine}: ${got.loss}`);
    for (const [name, tensor] of Object.entries(want.params)) {
      assertClose(got.params[name], tensor, 1e-3, `${engine}: ${name}`);
    }
  }
}
