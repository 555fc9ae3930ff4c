/** @file A small Transformer on a batch of noise, and its training on `tfjs` beside `ort`. */
import { init as initJax, type numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type EngineName, type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { patchLoss } from "../../../lib/tasks/filtering/next_patch.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { adamwInit, adamwUpdate } from "../../../lib/train/adamw.ts";
import { readTree, toHost } from "../../../lib/train/host.ts";
import { sequenceStack } from "../../models/stacks.ts";
import { assertClose, generator, leaves, randomTensor } from "../oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
type A = np.Array;

/** The Transformer's loss on a batch of noise, as a function of parameters and batch. */
export function transformer(options: Record<string, unknown>, batch: number, length: number) {
  const { layers, heads, ...rest } = options as { layers: number; heads: number };
  const named = Array.from({ length: layers }, () => ["softmax_attention", { heads }] as const);
  const model = sequenceStack(named, rest, { kind: "series", channels: 2 });
  const params = toHost(model.init(5)) as Any;
  const random = generator(8);
  const { head } = params.ends;
  head.weight = randomTensor(random, head.weight.shape, { low: -0.5, high: 0.5 });
  const { patch } = model;
  const data = {
    y: randomTensor(random, [batch, length, 2]),
    weights: randomTensor(random, [length / patch - 1, patch, 1], { low: 0.5, high: 2 }),
  };
  const loss = (params: Any, { y, weights }: { y: A; weights: A }) =>
    patchLoss(model.apply(params, y.ref), y, weights);
  return { params, data, loss };
}

/** That many training steps on `tfjs` end where they end on `ort`. */
export async function assertTrainsAlike(steps: number, learningRate: number): Promise<void> {
  const { params, data, loss } = transformer({ layers: 1, width: 8, heads: 2 }, 3, 9);
  const update = (p: Any, s: Any, b: Any, rate: A) => {
    const [value, grads] = (valueAndGrad(loss as Any) as Any)(tree.ref(p), b);
    return { value, ...adamwUpdate(p, grads, s, rate) };
  };
  const state = adamwInit(params);
  // Slow enough not to fit the one batch to the last digit: from there on Adam divides rounding by rounding, and all engines part.
  const rate = tensor(learningRate);
  const train = async (engine: EngineName) => {
    const program = await compile(update, [params, state, data, rate], { engine });
    let current: Any = { params, state };
    for (let i = 0; i < steps; i++) {
      const next = await program.run(current.params, current.state, data, rate);
      if (i > 0 && engine === "tfjs") leaves(current).forEach((h) => h.dispose());
      current = next;
    }
    const result = {
      loss: (await current.value.read()).data[0] as number,
      params: flatten(await readTree(current.params)) as Record<string, Tensor>,
    };
    await program.close();
    return result;
  };
  const [a, b] = [await train("tfjs"), await train("ort")];
  assert.ok(b.loss < 0.7, `the model learns: ${b.loss}`);
  assert.ok(Math.abs(a.loss - b.loss) <= 1e-3 * b.loss, `loss ${a.loss} and ${b.loss}`);
  for (const [name, want] of Object.entries(b.params)) {
    assertClose(a.params[name], want, 1e-3, name);
  }
}
