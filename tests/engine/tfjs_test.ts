/**
 * @file Engine `tfjs`: parity with jax-js and `ort`, memory, and its errors. Where TensorFlow.js's native form is installed, the same
 * rules are held against the same cases on it.
 */
import { init as initJax, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  compile,
  type EngineName,
  type Handle,
  tensor,
  UnsupportedPrimitive,
} from "../../lib/engine/mod.ts";
import type { TfjsHandle } from "../../lib/engine/tfjs/program.ts";
import { leavesOf, mapTensors } from "../../lib/tensor/trees.ts";
import { assertParity, layers, layerStep } from "./layer_cases.ts";
import { assertClose, generator, leaves, randomTensor, runEngine, runJax } from "./oracle.ts";
import { nativeTfjs } from "./native_tfjs.ts";
import { cases, checkCase } from "./primitive_cases.ts";
import { assertTrainsAlike, transformer } from "./tfjs/transformer.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
type A = np.Array;

await initJax("wasm");

const engines: readonly EngineName[] = ["tfjs", ...nativeTfjs];

for (const engine of engines) {
  Deno.test(`${engine} agrees with jax-js on every primitive`, async (t) => {
    for (const [i, { name }] of cases.entries()) {
      await t.step(name, () => checkCase(i, (fn, args) => runEngine(fn, args, engine)));
    }
  });

  Deno.test(`${engine}: gradients of every layer agree with float64`, async (t) => {
    for (const [i, name] of Object.keys(layers).entries()) {
      await t.step(name, async () => {
        const { step, args } = layerStep(name, i);
        assertParity(await runEngine(step, args, engine), runJax(step, args, "float64"));
      });
    }
  });
}

Deno.test("tfjs keeps what it does not store: axes stretched, merged, cut and reduced", async (t) => {
  const wide = (x: A) => np.broadcastTo(x.reshape([2, 1, 3, 1]), [2, 5, 3, 4]);
  const programs: Record<string, (x: A) => A> = {
    "merged with a stored axis": (x) => wide(x).reshape([10, 12]).mul(2),
    "merged with each other": (x) => np.transpose(wide(x), [0, 2, 1, 3]).reshape([6, 20]).add(1),
    "cut": (x) => np.broadcastTo(x.reshape([6, 1]), [6, 4]).reshape([2, 3, 2, 2]).mul(3),
    "sliced": (x) => wide(x).slice([], [1, 3], [0, 2], [1, 4]).mul(2),
    "flipped": (x) => np.flip(wide(x), [1, 2]).mul(2),
    "padded": (x) => np.pad(wide(x), [[0, 0], [1, 0], [0, 0], [0, 2]]),
    "split": (x) => np.split(wide(x), [1, 2], 1)[2].mul(2),
    "concatenated": (x) => np.concatenate([wide(x.ref), wide(x).mul(2)], 1),
    "summed": (x) => np.sum(wide(x), [1, 2]),
    "multiplied": (x) => np.prod(wide(x), [1]),
    "summed as a product": (x) => np.sum(wide(x.ref).mul(wide(x)), [1, 2]),
    "summed as a matrix product": (x) => {
      const row = np.broadcastTo(x.ref.reshape([2, 1, 3, 1]), [2, 1, 3, 5]);
      const column = np.broadcastTo(x.reshape([1, 2, 3, 1]), [1, 2, 3, 5]);
      return np.sum(row.mul(column), [2, 3]);
    },
    "summed where only one factor varies": (x) => {
      const row = x.ref.reshape([2, 1, 3, 1]);
      const twice = np.stack([x.ref.reshape([1, 2, 3]), x.reshape([1, 2, 3]).mul(3)], 3);
      return np.sum(row.mul(twice), [2, 3]);
    },
    "greatest": (x) => np.max(wide(x), [0, 3]),
    "sorted": (x) => np.sort(wide(x), 2),
    "taken": (x) => np.take(wide(x), np.array([2, 0], { dtype: np.int32 }), 1),
    "returned": (x) => wide(x),
    "six axes and more": (x) =>
      np.transpose(np.broadcastTo(x.reshape([2, 1, 3, 1, 1, 1, 1]), [2, 1, 3, 2, 1, 2, 3]), [
        6,
        2,
        0,
        1,
        5,
        4,
        3,
      ]).add(1),
  };
  for (const [name, fn] of Object.entries(programs)) {
    await t.step(name, async () => {
      const args = [randomTensor(generator(3), [6])];
      const [want] = runJax(fn, args);
      for (const engine of engines) {
        const [got] = await runEngine(fn, args, engine);
        assertClose(got, want, 1e-6, `${engine}: ${name}`);
      }
    });
  }
});

Deno.test("tfjs passes arrays without elements through", async () => {
  const empty = randomTensor(generator(1), [0, 3]);
  const fn = (x: A) => [np.exp(x.ref).mul(2), np.sum(x, 0)];
  for (const engine of engines) {
    const [y, total] = await runEngine(fn, [empty], engine);
    assert.deepEqual([y.shape, y.data.length], [[0, 3], 0]);
    assert.deepEqual([...total.data], [0, 0, 0]);
  }
});

