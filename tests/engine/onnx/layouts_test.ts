/**
 * @file Every movement, reduction and reshape on values that are stored in every way: plain, transposed, stretched, cut out
 * of and merged from axes. One program holds all combinations.
 */
import { init, lax, nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { assertClose, generator, randomTensor, runEngine, runJax } from "../oracle.ts";

type A = np.Array;

await init("wasm");

/** Values of shape [2, 3, 4] that are stored in different ways, from the 24 elements of `x`. */
const layouts: Record<string, (x: A) => A> = {
  stored: (x) => x.reshape([2, 3, 4]).mul(2),
  transposed: (x) => np.transpose(x.reshape([4, 2, 3]), [1, 2, 0]),
  reversed: (x) => np.transpose(x.reshape([4, 3, 2]), [2, 1, 0]),
  "stretched along axis 0": (x) => np.broadcastTo(x.slice([0, 12]).reshape([3, 4]), [2, 3, 4]),
  "stretched along axis 1": (x) => np.broadcastTo(x.slice([0, 8]).reshape([2, 1, 4]), [2, 3, 4]),
  "stretched along axis 2": (x) => np.broadcastTo(x.slice([3, 9]).reshape([2, 3, 1]), [2, 3, 4]),
  "stretched along axes 0 and 2": (x) =>
    np.broadcastTo(x.slice([3, 6]).reshape([1, 3, 1]), [2, 3, 4]),
  "one element": (x) => np.broadcastTo(x.slice([5, 6]).reshape([]), [2, 3, 4]),
  "stretched and transposed": (x) =>
    np.transpose(np.broadcastTo(x.slice([0, 12]).reshape([4, 1, 3]), [4, 2, 3]), [1, 2, 0]),
  "an axis merged from two that lie apart": (x) =>
    np.transpose(x.reshape([2, 2, 3, 2]), [0, 2, 1, 3]).reshape([2, 3, 4]),
  "an axis merged in the other order": (x) =>
    np.transpose(x.reshape([2, 2, 2, 3]), [1, 3, 2, 0]).reshape([2, 3, 4]),
  "cut from a transpose": (x) => np.transpose(x.reshape([4, 6])).reshape([2, 3, 4]),
  "merged from a stretched and a stored axis": (x) =>
    np.broadcastTo(x.slice([0, 12]).reshape([2, 3, 1, 2]), [2, 3, 2, 2]).reshape([2, 3, 4]),
};

/** What is done to a value of shape [2, 3, 4]. */
const uses: Record<string, (y: A) => A | A[]> = { "returned": (y) => y };
const subsets = [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]];
for (const axes of subsets) {
  uses[`summed over ${axes}`] = (y) => np.sum(y, axes);
  uses[`summed over ${axes}, kept`] = (y) => np.sum(y, axes, { keepdims: true });
  uses[`greatest over ${axes}`] = (y) => np.max(y, axes);
  uses[`least over ${axes}`] = (y) => np.min(y, axes);
  uses[`multiplied over ${axes}`] = (y) => np.prod(y, axes);
  uses[`flipped along ${axes}`] = (y) => np.flip(y, axes);
}
for (const axis of [0, 1, 2]) {
  const only = (range: [number, number]): ([] | [number, number])[] =>
    [0, 1, 2].map((i) => (i === axis ? range : []));
  const width = (w: [number, number]): [number, number][] =>
    [0, 1, 2].map((i) => (i === axis ? w : [0, 0]));
  uses[`its first along ${axis}`] = (y) => y.slice(...only([0, 1]));
  uses[`its last along ${axis}`] = (y) => y.slice(...only([1, 2]));
  uses[`padded along ${axis}`] = (y) => np.pad(y, width([1, 2]));
  uses[`padded after the first along ${axis}`] = (y) =>
    np.pad(y.slice(...only([0, 1])), width([2, 0]));
  uses[`split along ${axis}`] = (y) => np.split(y, [1], axis);
  uses[`concatenated along ${axis}`] = (y) => np.concatenate([y.ref, y.mul(3)], axis);
  uses[`taken along ${axis}`] = (y) => np.take(y, np.array([1, 0, 1], { dtype: np.int32 }), axis);
  uses[`sorted along ${axis}`] = (y) => np.sort(y, axis);
  uses[`softmax along ${axis}`] = (y) => nn.softmax(y, axis);
}
for (const perm of [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
  uses[`transposed by ${perm}`] = (y) => np.transpose(y, perm);
  uses[`transposed by ${perm} and flattened`] = (y) => np.transpose(y, perm).reshape([24]);
  uses[`plus itself transposed by ${perm}`] = (y) => {
    const shape = perm.map((p) => [2, 3, 4][p]);
    return np.transpose(y.ref, perm).add(np.sum(y).mul(0.1)).add(np.arange(24).reshape(shape));
  };
}
for (
  const shape of [[24], [6, 4], [2, 12], [4, 6], [8, 3], [3, 8], [2, 3, 2, 2], [2, 1, 3, 1, 4]]
) {
  uses[`as [${shape}]`] = (y) => y.reshape(shape);
  uses[`as [${shape}] plus a row`] = (y) => {
    const n = shape.at(-1)!;
    return y.reshape(shape).add(np.arange(n));
  };
}
uses["padded on all sides"] = (y) => np.pad(y, [[1, 0], [0, 2], [1, 1]]);
uses["cut on all sides"] = (y) => y.slice([1, 2], [0, 2], [1, 3]);
uses["split in three"] = (y) => np.split(y, [1, 3], 2);
uses["in windows"] = (y) => lax.reduceWindow(y, (w) => np.sum(w), [3], [1]);
uses["convolved"] = (y) =>
  lax.conv(y, np.arange(12).reshape([2, 3, 2]).astype(y.dtype), [1], "VALID");
uses["by pairs of indices"] = (y) => {
  const [i, j] = [[1, 0, 1], [0, 2, 2]].map((list) => np.array(list, { dtype: np.int32 }));
  return y.slice(i, [], j);
};
uses["as indices"] = (y) => {
  const index = np.floor(np.abs(y)).astype(np.int32);
  return np.take(np.arange(15).reshape([5, 3]), np.minimum(index, 4), 0);
};
uses["plus a row"] = (y) => y.add(np.arange(4));
uses["plus a column"] = (y) => y.add(np.arange(3).reshape([3, 1]));
uses["minus a plane"] = (y) => y.sub(np.arange(2).reshape([2, 1, 1]));
uses["plus one more axis"] = (y) => y.add(np.arange(2).reshape([2, 1, 1, 1]));
uses["times all"] = (y) => y.mul(np.transpose(np.arange(24).reshape([4, 3, 2])));
uses["times a matrix"] = (y) => np.matmul(y, np.arange(8).reshape([4, 2]));
uses["times a matrix from the left"] = (y) => np.matmul(np.arange(6).reshape([2, 3]), y);
uses["times its own rows"] = (y) => np.matmul(y.ref, np.transpose(y, [0, 2, 1]));
uses["where it is positive"] = (y) => np.where(y.ref.less(0), y, np.arange(4));

Deno.test("every use of every layout agrees with jax-js", async (t) => {
  const x = randomTensor(generator(1), [24]);
  for (const [layout, make] of Object.entries(layouts)) {
    await t.step(layout, async () => {
      let names: string[] = [];
      const fn = (x: A) => {
        const y = make(x);
        const results = Object.entries(uses).map(([name, use]) => ({
          name,
          ys: [use(y.ref)].flat(),
        }));
        y.dispose();
        names = results.flatMap(({ name, ys }) => ys.map(() => name));
        return results.flatMap(({ ys }) => ys);
      };
      const got = await runEngine(fn, [x]);
      const want = runJax(fn, [x], "float64");
      assert.equal(got.length, want.length);
      want.forEach((w, i) => assertClose(got[i], w, 2e-6, names[i]));
    });
  }
});
