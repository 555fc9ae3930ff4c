/**
 * @file The layers of the models with the shapes on which their gradients are checked, and the measure by which an
 * engine has to agree with jax-js in float64.
 */
import { lax, nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { layer as attention } from "../../lib/layers/sequence/softmax_attention.ts";
import { constant } from "../../lib/layers/constant.ts";
import { rmsNorm } from "../../lib/layers/rms_norm.ts";
import { expandingStatistics } from "../../lib/models/ends/instance_norm.ts";
import { rotaryTable, rotate } from "../../lib/layers/rotary.ts";
import type { Tensor, TracedFunction } from "../../lib/engine/mod.ts";
import { generator, type InputOptions, randomTensor } from "./oracle.ts";

type A = np.Array;
const norm = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((s, v) => s + v * v, 0));

/**
 * Asserts parity of the loss and of every gradient, tensor by tensor:
 * |a - b| <= tolerance max(|b|, 1e-3 of the global gradient norm), with |.| the Euclidean norm of a tensor.
 */
export function assertParity(
  got: readonly Tensor[],
  want: readonly Tensor[],
  tolerance = 1e-5,
): void {
  const [loss, ...grads] = want;
  const bound = tolerance * Math.max(Math.abs(loss.data[0]), 1e-3);
  assert.ok(Math.abs(got[0].data[0] - loss.data[0]) <= bound, `loss ${got[0].data} ${loss.data}`);
  const global = Math.hypot(...grads.map((g) => norm(g.data)));
  grads.forEach((b, i) => {
    const a = got[i + 1];
    assert.deepEqual([...a.shape], [...b.shape]);
    const difference = norm(Array.from(a.data, (x, k) => x - b.data[k]));
    const limit = tolerance * Math.max(norm(b.data), 1e-3 * global);
    assert.ok(difference <= limit, `gradient ${i}: off by ${difference}, allowed ${limit}`);
  });
}

const tableOf = (t: Float64Array<ArrayBuffer>, shape: number[], like: A) =>
  constant(t, shape, like.dtype);

/** The layers of the models: a function of arrays to an array, and the shapes of its inputs. */
export const layers: Record<
  string,
  [(...xs: A[]) => A, (readonly [readonly number[], InputOptions?])[]]
