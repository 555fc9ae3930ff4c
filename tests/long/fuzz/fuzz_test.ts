/** @file What reads strangers' bytes, on a few thousand of them, the same ones every time. `deno task fuzz` tries others. */
import assert from "node:assert/strict";
import { TARGETS } from "../../fuzz/fuzz.ts";
import { runTarget } from "../../fuzz/run_target.ts";
import { targets } from "../../fuzz/targets.ts";

for (const { name, runs } of targets) {
  Deno.test(`fuzz: ${name}`, async () => {
    const { failure } = await runTarget({ name, module: TARGETS, seed: 1, runs, ms: 600_000 });
    assert.equal(failure, undefined, failure && `${failure.input}\n${failure.error}`);
  });
}
