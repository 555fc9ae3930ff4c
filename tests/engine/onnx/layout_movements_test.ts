/** @file Movements of values that are stored in every way. */
import { init, numpy as np } from "@jax-js/jax";
import { checkLayouts, type Uses } from "./layouts.ts";

await init("wasm");

const uses: Uses = { "returned": (y) => y };
const subsets = [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]];
for (const axes of subsets) {
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
uses["where it is negative"] = (y) => np.where(y.ref.less(0), y, np.arange(4));

Deno.test("every movement of every layout agrees with jax-js", (t) => checkLayouts(t, uses));
