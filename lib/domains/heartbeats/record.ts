/** @file Records of PhysioNet's WFDB format: signals of format 212 and annotations (MIT format), as far as MIT-BIH uses them. */
import { DataError } from "../../data/data_error.ts";

/** One annotated beat. */
export interface Beat {
  /** Sample of its R wave. */
  sample: number;
  /** "N" for a normal one, "A" atrial premature, "V" ventricular premature; other codes by their number. */
  kind: string;
}

/** Codes of annotations that are beats (WFDB, ecgcodes.h). */
const beatCodes: Record<number, string> = {
  ...{ 1: "N", 2: "L", 3: "R", 4: "a", 5: "V", 6: "F", 7: "J", 8: "A", 9: "S", 10: "E", 11: "j" },
  ...{ 12: "/", 13: "Q", 34: "e", 35: "n", 38: "f" },
};

/**
 * Two signals of format 212: two 12-bit numbers in three bytes.
 * @throws {DataError} for a number of bytes that is no multiple of three
 */
export function readSignals(bytes: Uint8Array, file: string): [Float64Array, Float64Array] {
  if (bytes.length % 3 !== 0) {
    throw new DataError({ file }, `${bytes.length} bytes are no pairs of 12-bit numbers.`);
  }
  const count = bytes.length / 3;
  const first = new Float64Array(count), second = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const [low, middle, high] = bytes.subarray(3 * i, 3 * i + 3);
    first[i] = signed(low + 256 * (middle & 15));
    second[i] = signed(high + 256 * (middle >> 4));
  }
  return [first, second];
}

const signed = (x: number) => x < 2048 ? x : x - 4096;

/**
 * The beats of an annotation file: words of 6 bits of code and 10 of samples since the last one.
 * @throws {DataError} for a file that ends within an annotation
 */
export function readBeats(bytes: Uint8Array, file: string): Beat[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const beats: Beat[] = [];
  let sample = 0;
  for (let at = 0; at + 2 <= bytes.length;) {
    const word = view.getUint16(at, true);
    const [code, value] = [word >> 10, word & 1023];
    at += 2;
    if (word === 0) return beats;
    if (code === 59) { // SKIP: the interval follows, its high half first
      if (at + 4 > bytes.length) break;
      sample += view.getInt16(at, true) * 65536 + view.getUint16(at + 2, true);
      at += 4;
    } else if (code === 63) at += value + value % 2; // AUX: text
    else if (code < 59) {
      sample += value;
      if (beatCodes[code]) beats.push({ sample, kind: beatCodes[code] });
    }
  }
  throw new DataError({ file }, "the annotations have no end.");
}
