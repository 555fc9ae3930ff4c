/**
 * @file TensorFlow.js's native form at work, where it is installed: training of every stack beside `ort`, memory over many
 * steps, and both forms of TensorFlow.js in one process.
 */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import { compile, type EngineName, type Handle, tensor } from "../../../lib/engine/mod.ts";
import { openAddon } from "../../../lib/engine/tfjs/addon.ts";
import { openPure } from "../../../lib/engine/tfjs/pure.ts";
import { patchLoss } from "../../../lib/tasks/filtering/next_patch.ts";
import { adamwInit, adamwUpdate } from "../../../lib/train/adamw.ts";
import { made, stacks } from "../../models/stacks.ts";
import { nativeTfjs } from "../native_tfjs.ts";
import { generator, leaves, randomTensor } from "../oracle.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

await initJax("wasm");

const ignore = nativeTfjs.length === 0;

/** Trains a stack on one batch of noise; losses of every step. */
async function losses(
  name: string,
  steps: number,
  engine: EngineName,
  each = () => {},
): Promise<number[]> {
  const { model, params } = made(...stacks[name], 2);
  const [batch, tokens] = [3, 7];
  const random = generator(4);
  const data = {
    y: randomTensor(random, [batch, tokens * model.patch, 2]),
    weights: randomTensor(random, [tokens - 1, model.patch, 1], { low: 0.5, high: 2 }),
  };
  const loss = (p: Any, { y, weights }: Any) => patchLoss(model.apply(p, y.ref), y, weights);
  const update = (p: Any, s: Any, b: Any, rate: np.Array) => {
    const [value, grads] = (valueAndGrad(loss as Any) as Any)(tree.ref(p), b);
    return { value, ...adamwUpdate(p, grads, s, rate) };
  };
  const rate = tensor(1e-3);
  const state = adamwInit(params as Any);
  const program = await compile(update, [params, state, data, rate] as Any, { engine });
  let current: Any = { params, state };
  const values: number[] = [];
  for (let i = 0; i < steps; i++) {
    const next = await program.run(current.params, current.state, data as Any, rate);
    if (i > 0) leaves(current).forEach((handle) => handle.dispose());
    values.push((await next.value.read()).data[0]);
    current = next;
    each();
  }
  leaves(current).forEach((handle) => handle.dispose());
  await program.close();
  return values;
}

for (const name of Object.keys(stacks)) {
  Deno.test({
    name: `tfjs-node-gpu: 20 training steps have the losses of ort: ${name}`,
    ignore,
    fn: async () => {
      const want = await losses(name, 20, "ort");
      const got = await losses(name, 20, "tfjs-node-gpu");
      assert.ok(want[19] < want[0], `the model learns: ${want}`);
      got.forEach((value, i) => {
        assert.ok(Math.abs(value - want[i]) <= 1e-4 * want[i], `step ${i}: ${value}, ${want[i]}`);
      });
    },
  });
}

Deno.test({
  name: "tfjs-node-gpu: tensors do not grow in number over 200 training steps",
  ignore,
  fn: async () => {
    const { tf } = openAddon();
    const before = tf.memory().numTensors;
    const counts: number[] = [];
    await losses(
      "dense recurrence",
      200,
      "tfjs-node-gpu",
      () => counts.push(tf.memory().numTensors),
    );
    assert.equal(counts.length, 200);
    assert.ok(counts[1] > before);
    assert.deepEqual([...new Set(counts.slice(1))], [counts[1]]);
    assert.equal(tf.memory().numTensors, before);
  },
});

Deno.test({
  name: "programs on tfjs and tfjs-node-gpu run by turns, each on its own kernels",
  ignore,
  fn: async () => {
    const fn = (x: np.Array) => np.matmul(x.ref, x).add(1);
    const x = tensor([1, 2, 3, 4], [2, 2]);
    const programs = await Promise.all(
      (["tfjs", "tfjs-node-gpu"] as const).map(async (engine) => {
        const { tf } = engine === "tfjs" ? await openPure() : openAddon();
        return { tf, engine, program: await compile(fn, [x], { engine }) };
      }),
    );
    let held: Handle[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const results: Handle[] = [];
      for (const { tf, engine, program } of programs) {
        results.push(await program.run(x));
        assert.equal(tf.getBackend(), engine === "tfjs" ? "cpu" : "tensorflow");
      }
      for (const handle of [...held, ...results]) {
        assert.deepEqual([...(await handle.read()).data], [8, 11, 16, 23]);
      }
      held.forEach((handle) => handle.dispose());
      held = results;
    }
    const [pure, native] = programs;
    await assert.rejects(pure.program.run(held[1]), /belongs to another engine/);
    await assert.rejects(native.program.run(held[0]), /belongs to another engine/);
    for (const { program } of programs) await program.close();
  },
});
