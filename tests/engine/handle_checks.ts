/** @file What holds for the handles of every engine: once disposed of they are refused, and nothing else loses its value. */
import { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type EngineName, type Handle, tensor } from "../../lib/engine/mod.ts";

type A = np.Array;

const pair = tensor([1, 2]);
const valuesOf = async (handle: Handle) => [...(await handle.read()).data];

/** Checks that throw, by name. */
export const handleChecks = (engine: EngineName): Record<string, () => Promise<void>> => ({
  async "a handle that was disposed of is neither an argument nor read"() {
    const program = await compile((x: A, [y]: [A]) => x.add(y), [pair, [pair]], { engine });
    const [kept, gone]: Handle[] = [
      await program.run(pair, [pair]),
      await program.run(pair, [pair]),
    ];
    gone.dispose();
    gone.dispose();
    const message = (role: string) => ({
      name: "TypeError",
      message: `${role} (float32[2]) was disposed of; dispose of a handle after its last use`,
    });
    await assert.rejects(program.run(gone, [kept]), message("argument 0"));
    await assert.rejects(program.run(kept, [gone]), message("argument 1"));
    await assert.rejects(gone.read(), message("the handle to read"));
    assert.deepEqual([gone.dtype, gone.shape], ["float32", [2]]);
    assert.deepEqual(await valuesOf(await program.run(kept, [pair])), [3, 6]);
    await program.close();
  },

  async "equal results, arguments and constants outlive each other"() {
    const fn = (x: A) => {
      const twice = x.ref.mul(2);
      return {
        a: twice.ref,
        b: twice.ref,
        view: twice.reshape([2, 1]),
        same: x,
        one: np.ones([2]),
      };
    };
    const program = await compile(fn, [pair], { engine });
    const expected = { a: [2, 4], b: [2, 4], view: [2, 4], same: [1, 2], one: [1, 1] };
    const names = Object.keys(expected) as (keyof typeof expected)[];
    for (const dropped of names) {
      const input: Handle = (await program.run(pair)).same;
      const results = await program.run(input);
      const later = await program.run(input);
      results[dropped].dispose();
      for (const name of names) {
        if (name !== dropped) assert.deepEqual(await valuesOf(results[name]), expected[name], name);
        assert.deepEqual(await valuesOf(later[name]), expected[name], `later ${name}`);
      }
      assert.deepEqual(await valuesOf(input), [1, 2]);
      input.dispose();
      // What the next run allocates would show where memory was given back too early.
      await program.run(tensor([7, 9]));
      for (const name of names) {
        if (name !== dropped) assert.deepEqual(await valuesOf(results[name]), expected[name], name);
        assert.deepEqual(await valuesOf(later[name]), expected[name], `later ${name}`);
      }
    }
    await program.close();
  },

  async "a host tensor is the caller's, whatever becomes of the results"() {
    const x = tensor([1, 2, 3]);
    const program = await compile((x: A) => x, [x], { engine });
    const result: Handle = await program.run(x);
    const read = await result.read();
    result.dispose();
    assert.deepEqual([[...x.data], [...read.data]], [[1, 2, 3], [1, 2, 3]]);
    await program.close();
  },

  async "results are read and freed after their program is closed"() {
    const program = await compile((x: A) => x.mul(3), [pair], { engine });
    const result: Handle = await program.run(pair);
    await program.close();
    await program.close();
    await assert.rejects(program.run(result), /the program is closed/);
    assert.deepEqual(await valuesOf(result), [3, 6]);
    result.dispose();
    await assert.rejects(result.read(), TypeError);
  },
});
