/**
 * @file Which runs a sweep file means: a grid's in order, random draws that repeat, and an id that
 * depends on what determines them and on nothing else.
 */
import assert from "node:assert/strict";
import { pointsOf, uniforms } from "../../../pipeline/sweep/points.ts";
import { config, grid, points } from "./helpers.ts";

Deno.test("a grid: names in order, the last changing fastest, as W&B does", () => {
  const yaml = (parameters: string, rest = "") =>
    `program: filtering\nmethod: grid\n${rest}\nparameters: ${parameters}`;
  // b before c though the file has them the other way round; nested and dotted names meet.
  const two =
    "{c: {values: [x, y]}, a: {value: 0}, b: {parameters: {q: {min: 1, max: 3}}}, b.p: {value: ~}}";
  assert.deepEqual(
    points(yaml(two)),
    [1, 2, 3].flatMap((q) => ["x", "y"].map((c) => ({ a: 0, b: { p: null, q }, c }))),
  );
  assert.deepEqual(points(yaml(two, "run_cap: 4")), points(yaml(two)).slice(0, 4));
  assert.equal(points(yaml(two, "run_cap: 40")).length, 6);
  assert.deepEqual(points(yaml("{a: {values: [1, 1, 1.0, '1', [1], {b: 1}, {b: 1}]}}")), [
    { a: 1 },
    { a: "1" },
    { a: [1] },
    { a: { b: 1 } },
  ]);
  // From min in steps of q, max excluded (NumPy's arange, which W&B uses).
  const quantised = (q: string) =>
    points(yaml(`{a: {distribution: q_uniform, ${q}}}`)).map(({ a }) => a);
  assert.deepEqual(quantised("min: 0, max: 1, q: 0.1"), [
    0,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
  ]);
  assert.deepEqual(quantised("min: 2, max: 7, q: 2"), [2, 4, 6]);
  assert.deepEqual(quantised("min: 2, max: 4"), [2, 3]);
  // A cap makes a grid possible that nobody could write down.
  const huge = pointsOf(
    grid("{a: {min: 0, max: 999999999}, b: {min: -5, max: 999999}}", "run_cap: 9000000"),
    "s.yaml",
  );
  assert.deepEqual(huge.at(1_000_004), { a: 0, b: 999_999 });
  assert.deepEqual(huge.at(1_000_005), { a: 1, b: -5 });
});

Deno.test("the id: of what determines the runs, not of how it is written", () => {
  const { id } = grid("{a: {values: [1, 2]}, b.c: {value: x}}");
  assert.match(id, /^[0-9a-f]{12}$/);
  const same = [
    config(
      "# hello\nmethod: 'grid'\nparameters:\n  b: {parameters: {c: {value: x}}}\n  a: {values: [1,\n    2.0]}\nprogram: filtering",
    ),
    grid("{a: {values: [1, 2], distribution: categorical}, b.c: {value: x}}"),
    grid("{a: {values: [1, 2]}, b.c: {value: x}}", "name: n\nrun_cap: 3\nmetric: {name: loss}"),
    grid("{a: {values: &v [1, 2]}, b.c: {value: x}}"),
  ];
  for (const [i, other] of same.entries()) assert.equal(other.id, id, String(i));
  const others = [
    grid("{a: {values: [2, 1]}, b.c: {value: x}}"),
    grid("{a: {values: [1, 2]}, b.c: {value: y}}"),
    grid("{a: {values: ['1', 2]}, b.c: {value: x}}"),
    config(
      "program: filtering\nmethod: random\nparameters: {a: {values: [1, 2]}, b.c: {value: x}}",
    ),
    config("program: other\nmethod: grid\nparameters: {a: {values: [1, 2]}, b.c: {value: x}}"),
  ];
  assert.equal(new Set([id, ...others.map((other) => other.id)]).size, 6);
  // 1.0 to 3.0 is a range of numbers, 1 to 3 of whole ones.
  const kind = (range: string) => grid(`{a: ${range}}`).parameters[0][1].distribution;
  assert.deepEqual(["{min: 1, max: 3}", "{min: 1.0, max: 3}", "{min: 1, max: 3e0}"].map(kind), [
    "int_uniform",
    "uniform",
    "uniform",
  ]);
  // Also by an alias, of the range or of its end.
  const kinds = (parameters: string) =>
    config(`program: filtering\nmethod: random\nparameters: ${parameters}`).parameters
      .map(([, { distribution }]) => distribution);
  assert.deepEqual(kinds("{a: &r {min: &one 1.0, max: 3}, b: *r, c: {min: *one, max: 3}}"), [
    "uniform",
    "uniform",
    "uniform",
  ]);
  assert.deepEqual(kinds("{a: &r {min: 1, max: 3}, b: {parameters: {c: *r}}}"), [
    "int_uniform",
    "int_uniform",
  ]);
});

Deno.test("random draws depend on the sweep, the run and the parameter, and on nothing else", () => {
  const yaml = (cap: number, more = "") =>
    `program: filtering\nmethod: random\nrun_cap: ${cap}\nparameters: {a: {min: 0.0, max: 1}, b: {min: 0.0, max: 1}${more}}`;
  const five = points(yaml(5));
  assert.deepEqual(points(yaml(3)), five.slice(0, 3));
  assert.equal(new Set(five.flatMap(({ a, b }) => [a, b])).size, 10);
  assert.notDeepEqual(points(yaml(5, ", c: {value: 1}")).map(({ a }) => a), five.map(({ a }) => a));
  // These very numbers must come out for ever, or a continued sweep is another one.
  assert.deepEqual(uniforms("id 0 a"), [0.23224275479438639, 0.4377189188703756]);
});