> = {
  "tanh": [(x) => np.tanh(x), [[[3, 7], { low: -5, high: 5 }]]],
  "sigmoid": [(x) => nn.sigmoid(x), [[[3, 7], { low: -9, high: 9 }]]],
  "silu": [(x) => nn.silu(x), [[[3, 7], { low: -9, high: 9 }]]],
  "softplus": [(x) => nn.softplus(x), [[[3, 7], { low: -9, high: 9 }]]],
  "gelu": [(x) => nn.gelu(x), [[[3, 7], { low: -5, high: 5 }]]],
  "gelu, exact": [(x) => nn.gelu(x, { approximate: false }), [[[3, 7], { low: -5, high: 5 }]]],
  "relu": [(x) => nn.relu(x), [[[3, 7]]]],
  "gate: tanh times sigmoid": [(x, y) => np.tanh(x).mul(nn.sigmoid(y)), [[[3, 7]], [[3, 7]]]],
  "tanh of a scaled sum": [(x, y) => np.tanh(x.add(y).mul(0.7)), [[[3, 7]], [[7]]]],
  "softmax": [(x) => nn.softmax(x, -1), [[[2, 3, 5]]]],
  "softmax over axis 0": [(x) => nn.softmax(x, 0), [[[4, 5]]]],
  "softmax of a single class": [(x, y) => nn.softmax(x, -1).mul(y), [[[4, 1]], [[4, 1]]]],
  "logSoftmax": [(x) => nn.logSoftmax(x, -1), [[[3, 5]]]],
  "linear": [(w, b, x) => np.matmul(x, w).add(b), [[[5, 3]], [[3]], [[2, 7, 5]]]],
  "linear of size 1": [(w, b, x) => np.matmul(x, w).add(b), [[[1, 1]], [[1]], [[1, 1]]]],
  "RMS normalisation": [(s, x) => rmsNorm(s, x), [[[5]], [[2, 3, 5]]]],
  "layer normalisation": [(x) => nn.standardize(x, -1), [[[2, 3, 5]]]],
  "rotary": [(x) => {
    const { cos, sin } = rotaryTable(5, 6);
    return rotate(x, tableOf(cos, [5, 6], x), tableOf(sin, [5, 6], x));
  }, [[[2, 5, 6]]]],
  "attention": [(q, k, v, o, b, x) => {
    const map = (weight: A) => ({ weight, bias: b.ref });
    const params = { query: map(q), key: map(k), value: map(v), output: { weight: o, bias: b } };
    return attention.parallel!({ width: 4, heads: 2 }, params, x)[1];
  }, [[[4, 4]], [[4, 4]], [[4, 4]], [[4, 4]], [[4]], [[3, 5, 4]]]],
  "attention over one token": [(q, k, v, o, b, x) => {
    const map = (weight: A) => ({ weight, bias: b.ref });
    const params = { query: map(q), key: map(k), value: map(v), output: { weight: o, bias: b } };
    return attention.parallel!({ width: 2, heads: 1 }, params, x)[1];
  }, [[[2, 2]], [[2, 2]], [[2, 2]], [[2, 2]], [[2]], [[1, 1, 2]]]],
  "expanding statistics": [(m, v, y) => {
    const s = expandingStatistics({ mean: m, variance: v.ref.mul(v).add(0.5) }, y, 3);
    return s.mean.add(s.deviation);
  }, [[[2]], [[2]], [[5, 9, 2]]]],
  "embedding": [(table) => {
    const rows = np.array([0, 2, 2, 4, 2, 0, 1], { dtype: np.int32 });
    return np.take(table, rows, 0);
  }, [[[5, 3]]]],
  "advanced indices": [(x) => {
    const [i, j] = [[0, 2, 2], [1, 0, 0]].map((list) => np.array(list, { dtype: np.int32 }));
    return x.slice(i, j);
  }, [[[3, 4, 2]]]],
  "slice and pad": [(x) => np.pad(x.slice([], [1, 4]), [[0, 1], [2, 0]]), [[[3, 5]]]],
  "split and concatenate": [(x) => {
    const [a, b, c] = np.split(x, [1, 3], 1);
    return np.concatenate([c, np.tanh(a), b], 1);
  }, [[[3, 6]]]],
  "sort": [(x) => np.sort(x, -1).mul(np.arange(5)), [[[3, 5]]]],
  "max": [(x) => np.max(x, 1), [[[3, 5]]]],
  "convolution": [
    (x, w) => lax.conv(x, w, [2], [[1, 2]]),
    [[[2, 3, 9]], [[4, 3, 3]]],
  ],
  "depthwise convolution": [
    (x, w) => lax.convGeneralDilated(x, w, [1], [[3, 0]], { featureGroupCount: 3 }),
    [[[2, 3, 9]], [[3, 1, 4]]],
  ],
  "Fourier mixing": [(x) => {
    const { real, imag } = np.fft.rfft(x);
    return real.mul(2).add(imag);
  }, [[[3, 7]]]],
  "triangular solve": [
    (a, b) =>
      lax.linalg.triangularSolve(a.add(np.eye(5).mul(4).astype(a.dtype)), b, {
        leftSide: true,
        lower: true,
      }),
    [[[5, 5], { low: -1, high: 1 }], [[5, 2]]],
  ],
  "LSTM cell, unrolled": [(w, u, x) => {
    const [batch, steps, d] = [2, 3, 4];
    let h = np.zeros([batch, d]).astype(x.dtype);
    let c = np.zeros([batch, d]).astype(x.dtype);
    const inputs = np.split(np.matmul(x, w), steps, 1);
    for (const input of inputs) {
      const gates = input.reshape([batch, 4 * d]).add(np.matmul(h, u.ref));
      const [i, f, g, o] = np.split(gates, 4, -1);
      c = c.mul(nn.sigmoid(f)).add(nn.sigmoid(i).mul(np.tanh(g)));
      h = nn.sigmoid(o).mul(np.tanh(c.ref));
    }
    u.dispose();
    c.dispose();
    return h;
  }, [[[5, 16]], [[4, 16]], [[2, 3, 5]]]],
  "linear attention": [(q, k, v) => {
    const mask = np.tri(5).astype(q.dtype);
    return np.matmul(np.matmul(q, np.transpose(k, [0, 2, 1])).mul(mask), v);
  }, [[[2, 5, 3]], [[2, 5, 3]], [[2, 5, 4]]]],
  "Monarch": [(l, r, x) => {
    const [batch] = x.shape;
    const first = np.einsum("bij,nbj->nbi", l, x.reshape([batch, 3, 4]));
    const second = np.einsum("bij,nbj->nbi", r, np.transpose(first, [0, 2, 1]));
    return np.transpose(second, [0, 2, 1]).reshape([batch, 12]);
  }, [[[3, 4, 4]], [[4, 3, 3]], [[5, 12]]]],
};

/**
 * Loss and gradients of the layer number `i` as one function, with arguments for it.
 * @param both ours by default.
 */
export function layerStep(
  name: string,
  i: number,
  both: TracedFunction = valueAndGrad,
): { step: TracedFunction; args: Tensor[] } {
  const [fn, inputs] = layers[name];
  const random = generator(100 + i);
  const args = inputs.map(([shape, options]) => randomTensor(random, shape, options));
  // Random weights on the outputs, so that no gradient is zero by symmetry.
  const probe = (y: A) => {
    const weights = Float32Array.from({ length: y.size }, (_, k) => Math.sin(3 * k + 1));
    const w = np.array(weights, { shape: y.shape }).astype(y.dtype);
    return np.sum(y.ref.mul(w)).add(np.mean(y.ref.mul(y)));
  };
  const loss = (...xs: A[]) => probe(fn(...xs));
  const argnums = args.map((_, k) => k);
  return { step: both(loss, { argnums }), args };
}
