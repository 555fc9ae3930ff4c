/** @file Handles that are disposed of: their memory is free at once, and nothing else loses its value. */
import { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type EngineName, type Handle, tensor } from "../../lib/engine/mod.ts";
import { nativeTfjs } from "./native_tfjs.ts";

type A = np.Array;

const engines: EngineName[] = ["ort", "jax", "tfjs", ...nativeTfjs];
const pair = tensor([1, 2]);
const valuesOf = async (handle: Handle) => [...(await handle.read()).data];

for (const engine of engines) {
  Deno.test(`${engine}: a handle that was disposed of is neither an argument nor read`, async () => {
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
  });

  Deno.test(`${engine}: equal results, arguments and constants outlive each other`, async () => {
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
  });

  Deno.test(`${engine}: a host tensor is the caller's, whatever becomes of the results`, async () => {
    const x = tensor([1, 2, 3]);
    const program = await compile((x: A) => x, [x], { engine });
    const result: Handle = await program.run(x);
    const read = await result.read();
    result.dispose();
    assert.deepEqual([[...x.data], [...read.data]], [[1, 2, 3], [1, 2, 3]]);
    await program.close();
  });

  Deno.test(`${engine}: results are read and freed after their program is closed`, async () => {
    const program = await compile((x: A) => x.mul(3), [pair], { engine });
    const result: Handle = await program.run(pair);
    await program.close();
    assert.deepEqual(await valuesOf(result), [3, 6]);
    result.dispose();
    await assert.rejects(result.read(), TypeError);
  });
}

Deno.test("ort frees results of every dtype, of no elements, and under a run that was not awaited", async () => {
  for (const dtype of ["float32", "float64", "int32", "uint32", "bool"] as const) {
    for (const shape of [[0], [], [3]]) {
      const spec = { dtype, shape };
      const program = await compile((x: A) => x, [spec]);
      const values = new Float64Array(shape[0] ?? 1).fill(1);
      const result: Handle = await program.run(tensor(values, shape, dtype));
      const running = program.run(result);
      result.dispose();
      // Refused, or right: never what other memory holds.
      const read = await running.then(valuesOf, () => [...values]);
      assert.deepEqual(read, [...values]);
      await assert.rejects(result.read(), TypeError);
      await program.close();
    }
  }
});

Deno.test("ort gives the memory back at once, however long the handles live", async () => {
  // A process of its own, because memory is the whole process's.
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", new URL("dispose_memory.ts", import.meta.url).pathname],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const { kept, disposed, each } = JSON.parse(new TextDecoder().decode(stdout));
  assert.ok(kept > 15 * each, `20 results of ${each} MiB kept: ${kept} MiB more`);
  assert.ok(disposed < 5 * each, `20 results of ${each} MiB disposed of: ${disposed} MiB more`);
});
