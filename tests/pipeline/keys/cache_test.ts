/** @file The cache of fingerprints: what it saves, what it never hides, and the check before a commit. */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stopBundler } from "../../../pipeline/keys/bundle.ts";
import { sha256 } from "../../../pipeline/content/canonical.ts";
import { entryText, Fingerprints } from "../../../pipeline/keys/fingerprint.ts";
import { Packages } from "../../../pipeline/keys/packages.ts";
import { type Demo, makeDemo } from "../helpers.ts";

const GENERATE = "pipeline/stages/generate.ts";
const FIT = "pipeline/stages/fit.ts";

/** As a new process would make it; two of one folder share their cache. */
function fingerprintsOf(demo: Demo, cache = "cache"): Fingerprints {
  return new Fingerprints(demo.root, join(demo.root, cache), Packages.read(demo.root));
}

const cacheOf = (demo: Demo) => join(demo.root, "cache/fingerprints.json");

Deno.test("an edit while the code is read leaves no fingerprint of the code before", async () => {
  using demo = makeDemo();
  let scale = 3;
  for (let i = 0; i < 12; i++) {
    const during = fingerprintsOf(demo);
    const planned = during.of(GENERATE, {});
    await new Promise((go) => setTimeout(go, 1 + i));
    demo.edit("lib/deep.ts", `SCALE = ${scale}`, `SCALE = ${++scale}`);
    await planned;
    during.save();
    const cached = await fingerprintsOf(demo).of(GENERATE, {});
    const fresh = await fingerprintsOf(demo, `cache${i}`).of(GENERATE, {});
    assert.equal(cached.code, fresh.code, `edited after ${1 + i} ms`);
  }
  await stopBundler();
});

Deno.test("every kind of file that a job's code imports is watched", async () => {
  using demo = makeDemo();
  demo.write("lib/words.txt", "one\n");
  demo.write("lib/table.json", '{ "offset": 1 }\n');
  demo.edit(
    "lib/middle.ts",
    "import",
    `import words from "./words.txt" with { type: "text" };
     import table from "./table.json" with { type: "json" };\nimport`,
  );
  demo.edit("lib/middle.ts", "SCALE * x", "SCALE * x + words.length + table.offset");
  const code = async () => {
    const fingerprints = fingerprintsOf(demo);
    const { code, files } = await fingerprints.of(GENERATE, {});
    fingerprints.save();
    for (const [path, hash] of Object.entries(files)) {
      assert.equal(hash, sha256(readFileSync(join(demo.root, path))), path);
    }
    return { code, files: Object.keys(files) };
  };
  const first = await code();
  assert.deepEqual(first.files, [
    "lib/deep.ts",
    "lib/middle.ts",
    "lib/noise.ts",
    "lib/table.json",
    "lib/words.txt",
    GENERATE,
  ]);
  demo.write("lib/words.txt", "two\n");
  const second = await code();
  assert.notEqual(second.code, first.code);
  demo.write("lib/table.json", '{ "offset": 2 }\n');
  assert.notEqual((await code()).code, second.code);
  await stopBundler();
});

Deno.test("every module that the parameters name is in the fingerprint", async () => {
  using demo = makeDemo();
  demo.write("lib/one.ts", "export const value = () => 1;\n");
  demo.write("lib/two.ts", "export const value = () => 1;\n");
  const named = (path: string) => ({ path, exports: ["value"] });
  const code = async () =>
    (await fingerprintsOf(demo).of(GENERATE, {
      one: named("lib/one.ts"),
      two: named("lib/two.ts"),
    })).code;
  const seen = [await code()];
  for (const path of ["lib/one.ts", "lib/two.ts"]) {
    demo.edit(path, "1", "2");
    seen.push(await code());
  }
  assert.equal(new Set(seen).size, 3);
  await stopBundler();
});

Deno.test("the cache is written when something was made, and only then", async () => {
  using demo = makeDemo();
  const look = async () => {
    const fingerprints = fingerprintsOf(demo);
    await fingerprints.of(GENERATE, {});
    fingerprints.save();
    return statSync(cacheOf(demo)).ino;
  };
  const nothing = fingerprintsOf(demo);
  nothing.save();
  assert.throws(() => statSync(cacheOf(demo)), /ENOENT/);
  // Files that are old enough to be remembered.
  const real = Date.now;
  Date.now = () => real() + 1e6;
  try {
    await look();
    const second = await look();
    assert.equal(await look(), second);
    demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
    assert.notEqual(await look(), second);
  } finally {
    Date.now = real;
    await stopBundler();
  }
});

