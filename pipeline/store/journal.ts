/**
 * @file The journal of the catalogue: every change as one line, on the disk before DuckDB hears of it.
 *
 * A line is a checksum, a blank and JSON. A kill in the middle of an append leaves a last line that
 * does not hold; it is cut off, and with it a change that nobody had been told was made.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { sha256 } from "../keys/canonical.ts";

export class Journal<Change> {
  #file?: number;
  #size: number;

  /** @param path of the file; it is made by the first append */
  constructor(private readonly path: string) {
    this.#size = existsSync(path) ? statSync(path).size : 0;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /**
   * The changes, oldest first; a torn last line is cut off.
   * @throws {Error} when a line that others follow is damaged
   */
  *changes(): Generator<Change> {
    let number = 0;
    for (const { text, start, whole } of lines(this.path, this.#size)) {
      number++;
      const change = whole ? decode<Change>(text) : undefined;
      if (change) yield change.value;
      else if (start + text.length + 1 >= this.#size) this.#cut(start);
      else {
        throw new Error(
          `${this.path} is damaged in line ${number}, at byte ${start}. "truncate -s ${start} ` +
            `${this.path}" keeps everything before; what was recorded after it runs again.`,
        );
      }
    }
  }

  /** On the disk when it returns. */
  append(change: Change): void {
    this.#file ??= openSync(this.path, "a");
    const line = encode(change);
    for (let at = 0; at < line.length;) at += writeSync(this.#file, line, at, line.length - at);
    fsyncSync(this.#file);
    this.#size += line.length;
  }

  /** Takes back what `work` appended if it throws. */
  async attempt(work: () => Promise<void>): Promise<void> {
    const before = this.#size;
    try {
      await work();
    } catch (cause) {
      if (this.#file !== undefined) ftruncateSync(this.#file, before);
      this.#size = before;
      throw cause;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #cut(size: number): void {
    truncateSync(this.path, size);
    this.#size = size;
  }
}

/** JSON has no NaN and no infinities, and losses have. */
const NUMBER = "$number";

function encode(change: unknown): Uint8Array {
  const text = JSON.stringify(
    change,
    (_key, value) =>
      typeof value === "number" && !Number.isFinite(value) ? { [NUMBER]: String(value) } : value,
  );
  return new TextEncoder().encode(`${checksum(text)} ${text}\n`);
}

function decode<Change>(line: Uint8Array): { value: Change } | undefined {
  const text = new TextDecoder().decode(line);
  const json = text.slice(text.indexOf(" ") + 1);
  if (text !== `${checksum(json)} ${json}`) return undefined;
  return {
    value: JSON.parse(
      json,
      (_key, value) =>
        value !== null && typeof value === "object" && NUMBER in value
          ? Number(value[NUMBER])
          : value,
    ),
  };
}

const checksum = (text: string) => sha256(text).slice(0, 16);

/** Lines of a file without their ends, read in pieces: a file of curves is longer than a string may be. */
function* lines(path: string, size: number) {
  if (size === 0) return;
  const file = openSync(path, "r");
  try {
    const piece = new Uint8Array(1 << 20);
    let parts: Uint8Array[] = [];
    let start = 0;
    for (let at = 0, count; (count = readSync(file, piece, 0, piece.length, at)) > 0; at += count) {
      for (let from = 0; from < count;) {
        const end = piece.subarray(0, count).indexOf(10, from);
        const whole = end >= 0;
        parts.push(piece.slice(from, whole ? end : count));
        from = whole ? end + 1 : count;
        if (!whole) continue;
        yield { text: joined(parts), start, whole };
        parts = [];
        start = at + from;
      }
    }
    if (parts.length) yield { text: joined(parts), start, whole: false };
  } finally {
    closeSync(file);
  }
}

function joined(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
