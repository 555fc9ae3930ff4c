/** @file What a key is made of, and how `why` names what differs between two of them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { canonical, sha256 } from "../../../pipeline/content/canonical.ts";
import type { Ingredients } from "../../../pipeline/content/ingredients.ts";
import { baseOf, compare, keyOf } from "../../../pipeline/keys/ingredients.ts";
import { ARTIFACT_FORMAT } from "../../../pipeline/store/artifact.ts";

const BASE: Ingredients = {
  stage: "train",
  code: "c1".padEnd(64, "0"),
  packages: { zod: "4.6.7" },
  deno: "2.9.5",
  params: { lr: 0.1, layers: [1, 2] },
  inputs: { data: "d1".padEnd(64, "0") },
  engine: { name: "ort", version: "1" },
};

Deno.test("every ingredient is part of the key and is named with both values", () => {
  const cases: [Partial<Ingredients>, string, RegExp][] = [
    [{ code: "c2".padEnd(64, "0") }, "code", /^c10{10} -> c20{10}$/],
    [{ params: { lr: 0.2, layers: [1, 2] } }, "parameter", /^lr: 0\.1 -> 0\.2$/],
    [{ params: { lr: 0.1, layers: [1] } }, "parameter", /^layers: \[1,2\] -> \[1\]$/],
    [{ params: { layers: [1, 2] } }, "parameter", /^lr: 0\.1 -> \(none\)$/],
    [{ inputs: { data: "d2".padEnd(64, "0") } }, "input", /^data: "d10+" -> "d20+"$/],
    [{ inputs: {} }, "input", /^data: "d10+" -> \(none\)$/],
    [{ engine: { name: "jax", version: "1" } }, "engine", /^engine\.name: "ort" -> "jax"$/],
    [{ engine: { name: "ort", version: "2" } }, "engine", /^engine\.version: "1" -> "2"$/],
    [{ engine: undefined }, "engine", /^engine: \{"name":"ort","version":"1"\} -> \(none\)$/],
    [{ packages: { zod: "4.7.0" } }, "package", /^zod: "4\.6\.7" -> "4\.7\.0"$/],
    [{ packages: {} }, "package", /^zod: "4\.6\.7" -> \(none\)$/],
    [{ packages: { zod: "4.6.7", tiny: "1" } }, "package", /^tiny: \(none\) -> "1"$/],
    [{ deno: "2.9.6" }, "Deno", /^2\.9\.5 -> 2\.9\.6$/],
    [{ deno: undefined }, "Deno", /^2\.9\.5 -> \(not recorded\)$/],
    [{ stage: "tune" }, "stage", /^train -> tune$/],
  ];
  const keys = new Set([keyOf(BASE)]);
  for (const [change, ingredient, text] of cases) {
    const now = { ...BASE, ...change };
    keys.add(keyOf(now));
    const [found, ...more] = compare(BASE, now, () => undefined);
    assert.equal(found.ingredient, ingredient);
    assert.match(found.text, text);
    assert.deepEqual(more, []);
  }
  assert.equal(keys.size, cases.length + 1);
  assert.deepEqual(compare(BASE, structuredClone(BASE), () => undefined), []);
});

Deno.test("a change of code names file and function where they are known", () => {
  const now = { ...BASE, code: "c2".padEnd(64, "0") };
  const before = { "lib/a.ts": { f: "1", g: "2" }, "lib/b.ts": { h: "3" } };
  const after = { "lib/a.ts": { f: "9", g: "2" }, "lib/c.ts": { h: "3" } };
  const lines = compare(BASE, now, (code) => code === BASE.code ? before : after);
  assert.deepEqual(lines.slice(1).map((l) => l.text), [
    "lib/a.ts: f 1 -> 9",
    "lib/b.ts: no longer reached",
    "lib/c.ts: now reached",
  ]);
  assert.ok(lines.every((l) => l.ingredient === "code"));
});

Deno.test("a function that is new, and one that is gone, are named as such", () => {
  const now = { ...BASE, code: "c2".padEnd(64, "0") };
  const before = { "lib/a.ts": { f: "1", g: "2" } };
  const after = { "lib/a.ts": { g: "2", h: "3" } };
  const lines = compare(BASE, now, (code) => code === BASE.code ? before : after);
  assert.deepEqual(lines.slice(1).map((l) => l.text), [
    "lib/a.ts: f 1 -> (gone)",
    "lib/a.ts: h (not reached) -> 3",
  ]);
});

Deno.test("where the functions of one of the two are forgotten, the change of code is one line", () => {
  const now = { ...BASE, code: "c2".padEnd(64, "0") };
  const detail = { "lib/a.ts": { f: "1" } };
  for (const known of [BASE.code, now.code]) {
    const lines = compare(BASE, now, (code) => code === known ? detail : undefined);
    assert.deepEqual(lines.map((l) => l.text), ["c10000000000 -> c20000000000"]);
  }
});

Deno.test("everything that differs is named, each leaf by its path, the equal ones not", () => {
  const before: Ingredients = {
    ...BASE,
    params: { same: { a: 1 }, model: { "a.b": 1, size: { width: 2, depth: 3 } }, kind: { x: 1 } },
    inputs: { one: "1".repeat(64), two: "2".repeat(64), three: "3".repeat(64) },
  };
  const now: Ingredients = {
    ...before,
    params: { kind: null, model: { size: { width: 2, depth: 4 }, "a.b": 0 }, same: { a: 1 } },
    inputs: { one: "1".repeat(64), two: "4".repeat(64), three: "5".repeat(64) },
    packages: { zod: "4.7.0" },
  };
  assert.deepEqual(compare(before, now, () => undefined), [
    { ingredient: "parameter", text: "model.a.b: 1 -> 0" },
    { ingredient: "parameter", text: "model.size.depth: 3 -> 4" },
    { ingredient: "parameter", text: 'kind: {"x":1} -> null' },
    { ingredient: "input", text: 'two: "222222222222" -> "444444444444"' },
    { ingredient: "input", text: 'three: "333333333333" -> "555555555555"' },
    { ingredient: "package", text: 'zod: "4.6.7" -> "4.7.0"' },
  ]);
});

Deno.test("parameters that are no record are named as a whole", () => {
  const lines = compare({ ...BASE, params: 1 }, { ...BASE, params: [1] }, () => undefined);
  assert.deepEqual(lines, [{ ingredient: "parameter", text: "(all): 1 -> [1]" }]);
});

Deno.test("the order in which ingredients are written does not count, their format does", () => {
  const { stage, code, packages, deno, params, inputs, engine } = BASE;
  const turned = { engine, inputs, deno, params, packages, code, stage };
  assert.equal(keyOf(turned), keyOf(BASE));
  const of = (format?: number) => sha256(canonical({ ...BASE, format }));
  assert.equal(keyOf(BASE), of(ARTIFACT_FORMAT));
  // So results that an earlier format stored are not taken for those of this one.
  assert.notEqual(keyOf(BASE), of(ARTIFACT_FORMAT - 1));
  assert.notEqual(keyOf(BASE), of());
});

Deno.test("of lists of records, such as the tags of runs, those are named that only one has", () => {
  const lines = (before: unknown[], now: unknown[]) =>
    compare(
      { ...BASE, params: { runs: before } },
      { ...BASE, params: { runs: now } },
      () => undefined,
    )
      .map(({ text }) => text);
  const [a, b, c] = [0, 1, 2].map((seed) => ({ model: "lru", seed }));
  assert.deepEqual(lines([a, b], [b, c]), [
    'runs: no longer {"model":"lru","seed":0}',
    'runs: now {"model":"lru","seed":2}',
  ]);
  assert.deepEqual(lines([a, b], [b, a]), ["runs: in another order, or not as often"]);
  assert.deepEqual(lines([a], [a, a]), ["runs: in another order, or not as often"]);
  const many = Array.from({ length: 12 }, (_, seed) => ({ seed }));
  assert.deepEqual(lines([a], many).slice(9), ['runs: now {"seed":8}', "runs: 3 more"]);
  assert.equal(lines(many.slice(0, 1), many.slice(0, 11)).at(-1), 'runs: now {"seed":10}');
  assert.deepEqual(lines([], [a]), ['runs: [] -> [{"model":"lru","seed":0}]']);
});

Deno.test("a key is the hash of the canonical spelling of whatever ingredients there are, given or not", () => {
  const text = fc.string({ unit: "grapheme" });
  const record = fc.dictionary(text, text, { maxKeys: 3 });
  const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const ingredients: fc.Arbitrary<Ingredients> = fc.record({
    ...{ stage: text, code: text, packages: record, deno: some(text), params: fc.jsonValue() },
    ...{ inputs: record, rules: some(record) },
    engine: some(fc.record({ name: text, version: text })),
  });
  fc.assert(fc.property(ingredients, (all) => {
    const wanted = sha256(canonical({ ...all, format: ARTIFACT_FORMAT }));
    assert.equal(keyOf(all), wanted);
    assert.equal(keyOf(all, canonical(all.params)), wanted);
    const { rules: _, ...rest } = all;
    assert.equal(baseOf(all), sha256(canonical({ ...rest, format: ARTIFACT_FORMAT })));
  }));
  // Parameters that are undefined are none, in whatever way that is said.
  assert.equal(
    keyOf({ ...BASE, params: undefined }),
    sha256(canonical({ ...BASE, params: undefined, format: ARTIFACT_FORMAT })),
  );
});
