/**
 * @file What a module does when it is merely loaded is part of the fingerprint of every job that
 * imports it. So modules of lib/ and stages do nothing: no statement at the top level but
 * declarations.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle, minify, stopBundler } from "../../pipeline/keys/bundle.ts";
import { Packages } from "../../pipeline/keys/packages.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function modulesIn(folder: string): string[] {
  const full = join(ROOT, folder);
  if (!existsSync(full)) return [];
  return readdirSync(full, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
    .map((path) => `${folder}/${path}`).sort();
}

/** What is left of modules when nothing of them is used. */
async function remains(...paths: string[]): Promise<string> {
  const entry = paths.map((path) => `import ${JSON.stringify("./" + path)};`).join("\n");
  const { text } = await bundle(entry, {
    root: ROOT,
    packages: Packages.read(ROOT),
    purpose: "hash",
  });
  return (await minify(text)).trim();
}

Deno.test("loading a module of lib/ or a stage does nothing", async () => {
  const found: Record<string, string> = {};
  const paths = [...modulesIn("lib"), ...modulesIn("pipeline/stages")];
  assert.ok(paths.length > 400, String(paths.length));
  // Together, and in halves where something is left: hundreds of bundles take long. (Something is, also where a module that another
  // one loads late is there at once.)
  const check = async (some: string[]): Promise<void> => {
    const left = await remains(...some);
    if (!left) return;
    if (some.length === 1) {
      found[some[0]] = left.slice(0, 200);
      return;
    }
    const half = some.length >> 1;
    await check(some.slice(0, half));
    await check(some.slice(half));
  };
  await check(paths);
  await stopBundler();
  assert.deepEqual(found, {}, "these run something when they are loaded; move it into a function");
});