Deno.test("a cache that cannot be read, or is not as it was written, is made again", async () => {
  using demo = makeDemo();
  const first = fingerprintsOf(demo);
  const { code, files } = await first.of(GENERATE, {});
  const detail = first.detail(code);
  first.save();
  const second = fingerprintsOf(demo);
  // Files that are old enough to be remembered.
  const real = Date.now;
  Date.now = () => real() + 1e6;
  await second.of(GENERATE, {});
  Date.now = real;
  second.save();
  const text = readFileSync(cacheOf(demo), "utf8");
  const [hash] = Object.values(files);
  assert.ok(text.includes(code) && text.split(hash).length > 2, "remembered, and an entry's");
  const other = (of: string) => of.replace(/^./, (digit) => digit === "0" ? "1" : "0");
  const damages = ["", "{", "null", "{}", text.slice(0, -1), text + " "];
  damages.push(text.replaceAll(code, other(code)), text.replaceAll(hash, other(hash)));
  damages.push(text.replace('"entries"', '"entrie_"'), text.replace('"hashes"', '"hashe_"'));
  for (const bad of damages) {
    writeFileSync(cacheOf(demo), bad);
    const fingerprints = fingerprintsOf(demo);
    const found = await fingerprints.of(GENERATE, {});
    assert.deepEqual([found.code, found.files], [code, files], bad);
    fingerprints.save();
    const { cache } = JSON.parse(readFileSync(cacheOf(demo), "utf8"));
    assert.deepEqual(cache.entries, JSON.parse(text).cache.entries);
  }
  const told = join(demo.root, "cache/code", `${code}.json`);
  writeFileSync(told, readFileSync(told, "utf8").replace("noise", "noisy"));
  assert.ok(detail, "it was there");
  assert.equal(fingerprintsOf(demo).detail(code), undefined);
  await stopBundler();
});

Deno.test("within one process a fingerprint stays what it was when it was first asked for", async () => {
  using demo = makeDemo();
  const fingerprints = fingerprintsOf(demo);
  const first = await fingerprints.of(GENERATE, {});
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
  assert.deepEqual(await fingerprints.of(GENERATE, {}), first);
  assert.notEqual((await fingerprintsOf(demo).of(GENERATE, {})).code, first.code);
  await stopBundler();
});

Deno.test("a fingerprint's detail has each function that is reached, by file and name", async () => {
  using demo = makeDemo();
  demo.edit("lib/middle.ts", "import", 'import { round } from "npm:round@1";\nimport');
  demo.edit("lib/middle.ts", "SCALE * x", "round(SCALE * x)");
  demo.edit("lib/middle.ts", "export", "export class Two {}\nexport");
  const detailOf = async () => {
    const fingerprints = fingerprintsOf(demo);
    return fingerprints.detail((await fingerprints.of(GENERATE, {})).code)!;
  };
  const first = await detailOf();
  const names = Object.entries(first).map(([path, of]) => [path, Object.keys(of)]);
  assert.deepEqual(names, [
    ["lib/deep.ts", ["SCALE"]],
    ["lib/middle.ts", ["(imports)", "scaled"]],
    ["lib/noise.ts", ["noise"]],
    [GENERATE, ["run", "tensor"]],
  ]);
  assert.match(first["lib/deep.ts"].SCALE, /^[0-9a-f]{12}$/);
  demo.edit("lib/middle.ts", "round(SCALE * x)", "round(SCALE * x) + 1");
  const second = await detailOf();
  assert.notEqual(second["lib/middle.ts"].scaled, first["lib/middle.ts"].scaled);
  assert.equal(second["lib/middle.ts"]["(imports)"], first["lib/middle.ts"]["(imports)"]);
  assert.deepEqual({ ...second, "lib/middle.ts": 0 }, { ...first, "lib/middle.ts": 0 });
  assert.equal(fingerprintsOf(demo).detail("0".repeat(64)), undefined);
  await stopBundler();
});

Deno.test("which module plays which part counts, the order in which they are named does not", async () => {
  using demo = makeDemo();
  const [linear, mean] = ["linear", "mean"].map((name) => ({
    path: `lib/models/${name}.ts`,
    exports: ["fit"],
  }));
  const code = async (modules: Record<string, typeof linear>) =>
    (await fingerprintsOf(demo).of(FIT, modules)).code;
  const one = await code({ first: linear, second: mean });
  assert.equal(await code({ second: mean, first: linear }), one);
  assert.notEqual(await code({ first: mean, second: linear }), one);
  await stopBundler();
});

Deno.test("a job's entry names the stage's run, and each export once, in order", () => {
  const modules = {
    z: { path: "lib/z.ts", exports: ["g", "f", "g"] },
    a: { path: "lib/a.ts", exports: ["h"] },
  };
  assert.equal(
    entryText("pipeline/stages/s.ts", modules),
    `export { run } from "./pipeline/stages/s.ts";
export { h as module0_h } from "./lib/a.ts";
export { f as module1_f, g as module1_g } from "./lib/z.ts";`,
  );
});
