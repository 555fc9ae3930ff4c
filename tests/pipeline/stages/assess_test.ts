/** @file The stage that scores methods of a field: what the domain is given, what is left, what is refused. */
import assert from "node:assert/strict";
import type { Domain } from "../../../lib/domains/domain.ts";
import { fileOf } from "../../../lib/domains/domain.ts";
import { pilot } from "../../../pipeline/estimate/pilots/assess.ts";
import * as assess from "../../../pipeline/stages/assess.ts";
import { artifact, runStage } from "./run_stage.ts";

const download = (text: string) =>
  artifact({ files: { data: new TextEncoder().encode(text) as never } });

Deno.test("assess hands the files to the domain by their paths, and leaves its scores and parts", async () => {
  const given: unknown[] = [];
  const domain: Domain = {
    assess(files, options) {
      given.push(
        [...files].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]),
        options,
      );
      return { scores: { error: 2, other: 5 }, parts: { error: [1, 3] } };
    },
  };
  const params = { domain: { name: "made", options: { method: "x" } } };
  const inputs = { "a/b.csv": download("one"), "c.txt": download("two") };
  const { scalars, json, progress } = await runStage(assess, params, {
    inputs,
    modules: { domain: { domain } },
  });
  assert.deepEqual(given, [[["a/b.csv", "one"], ["c.txt", "two"]], { method: "x" }]);
  assert.deepEqual(scalars, { error: 2, other: 5 });
  assert.deepEqual(json("scores.json"), {
    scores: { error: 2, other: 5 },
    parts: { error: [1, 3] },
  });
  assert.deepEqual(progress, [[0, 1], [1, 1]]);
});

Deno.test("assess names the module of its domain only, and is measured whole", () => {
  const params = assess.params().parse({ domain: { name: "nab" } });
  assert.deepEqual(params, { domain: { name: "nab", options: {} } });
  assert.deepEqual(assess.modules(params), {
    domain: { path: "lib/domains/nab/nab.ts", exports: ["domain"] },
  });
  assert.deepEqual(pilot(params), { class: params, params, units: 1, of: 1 });
  for (const wrong of [{}, { domain: { name: "../nab" } }, { domain: { name: "nab" }, more: 1 }]) {
    assert.throws(() => assess.params().parse(wrong));
  }
});

Deno.test("a file that a domain needs is named among those that are there", () => {
  const files = new Map([["a", Uint8Array.of(7)]]);
  assert.deepEqual(fileOf(files, "a"), Uint8Array.of(7));
  assert.throws(() => fileOf(files, "b"), /no file b among a\./);
  assert.throws(() => fileOf(new Map(), "b"), /no file b among no files\./);
});
