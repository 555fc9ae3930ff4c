/** @file The training steps that `bench engine` measures, each with Adam; sizes as in torch_steps.py and jax_steps.py. */
import { numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";
import type { Block } from "../../../lib/engine/chain.ts";
import { compileChain } from "../../../lib/engine/chain_program.ts";
import {
  compile,
  type Program,
  sizeOf,
  type Spec,
  type Tensor,
  tensor,
} from "../../../lib/engine/mod.ts";
import { linear } from "../../../lib/layers/linear.ts";
import { monarch } from "../../../lib/layers/monarch.ts";
import { gruCell, lruCell, lstmCell } from "../../../lib/layers/recurrent.ts";
import * as transformer from "../../../lib/models/transformer.ts";
import { adamwInit, adamwUpdate } from "../../../lib/train/adamw.ts";
import { disposeTree, toHost } from "../../../lib/train/host.ts";
import { nextPatchLoss, unitStatistics } from "../../../lib/train/next_patch.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

export interface Step {
  /** One training step; waits for its loss. */
  run(): Promise<void>;
  close(): Promise<void>;
}

export interface Case {
  readonly name: string;
  /** Its name in torch_steps.py and jax_steps.py. */
  readonly torch: string;
  readonly steps: number;
  start(threads: number): Promise<Step>;
}

const f32 = (...shape: number[]): Spec => ({ dtype: "float32", shape });
const noise = (shape: number[], scale = 1): Tensor =>
  tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * Math.sin(i * i)), shape);
const mse = (y: np.Array, target: np.Array) => {
  const error = y.sub(target);
  return np.mean(error.ref.mul(error));
};

/** Repeats a program whose results are its next arguments. */
function repeat(program: Program, initial: Any, data: Any[], take: (out: Any) => Any): Step {
  let { params, state } = initial;
  return {
    async run() {
      const out = await program.run(params, state, ...data, tensor(1e-4));
      await out.value.read();
      disposeTree([params, state, out.value]);
      ({ params, state } = take(out));
    },
    close: () => program.close(),
  };
}

/** A step of a plain jax-js function `loss(params, x, target)`. */
async function plain(
  loss: (params: Any, x: Any, target: np.Array) => np.Array,
  params: Any,
  x: Any,
  target: Tensor,
  threads: number,
): Promise<Step> {
  const initial = { params: toHost(tree.ref(params)), state: toHost(adamwInit(params)) };
  const update = (p: Any, s: Any, x: Any, t: np.Array, rate: np.Array) => {
    const [value, grads] = (valueAndGrad(loss as Any) as Any)(tree.ref(p), x, t);
    return { value, ...adamwUpdate(p, grads, s, rate) };
  };
  const example = [initial.params, initial.state, x, target, tensor(0)];
  const program = await compile(update, example, { threads });
  return repeat(program, initial, [x, target], (out) => out);
}

/** A step of a chain of blocks with parameters as lists of leaves. */
async function chained(
  blocks: Block[],
  params: Tensor[][],
  x: Tensor,
  target: Tensor,
  threads: number,
): Promise<Step> {
  const zeros = () => params.map((leaves) => leaves.map(({ shape }) => tensor(0, shape)));
  const state = { first: zeros(), second: zeros(), count: tensor(0) };
  const program = await compileChain({
    blocks,
    x,
    target,
    loss: mse,
    state: state as Any,
    update: (p: Any, g: Any, s: Any, rate: np.Array) => adamwUpdate(p, g, s, rate),
    threads,
  });
  return repeat(program, { params, state }, [x, target], (out) => out.result);
}

const transformerCase = (d: number, layers: number, batch: number, steps: number): Case => ({
  name: `Transformer d=${d} L=${layers}, ${batch} x 256 tokens`,
  torch: `transformer-${d}`,
  steps,
  start(threads) {
    const config = transformer.configure({ dModel: d, layers }, 2);
    const loss = nextPatchLoss(transformer as Any, config);
    const x = {
      y: noise([batch, 256, 2]),
      weights: tensor(1, [255, 1, 1]),
      train: unitStatistics(2),
    };
    const scalar = (p: Any, x: Any, t: np.Array) => loss(p, x).add(t.mul(0));
    return plain(scalar, transformer.init(config, 0), x, tensor(0), threads);
  },
});

