/** @file Convolutions and pooling windows against plain loops: strides, dilations, pads that cut, mapped axes, no spatial axis. */
import assert from "node:assert/strict";
import type { ConvParams } from "../../../lib/engine/graph.ts";
import { type DType, hostArray, sizeOf, type Tensor } from "../../../lib/engine/mod.ts";
import { runGraph } from "../graph_runner.ts";
import { assertClose, generator, randomTensor } from "../oracle.ts";

/** Calls `visit` with every index into an array of this shape. */
function eachIndex(shape: readonly number[], visit: (index: number[]) => void): void {
  for (let n = 0; n < sizeOf(shape); n++) {
    let left = n;
    const index = shape.map(() => 0);
    for (let i = shape.length - 1; i >= 0; i--) {
      index[i] = left % shape[i];
      left = (left - index[i]) / shape[i];
    }
    visit(index);
  }
}

const flat = (shape: readonly number[], index: readonly number[]) =>
  shape.reduce((at, d, i) => at * d + index[i], 0);

interface Convolution extends ConvParams {
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
}

function outputShape({ lhs, rhs, vmapDims: v, ...p }: Convolution): number[] {
  const spatial = p.strides.map((stride, i) => {
    const wide = (lhs[v + 2 + i] - 1) * p.lhsDilation[i] + 1 + p.padding[i][0] + p.padding[i][1];
    const kernel = (rhs[v + 2 + i] - 1) * p.rhsDilation[i] + 1;
    return Math.floor((wide - kernel) / stride) + 1;
  });
  const mapped = lhs.slice(0, v).map((d, i) => Math.max(d, rhs[i]));
  return [...mapped, lhs[v], rhs[v], ...spatial];
}

/** Every output element as the sum over channels and kernel positions that hit an input element. */
function byLoops(c: Convolution, x: Tensor, w: Tensor): Tensor {
  const { vmapDims: v, lhs, rhs } = c;
  const shape = outputShape(c);
  const data = hostArray("float64", sizeOf(shape));
  eachIndex(shape, (index) => {
    const [n, out] = [index[v], index[v + 1]];
    let sum = 0;
    eachIndex(rhs.slice(v + 1), ([channel, ...kernel]) => {
      const at = kernel.map((k, i) => {
        const wide = index[v + 2 + i] * c.strides[i] + k * c.rhsDilation[i] - c.padding[i][0];
        return wide % c.lhsDilation[i] === 0 ? wide / c.lhsDilation[i] : -1;
      });
      if (at.some((a, i) => a < 0 || a >= lhs[v + 2 + i])) return;
      const mapped = (of: readonly number[]) =>
        index.slice(0, v).map((m, i) => (of[i] === 1 ? 0 : m));
      sum += x.data[flat(lhs, [...mapped(lhs), n, channel, ...at])] *
        w.data[flat(rhs, [...mapped(rhs), out, channel, ...kernel])];
    });
    data[flat(shape, index)] = sum;
  });
  return { dtype: "float64", shape, data };
}

const line = (
  lhs: number[],
  rhs: number[],
  stride = 1,
  pad: [number, number] = [0, 0],
  lhsDilation = 1,
  rhsDilation = 1,
): Convolution => ({
  lhs,
  rhs,
  vmapDims: lhs.length - 3,
  strides: [stride],
  padding: [pad],
  lhsDilation: [lhsDilation],
  rhsDilation: [rhsDilation],
});

