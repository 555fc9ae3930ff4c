/** @file Values that are stored in every way: plain, transposed, stretched, cut out of and merged from axes. */
import { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { assertClose, generator, randomTensor, runEngine, runJax } from "../oracle.ts";

export type A = np.Array;

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
export type Uses = Record<string, (y: A) => A | A[]>;

/** Every use of every layout against jax-js, all uses of one layout in one program. */
export async function checkLayouts(t: Deno.TestContext, uses: Uses): Promise<void> {
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
}
