/**
 * @file Runs the GPU's part of a test in a process of its own, so that an abort in native code is a red test, not the end of the run.
 * Without an adapter it says so once, and the test is skipped.
 */
import assert from "node:assert/strict";
import { probeWebgpu } from "../../../lib/engine/webgpu/adapter.ts";

const { adapter, problem } = await probeWebgpu();
if (!adapter) console.log(`no GPU, engine ort-webgpu is not tested: ${problem}`);

/** The adapter of this machine, if there is one. */
export const gpu = adapter;

/** All cases, not a sample: on a GPU they take seconds. */
const extent = Deno.env.get("DEEP_LINEAR_GPU_TESTS") === "all" ? "all" : "sample";

/** A test by one kind of `work.ts`, which has to report that nothing went wrong. */
export function gpuTest(name: string, kind: string): void {
  Deno.test({
    name,
    ignore: !gpu,
    fn: async () => {
      const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", "--quiet", "--v8-flags=--stack-size=6000"],
          ...[new URL("work.ts", import.meta.url).pathname, kind, extent],
        ],
      }).output();
      const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assert.equal(code, 0, `ended with ${signal ?? code}: ${errors.slice(-2000)}`);
      assert.deepEqual(JSON.parse(said.trim().split("\n").at(-1)!), []);
    },
  });
}
