import assert from "node:assert/strict";
import { canonical, contentOf, sha256 } from "../../../pipeline/content/canonical.ts";

Deno.test("canonical JSON does not depend on the order of fields", () => {
  assert.equal(canonical({ b: [1, { d: 2, c: 3 }], a: "x" }), '{"a":"x","b":[1,{"c":3,"d":2}]}');
  assert.equal(canonical({ a: undefined, b: 1 }), '{"b":1}');
  assert.equal(canonical([]), "[]");
  assert.equal(canonical({}), "{}");
  // By code unit, in no language's order and not by number.
  const names = { 9: 0, 10: 0, "é": 0, z: 0, a: 0, B: 0, 'a"b': 0, "": 0 };
  assert.equal(canonical(names), '{"":0,"10":0,"9":0,"B":0,"a":0,"a\\"b":0,"z":0,"é":0}');
  const bare = Object.assign(Object.create(null), { b: 1, a: Object.create(null) });
  assert.equal(canonical(bare), '{"a":{},"b":1}');
});

Deno.test("the order of a list counts", () => {
  assert.equal(canonical([3, 1, 2]), "[3,1,2]");
  assert.equal(canonical([[2], [1]]), "[[2],[1]]");
});

Deno.test("what JSON cannot say has a spelling of its own", () => {
  assert.equal(canonical([NaN, Infinity, -Infinity]), '["NaN","Infinity","-Infinity"]');
  // As in JSON, a place in a list is not left out.
  assert.equal(canonical([undefined, 1]), "[null,1]");
  assert.equal(canonical(undefined), "null");
});

Deno.test("what JSON can say is said as JSON says it", () => {
  const values = [
    0,
    -0,
    1e21,
    1e-7,
    0.1,
    0.1 + 0.2,
    5e-324,
    -5,
    "a b",
    "\t",
    "\0",
    "\u007f",
    "\u2028",
    "a'b<&>",
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
  assert.throws(() => canonical([Symbol("s")]), /symbol cannot be part of a key/);
  assert.throws(() => canonical(new Float64Array(1)), /Float64Array/);
  const nameless = Object.create({ constructor: undefined });
  assert.throws(() => canonical(nameless), /class instance/);
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
    contentOf({ x: "1" }, {}),
    contentOf({}, { x: 1 }),
  ];
  assert.equal(new Set(contents).size, contents.length);
  assert.equal(
    contentOf({ b: "2", a: "1" }, { y: 2, x: 1 }),
    contentOf({ a: "1", b: "2" }, { x: 1, y: 2 }),
  );
});
