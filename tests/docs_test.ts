/** @file The library is documented: every public name, and no public type that a reader cannot reach. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What `deno doc --lint` finds in files, "" for nothing. */
async function findings(files: readonly string[]): Promise<string> {
  const { success, stderr, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...files],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return success ? "" : errors + out;
}

const library = readdirSync(`${ROOT}lib`, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts")).map((path) => `lib/${path}`).sort();

Deno.test("deno doc --lint finds nothing in any module of lib", async () => {
  assert.ok(library.includes("lib/mod.ts") && library.length > 100);
  assert.equal(await findings(library), "");
});

Deno.test("whoever imports lib/mod.ts alone can name every type that its names speak of", async () => {
  assert.equal(await findings(["lib/mod.ts"]), "");
});

Deno.test("a name without documentation is found", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/bare.ts`;
    await Deno.writeTextFile(file, "export const bare: number = 1;\n");
    assert.match(await findings([file]), /missing-jsdoc[^]*bare\.ts/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
