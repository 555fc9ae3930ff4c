import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../pipeline/keys/canonical.ts";
import { PlainView } from "../../pipeline/run/display.ts";
import { FileHashes, MISSING } from "../../pipeline/keys/file_hashes.ts";
import { decodeLine, encodeLine, lines } from "../../pipeline/run/protocol.ts";
import type { JobStatus } from "../../pipeline/run/scheduler.ts";

function scratch() {
  const dir = mkdtempSync("/tmp/store-");
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

Deno.test("a file's hash is looked up by its stat and never stale", () => {
  using at = scratch();
  const path = join(at.dir, "a.ts");
  writeFileSync(path, "one");
  const hashes = new FileHashes(at.dir);
  assert.equal(hashes.hash("a.ts"), sha256("one"));
  // Written again at once, same length: a stat alone could not tell.
  writeFileSync(path, "two");
  assert.equal(new FileHashes(at.dir, hashes.saved()).hash("a.ts"), sha256("two"));
  assert.equal(hashes.again("a.ts"), sha256("two"));
  Deno.utimeSync(path, new Date(1e12), new Date(1e12));
  assert.equal(hashes.hash("gone.ts"), MISSING);
});

Deno.test("the protocol carries NaN and is not disturbed by other output", async () => {
  const message = { type: "progress", done: NaN, total: -Infinity } as const;
  assert.deepEqual(decodeLine(encodeLine(message).trimEnd()), message);
  assert.equal(decodeLine('{"type":"done"}'), '{"type":"done"}');
  const text = "one\nzwei £\n\nlast";
  const bytes = new TextEncoder().encode(text);
  // In pieces of one byte, so that characters are cut.
  const stream = ReadableStream.from([...bytes].map((b) => Uint8Array.of(b)));
  const found = [];
  for await (const line of lines(stream)) found.push(line);
  assert.deepEqual(found, text.split("\n"));
});

Deno.test("without a terminal progress is plain lines, now and then", () => {
  const printed: string[] = [];
  const view = new PlainView((line) => printed.push(line), 0);
  const status = {
    node: { label: "e/a", stage: { name: "train" } },
    state: "running",
    startedAt: performance.now() - 2000,
    progress: { done: 1, total: 3 },
  } as unknown as JobStatus;
  const totals = { total: 4, cached: 1, ran: 0, failed: 0, skipped: 0 };
  view.changed(status, totals);
  view.log(status, "hello");
  view.changed({ ...status, state: "ran", seconds: 75, progress: undefined }, {
    ...totals,
    ran: 1,
  });
  assert.match(printed[0], /^\[1\/4\] train e\/a: 1\/3, 4\.0 s left$/);
  assert.equal(printed[1], "  e/a: hello");
  assert.equal(printed[2], "[2/4] train e/a (1 min 15 s)");
  assert.ok(!printed.join("").includes("\x1b"));
});