/** `layers` identity matrices of the given shape. */
function identities(layers: number, ...shape: number[]): Tensor {
  const n = shape.at(-1)!;
  const full = [layers, ...shape];
  return tensor(
    Float32Array.from(
      { length: sizeOf(full) },
      (_, i) => Number(i % n === Math.floor(i / n) % n),
    ),
    full,
  );
}

const layered = (
  name: string,
  torch: string,
  layers: number,
  fn: Any,
  params: Any,
  initial: Tensor[],
  width: number,
): Case => ({
  name,
  torch,
  steps: layers > 500 ? 4 : 20,
  start: (threads) =>
    chained(
      [{ kind: "layers", fn, params, layers }],
      [initial],
      noise([32, width]),
      noise([32, width]),
      threads,
    ),
});

const dense = (w: np.Array, x: np.Array) => np.matmul(x, w);

/** Projection, loop over time, head; data are time-major [T, B, d]. */
const recurrent = (
  name: string,
  torch: string,
  cell: Any,
  params: Any,
  own: number[][],
  state: Any,
  [length, d, input, output, heads]: number[],
): Case => ({
  name,
  torch,
  steps: 6,
  start(threads) {
    const affine = (inputs: number, outputs: number) => ({
      weight: f32(inputs, outputs),
      bias: f32(outputs),
    });
    const blocks: Block[] = [
      { kind: "apply", fn: linear, params: affine(d, input) },
      { kind: "recurrence", fn: cell, params, state },
      { kind: "apply", fn: linear, params: affine(output, heads) },
    ];
    const leaves = [
      [noise([d, input], 0.1), tensor(0, [input])],
      own.map((shape) => noise(shape, 0.1)),
      [noise([output, heads], 0.1), tensor(0, [heads])],
    ];
    return chained(blocks, leaves, noise([length, 16, d]), noise([length, 16, heads]), threads);
  },
});

/** Moving average of 25 as a product with a constant band, replicating the ends. */
function movingAverage(length: number): Float32Array<ArrayBuffer> {
  const band = new Float32Array(length * length);
  for (let t = 0; t < length; t++) {
    for (let k = -12; k <= 12; k++) {
      band[Math.min(length - 1, Math.max(0, t + k)) * length + t] += 1 / 25;
    }
  }
  return band;
}

const dlinear: Case = {
  name: "DLinear L=336, horizon 96",
  torch: "dlinear",
  steps: 20,
  start(threads) {
    const [lookback, horizon] = [336, 96];
    const loss = (p: Any, x: np.Array, target: np.Array) => {
      const band = np.array(movingAverage(lookback), { shape: [lookback, lookback] });
      const trend = np.matmul(x.ref, band);
      const y = linear(p.trend, trend.ref).add(linear(p.rest, x.sub(trend)));
      return mse(y, target);
    };
    const map = (seed: number) => ({
      weight: random.normal(random.key(seed), [lookback, horizon]).mul(0.05),
      bias: np.zeros([horizon]),
    });
    const params = { trend: map(0), rest: map(1) };
    return plain(loss, params, noise([32, 7, lookback]), noise([32, 7, horizon]), threads);
  },
};

const h = 64;
export const cases: Case[] = [
  transformerCase(64, 2, 16, 6),
  transformerCase(256, 4, 4, 2),
  ...[10, 100, 1000].map((n) =>
    layered(`deep linear, ${n} layers of 64`, `deep-linear-${n}`, n, dense, f32(64, 64), [
      identities(n, 64, 64),
    ], 64)
  ),
  layered(
    "Monarch, 100 layers of 512",
    "monarch-100",
    100,
    monarch,
    { l: f32(16, 32, 32), r: f32(32, 16, 16) },
    [identities(100, 16, 32, 32), identities(100, 32, 16, 16)],
    512,
  ),
  recurrent("LSTM h=64, T=96", "lstm", lstmCell, f32(h, 4 * h), [[h, 4 * h]], {
    h: f32(16, h),
    c: f32(16, h),
  }, [96, h, 4 * h, h, 1]),
  recurrent(
    "GRU h=64, T=96",
    "gru",
    gruCell,
    { u: f32(h, 3 * h), b: f32(3 * h) },
    [
      [h, 3 * h],
      [3 * h],
    ],
    f32(16, h),
    [96, h, 3 * h, h, 1],
  ),
  recurrent("LRU d=64, T=256", "lru", lruCell, { nu: f32(h), theta: f32(h) }, [[h], [h]], {
    re: f32(16, h),
    im: f32(16, h),
  }, [256, h, 2 * h, 2 * h, h]),
  dlinear,
];
