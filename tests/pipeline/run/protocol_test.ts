/** @file The lines between coordinator and worker: values that JSON lacks, pieces, and what is none of theirs. */
import assert from "node:assert/strict";
import {
  decodeLine,
  decodeLines,
  encodeLine,
  type FromWorker,
  type JobResult,
  lines,
} from "../../../pipeline/run/protocol.ts";

const PROGRESS = { type: "progress", done: 1, total: 2 } as const;

async function split(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  const bytes = chunks.map((c) => typeof c === "string" ? new TextEncoder().encode(c) : c);
  const found: string[] = [];
  for await (const line of lines(ReadableStream.from(bytes))) found.push(line);
  return found;
}

Deno.test("a message comes out as it went in, with NaN and the infinities at any depth", () => {
  const result = {
    artifact: { files: [{ name: "a", sha256: "0", bytes: 1 }], scalars: { loss: NaN } },
    metrics: [["loss", 1, -Infinity], ["loss", 2, 0.1], ["rate", 1, Infinity]],
    observations: { x: NaN },
  } as unknown as JobResult;
  const messages: FromWorker[] = [
    PROGRESS,
    { type: "progress", done: NaN, total: -Infinity },
    { type: "log", line: "two\nlines, a \x1e mark, a \u2028 and £" },
    { type: "log", line: "" },
    { type: "done", result },
    { type: "failed", message: "no", aborted: true },
  ];
  for (const message of messages) {
    const line = encodeLine(message);
    // One line, whose mark nothing inside repeats.
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.equal(line.lastIndexOf("\x1e"), 0);
    assert.deepEqual(decodeLine(line.trimEnd()), message);
    assert.deepEqual(decodeLines(line.trimEnd()), [message]);
  }
});

Deno.test("what is no message is a line, also when it looks like one or is half of one", () => {
  const half = encodeLine(PROGRESS).slice(0, -5);
  for (const line of ["", "hello", '{"type":"done"}', '{"type":"do', "\x1e", "\x1ehello", half]) {
    assert.equal(decodeLine(line), line);
    assert.deepEqual(decodeLines(line), [line]);
  }
});

Deno.test("what was printed without a line's end before a message stays apart from it", () => {
  const message = encodeLine(PROGRESS).trimEnd();
  assert.deepEqual(decodeLines("printed" + message), ["printed", PROGRESS]);
  assert.deepEqual(decodeLines(message + message), [PROGRESS, PROGRESS]);
  const half = message.slice(0, -3);
  assert.deepEqual(decodeLines("a" + half + message), ["a", half, PROGRESS]);
});

Deno.test("a stream is split at line ends, however it is cut", async () => {
  const text = "one\nzwei £ 𝄞\n\nfour";
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 5, 100]) {
    const chunks = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    assert.deepEqual(await split(...chunks), text.split("\n"), `${size} bytes at a time`);
  }
});

Deno.test("the last line needs no end, and an end makes no other line", async () => {
  assert.deepEqual(await split("a\nb"), ["a", "b"]);
  assert.deepEqual(await split("a\nb\n"), ["a", "b"]);
  assert.deepEqual(await split("a\n\n"), ["a", ""]);
  assert.deepEqual(await split("a", "", "b\nc", "d\n"), ["ab", "cd"]);
  assert.deepEqual(await split(), []);
  assert.deepEqual(await split(""), []);
});

Deno.test("a long line in many pieces is one line", async () => {
  const piece = "x".repeat(1000);
  const [line, ...rest] = await split(...Array.from({ length: 500 }, () => piece), "\n");
  assert.deepEqual([line.length, rest], [500_000, []]);
});

Deno.test("a line is given as soon as its end has come", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encode = (text: string) => new TextEncoder().encode(text);
  const found = lines(readable);
  writer.write(encode("first\nsec"));
  assert.equal((await found.next()).value, "first");
  writer.write(encode("ond\n"));
  assert.equal((await found.next()).value, "second");
  writer.close();
  assert.equal((await found.next()).done, true);
});
