/** @file The lines between coordinator and worker: values that JSON lacks, pieces, and what is none of theirs. */
import assert from "node:assert/strict";
import {
  decodeLine,
  decodeLines,
  encodeLine,
  type FromWorker,
  isFromWorker,
  type JobResult,
  lines,
} from "../../../pipeline/run/protocol.ts";

const PROGRESS = { key: "k", type: "progress", done: 1, total: 2 } as const;

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
    { key: "k", type: "progress", done: NaN, total: -Infinity },
    { key: "k", type: "log", line: "two\nlines, a \x1e mark, a \u2028 and £" },
    { key: "k", type: "log", line: "" },
    { key: "k", type: "done", result },
    { key: "k", type: "failed", message: "no", aborted: true },
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

Deno.test("text without end comes in pieces, a message in it whole, and one without end is refused", async () => {
  const message = encodeLine(PROGRESS).trimEnd();
  const cut = async (...chunks: string[]) => {
    const found: string[] = [];
    const bytes = chunks.map((c) => new TextEncoder().encode(c));
    for await (const line of lines(ReadableStream.from(bytes), { text: 20, message: 100 })) {
      found.push(line);
    }
    return found;
  };
  assert.deepEqual(await cut("x".repeat(15), "y".repeat(15), "z\n", "w\n"), [
    "x".repeat(15) + "y".repeat(15),
    "z",
    "w",
  ]);
  // The message of 60 characters is longer than text may be, and comes in pieces itself.
  for (const at of [0, 1, 5, 30]) {
    const found = await cut("t".repeat(12) + message.slice(0, at), message.slice(at), "\n");
    const decoded = found.flatMap((line) => decodeLines(line));
    assert.deepEqual(decoded.filter((m) => typeof m !== "string"), [PROGRESS]);
    assert.equal(decoded.filter((m) => typeof m === "string").join(""), "t".repeat(12));
  }
  await assert.rejects(cut("\x1e" + "x".repeat(60), "x".repeat(60)), {
    message: "a message of more than 100 characters",
  });
  assert.equal((await cut("\x1e" + "x".repeat(98) + "\n"))[0].length, 99);
});

Deno.test("what has the form of a message is one, and nothing else", () => {
  const result = {
    artifact: { files: [{ name: "a", sha256: "0".repeat(64), bytes: 1 }], scalars: { loss: NaN } },
    ...{ seconds: 1, observations: { x: Infinity }, metrics: [["loss", 1, NaN]] },
    ...{ rules: ["t#a"], codeSeen: { "a.ts": "0" } },
  };
  const good: Record<string, unknown>[] = [
    { type: "log", line: "" },
    { type: "progress", done: NaN, total: 2 },
    { type: "metrics", points: [] },
    { type: "metrics", points: [["loss", 1, -Infinity]] },
    { type: "done", result },
    { type: "done", result: { ...result, programs: "p", sameAs: "s" } },
    { type: "failed", message: "m", aborted: false },
    { type: "failed", message: "m", aborted: false, metrics: [] },
  ];
  for (const message of good) {
    assert.equal(isFromWorker({ key: "k", ...message }), true, JSON.stringify(message));
    assert.equal(isFromWorker(message), false, "without a job");
    assert.equal(isFromWorker({ key: 5, ...message }), false);
    // Each field is needed, and of its kind.
    for (const field of Object.keys(message)) {
      for (const value of [undefined, null, 5n, {}, [1]]) {
        if (field === "metrics" && value === undefined) continue;
        assert.equal(isFromWorker({ key: "k", ...message, [field]: value }), false, field);
      }
    }
  }
  for (const field of Object.keys(result)) {
    const bad = { key: "k", type: "done", result: { ...result, [field]: "x" } };
    assert.equal(isFromWorker(bad), false, field);
  }
  const odd: unknown[] = [
    ...[null, undefined, 5, "done", [], [good[0]], {}, { key: "k" }],
    { key: "k", type: "other" },
    { key: "k", type: "metrics", points: [["loss", 1]] },
    { key: "k", type: "done", result: { ...result, programs: 5 } },
  ];
  const { files: [file] } = result.artifact;
  for (const change of [{ name: 5 }, { sha256: "../../x" }, { bytes: "1" }]) {
    const artifact = { ...result.artifact, files: [{ ...file, ...change }] };
    odd.push({ key: "k", type: "done", result: { ...result, artifact } });
  }
  for (const message of odd) assert.equal(isFromWorker(message), false, Deno.inspect(message));
});
