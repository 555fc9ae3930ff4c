/**
 * @file Loss and every gradient of every model, on every engine that runs here, against the same program in float64, on odd
 * shapes. Beyond 100 layers the measure is 1e-4.
 */
import { init as initJax, numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { toJax } from "../../lib/engine/jax.ts";
import { type EngineName, isSpecLike, type Tensor } from "../../lib/engine/mod.ts";
import * as deepLinear from "../../lib/models/deep_linear.ts";
import * as transformer from "../../lib/models/transformer.ts";
import { keyOf } from "../../lib/ssm/mod.ts";
import { flatten, toHost } from "../../lib/train/host.ts";
import { nextPatchLoss, unitStatistics } from "../../lib/tasks/filtering/next_patch.ts";
import { compileStep, train } from "../../lib/train/trainer.ts";
import { assertParity } from "./layer_cases.ts";
import { assertClose, generator, randomTensor, runEngine, runJax } from "./oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

// deno-lint-ignore no-explicit-any
const adapter = await (navigator as any).gpu?.requestAdapter().catch(() => null);
if (!adapter) console.log("no WebGPU adapter: engine jax-webgpu is not tested");
const engines: EngineName[] = ["ort", "jax", "tfjs", ...(adapter ? ["jax-webgpu" as const] : [])];

function mapTensors(x: Any, f: (leaf: Tensor) => unknown): Any {
  if (isSpecLike(x)) return f(x as Tensor);
  if (Array.isArray(x)) return x.map((child) => mapTensors(child, f));
  return Object.fromEntries(Object.entries(x).map(([name, child]) => [name, mapTensors(child, f)]));
}

interface Task {
  params: Any;
  data: Any;
  loss: (params: Any, data: Any) => np.Array;
  tolerance?: number;
}

function transformerTask(options: Record<string, unknown>): Task {
  const config = transformer.configure({ layers: 2, dModel: 12, heads: 2, ...options }, 3);
  const params = toHost(transformer.init(config, 5));
  const random = generator(8);
  params.head.weight = randomTensor(random, params.head.weight.shape, { low: -0.5, high: 0.5 });
  const [batch, tokens] = [3, 7];
  const data = {
    y: randomTensor(random, [batch, tokens * config.patch, 3]),
    weights: randomTensor(random, [tokens - 1, config.patch, 1], { low: 0.5, high: 2 }),
    train: unitStatistics(3),
  };
  return { params, data, loss: nextPatchLoss(transformer as Any, config) };
}

function deepLinearTask(depth: number): Task {
  const random = generator(depth);
  const params = deepLinear.init(keyOf(1), { lookback: 7, horizon: 5, depth }, 0.5);
  const data = { x: randomTensor(random, [17, 7]), y: randomTensor(random, [17, 5]) };
  return {
    params,
    data,
    loss: (p, { x, y }) => {
      const error = deepLinear.apply(p, x).sub(y);
      return np.mean(error.ref.mul(error));
    },
    tolerance: depth > 100 ? 1e-4 : 1e-5,
  };
}

const tasks: Record<string, () => Task> = {
  "Transformer, patch 1, no norm": () => transformerTask({ norm: "none" }),
  "Transformer, patch 3, fixed norm": () => transformerTask({ patch: 3, norm: "fixed" }),
  "Transformer, patch 2, causal norm": () => transformerTask({ patch: 2, norm: "causal" }),
  "deep linear, 1 layer": () => deepLinearTask(1),
  "deep linear, 2 layers": () => deepLinearTask(2),
  "deep linear, 10 layers": () => deepLinearTask(10),
  "deep linear, 120 layers": () => deepLinearTask(120),
};

for (const [name, make] of Object.entries(tasks)) {
  Deno.test(`${name}: loss and gradients agree with float64 on every engine`, async (t) => {
    const { params, data, loss, tolerance } = make();
    // As a function of single arrays, the parameters first.
    const args = [...Object.values(flatten(params)), ...Object.values(flatten(data))];
    const argnums = Object.keys(flatten(params)).map((_, i) => i);
    const ofArrays = (...arrays: np.Array[]) => {
      const next = arrays.values();
      const [p, d] = mapTensors([params, data], () => next.next().value!);
      return loss(p, d);
    };
    const step = valueAndGrad(ofArrays, { argnums });
    const want = runJax((jaxValueAndGrad as Any)(ofArrays, { argnums }), args, "float64");
    for (const engine of engines) {
      await t.step(engine, async () => {
        assertParity(await runEngine(step, args, engine), want, tolerance);
      });
    }
  });
}

Deno.test("200 training steps of a deep linear network end alike on every engine", async () => {
  const { params, data, loss } = deepLinearTask(3);
  const train200 = async (engine: EngineName) => {
    const result = await train(
      (example) => compileStep(loss, mapTensors(params, toJax), example, { engine }),
      () => data,
      { schedule: { peak: 0.02, steps: 200, warmup: 10 } },
    );
    return { loss: result.lastLosses[0], params: flatten(result.params) };
  };
  const want = await train200("ort");
  for (const engine of engines.filter((name) => name !== "ort")) {
    const got = await train200(engine);
    assert.ok(Math.abs(got.loss - want.loss) <= 1e-3 * want.loss, `${engine}: ${got.loss}`);
    for (const [name, tensor] of Object.entries(want.params)) {
      assertClose(got.params[name], tensor, 1e-3, `${engine}: ${name}`);
    }
  }
});
