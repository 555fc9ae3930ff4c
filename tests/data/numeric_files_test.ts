/** @file NumPy's arrays and Weka's tables: values that other programs wrote, and damage by its place. */
import assert from "node:assert/strict";
import { readArff } from "../../lib/data/arff.ts";
import { readNpy } from "../../lib/data/npy.ts";

/** As numpy.save writes it. */
function npy(header: string, numbers: Float64Array | BigInt64Array): Uint8Array {
  const text = header.padEnd(118 - 10 - 1) + "\n";
  const bytes = new Uint8Array(10 + text.length + numbers.byteLength);
  bytes.set([
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    1,
    0,
    text.length & 255,
    text.length >> 8,
  ]);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes.set(new Uint8Array(numbers.buffer), 10 + text.length);
  return bytes;
}
const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

Deno.test("npy: float64 and int64, of two, one and no dimensions, also in the middle of a buffer", () => {
  const table = readNpy(
    npy(header("<f8", "(2, 3)"), Float64Array.of(1, -2, 0.5, NaN, 1e300, 6)),
    "x",
  );
  assert.deepEqual(table.shape, [2, 3]);
  assert.deepEqual([...table.data], [1, -2, 0.5, NaN, 1e300, 6]);
  const one = npy(header("<i8", "(2,)"), BigInt64Array.of(-3n, 2n ** 40n));
  assert.deepEqual([...readNpy(one, "x").data], [-3, 2 ** 40]);
  const scalar = npy(header("<i8", "()"), BigInt64Array.of(3000n));
  const inside = new Uint8Array(scalar.length + 5);
  inside.set(scalar, 5);
  assert.deepEqual(readNpy(inside.subarray(5), "x"), { shape: [], data: Float64Array.of(3000) });
  assert.equal(readNpy(npy(header("<f8", "(0, 3)"), new Float64Array()), "x").data.length, 0);
});

Deno.test("npy: other bytes, types, orders, and too few numbers are refused", () => {
  const numbers = Float64Array.of(1, 2);
  const wrong: [Uint8Array, RegExp][] = [
    [new TextEncoder().encode("PK\x03\x04 no array at all"), /no array of NumPy's format/],
    [npy(header("<f4", "(2,)"), numbers), /the header is .*<f4.*expected <f8 or <i8, row-major/],
    [npy(header("<f8", "(2,)", "True"), numbers), /expected <f8 or <i8, row-major/],
    [npy(header("<f8", "(3,)"), numbers), /134 bytes do not hold 3 numbers/],
  ];
  for (const [bytes, message] of wrong) {
    assert.throws(() => readNpy(bytes, "a.npz"), { name: "DataError", message });
  }
});

const arff = (rows: string, eol = "\n") =>
  new TextEncoder().encode(
    ["@RELATION x", "", "@ATTRIBUTE a NUMERIC", "@attribute b {0,1}", "", "@DATA", rows].join(eol),
  );

Deno.test("arff: columns by their names, comments and empty lines left out", () => {
  for (const eol of ["\n", "\r\n"]) {
    const columns = readArff(arff(["4.5,1", "% no row", "", "-1e3,0", ""].join(eol), eol), "x");
    assert.deepEqual([...columns].map(([name, values]) => [name, ...values]), [
      ["a", 4.5, -1000],
      ["b", 1, 0],
    ]);
  }
  assert.equal(readArff(arff(""), "x").get("a")!.length, 0);
});

Deno.test("arff: a wrong row is named by its line", () => {
  const wrong: [Uint8Array, RegExp][] = [
    [arff("1,0\n2"), /^x\.arff, line 8: 1 values, but 2 attributes/],
    [arff("1,0\n?,1"), /^x\.arff, line 8, column "a": the value is \?/],
    [arff("1,"), /line 7, column "b": the value is ;/],
    [new TextEncoder().encode("a,b\n1,2"), /no line @DATA/],
  ];
  for (const [bytes, message] of wrong) {
    assert.throws(() => readArff(bytes, "x.arff"), { name: "DataError", message });
  }
});
