/** @file The library is documented: every public name, and no public type that a reader cannot reach. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

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

/** Folders whose README a reader of GitHub sees under the list of files. */
const readmes = [
  "",
  "data/",
  "lib/engine/",
  "pipeline/",
  "reports/",
  "tests/",
  "tests/references/",
];

Deno.test("every relative link of a README leads to something", () => {
  let links = 0;
  for (const folder of readmes) {
    const text = Deno.readTextFileSync(`${ROOT}${folder}README.md`);
    for (const [, link] of text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
      if (/^https?:/.test(link)) continue;
      links++;
      assert.ok(existsSync(`${ROOT}${folder}${link}`), `${folder}README.md: ${link}`);
    }
  }
  assert.ok(links > 50, `${links} links`);
});

Deno.test("the version is the same in deno.json, the changelog and the citation", () => {
  const read = (name: string) => Deno.readTextFileSync(ROOT + name);
  const { version } = JSON.parse(read("deno.json"));
  assert.match(version, /^\d+\.\d+\.\d+$/);
  const [, released, date] = /^## \[(\d[^\]]*)\] - (\d{4}-\d\d-\d\d)$/m.exec(read("CHANGELOG.md"))!;
  assert.equal(released, version);
  const citation = parse(read("CITATION.cff"), { schema: "failsafe" });
  assert.deepEqual(
    [citation["cff-version"], citation.version, citation["date-released"], citation.license],
    ["1.2.0", version, date, "MIT"],
  );
  assert.deepEqual(citation.authors, [{ name: "The deep-linear-ts authors" }]);
  for (const required of ["message", "title"]) assert.ok(citation[required].length > 0);
  // Every heading of a version is one that Keep a Changelog knows.
  const kinds = [...read("CHANGELOG.md").matchAll(/^### (.*)$/gm)].map(([, kind]) => kind);
  const known = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
  assert.deepEqual(kinds.filter((kind) => !known.includes(kind)), []);
});
