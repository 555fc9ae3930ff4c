/** @file A checkout with an odd name, copied and moved with its store: the commands work, and leave where it came from alone. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { files } from "../../pipeline/publish/small_pipeline.ts";

const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));

/** The project with a small pipeline in the place of its own. */
function checkout(root: string) {
  for (const name of ["pipeline", "lib", "site", "data", "deno.json", "deno.lock"]) {
    const filter = (path: string) => !/_site|\.store|data.cache/.test(path.slice(PROJECT.length));
    cpSync(join(PROJECT, name), join(root, name), { recursive: true, filter });
  }
  for (const name of ["pipeline/stages", "pipeline/experiments"]) {
    rmSync(join(root, name), { recursive: true });
  }
  for (const [name, text] of Object.entries(files)) {
    if (name === "deno.json") continue;
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

/** Runs `deno task pipeline` in a checkout. @returns what it says */
async function pipeline(root: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "pipeline", "--profile", "smoke", "--jobs", "1", ...args],
    cwd: root,
  }).output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  assert.equal(code, 0, said);
  return said;
}

/** Every file below a folder, with its bytes and when it was written. */
function stateOf(root: string): Map<string, string> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Map(
    paths.map((path) => [path, `${statSync(path).mtimeMs} ${readFileSync(path, "base64")}`]),
  );
}

Deno.test("a checkout works under any name, copied or moved, and the one it was copied from stays as it is", async () => {
  const base = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "checkout-"));
  try {
    const first = join(base, "a b#c%20d%ü&'+", "x");
    checkout(first);
    const said = await pipeline(first);
    assert.match(said, /10 ran/);
    assert.match(said, /Published 6 files/);
    assert.match(said, /Site: site\/_site\/index\.html/);
    const link = /\((file:.*)\)/.exec(said)![1];
    assert.match(readFileSync(fileURLToPath(link), "utf8"), /experiments\/two\.html/);
    const before = stateOf(first);

    const copy = join(base, "copy of #1");
    cpSync(first, copy, { recursive: true });
    assert.match(await pipeline(copy), /10 of 10 jobs were done, 0 ran/);
    assert.deepEqual(stateOf(first), before);
    const moved = join(base, "100 % änderung");
    renameSync(copy, moved);
    assert.match(await pipeline(moved), /10 of 10 jobs were done, 0 ran/);
    // An edit of what publishes is noticed there too; no job depends on it.
    appendFileSync(join(moved, "pipeline/publish/markdown.ts"), "\n// edited\n");
    assert.match(await pipeline(moved), /0 ran[^]*Published 6 files/);
    appendFileSync(join(moved, "pipeline/stages/make.ts"), "\nexport const edited = 1;\n");
    assert.match(await pipeline(moved), /0 ran/);
    const stage = readFileSync(join(moved, "pipeline/stages/make.ts"), "utf8");
    writeFileSync(join(moved, "pipeline/stages/make.ts"), stage.replace("steps: 50", "steps: 51"));
    assert.match(await pipeline(moved), /10 ran/);
    assert.deepEqual(stateOf(first), before);
    assert.doesNotMatch(await pipeline(first), /Published/);
  } finally {
    rmSync(base, { recursive: true });
  }
});

Deno.test("a question mark in its path, which DuckDB takes for something else, is named", async () => {
  const base = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "checkout-"));
  try {
    const root = join(base, "what?", "x");
    checkout(root);
    await assert.rejects(
      pipeline(root),
      /DuckDB cannot write .*what\?.*: no folder above it may have a question mark in its name/,
    );
  } finally {
    rmSync(base, { recursive: true });
  }
});
