/** @file What is said of a module that does not exist. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { nearestFirst } from "../../lib/nearest.ts";
import { missingModule } from "../../pipeline/modules.ts";

/** A folder with these files. */
function folderOf(files: Record<string, string>) {
  const root = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "modules-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

Deno.test("of a missing module the others of its folder are named that export the same, nearest first", () => {
  using folder = folderOf({
    "lib/models/lru.ts": "export const model: X = {};",
    "lib/models/lstm.ts": "export function model() {}",
    "lib/models/gru.ts": "export async function model() {}",
    "lib/models/types.ts": "export interface Model {}\nexport const models = 1;",
    "lib/models/inner.ts": "  export const model = 1; // in a text",
    "lib/models/ends/patches.ts": "export const model = 1;",
  });
  const of = (name: string, exports = ["model"]) =>
    missingModule(folder.root, { model: { path: `lib/models/${name}.ts`, exports } });
  assert.equal(of("lru"), undefined);
  assert.equal(of("types"), undefined, "what it exports is the worker's to say");
  assert.equal(of("lstn"), "there is no lib/models/lstn.ts; lib/models has lstm, lru, gru");
  assert.equal(of("grux"), "there is no lib/models/grux.ts; lib/models has gru, lru, lstm");
  const none = "there is no lib/models/a.ts, and no other such module in lib/models";
  assert.equal(of("a", ["task"]), none);
  assert.equal(of("a", ["model", "models"]), none);
  const two = {
    a: { path: "lib/models/lru.ts", exports: [] },
    b: { path: "lib/x.ts", exports: [] },
  };
  assert.match(
    missingModule(folder.root, two)!,
    /^there is no lib\/x\.ts, and no other .* in lib$/,
  );
});

Deno.test("a task is a module in a folder of its name, and what belongs to it lies beside it", () => {
  using folder = folderOf({
    "lib/tasks/filtering/filtering.ts": "export const task = 1;",
    "lib/tasks/filtering/references/bounds.ts": "export const reference = 1;",
    "lib/tasks/recall/recall.ts": "export const task = 1;",
    "lib/tasks/half/other.ts": "export const task = 1;",
    "lib/tasks/task.ts": "export const task = 1;",
  });
  const of = (path: string, name: string) =>
    missingModule(folder.root, { it: { path: `lib/tasks/${path}.ts`, exports: [name] } });
  assert.equal(of("recall/recall", "task"), undefined);
  assert.match(of("recal/recal", "task")!, /; lib\/tasks has recall, filtering$/);
  assert.match(of("half/half", "task")!, /; lib\/tasks has recall, filtering$/);
  assert.match(
    of("filtering/references/bound", "reference")!,
    /; lib\/tasks\/filtering\/references has bounds$/,
  );
  assert.match(
    of("recall/references/bounds", "reference")!,
    /no other such module in lib\/tasks\/recall\/references$/,
  );
});

Deno.test("names are as near as few letters have to be inserted, deleted or replaced", () => {
  const names = ["linear_attention", "lstm", "gru", "lru", ""];
  assert.deepEqual(nearestFirst("gruu", names), ["gru", "lru", "lstm", "", "linear_attention"]);
  assert.deepEqual(nearestFirst("attention", names)[0], "linear_attention");
  assert.deepEqual(nearestFirst("", names)[0], "");
  assert.deepEqual(nearestFirst("x", ["b", "a"]), ["b", "a"], "equally near ones as they stood");
  assert.deepEqual(nearestFirst("x", []), []);
});
