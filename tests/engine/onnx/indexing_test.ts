/** @file Gathering, scattering and sorting against plain loops. */
import assert from "node:assert/strict";
import { type DType, hostArray, sizeOf, type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { runGraph } from "../graph_runner.ts";
import { assertClose, generator, randomTensor } from "../oracle.ts";

const flat = (shape: readonly number[], index: readonly number[]) =>
  shape.reduce((at, d, i) => at * d + index[i], 0);

function indicesOf(shape: readonly number[]): number[][] {
  return Array.from({ length: sizeOf(shape) }, (_, n) => {
    const index: number[] = [];
    for (const d of shape.toReversed()) {
      index.unshift(n % d);
      n = Math.floor(n / d);
    }
    return index;
  });
}

interface Indexing {
  readonly shape: readonly number[];
  /** The indexed axes, and for each the shape of its indices. */
  readonly axis: readonly number[];
  readonly indices: readonly (readonly number[])[];
  /** Where the axes of the indices come to lie in the result. */
  readonly outDim: number;
}

const cases: Record<string, Indexing> = {
  "rows": { shape: [4, 3], axis: [0], indices: [[5]], outDim: 0 },
  "columns": { shape: [3, 4], axis: [1], indices: [[5]], outDim: 1 },
  "columns, in front": { shape: [3, 4], axis: [1], indices: [[5]], outDim: 0 },
  "rows, behind": { shape: [4, 3], axis: [0], indices: [[5]], outDim: 1 },
  "a middle axis by a matrix": { shape: [2, 5, 3], axis: [1], indices: [[2, 4]], outDim: 1 },
  "by a single index": { shape: [4, 3], axis: [0], indices: [[]], outDim: 0 },
  "two axes by pairs": { shape: [4, 3, 2], axis: [0, 1], indices: [[5], [5]], outDim: 0 },
  "two axes apart": { shape: [4, 2, 3], axis: [0, 2], indices: [[5], [5]], outDim: 0 },
  "two axes apart, behind": { shape: [4, 2, 3], axis: [0, 2], indices: [[5], [5]], outDim: 1 },
  "two axes by a grid": { shape: [4, 5, 2], axis: [0, 1], indices: [[3, 1], [4]], outDim: 0 },
  "a grid of lower rank": { shape: [4, 5, 2], axis: [0, 1], indices: [[4], [3, 1]], outDim: 0 },
  "three axes": { shape: [3, 4, 2], axis: [0, 1, 2], indices: [[6], [1], []], outDim: 0 },
};

/** For every element of the result, the element it is read from. */
function plan(c: Indexing, indices: readonly Tensor[]) {
  const rank = Math.max(...c.indices.map((s) => s.length));
  const common = Array.from(
    { length: rank },
    (_, i) => Math.max(...c.indices.map((s) => s[s.length - rank + i] ?? 1)),
  );
  const rest = [...c.shape.keys()].filter((i) => !c.axis.includes(i));
  const outer = rest.map((i) => c.shape[i]);
  const shape = outer.toSpliced(c.outDim, 0, ...common);
  const sources = indicesOf(shape).map((index) => {
    const own = index.slice(c.outDim, c.outDim + rank);
    const others = index.toSpliced(c.outDim, rank);
    const source = c.shape.map(() => 0);
    rest.forEach((i, k) => source[i] = others[k]);
    c.axis.forEach((i, k) => {
      const s = c.indices[k];
      const at = own.slice(rank - s.length).map((x, j) => (s[j] === 1 ? 0 : x));
      const wanted = indices[k].data[flat(s, at)];
      source[i] = wanted < 0 ? wanted + c.shape[i] : wanted;
    });
    return flat(c.shape, source);
  });
  return { shape, sources };
}

Deno.test("elements are gathered, and scattered back, as by plain loops", async (t) => {
  for (const [name, c] of Object.entries(cases)) {
    await t.step(name, async () => {
      for (const [dtype, kind] of [["float32", "int32"], ["float64", "uint32"]] as DType[][]) {
        const indices = c.indices.map((shape, k) =>
          randomTensor(generator(k + 1), shape, {
            dtype: kind,
            // Negative indices count from the end.
            low: kind === "int32" ? -c.shape[c.axis[k]] : 0,
            high: c.shape[c.axis[k]],
          })
        );
        const { shape, sources } = plan(c, indices);
        const x = randomTensor(generator(7), c.shape, { dtype });
        const updates = randomTensor(generator(8), shape, { dtype });
        const { axis, outDim } = c;
        const scatter = { axis, outDim, shape: c.shape, op: "add" };
        const [taken, added] = await runGraph([x, updates, ...indices], (g, [x, u, ...is]) => [
          g.emit("gather", [x, ...is], { axis, outDim }, shape, dtype),
          g.emit("scatter", [u, ...is], scatter, c.shape, dtype),
        ]);
        const want = sources.map((at) => x.data[at]);
        const sums = hostArray("float64", sizeOf(c.shape));
        sources.forEach((at, i) => sums[at] += updates.data[i]);
        assertClose(taken, tensor(want, shape, dtype), 0, "gathered");
        assertClose(added, { dtype, shape: c.shape, data: sums }, 1e-6, "scattered");
      }
    });
  }
});

Deno.test("scattering without addition keeps the last of several, and 0 elsewhere", async () => {
  const at = tensor([2, 0, 2], [3], "int32");
  const params = { axis: [0], outDim: 0, shape: [4], op: "update" };
  const [y] = await runGraph(
    [tensor([1, 2, 3]), at],
    (g, xs) => [g.emit("scatter", xs, params, [4], "float32")],
  );
  assert.deepEqual([...y.data], [2, 0, 3, 0]);
});

Deno.test("unsigned sums of a scatter wrap", async () => {
  const u = tensor([2 ** 32 - 1, 5, 7], [3], "uint32");
  const params = { axis: [0], outDim: 0, shape: [2], op: "add" };
  const [y] = await runGraph(
    [u, tensor([0, 0, 1], [3], "int32")],
    (g, xs) => [g.emit("scatter", xs, params, [2], "uint32")],
  );
  assert.deepEqual([...y.data], [4, 7]);
});

/** NaN last, ties in their order. */
function sorted(row: readonly number[]): number[] {
  const rank = (x: number) => Number.isNaN(x) ? 1 : 0;
  return [...row.keys()].sort((i, j) =>
    rank(row[i]) - rank(row[j]) || (row[i] === row[j] || rank(row[i]) ? 0 : row[i] - row[j]) ||
    i - j
  );
}

Deno.test("rows are sorted with their permutation, NaN last, ties in order", async () => {
  const rows: Record<string, number[][]> = {
    float32: [[3, NaN, -Infinity, 1, Infinity, NaN, 1, -2], [0, 5, 0, -1, 5, 0, 2, 2]],
    float64: [[3, NaN, 1e-300, 1, Infinity, NaN, 1, -2], [0, 5, 0, -1, 5, 0, 2, 2]],
    int32: [[3, -7, 2 ** 31 - 1, 1, -(2 ** 31), 3, 1, -2], [0, 5, 0, -1, 5, 0, 2, 2]],
    uint32: [[3, 4e9, 2 ** 31, 1, 2 ** 32 - 1, 3, 1, 2], [0, 5, 0, 1, 5, 0, 2, 2]],
  };
  for (const [dtype, given] of Object.entries(rows) as [DType, number[][]][]) {
    const x = tensor(given.flat(), [2, 8], dtype);
    const [values, alone, order] = await runGraph([x], (g, xs) => [
      g.emit("sort", xs, {}, [2, 8], dtype),
      ...g.emitMany("argsort", xs, {}, [
        { shape: [2, 8], dtype },
        { shape: [2, 8], dtype: "int32" },
      ]),
    ]);
    const want = given.map(sorted);
    assert.deepEqual([...order.data], want.flat(), dtype);
    const inOrder = want.flatMap((order, r) => order.map((i) => x.data[8 * r + i]));
    assert.deepEqual([...values.data], inOrder, dtype);
    assert.deepEqual([...alone.data], inOrder, dtype);
    assert.equal(order.dtype, "int32");
  }
});

Deno.test("a column of one row is sorted already", async () => {
  const x = tensor([2, NaN, 1], [3, 1]);
  const [y] = await runGraph([x], (g, xs) => [g.emit("sort", xs, {}, [3, 1], "float32")]);
  assert.deepEqual([...y.data], [2, NaN, 1]);
});
