/** @file `--set stage.parameter=value`: what it parses to, what it changes and what it refuses. */
import assert from "node:assert/strict";
import { z } from "zod";
import { Overrides } from "../../pipeline/overrides.ts";
import type { StagePart } from "../../pipeline/stage.ts";

const part = (name: string, schema: z.ZodType = z.looseObject({})): StagePart => ({
  name,
  path: `pipeline/stages/${name}.ts`,
  schema,
  usesEngine: false,
  permissions: {},
});

const TRAIN = part("train");

Deno.test("a value is JSON where it is, otherwise the text as it stands", () => {
  const cases: [string, unknown][] = [
    ["1e-3", 0.001],
    ["true", true],
    ["null", null],
    ["[1, 2]", [1, 2]],
    ['{"a": {"b": 1}}', { a: { b: 1 } }],
    ['"7"', "7"],
    ["fast", "fast"],
    ["", ""],
    ["a=b", "a=b"],
    ["two\nlines", "two\nlines"],
    ["1.2.3", "1.2.3"],
  ];
  for (const [text, value] of cases) {
    assert.deepEqual(new Overrides([`train.x=${text}`]).apply(TRAIN, {}), { x: value });
  }
});

Deno.test("a path reaches inside, adds a name that is not there, and leaves what is beside it", () => {
  const raw = { a: { b: 1, c: { d: 2 } }, e: null, keep: [1] };
  const set = (...assignments: string[]) =>
    new Overrides(assignments.map((text) => `train.${text}`)).apply(TRAIN, raw);
  assert.deepEqual(set("a.c.d=3"), { ...raw, a: { b: 1, c: { d: 3 } } });
  assert.deepEqual(set("a.new=1"), { ...raw, a: { ...raw.a, new: 1 } });
  assert.deepEqual(set("e.f=1"), { ...raw, e: { f: 1 } });
  assert.deepEqual(set("a=5"), { ...raw, a: 5 });
  assert.deepEqual(set("keep.0=9"), { ...raw, keep: [9] });
  // The later one of two wins, and both count as used.
  const twice = new Overrides(["train.a=1", "train.a=2"]);
  assert.deepEqual(twice.apply(TRAIN, {}), { a: 2 });
  twice.checkAllUsed(["train"]);
  assert.deepEqual(raw, { a: { b: 1, c: { d: 2 } }, e: null, keep: [1] });
});

Deno.test("parameters of other stages stay the object that they are", () => {
  const raw = { a: 1 };
  assert.equal(new Overrides(["train.a=2"]).apply(part("tra"), raw), raw);
  assert.equal(new Overrides().apply(TRAIN, raw), raw);
  assert.deepEqual(new Overrides(["my-stage_2.a=2"]).apply(part("my-stage_2"), raw), { a: 2 });
});

Deno.test("overrides are empty without assignments", () => {
  assert.equal(new Overrides().empty, true);
  assert.equal(new Overrides(["train.a=1"]).empty, false);
});

Deno.test("what is no assignment is refused, with an example", () => {
  for (const text of ["", "lr=1", "train.lr", "train=1", ".lr=1", "train.=1", "tra in.lr=1"]) {
    assert.throws(
      () => new Overrides([text]),
      ({ message }: Error) =>
        message.startsWith(`--set ${text}: expected stage.parameter=value, for`),
      text,
    );
  }
});

Deno.test("a path through a value that has no parts is refused where it ends", () => {
  const set = (path: string) => () =>
    new Overrides([`train.${path}=1`]).apply(TRAIN, { a: { b: "text" }, n: 5 });
  assert.throws(
    set("a.b.c"),
    /^UsageError: --set train\.a\.b\.c=1: a\.b is "text", which has no parts\.$/,
  );
  assert.throws(set("n.x"), /--set train\.n\.x=1: n is 5, which has no parts\./);
});

Deno.test("a name that the schema drops is refused, one that it keeps is not, at any depth", () => {
  const stage = part("loose", z.object({ a: z.object({ b: z.number().default(1) }).prefault({}) }));
  const set = (path: string, value = "1") => () =>
    new Overrides([`loose.${path}=${value}`]).apply(stage, {});
  assert.deepEqual(set("a.b")(), { a: { b: 1 } });
  for (const path of ["c", "a.c", "a.b2"]) {
    assert.throws(
      set(path),
      new RegExp(
        `(?:stage loose|loose\\.a) has no parameter "${
          path.split(".").at(-1)
        }"; it has [ab] [(]params in pipeline/stages/loose.ts[)]`,
      ),
    );
  }
  // What the schema refuses is for the one who validates to say.
  assert.deepEqual(set("a.b", "text")(), { a: { b: "text" } });
  // A name that every object has is no parameter.
  assert.throws(set("toString"), /has no parameter "toString"/);
});

Deno.test("an assignment that met no job is an error, by what it lacks", () => {
  const overrides = new Overrides(["train.a=1", "table.b=2"]);
  overrides.apply(TRAIN, {});
  assert.throws(
    () => overrides.checkAllUsed(["train", "table"]),
    /^UsageError: --set table\.b=2: the graph has no job of stage "table"\.$/,
  );
  assert.throws(
    () => overrides.checkAllUsed(["train", "tune"]),
    /^UsageError: --set table\.b=2: no stage "table"; the stages are tune, train\.$/,
  );
  overrides.apply(part("table"), {});
  overrides.checkAllUsed(["train", "table"]);
});
