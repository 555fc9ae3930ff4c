/**
 * @file The scalars of sweep files against PyYAML, W&B's reader: what its `safe_load` of version 6.0.4 makes of each is written
 * beside it.
 */
import assert from "node:assert/strict";
import { parseSweepText } from "../../../pipeline/sweep/parse.ts";
import { config } from "./helpers.ts";

type Row = [source: string, value: unknown];

// deno-fmt-ignore
const BOOLEANS: Row[] = [
  ["yes", true], ["Yes", true], ["YES", true], ["no", false], ["No", false], ["NO", false],
  ["true", true], ["True", true], ["TRUE", true], ["false", false], ["on", true], ["On", true],
  ["ON", true], ["off", false], ["OFF", false],
];
// deno-fmt-ignore
const INTEGERS: Row[] = [
  ["0", 0], ["-0", 0], ["+0", 0], ["1", 1], ["-1", -1], ["+1", 1], ["010", 8], ["-010", -8],
  ["+017", 15], ["0x1F", 31], ["-0xff", -255], ["0b101", 5], ["-0b11", -3], ["1_000", 1000],
  ["1_0_0", 100], ["1__0", 10], ["0_7", 7], ["0_", 0], ["00", 0], ["007", 7], ["0777_7", 4095],
  ["100_", 100], ["1:30", 90], ["1:30:15", 5415], ["-1:30", -90], ["1:3", 63],
  ["190:20:30", 685230], ["9007199254740991", 9007199254740991], ["1_", 1],
];
// deno-fmt-ignore
const FLOATS: Row[] = [
  ["1:30.5", 90.5], ["1:30.", 90.0], ["-2:00:00.25", -7200.25], ["0:30.5", 30.5], ["1.5", 1.5],
  ["1.", 1.0], [".5", 0.5], ["1.5e+3", 1500.0], ["1.5E-3", 0.0015], [".5e-3", 0.0005],
  ["1.e+3", 1000.0], ["1_0.5", 10.5], ["1.5_0", 1.5], [".inf", Infinity], ["-.inf", -Infinity],
  ["+.inf", Infinity], [".Inf", Infinity], [".INF", Infinity], [".nan", NaN], [".NaN", NaN],
  [".NAN", NaN], ["1.0e+400", Infinity], ["1__000.0", 1000.0], ["-1_.5", -1.5],
];
// deno-fmt-ignore
const TEXTS: Row[] = [
  ["yEs", "yEs"], ["tRUE", "tRUE"], ["oFF", "oFF"], ["y", "y"], ["n", "n"], ["Y", "Y"], ["N", "N"],
  ["nULL", "nULL"], ["None", "None"], ["08", "08"], ["09", "09"], ["0o10", "0o10"],
  ["0o17", "0o17"], ["0X1F", "0X1F"], ["0x", "0x"], ["0b102", "0b102"], ["0b", "0b"], ["_1", "_1"],
  ["1:60", "1:60"], ["01:30", "01:30"], ["0:30", "0:30"], ["-.5", "-.5"], ["+.5", "+.5"],
  ["1_000e3", "1_000e3"], [".iNF", ".iNF"], ["inf", "inf"], ["Infinity", "Infinity"],
  ["nan", "nan"], ["NaN", "NaN"], ["2020-1-1", "2020-1-1"], ["1,000", "1,000"], ["1.2.3", "1.2.3"],
  ["1-2", "1-2"], ["0.1.0", "0.1.0"], ["a1", "a1"], ["+=", "+="], ["\"010\"", "010"],
  ["'1_000'", "1_000"], ["1d", "1d"], ["1e", "1e"], ["0x1G", "0x1G"], ["-._1", "-._1"],
  ["._1", "._1"],
];
/** Text for PyYAML; W&B writes it unquoted into the sweep that it keeps, and reads a number from there. */
// deno-fmt-ignore
const EXPONENTS: Row[] = [
  ["1.5e3", 1.5e3], ["1e3", 1e3], ["1e-3", 1e-3], ["1E5", 1E5], ["+1e5", 1e5], ["-1e-5", -1e-5], [".5e3", .5e3], ["0e0", 0e0], ["12e03", 12e03],
];
const NULLS: Row[] = [["~", null], ["null", null], ["Null", null], ["NULL", null], ["", null]];
/** Which PyYAML refuses, too, or which W&B cannot send on: dates are no JSON. */
const REFUSED = [
  "2020-01-01",
  "2020-01-01T10:00:00Z",
  "2020-1-1T1:00:00",
  "2020-01-01 10:00:00",
  "2001-12-14 21:59:43.10 -5",
  "12345678901234567890",
  "-9007199254740993",
  "0xFFFFFFFFFFFFFFFF",
];

