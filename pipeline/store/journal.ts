/**
 * @file The journal of the catalogue: every change as one line, on the disk before it counts.
 *
 * A line is a checksum, a blank and JSON, as `canonical` spells it: NaN and the infinities are text.
 * A kill in the middle of an append leaves a line without an end, which is no line; the next append is
 * written over it, and nobody had been told that its change was made.
 */
import { Buffer } from "node:buffer";
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { canonical, sha256 } from "../content/canonical.ts";
import { syncPath, writeAll } from "./files.ts";

export class Journal<Change> {
  #file?: number;
  /** Where the last whole line ends. */
  #end = 0;

  /** @param path of the file; it is made by the first append */
  constructor(readonly path: string) {}

  /** Whether it holds any line, once `changes` was read to its end. */
  get isEmpty(): boolean {
    return this.#end === 0;
  }

  /**
   * The changes, oldest first. Call it to its end before anything is appended.
   *
   * @param damaged told the number of a line that is not as it was written. Changes say all there is
   *   to say about what they change, so those behind it are still good.
   */
  *changes(damaged: (line: number) => void): Generator<Change> {
    let number = 0;
    // Who may write has moved it aside.
    if (statSync(this.path, { throwIfNoEntry: false })?.isDirectory()) return damaged(1);
    for (const line of wholeLines(this.path)) {
      number++;
      this.#end += line.length + 1;
      const json = line.subarray(MARK + 1);
      if (checksum(json) === new TextDecoder().decode(line.subarray(0, MARK))) {
        yield JSON.parse(new TextDecoder().decode(json));
      } else damaged(number);
    }
  }

  /** On the disk when it returns; not in the journal when it throws. */
  append(change: Change): void {
    const file = this.#file ??= this.#open();
    const json = new TextEncoder().encode(canonical(change));
    const line = Buffer.concat([Buffer.from(`${checksum(json)} `), json, Buffer.from("\n")]);
    try {
      writeAll(file, line, this.#end);
      fsyncSync(file);
    } catch (cause) {
      ftruncateSync(file, this.#end);
      throw cause;
    }
    this.#end += line.length;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    const file = openSync(this.path, constants.O_RDWR | constants.O_CREAT);
    syncPath(dirname(this.path));
    return file;
  }
}

/** Hexadecimal digits of a checksum. */
const MARK = 16;

const checksum = (json: Uint8Array) => sha256(json).slice(0, MARK);

/**
 * Lines without their ends, and without a last one that has none. Read in pieces: a file of curves is
 * longer than a string may be.
 */
function* wholeLines(path: string): Generator<Uint8Array> {
  if (!existsSync(path)) return;
  const file = openSync(path, "r");
  try {
    const piece = Buffer.alloc(1 << 20);
    let parts: Uint8Array[] = [];
    for (let count; (count = readSync(file, piece, 0, piece.length, null)) > 0;) {
      let from = 0;
      for (let end; (end = piece.subarray(0, count).indexOf(10, from)) >= 0; from = end + 1) {
        yield Buffer.concat([...parts, piece.subarray(from, end)]);
        parts = [];
      }
      parts.push(Uint8Array.from(piece.subarray(from, count)));
    }
  } finally {
    closeSync(file);
  }
}