for (const norm of ["fixed", "causal"]) {
  Deno.test(`tfjs: the Transformer's loss and gradients agree with float64: ${norm}`, async () => {
    const options = { layers: 2, width: 12, heads: 2, patch: 3, norm };
    const { params, data, loss } = transformer(options, 3, 21);
    // As a function of single arrays: the parameters first.
    const args = leavesOf([params, data]);
    const argnums = leavesOf(params).map((_, i) => i);
    const flat = (...arrays: A[]) => {
      const next = arrays.values();
      const [p, b] = mapTensors([params, data], () => next.next().value! as Any) as Any;
      return loss(p, b);
    };
    const step = (valueAndGrad as Any)(flat, { argnums });
    const want = runJax(step, args, "float64");
    for (const engine of engines) assertParity(await runEngine(step, args, engine), want);
  });
}

// (Four times as many: tests/long/engine.)
Deno.test("50 training steps on tfjs end where they end on ort", async () => {
  await assertTrainsAlike(50, 4e-3);
});

Deno.test("tfjs: memory does not grow with runs", async (t) => {
  const tf = await import("@tensorflow/tfjs-core");
  const fn = (x: A, w: A) => {
    const y = np.tanh(np.matmul(x.ref, w));
    return { y: y.ref, mean: np.mean(y), same: x, sorted: np.argsort(np.ones([3])) };
  };
  const [x, w] = [randomTensor(generator(1), [4, 3]), randomTensor(generator(2), [3, 3])];
  const before = tf.memory().numTensors;
  const program = await compile(fn, [x, w], { engine: "tfjs" });
  const kept = leaves(await program.run(x, w)) as TfjsHandle[];
  const start = tf.memory().numTensors;

  await t.step("disposing of the results frees everything", async () => {
    for (let i = 0; i < 20; i++) {
      // Handles of an earlier run are read, not consumed.
      const results = leaves(await program.run(kept[2], w)) as TfjsHandle[];
      assert.deepEqual((await results[2].read()).data, x.data);
      results.forEach((h) => h.dispose());
      assert.equal(tf.memory().numTensors, start);
    }
  });
  await t.step("intermediate values are freed after their last use", async () => {
    const long = tensor(1, [1000]);
    const chain = (x: A) => Array.from({ length: 50 }).reduce((y: A) => np.sin(y), x);
    const deep = await compile(chain, [long], { engine: "tfjs" });
    const { numBytes } = tf.memory();
    const { peakBytes } = await tf.profile(async () => (await deep.run(long)).dispose());
    assert.ok(peakBytes - numBytes <= 4 * 4000, `${peakBytes - numBytes} bytes at once`);
    await deep.close();
  });
  await t.step("a failed run frees everything", async () => {
    await assert.rejects(program.run(x, { dtype: "float32", shape: [3, 3] } as Any), /in/);
    assert.equal(tf.memory().numTensors, start);
  });
  await t.step("handles that were dropped are freed when they are collected", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    for (let i = 0; i < 20; i++) await program.run(x, w);
    assert.ok(tf.memory().numTensors > start);
    for (let i = 0; i < 20 && tf.memory().numTensors > start; i++) {
      collect();
      await new Promise((done) => setTimeout(done, 5));
    }
    assert.ok(tf.memory().numTensors <= start + kept.length, `${tf.memory().numTensors}, ${start}`);
  });
  kept.forEach((h) => h.dispose());
  await program.close();
  assert.ok(tf.memory().numTensors <= before + kept.length);
  await assert.rejects(program.run(x, w), /closed/);
});

Deno.test("a host array may change after a run on tfjs has begun", async () => {
  const x = tensor([1, 2, 3]);
  const program = await compile((x: A) => x, [x], { engine: "tfjs" });
  const handle: Handle = await program.run(x);
  x.data.fill(9);
  assert.deepEqual([...(await handle.read()).data], [1, 2, 3]);
  await program.close();
});

Deno.test("tfjs says what it cannot do", async () => {
  const options = { engine: "tfjs" } as const;
  const exact = tensor([1, 2], [2], "float64");
  await assert.rejects(
    compile((x: A) => x.mul(2), [exact], options),
    /engine "tfjs" computes in float32.*float64\[2\].*"ort" or "jax"/s,
  );
  await assert.rejects(
    compile((x: A) => np.linalg.cholesky(nn.relu(x)), [tensor([1, 0, 0, 1], [2, 2])], options),
    (error: Error) =>
      error instanceof UnsupportedPrimitive &&
      /the tfjs engine .*"cholesky".*tfjs_test\.ts:\d+:.*lib\/engine\/tfjs\/kernel_table\.ts/s
        .test(error.message),
  );
  const [a, b] = await Promise.all([
    compile((x: A) => x.mul(2), [tensor([1])], options),
    compile((x: A) => x.mul(2), [tensor([1])]),
  ]);
  const foreign: Handle = await b.run(tensor([1]));
  await assert.rejects(a.run(foreign), /argument 0 \(float32\[1\]\) belongs to another engine/);
  await assert.rejects(
    a.run(tensor([1])).then((own: Handle) => b.run(own)),
    /belongs to another engine/,
  );
  await a.close();
  await b.close();
});
