/** @file What a bundle has in it, for the two who read one: the fingerprint, and the plan that runs it. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundle, deferConstants, minify, stopBundler } from "../../../pipeline/keys/bundle.ts";
import { Packages } from "../../../pipeline/keys/packages.ts";

const IMPORTS = {
  zod: "npm:zod@4.6.7",
  other: "npm:other@^1",
  "@std/": "npm:/deno-std@1.4.0/",
  "#lib/": "./lib/",
};

/** A folder of modules, and the bundles of it. */
function makeModules(files: Record<string, string>) {
  const root = mkdtempSync("/tmp/bundle-");
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  const packages = new Packages(IMPORTS);
  return {
    root,
    write,
    bundle: (entry: string, purpose: "hash" | "run") => bundle(entry, { root, packages, purpose }),
    /** Runs a bundle elsewhere. */
    async run(entry: string): Promise<Record<string, unknown>> {
      const { text } = await bundle(entry, { root, packages, purpose: "run" });
      const path = join(root, "elsewhere", "bundle.mjs");
      write("elsewhere/bundle.mjs", text);
      return await import(pathToFileURL(path).href);
    },
    async [Symbol.asyncDispose]() {
      rmSync(root, { recursive: true });
      await stopBundler();
    },
  };
}

Deno.test("a bundle that is run knows where each module came from", async () => {
  await using at = makeModules({
    "lib/a.ts": `export const here = [import.meta.url, import.meta.filename, import.meta.dirname];`,
    "b.ts": `export const there = import.meta.dirname + " " + import.meta.main;`,
  });
  const { here, there } = await at.run(
    `export { here } from "./lib/a.ts"; export { there } from "./b.ts";`,
  );
  const path = join(at.root, "lib/a.ts");
  assert.deepEqual(here, [pathToFileURL(path).href, path, join(at.root, "lib")]);
  assert.equal(there, `${at.root} false`);
});

Deno.test("a bundle that is hashed does not know where the folder lies", async () => {
  const files = { "a.ts": `export function f() { return import.meta.url + import.meta.dirname; }` };
  const texts = [];
  for (let i = 0; i < 2; i++) {
    await using at = makeModules(files);
    texts.push((await at.bundle(`export { f } from "./a.ts";`, "hash")).text);
  }
  assert.equal(texts[0], texts[1]);
  assert.match(texts[0], /import\.meta\.url/);
});

Deno.test("modules of every kind, text, bytes and JSON are read as what they are", async () => {
  await using at = makeModules({
    ...Object.fromEntries(
      ["ts", "mts", "cts", "tsx"].map((
        kind,
      ) => [`m.${kind}`, `export const is: string = "${kind}";`]),
    ),
    ...Object.fromEntries(
      ["js", "mjs", "jsx"].map((kind) => [`m.${kind}`, `export const is = "${kind}";`]),
    ),
    "words.css": "a { b: c }",
    "table.json": `{ "x": [1] }`,
  });
  const kinds = ["ts", "mts", "cts", "tsx", "js", "mjs", "jsx"];
  const found = await at.run([
    ...kinds.map((kind) => `export { is as ${kind} } from "./m.${kind}";`),
    `export { default as words } from "./words.css" with { type: "text" };`,
    `export { default as bytes } from "./words.css" with { type: "bytes" };`,
    `export { default as table } from "./table.json" with { type: "json" };`,
    `export { default as plain } from "./table.json";`,
  ].join("\n"));
  for (const kind of kinds) assert.equal(found[kind], kind);
  assert.deepEqual([found.words, found.table, found.plain], ["a { b: c }", { x: [1] }, { x: [1] }]);
  for (const path of ["words.css", "m.tsv", "jsx"]) {
    at.write(path, "x");
    await assert.rejects(
      () => at.bundle(`import "./${path}";`, "run"),
      new RegExp(`^Error: <entry>:1:8: ${path} is no module$`),
    );
  }
});

Deno.test("imports lead where the import map says, to absolute paths and to file addresses", async () => {
  await using at = makeModules({
    "lib/a.ts": "export const a = 1;",
    "lib/b.ts": "export const b = 2;",
  });
  const found = await at.run(`export { a } from "#lib/a.ts";
    export { b } from "${join(at.root, "lib/b.ts")}";
    export { b as c } from "${pathToFileURL(join(at.root, "lib/b.ts")).href}";`);
  assert.deepEqual({ ...found }, { a: 1, b: 2, c: 2 });
});

Deno.test("the packages of a bundle are those that what is left imports, once and in order", async () => {
  await using at = makeModules({
    "a.ts": `import { z } from "zod"; import { parse } from "@std/csv/parse.js";
      import other from "other"; import fs from "node:fs"; import left from "npm:left@2/x.js";
      export const used = () => [z.string(), parse, left, fs.read];
      export const unused = () => other;`,
    "b.ts": `import * as z from "zod"; import type { T } from "other"; export const b = z as T;`,
  });
  const { packages, text } = await at.bundle(
    `export { used } from "./a.ts"; export { b } from "./b.ts";`,
    "hash",
  );
  assert.deepEqual(packages, ["deno-std@1.4.0", "left@2", "zod@4.6.7"]);
  assert.match(text, /from "node:fs"/);
  assert.doesNotMatch(text, /other/);
  const none = await at.bundle(`import { unused } from "./a.ts";`, "hash");
  assert.deepEqual(none.packages, []);
});