const convolutions: Record<string, Convolution> = {
  plain: line([2, 3, 7], [4, 3, 3]),
  "a kernel of one": line([2, 3, 7], [4, 3, 1]),
  "one of everything": line([1, 1, 1], [1, 1, 1]),
  strided: line([2, 3, 8], [4, 3, 3], 2),
  "padded unevenly": line([2, 3, 7], [4, 3, 3], 1, [1, 3]),
  "padded by less than nothing": line([2, 3, 9], [4, 3, 3], 1, [-1, -2]),
  "cut in front, padded behind": line([2, 3, 7], [4, 3, 2], 3, [-2, 1]),
  "input dilated": line([2, 3, 4], [2, 3, 3], 1, [2, 2], 3),
  "input dilated and strided": line([2, 3, 4], [2, 3, 2], 2, [0, 1], 2),
  "kernel dilated": line([2, 3, 9], [2, 3, 3], 1, [1, 0], 1, 2),
  "everything at once": line([2, 3, 5], [2, 3, 3], 2, [-1, 3], 3, 2),
  "mapped over both": line([3, 2, 4, 7], [3, 5, 4, 2], 1, [1, 0]),
  "mapped over the input": line([3, 2, 4, 7], [1, 5, 4, 2], 2),
  "mapped over the kernels": line([1, 2, 4, 7], [3, 5, 4, 2], 1, [0, 2], 2),
  "mapped twice": line([2, 3, 2, 4, 5], [2, 1, 5, 4, 2]),
  "over nothing": {
    lhs: [2, 3],
    rhs: [4, 3],
    vmapDims: 0,
    strides: [],
    padding: [],
    lhsDilation: [],
    rhsDilation: [],
  },
  "over a plane": {
    lhs: [2, 3, 7, 5],
    rhs: [4, 3, 2, 3],
    vmapDims: 0,
    strides: [2, 1],
    padding: [[1, 2], [-1, 1]],
    lhsDilation: [1, 2],
    rhsDilation: [2, 1],
  },
  "over a space": {
    lhs: [1, 2, 3, 4, 5],
    rhs: [2, 2, 2, 1, 3],
    vmapDims: 0,
    strides: [1, 2, 1],
    padding: [[0, 1], [0, 0], [1, 0]],
    lhsDilation: [1, 1, 1],
    rhsDilation: [1, 1, 1],
  },
};

Deno.test("convolutions are the sums of plain loops", async (t) => {
  for (const [name, c] of Object.entries(convolutions)) {
    await t.step(name, async () => {
      const [x, w] = [randomTensor(generator(1), c.lhs), randomTensor(generator(2), c.rhs)];
      const { lhs: _, rhs: __, ...params } = c;
      const [y] = await runGraph(
        [x, w],
        (g, xs) => [g.emit("conv", xs, params, outputShape(c), "float32")],
      );
      assertClose(y, byLoops(c, x, w), 2e-6, name);
    });
  }
});

interface Pool {
  readonly lead: number[];
  readonly spatial: number[];
  readonly window: number[];
  readonly strides: number[];
}
const pools: Record<string, Pool> = {
  "windows that overlap": { lead: [2], spatial: [9], window: [4], strides: [2] },
  "windows that touch": { lead: [], spatial: [6], window: [2], strides: [2] },
  "windows with gaps": { lead: [2, 3], spatial: [11], window: [2], strides: [4] },
  "windows of one": { lead: [3], spatial: [5], window: [1], strides: [1] },
  "one window": { lead: [1], spatial: [4], window: [4], strides: [3] },
  "windows of a plane": { lead: [2], spatial: [5, 7], window: [2, 3], strides: [1, 2] },
};

const windowsOf = ({ spatial, window, strides }: Pool) =>
  spatial.map((d, i) => Math.floor((d - window[i]) / strides[i]) + 1);

Deno.test("windows are read and added back as by plain loops", async (t) => {
  for (const [name, pool] of Object.entries(pools)) {
    await t.step(name, async () => {
      const { lead, spatial, window, strides } = pool;
      const whole = [...lead, ...spatial];
      const cut = [...lead, ...windowsOf(pool), ...window];
      const source = (index: number[]) => {
        const k = spatial.length;
        const at = spatial.map((_, i) =>
          index[lead.length + i] * strides[i] + index[lead.length + k + i]
        );
        return flat(whole, [...index.slice(0, lead.length), ...at]);
      };
      for (const dtype of ["float32", "float64"] as DType[]) {
        const x = randomTensor(generator(3), whole, { dtype });
        const g = randomTensor(generator(4), cut, { dtype });
        const [windows, back] = await runGraph([x, g], (graph, [x, g]) => [
          graph.emit("pool", [x], { window, strides }, cut, dtype),
          graph.emit("pool_transpose", [g], { inShape: whole, window, strides }, whole, dtype),
        ]);
        const want = hostArray("float64", sizeOf(cut));
        const sums = hostArray("float64", sizeOf(whole));
        eachIndex(cut, (index) => {
          want[flat(cut, index)] = x.data[source(index)];
          sums[source(index)] += g.data[flat(cut, index)];
        });
        assertClose(windows, { dtype, shape: cut, data: want }, 0, name);
        assertClose(back, { dtype, shape: whole, data: sums }, 1e-6, name);
        assert.equal(back.dtype, dtype);
      }
    });
  }
});
