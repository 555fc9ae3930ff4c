/** @file Where imports lead by `deno.json`, and which versions `deno.lock` gives them and what is beneath. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Packages } from "../../../pipeline/keys/packages.ts";

Deno.test("imports of deno.json lead to packages and folders", () => {
  const packages = new Packages({
    zod: "npm:zod@4.6.7",
    "@scope/name": "npm:@scope/name@^1",
    "@std/": "npm:/deno-std@1.4.0/",
    "#lib/": "./lib/",
  }, {
    specifiers: { "npm:@scope/name@^1": "1.2.3_zod@4.6.7" },
    npm: { "@scope/name@1.2.3_zod@4.6.7": { dependencies: ["zod"] }, "zod@4.6.7": {} },
  });
  const package_ = (name: string, request: string) => ({ kind: "package", name, request });
  assert.deepEqual(packages.resolve("zod"), package_("zod", "zod@4.6.7"));
  assert.deepEqual(packages.resolve("@std/csv/parse.js"), package_("deno-std", "deno-std@1.4.0"));
  assert.deepEqual(packages.resolve("npm:left@1/x.js"), package_("left", "left@1"));
  assert.deepEqual(packages.resolve("#lib/a.ts"), { kind: "file", path: "./lib/a.ts" });
  assert.deepEqual(packages.resolve("node:fs"), { kind: "builtin" });
  assert.deepEqual(packages.resolve("left"), { kind: "unknown" });
  assert.deepEqual(packages.versions(["@scope/name@^1"]), { "@scope/name": "1.2.3", zod: "4.6.7" });
  assert.equal(packages.version("zod"), "4.6.7");
});

Deno.test("of several prefixes the longest leads, and a whole name before every prefix", () => {
  for (const turned of [false, true]) {
    const entries = Object.entries({
      "#lib/": "./lib/",
      "#lib/deep/": "./elsewhere/",
      "#lib/deep/one.ts": "./one.ts",
    });
    const packages = new Packages(Object.fromEntries(turned ? entries.reverse() : entries));
    const path = (name: string) => (packages.resolve(name) as { path: string }).path;
    assert.equal(path("#lib/a.ts"), "./lib/a.ts");
    assert.equal(path("#lib/deep/two.ts"), "./elsewhere/two.ts");
    assert.equal(path("#lib/deep/one.ts"), "./one.ts");
  }
});

Deno.test("a name is no prefix, and a prefix is no name", () => {
  const packages = new Packages({ zod: "npm:zod@4.6.7", "#lib/": "./lib/" });
  assert.deepEqual(packages.resolve("zod/mini"), { kind: "unknown" });
  assert.deepEqual(packages.resolve("zodiac"), { kind: "unknown" });
  assert.deepEqual(packages.resolve("#lib"), { kind: "unknown" });
});

Deno.test("targets are files by their first characters, and packages by their scheme", () => {
  const packages = new Packages({
    up: "../up.ts",
    here: "./here.ts",
    root: "/abs.ts",
    bare: "lib/bare.ts",
    dots: ".../dots.ts",
    data: "data:text/javascript,1",
    web: "https://example.org/x@1/y.ts",
    plain: "http://example.org/y.ts",
    jsr: "jsr:@std/x@^1",
    deep: "npm:@scope/name@1.2.3/sub/path.js",
    latest: "npm:left",
    latestDeep: "npm:@scope/name/sub.js",
  });
  const kinds = ["up", "here", "root", "bare", "dots", "data"].map((n) => packages.resolve(n).kind);
  assert.deepEqual(kinds, ["file", "file", "file", "unknown", "unknown", "unknown"]);
  const request = (name: string) => {
    const found = packages.resolve(name);
    return found.kind === "package" ? [found.name, found.request] : found.kind;
  };
  assert.deepEqual(request("web"), Array(2).fill("https://example.org/x@1/y.ts"));
  assert.deepEqual(request("plain"), Array(2).fill("http://example.org/y.ts"));
  assert.deepEqual(request("jsr"), Array(2).fill("jsr:@std/x@^1"));
  assert.deepEqual(request("deep"), ["@scope/name", "@scope/name@1.2.3"]);
  assert.deepEqual(request("latest"), ["left", "left"]);
  assert.deepEqual(request("latestDeep"), ["@scope/name", "@scope/name"]);
});

const TREE = {
  specifiers: { "npm:a@^1": "1.5.0", "npm:b@2": "2.1.0_peer@1.0.0", "npm:loop@1": "1.0.0" },
  npm: {
    "a@1.5.0": { dependencies: ["shared@1.0.0"], optionalDependencies: ["extra"] },
    "b@2.1.0_peer@1.0.0": { dependencies: ["shared@2.0.0", "peer"] },
    "shared@1.0.0": {},
    "shared@2.0.0": { dependencies: ["leaf"] },
    "extra@0.1.0": {},
    "peer@1.0.0": {},
    "leaf@9.0.0": {},
    "loop@1.0.0": { dependencies: ["back"] },
    "back@1.0.0": { dependencies: ["loop"] },
    "unasked@1.0.0": {},
  },
};

Deno.test("versions are those of what is asked for and of everything beneath, and of nothing else", () => {
  const packages = new Packages({}, TREE);
  assert.deepEqual(packages.versions([]), {});
  assert.deepEqual(packages.versions(["a@^1"]), { a: "1.5.0", extra: "0.1.0", shared: "1.0.0" });
  const b = { b: "2.1.0", leaf: "9.0.0", peer: "1.0.0" };
  assert.deepEqual(packages.versions(["b@2"]), { ...b, shared: "2.0.0" });
  const both = { a: "1.5.0", ...b, extra: "0.1.0", shared: "1.0.0 and 2.0.0" };
  assert.deepEqual(packages.versions(["b@2", "a@^1"]), both);
  assert.deepEqual(packages.versions(["loop@1"]), { back: "1.0.0", loop: "1.0.0" });
});

Deno.test("versions come in the order of the names, whatever was asked for first", () => {
  const packages = new Packages({}, TREE);
  const spelt = JSON.stringify(packages.versions(["a@^1", "b@2"]));
  assert.equal(JSON.stringify(packages.versions(["b@2", "a@^1"])), spelt);
  assert.deepEqual(Object.keys(JSON.parse(spelt)), ["a", "b", "extra", "leaf", "peer", "shared"]);
});

Deno.test("a dependency is found by its whole id, then by its id before the peers, then by name", () => {
  const versionsOf = (dependency: string, ...ids: string[]) => {
    const npm = Object.fromEntries(ids.map((id) => [id, {}]));
    const packages = new Packages({}, {
      specifiers: { "npm:top@1": "1.0.0" },
      npm: { ...npm, "top@1.0.0": { dependencies: [dependency] } },
    });
    return packages.versions(["top@1"]).dep;
  };
  assert.equal(versionsOf("dep@2.0.0", "dep@1.0.0", "dep@2.0.0_x@1", "dep@2.0.0"), "2.0.0");
  assert.equal(versionsOf("dep@2.0.0", "dep@2.0.01", "dep@2.0.0_x@1"), "2.0.0");
  assert.equal(versionsOf("dep", "dep@1.0.0", "dependent@3.0.0"), "1.0.0");
  assert.equal(versionsOf("dep@5.0.0"), "5.0.0");
});

Deno.test("two copies of a package with other peers both count with what is beneath them", () => {
  const packages = (peer: string) =>
    new Packages({}, {
      specifiers: { "npm:top@1": "1.0.0" },
      npm: {
        "top@1.0.0": { dependencies: ["dep@1.0.0_peer@1.0.0", `dep@1.0.0_peer@${peer}`] },
        "dep@1.0.0_peer@1.0.0": { dependencies: ["peer@1.0.0"] },
        [`dep@1.0.0_peer@${peer}`]: { dependencies: [`peer@${peer}`] },
        "peer@1.0.0": {},
        [`peer@${peer}`]: {},
      },
    });
  assert.equal(packages("2.0.0").versions(["top@1"]).peer, "1.0.0 and 2.0.0");
  assert.equal(packages("3.0.0").versions(["top@1"]).peer, "1.0.0 and 3.0.0");
});

Deno.test("a package that the lock file does not list counts with its pin or its address", () => {
  const packages = new Packages({ zod: "npm:zod@4.6.7", folder: "./lib/a.ts" }, TREE);
  assert.deepEqual(packages.versions(["zod@4.6.7"]), { zod: "4.6.7" });
  assert.deepEqual(packages.versions(["zod"]), { zod: "" });
  const addresses = ["https://example.org/x@1/y.ts", "https://example.org/x@2/y.ts"];
  const [one, two] = addresses.map((request) => packages.versions([request]));
  assert.notDeepEqual(one, two);
  assert.equal(packages.version("zod"), "4.6.7");
  for (const name of ["folder", "node:fs", "left"]) assert.equal(packages.version(name), undefined);
});

Deno.test("both files may be absent, and one that is no JSON is named", () => {
  const root = mkdtempSync("/tmp/packages-");
  try {
    assert.deepEqual(Packages.read(root).imports, {});
    writeFileSync(`${root}/deno.json`, '{"tasks": {}}');
    assert.deepEqual(Packages.read(root).imports, {});
    writeFileSync(`${root}/deno.json`, '{"imports": {"a": "npm:a@^1"}}');
    assert.deepEqual(Packages.read(root).imports, { a: "npm:a@^1" });
    assert.equal(Packages.read(root).version("a"), "^1");
    writeFileSync(`${root}/deno.lock`, JSON.stringify(TREE));
    assert.equal(Packages.read(root).version("a"), "1.5.0");
    writeFileSync(`${root}/deno.lock`, "{");
    assert.throws(() => Packages.read(root), /deno\.lock cannot be read as JSON/);
  } finally {
    rmSync(root, { recursive: true });
  }
});
