/** @file What is published is published again when the code that makes it has changed. */
import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { PublishSource } from "../../../pipeline/publish/source.ts";

const here = fileURLToPath(new URL("../../..", import.meta.url));

Deno.test("a change in any module of publishing makes the files anew", async () => {
  const root = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "code-"));
  const source: PublishSource = {
    ...{ profile: "smoke", experiments: [], jobs: [], machines: [] },
    curves: () => Promise.resolve([]),
  };
  try {
    for (const part of ["pipeline", "lib/analysis", "CITATION.cff"]) {
      cpSync(join(here, part), join(root, part), { recursive: true });
    }
    const modules = readdirSync(join(root, "pipeline/publish")).map((name) => `publish/${name}`);
    assert.ok(modules.includes("publish/duckdb.ts"));
    const module = pathToFileURL(join(root, "pipeline/publish/publish.ts")).href;
    const { publish } = await import(module);
    const again = async () => (await publish(source, join(root, "reports"))).upToDate;
    assert.equal(await again(), false);
    assert.equal(await again(), true);
    for (const name of [...modules, "results.ts", "summary_schema.ts", "terms.ts"]) {
      appendFileSync(join(root, "pipeline", name), "\n// changed\n");
      assert.equal(await again(), false, name);
    }
    assert.equal(await again(), true);
  } finally {
    rmSync(root, { recursive: true });
  }
});
