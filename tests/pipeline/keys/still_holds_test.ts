/**
 * @file The check before a commit: the code and the packages that a job reaches are still those of its key. What the
 * job does not reach may have changed meanwhile.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { stopBundler } from "../../../pipeline/keys/bundle.ts";
import { sha256 } from "../../../pipeline/content/canonical.ts";
import { Fingerprints } from "../../../pipeline/keys/fingerprint.ts";
import { Packages } from "../../../pipeline/keys/packages.ts";
import { type Demo, makeDemo } from "../helpers.ts";

const GENERATE = "pipeline/stages/generate.ts";
const IMPORTS = {
  zod: "npm:zod@4.6.7",
  range: "npm:range@^1",
  pinned: "npm:pinned@1.0.0",
  "#const/": "./lib/",
};
const LOCK = {
  specifiers: { "npm:range@^1": "1.2.0", "npm:pinned@1.0.0": "1.0.0" },
  npm: { "range@1.2.0": { dependencies: ["below"] }, "below@1.0.0": {}, "pinned@1.0.0": {} },
};

/** A demonstration in which generate reaches `range`, and a constant by the import map. */
function makeReaching(): Demo {
  const demo = makeDemo();
  demo.write("deno.json", JSON.stringify({ imports: IMPORTS }, null, 1));
  demo.write("deno.lock", JSON.stringify(LOCK, null, 1));
  demo.edit("lib/middle.ts", '"./deep.ts"', '"#const/deep.ts"');
  demo.edit("lib/middle.ts", "import", 'import { round } from "range";\nimport');
  demo.edit("lib/middle.ts", "SCALE * x", "round(SCALE * x)");
  demo.write("lib/deeper.ts", "export const SCALE = 7;\n");
  return demo;
}

const CHANGES: { what: string; change(demo: Demo): void; holds: boolean }[] = [
  { what: "nothing", change: () => {}, holds: true },
  {
    what: "a comment in reached code",
    change: (d) => d.edit("lib/deep.ts", "SCALE = 3", "SCALE = /* three */ 3"),
    holds: true,
  },
  {
    what: "a constant in reached code",
    change: (d) => d.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4"),
    holds: false,
  },
  {
    what: "a constant in reached code, and an unreached one in a file before it",
    change: (d) => {
      d.edit("lib/deep.ts", "return x - 1", "return x - 2");
      d.edit("lib/noise.ts", "4294967296", "4294967295");
    },
    holds: false,
  },
  {
    what: "a constant in reached code, and a comment in every other file that was read",
    change: (d) => {
      const stage = join(d.root, GENERATE);
      const read = ["lib/deep.ts", "lib/middle.ts", "lib/noise.ts"].map((p) => join(d.root, p));
      for (const path of [stage, ...read]) {
        Deno.writeTextFileSync(path, "// more\n", { append: true });
      }
      d.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
    },
    holds: false,
  },
  {
    what: "reached code, which does not parse any more",
    change: (d) => d.edit("lib/deep.ts", "SCALE = 3", "SCALE ="),
    holds: false,
  },
  {
    what: "reached code, which is gone",
    change: (d) => Deno.removeSync(join(d.root, "lib/deep.ts")),
    holds: false,
  },
  {
    what: "the version of a reached package",
    change: (d) => d.edit("deno.lock", '"1.2.0"', '"1.2.1"'),
    holds: false,
  },
  {
    what: "the version of a package beneath a reached one",
    change: (d) => d.edit("deno.lock", "below@1.0.0", "below@1.1.0"),
    holds: false,
  },
  {
    what: "the version of a reached package, and a comment",
    change: (d) => {
      d.edit("lib/deep.ts", "SCALE = 3", "SCALE = /* three */ 3");
      d.edit("deno.lock", '"1.2.0"', '"1.2.1"');
    },
    holds: false,
  },
  {
    what: "the version of a package that is not reached",
    change: (d) => {
      d.edit("deno.lock", 'pinned@1.0.0": "1.0.0"', 'pinned@1.0.0": "1.0.1"');
      d.edit("deno.json", "pinned@1.0.0", "pinned@1.0.1");
    },
    holds: true,
  },
  {
    what: "where the import map leads a reached name",
    change: (d) =>
      d.edit("deno.json", '"#const/"', '"#const/deep.ts": "./lib/deeper.ts", "#const/"'),
    holds: false,
  },
  {
    what: "deno.json, which is no JSON any more",
    change: (d) => d.write("deno.json", "{"),
    holds: false,
  },
];

for (const { what, change, holds } of CHANGES) {
  Deno.test(`while a job ran ${what} changed: its key ${holds ? "holds" : "does not hold"}`, async () => {
    using demo = makeReaching();
    const packages = Packages.read(demo.root);
    const fingerprints = new Fingerprints(demo.root, join(demo.root, "cache"), packages);
    const planned = await fingerprints.of(GENERATE, {});
    assert.deepEqual(planned.packages, { below: "1.0.0", range: "1.2.0" });
    change(demo);
    assert.equal(await fingerprints.stillHolds(GENERATE, {}, planned), holds);
    // Asked again, as for the next job of the same stage.
    assert.equal(await fingerprints.stillHolds(GENERATE, {}, planned), holds);
    await stopBundler();
  });
}

Deno.test("the check is against the key that a job was given, not against what was planned last", async () => {
  using demo = makeReaching();
  const packages = Packages.read(demo.root);
  const fingerprints = new Fingerprints(demo.root, join(demo.root, "cache"), packages);
  const planned = await fingerprints.of(GENERATE, {});
  for (
    const other of [
      { ...planned, code: sha256("other") },
      { ...planned, packages: { ...planned.packages, range: "1.1.0" } },
      { ...planned, packages: {} },
    ]
  ) assert.equal(await fingerprints.stillHolds(GENERATE, {}, other), false);
  await stopBundler();
});

Deno.test("after the check every file of the job is known as it is now", async () => {
  using demo = makeReaching();
  const packages = Packages.read(demo.root);
  const fingerprints = new Fingerprints(demo.root, join(demo.root, "cache"), packages);
  const planned = await fingerprints.of(GENERATE, {});
  for (const path of Object.keys(planned.files)) fingerprints.hashes.hash(path);
  for (const path of ["lib/deep.ts", "lib/noise.ts"]) demo.edit(path, "/** @file", "/** @file:");
  assert.equal(await fingerprints.stillHolds(GENERATE, {}, planned), true);
  for (const path of ["lib/deep.ts", "lib/noise.ts"]) {
    assert.equal(fingerprints.hashes.hash(path), sha256(Deno.readFileSync(join(demo.root, path))));
  }
  await stopBundler();
});