Deno.test("what nothing uses is left out, and its file is watched all the same", async () => {
  await using at = makeModules({
    "a.ts":
      `import { b } from "./b.ts"; export const used = () => 1; export const unused = () => b;`,
    "b.ts": `export const b = new Map([[1, compute()]]); function compute() { return 2; }`,
  });
  const { text, files } = await at.bundle(`export { used } from "./a.ts";`, "hash");
  assert.doesNotMatch(text, /unused|compute/);
  assert.deepEqual(Object.keys(files), ["a.ts", "b.ts"]);
});

Deno.test("a bundle does not depend on legal comments, on a tsconfig.json, or on a build's environment", async () => {
  await using at = makeModules({
    "a.ts": `export class A { field; env = process.env.NODE_ENV; }`,
  });
  const text = async () => (await at.bundle(`export { A } from "./a.ts";`, "hash")).text;
  const before = await text();
  assert.match(before, /field;.*process\.env\.NODE_ENV/s);
  at.write("tsconfig.json", `{ "compilerOptions": { "useDefineForClassFields": false } }`);
  assert.equal(await text(), before);
  at.write(
    "a.ts",
    `/*! Licence */ //! Also\nexport class A { field; env = process.env.NODE_ENV; }\n// @license x`,
  );
  assert.equal(await text(), before);
});

Deno.test("minified text has neither comments nor white space nor long names, and is a module still", async () => {
  const text = await minify(`/*! legal */ // why
    export function f(longName) { const another = longName + 1; return another * another; }`);
  assert.match(text, /^function \w\(\w\)\{const \w=\w\+1;return \w\*\w\}export\{\w as f\};\n$/);
});

Deno.test("an error names file, line and column, the first five of them", async () => {
  await using at = makeModules({ "lib/a.ts": "export const a = 1;\n  export const b = ;\n" });
  const fails = async (entry: string) => {
    try {
      await at.bundle(entry, "run");
    } catch (error) {
      return (error as Error).message;
    }
    return assert.fail("there is no error");
  };
  assert.equal(await fails(`import "./lib/a.ts";`), 'lib/a.ts:2:20: Unexpected ";"');
  const seven = Array.from({ length: 7 }, (_, i) => `export { x as x${i} } from "gone${i}";`);
  const lines = (await fails(seven.join("\n"))).split("\n");
  assert.equal(lines.length, 5);
  const expected = (i: number) =>
    `<entry>:${i + 1}:25: "gone${i}" is not in the imports of deno.json`;
  for (const line of lines) assert.equal(line, expected(Number(/gone(\d)/.exec(line)![1])));
});

Deno.test("of a destructured constant each name counts by its place, and none that is not used", async () => {
  const codeOf = async (source: string) => {
    await using at = makeModules({ "a.ts": source });
    return (await at.bundle(`export { x } from "./a.ts";`, "hash")).text;
  };
  const of = (pattern: string) =>
    codeOf(`export const ${pattern} = f(); function f() { return 1; }`);
  const codes: string[] = [];
  for (const pattern of ["{ x, y }", "{ y: x, x: y }", "[x, y]", "[y, x]", "{ z: x, y }"]) {
    codes.push(await of(pattern));
  }
  assert.equal(new Set(codes).size, codes.length);
  // Another name for what is not used changes nothing.
  assert.equal(await of("{ x, z }"), codes[0]);
  assert.equal(await of("[x, z]"), codes[2]);
  assert.match(codes[0], /function f\(\)/);
});

Deno.test("constants are deferred at the top level only, whatever declares them and whatever their type", () => {
  const cases: [string, string][] = [
    ["var x = f();", "var x = async () => 0 ? 0 : f();"],
    ["export let $y: number = 2;", "export let $y: number = async () => 0 ? 0 : 2;"],
    [
      "const a = 1;\nconst b = 2;",
      "const a = async () => 0 ? 0 : 1;\nconst b = async () => 0 ? 0 : 2;",
    ],
    [
      "export const { a, }: T = t;",
      'export const a = () => [deferred0, "a"]; const deferred0 = async () => 0 ? 0 : t;',
    ],
    [
      "let [a, b] = t;\nconst { c: d } = u;",
      'let a = () => [deferred0, "0"], b = () => [deferred0, "1"]; const deferred0 = async () => 0 ? 0 : t;\n' +
      'const d = () => [deferred1, "c"]; const deferred1 = async () => 0 ? 0 : u;',
    ],
    // Not understood, so left as they are: they count whenever their module is reached.
    ["const { a: { b } } = t;", "const { a: { b } } = t;"],
    ["\tconst a = 1;", "\tconst a = 1;"],
    ["a = 1;", "a = 1;"],
    ["constant = 1;", "constant = 1;"],
  ];
  for (const [from, to] of cases) assert.equal(deferConstants(from), to);
});

Deno.test("deferred constants keep everything but their time", () => {
  const cases: [string, string][] = [
    ["const a = { b: 1 };", "const a = async () => 0 ? 0 : { b: 1 };"],
    [
      "export const f: (x: A) => B = (x) => x;",
      "export const f: (x: A) => B = async () => 0 ? 0 : (x) => x;",
    ],
    ["let x =\n  1;", "let x = async () => 0 ? 0 :\n  1;"],
    [
      "const { a, b: c } = f();",
      'const a = () => [deferred0, "a"], c = () => [deferred0, "b"]; ' +
      "const deferred0 = async () => 0 ? 0 : f();",
    ],
    [
      "const [x] = y;",
      'const x = () => [deferred0, "0"]; const deferred0 = async () => 0 ? 0 : y;',
    ],
    ["  const inner = 1;", "  const inner = 1;"],
    ["const enum E { A }", "const enum E { A }"],
    ["let later: number;", "let later: number;"],
  ];
  for (const [from, to] of cases) assert.equal(deferConstants(from), to);
});
