import assert from "node:assert/strict";
import { canonical, contentOf, sha256 } from "../../pipeline/keys/canonical.ts";

Deno.test("canonical JSON does not depend on the order of fields", () => {
  assert.equal(canonical({ b: [1, { d: 2, c: 3 }], a: "x" }), '{"a":"x","b":[1,{"c":3,"d":2}]}');
  assert.equal(canonical({ a: undefined, b: 1 }), '{"b":1}');
  assert.equal(canonical([]), "[]");
  assert.equal(canonical({}), "{}");
});

Deno.test("what JSON can say is said as JSON says it", () => {
  const values = [
    0,
    -0,
    1e21,
    1e-7,
    0.1,
    -5,
    "a b",
    'quo"te',
    "new\nline",
    "\\",
    "£",
    "\ud800",
    "",
  ];
  for (const value of [...values, true, false, null, [values], { x: values }]) {
    assert.equal(canonical(value), JSON.stringify(value));
  }
});

Deno.test("values that differ are spelt differently", () => {
  const values = [0, 1, 1e-9, "1", "", true, false, null, NaN, Infinity, -Infinity, [], {}, [[]]];
  assert.equal(new Set(values.map(canonical)).size, values.length);
});

Deno.test("what has no place in a key is refused", () => {
  assert.throws(() => canonical({ f: () => 1 }), /function cannot be part of a key/);
  assert.throws(() => canonical(1n), /bigint/);
  assert.throws(() => canonical(new Date(0)), /Date cannot be part of a key/);
  assert.throws(() => canonical({ a: new Map() }), /Map/);
});

Deno.test("sha256 is sha256", () => {
  // FIPS 180-2, appendix B.1.
  const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(sha256("abc"), expected);
  assert.equal(sha256(new TextEncoder().encode("abc")), expected);
});

Deno.test("content changes with files and with scalars", () => {
  const contents = [
    contentOf({}, {}),
    contentOf({ a: "1" }, {}),
    contentOf({ b: "1" }, {}),
    contentOf({ a: "1" }, { x: 1 }),
    contentOf({ a: "1" }, { x: NaN }),
  ];
  assert.equal(new Set(contents).size, contents.length);
});
