/** @file Handles that are disposed of: their memory is free at once, and nothing else loses its value. */
import type { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type EngineName, type Handle, tensor } from "../../lib/engine/mod.ts";
import { handleChecks } from "./handle_checks.ts";
import { nativeTfjs } from "./native_tfjs.ts";

type A = np.Array;

const engines: EngineName[] = ["ort", "jax", "tfjs", ...nativeTfjs];
const valuesOf = async (handle: Handle) => [...(await handle.read()).data];

for (const engine of engines) {
  for (const [name, check] of Object.entries(handleChecks(engine))) {
    Deno.test(`${engine}: ${name}`, check);
  }
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
