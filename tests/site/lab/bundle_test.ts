/** @file The scripts of the lab: bundled once, again where one is damaged, of nothing that only Deno has, with the licences of others. */
import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { LABS, labScripts } from "../../../site/lab/bundle.ts";
import { licencesOf } from "../../../site/lab/licences.ts";

const kept = (name: string) =>
  fileURLToPath(new URL(`../../../site/_lab/${name}`, import.meta.url));

Deno.test("scripts are kept until a file that they are made of changes", async () => {
  const first = await labScripts();
  assert.deepEqual(first.files.map(({ name }) => name), [
    ...LABS.map(({ name }) => `${name}.js`),
    "licences.txt",
  ]);
  const [{ name }] = LABS;
  const before = (await stat(kept(`${name}.js`))).mtimeMs;
  assert.deepEqual(await labScripts(), first);
  assert.equal((await stat(kept(`${name}.js`))).mtimeMs, before, "nothing was bundled");
  const made = JSON.parse(await readFile(kept(`${name}.json`), "utf8"));
  for (const path of ["lib/ssm/kalman.ts", "deno.lock", `site/lab/${name}/page.js`]) {
    assert.match(made.inputs[path], /^[0-9a-f]{64}$/, path);
  }
  made.inputs["lib/ssm/kalman.ts"] = "0".repeat(64); // as if the file had been another
  await writeFile(kept(`${name}.json`), JSON.stringify(made));
  await writeFile(kept(`${LABS[1].name}.js`), "damaged");
  assert.deepEqual(await labScripts(), first, "the same bytes again");
  assert.notEqual((await stat(kept(`${name}.js`))).mtimeMs, before);
});

Deno.test("a script holds nothing that only Deno has, and asks nobody", async () => {
  const { files, packages } = await labScripts();
  for (const { name, content } of files.filter(({ name }) => name.endsWith(".js"))) {
    const bad = content.match(
      /(?<![.\w$"'])(?:Deno|process|Buffer)\.\w+|from ?["']node:|require\(["']|importScripts|new WebSocket/g,
    );
    assert.deepEqual(bad ?? [], [], name);
  }
  assert.ok(packages.length > 0);
  for (const { name, version, licence } of packages) {
    assert.match(version, /^\d+\.\d+/, name);
    assert.match(licence, /^(MIT|ISC|BSD|Apache|0BSD)/, `${name}: ${licence}`);
  }
  const text = files.find(({ name }) => name === "licences.txt")!.content;
  assert.ok(packages.every(({ name, version }) => text.includes(`${name} ${version}\n`)));
});

Deno.test("a package without a licence's text says so", () => {
  const text = licencesOf([
    { name: "a", version: "1.0.0", licence: "MIT", text: "Permission is …" },
    { name: "b", version: "2.0.0", licence: "ISC", text: "" },
  ]);
  assert.match(
    text,
    /a 1\.0\.0\nMIT\n\nPermission is …\n\n-+\n\nb 2\.0\.0\nISC\n\nThe package has no file/,
  );
});
