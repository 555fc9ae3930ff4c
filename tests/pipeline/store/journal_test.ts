/** @file The journal: lines come back in order, and what is no line of its own is not taken for one. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Journal } from "../../../pipeline/store/journal.ts";
import { scratch } from "./helpers.ts";

/** A line as the format says: 16 digits of the sha256 of the JSON, a blank, the JSON. */
function line(value: unknown): string {
  const json = JSON.stringify(value);
  return `${createHash("sha256").update(json).digest("hex").slice(0, 16)} ${json}\n`;
}

function read(path: string) {
  const damaged: number[] = [];
  const journal = new Journal<unknown>(path);
  const changes = [...journal.changes((number) => damaged.push(number))];
  return { journal, changes, damaged };
}

Deno.test("a line is a checksum, a blank and JSON with numbers that JSON has not as text", () => {
  using store = scratch();
  const path = store.at("journal");
  const journal = new Journal<unknown>(path);
  assert.equal(existsSync(path), false);
  assert.ok(journal.isEmpty);
  journal.append({ b: [1, NaN], a: "é\n", c: -Infinity });
  assert.ok(!journal.isEmpty);
  journal.append(2);
  journal.close();
  const expected = line({ a: "é\n", b: [1, "NaN"], c: "-Infinity" }) + line(2);
  assert.equal(readFileSync(path, "utf8"), expected);
});

Deno.test("changes come back oldest first, and what is appended comes behind them", () => {
  using store = scratch();
  const path = store.at("journal");
  writeFileSync(path, line(1) + line(2));
  const { journal, changes } = read(path);
  assert.deepEqual(changes, [1, 2]);
  assert.ok(!journal.isEmpty);
  journal.append(3);
  journal.close();
  journal.append(4);
  journal.close();
  journal.close();
  assert.deepEqual(read(path).changes, [1, 2, 3, 4]);
  assert.equal(readFileSync(path, "utf8"), [1, 2, 3, 4].map(line).join(""));
});

Deno.test("a journal that is not there, or has nothing, is empty", () => {
  using store = scratch();
  const path = store.at("journal");
  for (let i = 0; i < 2; i++) {
    const { journal, changes, damaged } = read(path);
    assert.deepEqual([changes, damaged, journal.isEmpty], [[], [], true]);
    writeFileSync(path, "");
  }
});

Deno.test("lines that are not as they were written are told by number, and the others kept", () => {
  using store = scratch();
  const path = store.at("journal");
  const flipped = line({ x: 1 }).replace('"x"', '"y"');
  const other = line({ x: 1 }).replace(/^./, (digit) => digit === "0" ? "1" : "0");
  for (
    const bad of ["\n", "x\n", "0123456789abcdef\n", flipped, other, line(1).slice(1), "\0\0\n"]
  ) {
    writeFileSync(path, bad + line(1) + bad + bad + line(2));
    const { journal, changes, damaged } = read(path);
    assert.deepEqual([changes, damaged], [[1, 2], [1, 3, 4]], JSON.stringify(bad));
    // What comes next goes behind them.
    journal.append(3);
    journal.close();
    assert.deepEqual(read(path).changes, [1, 2, 3]);
  }
});

Deno.test("a last line without an end is none, and the next one takes its place", () => {
  using store = scratch();
  const path = store.at("journal");
  const long = line("long".repeat(20));
  const parts = Array.from({ length: long.length - 1 }, (_, i) => long.slice(0, i + 1));
  for (const torn of [...parts, "\0".repeat(9)]) {
    writeFileSync(path, line(1) + torn);
    const { journal, changes, damaged } = read(path);
    assert.deepEqual([changes, damaged], [[1], []], torn);
    assert.equal(readFileSync(path, "utf8"), line(1) + torn, "reading changes nothing");
    journal.append(3);
    journal.close();
    const again = read(path);
    assert.deepEqual([again.changes, again.damaged], [[1, 3], []], torn);
  }
});

Deno.test("lines may be longer than what is read at once, and end where it ends", () => {
  using store = scratch();
  const path = store.at("journal");
  const piece = 2 ** 20;
  const long = (bytes: number) => "x".repeat(bytes - line("").length);
  for (const length of [piece - 1, piece, piece + 1, 2 * piece, 2 * piece + 5]) {
    const values = [long(length), 1, long(length)];
    writeFileSync(path, values.map(line).join(""));
    assert.equal(line(values[0]).length, length);
    const { journal, changes, damaged } = read(path);
    assert.ok(damaged.length === 0 && changes.length === 3, String(length));
    assert.ok(changes.every((change, i) => change === values[i]), String(length));
    journal.append(2);
    journal.close();
    assert.equal(read(path).changes.at(-1), 2);
  }
});
