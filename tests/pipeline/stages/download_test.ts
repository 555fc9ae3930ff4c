/** @file The stage download, called as the worker calls it, on files of this repository and of a mirror. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { z } from "zod";
import * as download from "../../../pipeline/stages/download.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const own = { id: "own", title: "Own", licence: "MIT" };

async function run(entry: object, signal = new AbortController().signal) {
  const logged: string[] = [];
  const params = download.params().parse({ entry });
  const log = (line: string) => void logged.push(line);
  const { files, scalars } = await download.run({ params, log, signal } as Any);
  return { files, scalars, logged };
}

/** Runs `body` with a mirror of one file, `there.csv`. */
async function withMirror(body: (bytes: Uint8Array, sha256: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const bytes = new TextEncoder().encode(`x\n${crypto.randomUUID()}\n`);
  await Deno.writeFile(`${folder}/there.csv`, bytes);
  // Of this module alone: the environment itself belongs to every test of the process.
  const real = Deno.env.get;
  Deno.env.get = (name) => name === "DEEP_LINEAR_MIRROR" ? folder : real(name);
  try {
    await body(bytes, createHash("sha256").update(bytes).digest("hex"));
  } finally {
    Deno.env.get = real;
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("download leaves the bytes of a local file, whose path starts at the folder of datasets.json", async () => {
  const { files, scalars, logged } = await run({ ...own, path: "datasets.json" });
  const bytes = await Deno.readFile("data/datasets.json");
  assert.deepEqual(Object.keys(files), ["data"]);
  assert.deepEqual(new Uint8Array(files.data as Uint8Array), bytes);
  assert.deepEqual(scalars, { bytes: bytes.length });
  assert.deepEqual(logged, [`own: ${bytes.length} bytes from ${Deno.cwd()}/data/datasets.json`]);
});

Deno.test("download takes a file from the mirror that DEEP_LINEAR_MIRROR names, and refuses other bytes", async () => {
  await withMirror(async (bytes, sha256) => {
    const { files } = await run({ ...own, mirror: "there.csv", sha256 });
    assert.deepEqual(new Uint8Array(files.data as Uint8Array), bytes);
    const other = { ...own, mirror: "there.csv", sha256: "0".repeat(64) };
    await assert.rejects(run(other), /its sha256 is/);
  });
});

Deno.test("download ends when the run is stopped", async () => {
  const entry = { ...own, url: "http://127.0.0.1:1/x.csv", sha256: "0".repeat(64) };
  await assert.rejects(run(entry, AbortSignal.abort()), { name: "AbortError" });
});

Deno.test("download may reach the network, read the mirror and write its cache, and refuses parameters it does not know", () => {
  assert.deepEqual(download.permissions, {
    net: true,
    read: ["$DEEP_LINEAR_MIRROR"],
    write: ["data/cache"],
  });
  const parsed = download.params().safeParse({ entry: { ...own, path: "x" }, mirror: "m" });
  assert.match(z.prettifyError(parsed.error!), /mirror/);
});
