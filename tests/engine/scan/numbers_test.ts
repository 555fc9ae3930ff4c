/** @file Loops that are given numbers for arrays, and loops of no turns without sequences. */
import { init } from "@jax-js/jax";
import assert from "node:assert/strict";
import { tensor } from "../../../lib/engine/mod.ts";
import { scan } from "../../../lib/engine/scan.ts";
import { runEngine, runJax } from "../oracle.ts";
import type { A, Any } from "./cases.ts";

await init("wasm");

Deno.test("numbers are scalars: a state may start at 0, and a parameter be a literal", async () => {
  const decayed = (x: A) => {
    const turn = (decay: Any, s: Any, x: A): Any => [s.mul(decay).add(x.ref), x];
    const [last, all] = scan(turn, 0.5, 0 as Any, x);
    return [last, all];
  };
  const x = tensor([4, 2, 1]);
  for (const got of [await runEngine(decayed, [x]), runJax(decayed, [x])]) {
    // ((0 / 2 + 4) / 2 + 2) / 2 + 1
    assert.deepEqual(got.map(({ data }) => [...data]), [[3], [4, 2, 1]]);
  }
});

Deno.test("without sequences the option length says how many turns there are, none included", async () => {
  for (const length of [0, 1, 3]) {
    const doubled = (s: A) => {
      const turn = (_: unknown, s: A): [A, A] => [s.ref.add(s.ref), s];
      return scan(turn, [], s, [], { length });
    };
    for (const got of [await runEngine(doubled, [tensor([3])]), runJax(doubled, [tensor([3])])]) {
      assert.deepEqual([...got[0].data], [3 * 2 ** length]);
      assert.deepEqual([...got[1].shape], [length, 1]);
      assert.deepEqual([...got[1].data], [3, 6, 12].slice(0, length));
    }
  }
});
