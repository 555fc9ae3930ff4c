/** @file Arrays of NumPy's file format, version 1 (NEP 1), as far as published data use it: float64 and int64, row-major. */
import { DataError } from "./data_error.ts";

/** An array with its shape. */
export interface NpyArray {
  /** Lengths of the axes; [] for a single number. */
  shape: number[];
  /** Row-major; int64 rounded to float64. */
  data: Float64Array;
}

/**
 * Reads the bytes of a `.npy` file.
 * @throws {DataError} for other bytes, another type or column-major order, and for data that are shorter than the shape
 */
export function readNpy(bytes: Uint8Array, file: string): NpyArray {
  const magic = String.fromCharCode(...bytes.subarray(0, 6));
  if (magic !== "\x93NUMPY" || bytes[6] !== 1) {
    throw new DataError({ file }, "no array of NumPy's format, version 1.");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 10 + view.getUint16(8, true);
  const header = new TextDecoder().decode(bytes.subarray(10, start));
  const type = /'descr': '(<f8|<i8)'/.exec(header)?.[1];
  const shape = /'shape': \(([\d, ]*)\)/.exec(header)?.[1].split(",").map((n) => n.trim())
    .filter(Boolean).map(Number);
  if (!type || !shape || !header.includes("'fortran_order': False")) {
    throw new DataError(
      { file },
      `the header is ${header.trim()}; expected <f8 or <i8, row-major.`,
    );
  }
  const count = shape.reduce((product, n) => product * n, 1);
  if (bytes.length < start + 8 * count) {
    throw new DataError({ file }, `${bytes.length} bytes do not hold ${count} numbers.`);
  }
  const data = Float64Array.from({ length: count }, (_, i) => {
    const at = start + 8 * i;
    return type === "<f8" ? view.getFloat64(at, true) : Number(view.getBigInt64(at, true));
  });
  return { shape, data };
}
