/** @file Fingerprints that many jobs ask for at the same time. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { stopBundler } from "../../../pipeline/keys/bundle.ts";
import { Fingerprints } from "../../../pipeline/keys/fingerprint.ts";
import { Packages } from "../../../pipeline/keys/packages.ts";
import { openWorkspace } from "../../../pipeline/workspace.ts";
import { makeDemo } from "../helpers.ts";

Deno.test("what is asked a thousand times at once is bundled once", async () => {
  using demo = makeDemo();
  const workspace = await openWorkspace({
    root: demo.root,
    store: ".store",
    profile: "smoke",
    engine: "ort",
    set: [],
  });
  try {
    // Anew, with a cache that holds nothing.
    const fresh = new Fingerprints(demo.root, join(demo.root, "cache"), Packages.read(demo.root));
    const [{ stage, modules }] = workspace.graph.jobs;
    const asked = Array.from({ length: 1000 }, () => fresh.of(stage.path, modules));
    const [first, ...others] = await Promise.all(asked);
    for (const other of others) assert.equal(other, first);
    const { code } = await workspace.fingerprints.of(stage.path, modules);
    assert.equal(first.code, code);
  } finally {
    await workspace.close();
    await stopBundler();
  }
});
