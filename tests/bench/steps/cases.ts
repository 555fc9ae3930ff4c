/** @file The training steps that `bench engine` measures, each with Adam; sizes as in torch_steps.py and jax_steps.py. */
import { lax, numpy as np, random } from "@jax-js/jax";
import { sizeOf, type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { scan } from "../../../lib/engine/scan.ts";
import { linear } from "../../../lib/layers/linear.ts";
import { monarch } from "../../../lib/layers/monarch.ts";
import { layer as attention } from "../../../lib/layers/sequence/softmax_attention.ts";
import { layer as gru } from "../../../lib/layers/sequence/gru.ts";
import { layer as lru } from "../../../lib/layers/sequence/lru.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
import { model as stack } from "../../../lib/models/stack.ts";
import { patchLoss } from "../../../lib/tasks/filtering/next_patch.ts";
import { publishedCases } from "./published_cases.ts";
import { type Case, mse, noise, plain } from "./training_step.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const transformerCase = (d: number, layers: number, batch: number): Case => ({
  name: `Transformer d=${d} L=${layers}, ${batch} x 256 tokens`,
  torch: `transformer-${d}`,
  start(threads) {
    const choice = { name: "softmax_attention", layer: attention, options: {} };
    const model = stack.configure({ width: d }, {
      signature: { kind: "series", channels: 2 },
      layers: Array(layers).fill(choice),
    });
    const x = { y: noise([batch, 256, 2]), weights: tensor(1, [255, 1, 1]) };
    const loss = (p: Any, { y, weights }: Any, t: np.Array) =>
      patchLoss(model.apply(p, y.ref), y, weights).add(t.mul(0));
    return plain(loss, model.init(0), x, tensor(0), threads);
  },
});

const arrayOf = ({ data, shape }: Tensor) =>
  np.array(data as Float32Array<ArrayBuffer>, { shape: [...shape] });

/** `layers` identity matrices of the given shape. */
function identities(layers: number, ...shape: number[]): np.Array {
  const n = shape.at(-1)!;
  const full = [layers, ...shape];
  const one = (i: number) => Number(i % n === Math.floor(i / n) % n);
  return arrayOf(tensor(Float32Array.from({ length: sizeOf(full) }, (_, i) => one(i)), full));
}

/** A loop over layers. */
const layered = (
  name: string,
  torch: string,
  layer: (params: Any, x: np.Array) => np.Array,
  init: () => Any,
  width: number,
): Case => ({
  name,
  torch,
  start(threads) {
    const loss = (params: Any, x: np.Array, target: np.Array) => {
      const [y] = scan((_, x: np.Array, w: Any) => [layer(w, x), []], [], x, params);
      return mse(y, target);
    };
    return plain(loss, init(), noise([32, width]), noise([32, width]), threads);
  },
});

const dense = (w: np.Array, x: np.Array) => np.matmul(x, w);

/** Projection, loop over time, head; data are time-major [T, B, d]. */
const recurrent = (
  name: string,
  torch: string,
  cell: Any,
  own: () => Any,
  state: () => Any,
  [length, d, input, output, heads]: number[],
): Case => ({
  name,
  torch,
  start(threads) {
    const affine = (inputs: number, outputs: number) => ({
      weight: arrayOf(noise([inputs, outputs], 0.1)),
      bias: np.zeros([outputs]),
    });
    const params = { enter: affine(d, input), cell: own(), leave: affine(output, heads) };
    const loss = (p: Any, x: np.Array, target: np.Array) => {
      const [, y] = scan(cell, p.cell, state(), linear(p.enter, x)) as [Any, np.Array];
      return mse(linear(p.leave, y), target);
    };
    return plain(loss, params, noise([length, 16, d]), noise([length, 16, heads]), threads);
  },
});

/** Moving average of 25 along the last axis of x [B, C, T], replicating the ends. */
function movingAverage(x: np.Array): np.Array {
  const [batch, channels, length] = x.shape;
  const end = (at: number) =>
    np.broadcastTo(x.ref.slice([], [], [at, at + 1]), [batch, channels, 12]);
  const padded = np.concatenate([end(0), x.ref, end(length - 1)], 2);
  x.dispose();
  const rows = padded.reshape([batch * channels, 1, length + 24]);
  return lax.conv(rows, np.full([1, 1, 25], 1 / 25), [1], "VALID").reshape([
    batch,
    channels,
    length,
  ]);
}

const dlinear: Case = {
  name: "DLinear L=336, horizon 96",
  torch: "dlinear",
  start(threads) {
    const [lookback, horizon] = [336, 96];
    const loss = (p: Any, x: np.Array, target: np.Array) => {
      const trend = movingAverage(x.ref);
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
const small = (...shape: number[]) => arrayOf(noise(shape, 0.1));
const zeros = () => np.zeros([16, h]);
export const cases: Case[] = [
  transformerCase(64, 2, 16),
  transformerCase(256, 4, 4),
  ...[10, 100, 1000].map((n) =>
    layered(
      `deep linear, ${n} layers of 64`,
      `deep-linear-${n}`,
      dense,
      () => identities(n, 64, 64),
      64,
    )
  ),
  layered(
    "Monarch, 100 layers of 512",
    "monarch-100",
    monarch,
    () => ({ l: identities(100, 16, 32, 32), r: identities(100, 32, 16, 16) }),
    512,
  ),
  recurrent(
    "LSTM h=64, T=96",
    "lstm",
    (u: np.Array, state: Any, x: np.Array) =>
      lstm.cell({ width: h }, { recurrent: u } as Any, state, x),
    () => small(h, 4 * h),
    () => ({ h: zeros(), c: zeros() }),
    [96, h, 4 * h, h, 1],
  ),
  recurrent(
    "GRU h=64, T=96",
    "gru",
    (p: Any, state: np.Array, x: np.Array) =>
      gru.cell({ width: h }, { recurrent: p } as Any, state, x),
    () => ({ weight: small(h, 3 * h), bias: small(3 * h) }),
    zeros,
    [96, h, 3 * h, h, 1],
  ),
  recurrent(
    "LRU d=64, T=256",
    "lru",
    (p: Any, state: Any, x: np.Array) => {
      const [re, im] = np.split(x, 2, -1);
      const [next, y] = lru.cell({ state: h } as Any, p, state, { re, im }) as [Any, Any];
      return [next, np.concatenate([y.re, y.im], -1)];
    },
    () => ({ nu: small(h), theta: small(h) }),
    () => ({ re: zeros(), im: zeros() }),
    [256, h, 2 * h, 2 * h, h],
  ),
  dlinear,
  ...publishedCases,
];
