/**
 * @file Loops over layers and over time: loss and gradients of a chain agree with the same model unrolled in jax-js float64,
 * the graph does not grow with depth, and checkpointing changes nothing but memory.
 */
import { init as initJax, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { type Block } from "../../lib/engine/chain.ts";
import { compileChain } from "../../lib/engine/chain_program.ts";
import { isSpecLike, type Spec, type Tensor, tensor } from "../../lib/engine/mod.ts";
import { gruCell, lruCell, lstmCell } from "../../lib/layers/recurrent.ts";
import { generator, randomTensor, runJax } from "./oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const f32 = (...shape: number[]): Spec => ({ dtype: "float32", shape });
const loss = (y: np.Array, target: np.Array) => {
  const error = y.sub(target);
  return np.mean(error.ref.mul(error));
};
/** Hands the gradients out instead of training. */
const gradients = (params: Any, grads: Any, _state: Any, rate: np.Array) => {
  tree.dispose(params);
  rate.dispose();
  return grads;
};

async function chainGradients(blocks: Block[], params: Tensor[][], x: Tensor, target: Tensor) {
  const program = await compileChain({
    blocks,
    x,
    target,
    loss,
    update: gradients,
    state: [],
  });
  const { value, result } = await program.run(params, [], x, target, tensor(0));
  const read = async (h: Any): Promise<Tensor> => await h.read();
  const grads: Tensor[] = [];
  for (const block of result) for (const leaf of block) grads.push(await read(leaf));
  const out = { value: await read(value), grads, report: program.report };
  await program.close();
  return out;
}

function assertSame(got: Tensor[], want: readonly Tensor[], tolerance: number): void {
  const norm = (x: ArrayLike<number>) => Math.hypot(...Array.from(x));
  const global = Math.hypot(...want.map((t) => norm(t.data)));
  want.forEach((b, i) => {
    assert.deepEqual([...got[i].shape], [...b.shape]);
    const difference = norm(Array.from(b.data, (x, k) => x - got[i].data[k]));
    assert.ok(difference <= tolerance * Math.max(norm(b.data), 1e-3 * global), `tensor ${i}`);
  });
}

/** A residual layer that is not linear, so that the inputs of every layer matter. */
const layer = ({ w, b }: { w: np.Array; b: np.Array }, x: np.Array) =>
  x.ref.add(np.tanh(np.matmul(x, w).add(b)).mul(0.5));

for (
  const [layers, segments] of [[1, undefined], [7, undefined], [6, 3], [6, 6], [8, 1]] as const
) {
  Deno.test(`${layers} layers in ${segments ?? "no"} segments agree with the unrolled model`, async () => {
    const random = generator(layers);
    const [batch, d] = [3, 5];
    const w = randomTensor(random, [layers, d, d], { low: -0.5, high: 0.5 });
    const b = randomTensor(random, [layers, d]);
    const head = randomTensor(random, [d, 2]);
    const [x, target] = [randomTensor(random, [batch, d]), randomTensor(random, [batch, 2])];
    const blocks: Block[] = [
      { kind: "layers", fn: layer, params: { w: f32(d, d), b: f32(d) }, layers, segments },
      { kind: "apply", fn: (h: np.Array, x: np.Array) => np.matmul(x, h), params: f32(d, 2) },
    ];
    const got = await chainGradients(blocks, [[w, b], [head]], x, target);
    const unrolled = (w: np.Array, b: np.Array, head: np.Array, x: np.Array, t: np.Array) => {
      const ws = np.split(w, layers, 0).map((v) => np.squeeze(v, 0));
      const bs = np.split(b, layers, 0).map((v) => np.squeeze(v, 0));
      let h = x;
      ws.forEach((w, l) => h = layer({ w, b: bs[l] }, h));
      return loss(np.matmul(h, head), t);
    };
    const want = runJax(
      (valueAndGrad as Any)(unrolled, { argnums: [0, 1, 2] }),
      [w, b, head, x, target],
      "float64",
    );
    assertSame([got.value, ...got.grads], want, 1e-5);
  });
}

const [length, batch, d, h] = [9, 2, 3, 4];

interface Cell {
  // deno-lint-ignore no-explicit-any
  cell: (p: any, state: any, x: np.Array) => [any, np.Array];
  /** Shapes of the parameters and of the state, as trees. */
  params: Any;
  state: Any;
  /** Width of the projected input and of the output. */
  input: number;
  output: number;
}
const cells: Record<string, Cell> = {
  LSTM: {
    cell: lstmCell,
    params: f32(h, 4 * h),
    state: { h: f32(batch, h), c: f32(batch, h) },
    input: 4 * h,
    output: h,
  },
  GRU: {
    cell: gruCell,
    params: { u: f32(h, 3 * h), b: f32(3 * h) },
    state: f32(batch, h),
    input: 3 * h,
    output: h,
  },
  LRU: {
    cell: lruCell,
    params: { nu: f32(h), theta: f32(h) },
    state: { re: f32(batch, h), im: f32(batch, h) },
    input: 2 * h,
    output: 2 * h,
  },
};

for (const [name, { cell, params, state, input, output }] of Object.entries(cells)) {
  Deno.test(`${name} as a loop over time agrees with the unrolled one`, async () => {
    const random = generator(name.length + h);
    const specs = isSpecLike(params) ? [params] : Object.values(params) as Spec[];
    const own = specs.map((s) => randomTensor(random, s.shape, { low: -1, high: 1 }));
    const [w, head] = [randomTensor(random, [d, input]), randomTensor(random, [output, 2])];
    const x = randomTensor(random, [length, batch, d]);
    const target = randomTensor(random, [length, batch, 2]);
    const project = (w: np.Array, x: np.Array) => np.matmul(x, w);
    const blocks: Block[] = [
      { kind: "apply", fn: project, params: f32(d, input) },
      { kind: "recurrence", fn: cell, params, state },
      { kind: "apply", fn: project, params: f32(output, 2) },
    ];
    const got = await chainGradients(blocks, [[w], own, [head]], x, target);
    const unrolled = (...args: np.Array[]) => {
      const [t, x, head, w] = [args.pop()!, args.pop()!, args.pop()!, args.shift()!];
      const rebuild = () =>
        isSpecLike(params)
          ? args[0].ref
          : Object.fromEntries(Object.keys(params).map((key, i) => [key, args[i].ref]));
      const zero = (s: Spec) => np.zeros([...s.shape]).astype(x.dtype);
      let current: Any = isSpecLike(state)
        ? zero(state)
        : Object.fromEntries(Object.entries(state).map(([k, s]) => [k, zero(s as Spec)]));
      const ys = np.split(project(w, x.ref), length, 0).map((slice) => {
        const [next, y] = cell(rebuild(), current, np.squeeze(slice, 0));
        current = next;
        return y;
      });
      return loss(np.matmul(np.stack(ys, 0), head), t);
    };
    const args = [w, ...own, head, x, target];
    const argnums = args.slice(0, -2).map((_, i) => i);
    const want = runJax((valueAndGrad as Any)(unrolled, { argnums }), args, "float64");
    assertSame([got.value, ...got.grads], want, 1e-5);
  });
}

Deno.test("the graph does not grow with depth", async () => {
  const report = async (layers: number) => {
    const d = 4;
    const blocks: Block[] = [
      { kind: "layers", fn: layer, params: { w: f32(d, d), b: f32(d) }, layers },
    ];
    const [w, b] = [tensor(0.01, [layers, d, d]), tensor(0, [layers, d])];
    const x = tensor(1, [2, d]);
    return (await chainGradients(blocks, [[w, b]], x, x)).report.nodes;
  };
  assert.equal(await report(3000), await report(10));
});

Deno.test("a block of layers that changes the shape is refused", async () => {
  const blocks: Block[] = [
    {
      kind: "layers",
      fn: (w: np.Array, x: np.Array) => np.matmul(x, w),
      params: f32(4, 3),
      layers: 2,
    },
  ];
  const x = tensor(1, [2, 4]);
  await assert.rejects(chainGradients(blocks, [[tensor(1, [2, 4, 3])]], x, x), /keep its shape/);
});

Deno.test("segments that do not divide the layers are refused", async () => {
  const params = { w: f32(4, 4), b: f32(4) };
  const blocks: Block[] = [{ kind: "layers", fn: layer, params, layers: 6, segments: 4 }];
  const x = tensor(1, [2, 4]);
  await assert.rejects(
    chainGradients(blocks, [[tensor(1, [6, 4, 4]), tensor(1, [6, 4])]], x, x),
    { name: "RangeError", message: "4 segments do not divide 6 layers; choose a divisor" },
  );
});