const read = (source: string) => parseSweepText(`a: ${source}\n`, "s.yaml");

Deno.test("plain scalars are what PyYAML makes of them", () => {
  for (const [source, value] of [BOOLEANS, INTEGERS, FLOATS, TEXTS, EXPONENTS, NULLS].flat()) {
    const { a } = read(source).value as { a: unknown };
    assert.ok(Object.is(a, value), `${source} is ${String(a)}, not ${String(value)}`);
    // Quoted, it is a text, whatever it looks like.
    if (!/^['"]|[[\]{}]/.test(source)) {
      assert.deepEqual(read(`"${source}"`).value, { a: source });
      assert.deepEqual(read(`!!str ${source || '""'}`).value, { a: source });
    }
  }
  for (const source of REFUSED) {
    assert.throws(
      () => read(source),
      /^Error: s\.yaml: line 1, column 4: .* cannot be a parameter/,
    );
  }
});

Deno.test("a tag says what a text is", () => {
  const cases: Row[] = [
    ["!!float 1", 1],
    ["!!float '1.5'", 1.5],
    ["!!int '0x1F'", 31],
    ["!!bool 'no'", false],
    ["!!null ''", null],
  ];
  for (const [source, value] of cases) assert.deepEqual(read(source).value, { a: value });
});

Deno.test("numbers that are not what they look like are named", () => {
  const notes = (source: string) => read(source).notes;
  for (const source of ["1", "1.5", "1e-3", "1_000", "0x1F", "0", "yes", "'010'", "08"]) {
    assert.deepEqual(notes(source), [], source);
  }
  for (const [source, meaning] of [["010", 8], ["1:30", 90], ["0b11", 3], ["-1:30.5", -90.5]]) {
    assert.deepEqual(notes(`[${source}, ${source}]`), [
      `${source} is read as ${meaning}, as W&B does (YAML 1.1); quote it for a text.`,
    ]);
  }
});

Deno.test("maps are merged as PyYAML merges them, wherever the merge stands", () => {
  const value = (text: string) => parseSweepText(text, "s.yaml").value;
  // Each beside what safe_load makes of it.
  const cases: [string, object][] = [
    ["a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}", { a: { x: 1, y: 2 }, b: { x: 1, y: 3 } }],
    ["a: &a {x: 1, y: 2}\nb: {y: 3, <<: *a}", { a: { x: 1, y: 2 }, b: { x: 1, y: 3 } }],
    ["b: {<<: [{x: 1}, {x: 2, y: 2}], z: 3}", { b: { x: 1, y: 2, z: 3 } }],
    ["b: {x: 0, <<: {x: 1, y: 1}, <<: {y: 2, z: 2}}", { b: { x: 0, y: 1, z: 2 } }],
    ["a: &a {<<: {x: 1}, y: 2}\nb: {<<: *a}", { a: { x: 1, y: 2 }, b: { x: 1, y: 2 } }],
    ["a: &a {v: &v [1, 2]}\nb: {<<: *a, w: *v}", { a: { v: [1, 2] }, b: { v: [1, 2], w: [1, 2] } }],
    ["%YAML 1.2\n---\na: {<<: {x: yes}}", { a: { x: true } }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(value(text), expected, text);
});

Deno.test("a key that is given twice counts as it is given last, and is named", () => {
  const { value, notes } = parseSweepText("a: 1\nb:\n  c: 1\n  c: 2\na: 3", "s.yaml");
  assert.deepEqual(value, { a: 3, b: { c: 2 } });
  assert.deepEqual(notes, [
    "a is given twice, in lines 1 and 5; the last counts, as for W&B.",
    "c is given twice, in lines 3 and 4; the last counts, as for W&B.",
  ]);
});

Deno.test("a hundred aliases are no attack, and a bomb is one", () => {
  const many = `a: &a {x: 1}\nb: [${Array(1000).fill("*a").join(", ")}]`;
  assert.equal((parseSweepText(many, "s.yaml").value as { b: [] }).b.length, 1000);
  const levels = Array.from(
    { length: 9 },
    (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]`,
  );
  assert.throws(
    () => parseSweepText(["l0: &l0 [x]", ...levels].join("\n"), "s.yaml"),
    /^Error: s\.yaml is no valid YAML: Excessive alias count/,
  );
});

Deno.test("what a large or deep file costs grows with its size, and is said where it is too much", () => {
  const started = performance.now();
  const many = (line: (i: number) => string, n: number) =>
    Array.from({ length: n }, (_, i) => line(i)).join("\n");
  const { parameters } = config(
    `program: p\nmethod: random\nparameters:\n${many((i) => `  k${i}: {value: &a${i} 1}`, 5000)}`,
  );
  assert.equal(parameters.length, 5000);
  const aliases = `a0: &a0 1\n${many((i) => `b${i}: *a0`, 5000)}`;
  assert.equal(Object.keys(parseSweepText(aliases, "s.yaml").value as object).length, 5001);
  // Of 5000 keys there are 12 million pairs.
  assert.ok(performance.now() - started < 60_000, "nothing is asked of every pair");
  for (const deep of ["[".repeat(9000), `${"{a: ".repeat(9000)}1`, `${"- ".repeat(9000)}x`]) {
    assert.throws(
      () => parseSweepText(`a: ${deep}`, "s.yaml"),
      /^Error: s\.yaml is no valid YAML: (nested too deeply|.* at line 1)/,
    );
  }
});

Deno.test("what is merged in keeps the spelling that tells a whole number from another", () => {
  const kind = (text: string) =>
    config(`program: filtering\nmethod: random\n${text}`).parameters.map(([, d]) => d.distribution);
  assert.deepEqual(
    kind("parameters: {a: &a {min: 1.0, max: 2}, b: {<<: *a}, c: {<<: *a, min: 1}}"),
    ["uniform", "uniform", "int_uniform"],
  );
  assert.deepEqual(kind("parameters: {a: {min: 1, max: 2, min: 1.0}}"), ["uniform"]);
  assert.deepEqual(kind("parameters: {a: {min: 1e0, max: 2}}"), ["uniform"]);
});

Deno.test("what a sweep file says in vain is noted, not refused", () => {
  const notes = (rest: string, parameter = "{value: 1}") =>
    config(`program: filtering\nmethod: random\nparameters: {a: ${parameter}}\n${rest}`).notes;
  assert.deepEqual(notes("metric: {name: loss, impute: worst, impute_while_running: latest}"), [
    "metric.impute is ignored: no random run depends on what others measured.",
    "metric.impute_while_running is ignored: no random run depends on what others measured.",
  ]);
  assert.deepEqual(notes("controller: {type: local}"), [
    "controller is ignored: the sweep runs on this machine.",
  ]);
});

Deno.test("a key at the top that only holds anchors is no error, as long as they are used", () => {
  const text = (used: string) =>
    `program: filtering\nmethod: grid\nshared: &s {steps: {value: 5}}\n` +
    `parameters: {train: {parameters: {${used}warmup: {value: 1}}}}`;
  const { parameters, notes } = config(text("<<: *s, "));
  assert.deepEqual(parameters.map(([name]) => name), ["train.steps", "train.warmup"]);
  assert.deepEqual(notes, ["shared is ignored where it stands: only its anchors are used."]);
  assert.throws(() => config(text("")), /unknown key "shared" at the top/);
});

Deno.test("bounds that are exponents are said to be, whatever they look like", () => {
  const note = (kind: string, bounds: string) =>
    config(`program: p\nmethod: random\nparameters: {a: {distribution: ${kind}, ${bounds}}}`).notes;
  assert.deepEqual(note("log_uniform", "min: 0.0001, max: 0.1"), [
    "parameters.a: min and max of log_uniform are exponents of e, so it draws from 1.0001 to 1.1052; " +
    "log_uniform_values takes the values themselves.",
  ]);
  assert.match(
    note("inv_log_uniform", "min: 0, max: 1")[0],
    /from 0\.36788 to 1; inv_log_uniform_v/,
  );
  assert.match(
    note("q_log_uniform", "min: 0, max: 1")[0],
    /from 1 to 2\.7183; q_log_uniform_values/,
  );
  assert.deepEqual(note("log_uniform_values", "min: 0.0001, max: 0.1"), []);
});
