/**
 * @file What a sweep file must not say, and a file that cannot be read as text: each refusal names the
 * place and what is allowed.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSweepFile } from "../../../pipeline/sweep/parse.ts";
import { pointsOf } from "../../../pipeline/sweep/points.ts";
import { programOf } from "../../../pipeline/sweep/programs/index.ts";
import { config } from "./helpers.ts";

Deno.test("what a sweep file must not say, with the place and what is allowed", () => {
  const head = "program: filtering\nmethod: grid\n";
  const one = `${head}parameters: {a: {value: 1}}\n`;
  const p = (parameter: string, method = "grid") =>
    `program: filtering\nmethod: ${method}\nparameters: {a: ${parameter}}`;
  const cases: [string, RegExp][] = [
    ["", /^s\.yaml: is empty; a sweep needs method and parameters/],
    ["- a", /the file is \["a"\]; expected keys with values/],
    ["a: [", /s\.yaml is no valid YAML: .* at line 1, column/],
    ["a: {<<: 3}", /no valid YAML: Merge sources must be maps/],
    ["a: {<<: [1]}", /no valid YAML: Merge sources must be maps/],
    ["a: !!int x", /no valid YAML: "x" is no int at line 1, column 4/],
    ["a: 1\non: 2", /line 2, column 1: the key on is read as true, as W&B .*; quote it: "on"\./],
    ["a: {~: 2}", /line 1, column 5: the key ~ is read as null/],
    ["a: {2020-01-01: 2}", /the key 2020-01-01 is read as a date/],
    ["? [a]\n: 1", /line 1, column 3: a key is a list or has keys itself/],
    ["a: [b, 2020-01-01]", /line 1, column 8: 2020-01-01 is a date, which cannot .* "2020-01-01"/],
    [
      p("{value: 9007199254740993}"),
      /line 3, column 25: 9007199254740993 is a whole number with more digits .*9007199254740991/,
    ],
    ["a: !!thing 1", /no valid YAML: Unresolved tag/],
    ["a: *nothing", /no valid YAML: Unresolved alias/],
    [`${head}parameters: &p {a: {parameters: *p}}`, /s\.yaml is no valid YAML: \*p is part of &p/],
    [p("{value: &v [1, {b: *v}]}"), /s\.yaml is no valid YAML: \*v is part of &v/],
    ["a: 1\n---\nb: 2", /no valid YAML: .*multiple documents/],
    [
      `${one}metod: grid`,
      /unknown key "metod" at the top; allowed are method, metric, /,
    ],
    [
      `${one}early_terminate: {type: hyperband}`,
      /early_terminate is not supported.*allowed are .*program/,
    ],
    [`${one}scheduler: {engine: ax}`, /scheduler is not supported: no other optimiser/],
    [
      "program: filtering\nmethod: bayes\nparameters: {a: {value: 1}}",
      /bayes is not supported.*grid and random/,
    ],
    [
      "program: filtering\nmethod: Grid\nparameters: {a: {value: 1}}",
      /method is "Grid"; allowed are grid/,
    ],
    [
      "program: filtering\nparameters: {a: {value: 1}}",
      /method is missing; allowed are grid and random/,
    ],
    ["method: grid\nparameters: {a: {value: 1}}", /program is missing/],
    ["program: 3\nmethod: grid\nparameters: {a: {value: 1}}", /program is 3; expected text/],
    [head, /parameters is missing/],
    [`${head}parameters: {}`, /parameters names no parameter/],
    [`${head}parameters: [a]`, /parameters is \["a"\]; expected keys/],
    [p("3"), /parameters\.a is 3; expected keys with values, such as \{ value: 3 \}/],
    [p("{}"), /parameters\.a: says no value; give value, values, min and max/],
    [p("{min: 1}"), /parameters\.a: says no value/],
    [p("{vaule: 1}"), /unknown key "vaule" in parameters\.a; allowed are value, values, max/],
    [p("{min: 1, maxx: 2}"), /unknown key "maxx" in parameters\.a; allowed are max, min/],
    [
      p("{b: {value: 1}}"),
      /parameters\.a has b in it without "parameters:"; write a: \{ parameters: \{ b: … \} \}\.$/,
    ],
    [
      p("{b: {c: {values: [1, 2]}}}"),
      /parameters\.a has b in it without "parameters:"; write a: \{ parameters: \{ b: … \} \}\.$/,
    ],
    [
      p("{parameters: {b: {steps: {value: 1}}}}"),
      /parameters\.a\.parameters\.b has steps in it without "parameters:"; write b: \{/,
    ],
    [
      p("{name: lstm, dModel: 8}"),
      /a has name in it without .* \{ name: \{ value: "lstm" \} \} \}\.$/,
    ],
    [
      p("{parameters: {b: {value: 1}}, c: {value: 2}}"),
      /parameters\.a: c stands beside parameters; move it into it/,
    ],
    [`${one}seed: {values: [1]}`, /seed stands at the top; a parameter belongs under parameters:/],
    [p("{value: .nan}"), /parameters\.a\.value is NaN; expected a finite number/],
    [p("{values: [1, .inf]}"), /parameters\.a\.values\.1 is Infinity; expected a finite/],
    [p("{values: []}"), /parameters\.a\.values is \[\]; expected a list that is not empty/],
    [p("{values: 3}"), /parameters\.a\.values is 3; expected a list/],
    [p("{value: 1, values: [1]}"), /unknown key "values" in parameters\.a; constant takes/],
    [p("{values: [1], min: 0}"), /unknown key "min" in parameters\.a; categorical takes/],
    [p("{min: 0, max: 1, step: 1}"), /unknown key "step" in parameters\.a; int_uniform takes/],
    [
      p("{distribution: beta}"),
      /distribution is "beta"; allowed are .*uniform/,
    ],
    [
      p("{distribution: log_unifrom_values, min: 1, max: 2}"),
      /is "log_unifrom_values"; allowed are log_uniform_values, q_log_uniform_values/,
    ],
    [
      p("{distribution: [uniform], min: 0.0, max: 1}", "random"),
      /a\.distribution is \["uniform"\]; allowed are uniform/,
    ],
    [p("{distribution: uniform, min: 0}"), /parameters\.a\.max is missing; uniform needs it/],
    [p("{distribution: uniform, min: a, max: 1}"), /parameters\.a\.min is "a"; expected a finite/],
    [p("{min: 2, max: 2}"), /parameters\.a: min 2 is not below max 2/],
    [p("{distribution: int_uniform, min: 0.5, max: 2}"), /a\.min is 0\.5; int_uniform needs whole/],
    [
      p("{distribution: log_uniform_values, min: 0, max: 2}"),
      /min is 0; the logarithm needs values above 0/,
    ],
    [p("{distribution: q_normal, q: 0}"), /a\.q is 0; it must be above 0/],
    [p("{distribution: normal, sigma: -1}"), /a\.sigma is -1; it must not be below 0/],
    [
      p("{distribution: log_uniform, min: 32, max: 1024}", "random"),
      /a: log_uniform with \{"min":32,"max":1024\} draws more than .* exponents of e; log_uniform_values/,
    ],
    [
      p("{distribution: log_normal, mu: 700, sigma: 9}", "random"),
      /a: log_normal with .* draws more/,
    ],
    [
      p("{distribution: uniform, min: -1.0e308, max: 1.0e308}", "random"),
      /a: uniform with .* draws/,
    ],
    [p("{distribution: q_uniform, min: 0, max: 1, q: 1.0e-320}", "random"), /a: q_uniform with/],
    [
      p("{values: [1, 2], probabilities: [1]}", "random"),
      /probabilities is \[1\]; expected 2 numbers/,
    ],
    [p("{probabilities: [1]}", "random"), /parameters\.a\.values is missing; categorical needs it/],
    [
      p("{distribution: categorical_w_probabilities, values: [1, 2]}", "random"),
      /a\.probabilities is missing; categorical_w_probabilities needs one number a value/,
    ],
    [
      p("{distribution: categorical_w_probabilities, probabilities: [1]}", "random"),
      /a\.values is missing/,
    ],
    [p("{values: [1, 2], probabilities: [0.5, 0.4]}", "random"), /add up to 0\.9, not to 1/],
    [p("{values: [1, 2], probabilities: [2, -1]}", "random"), /probabilities\.1 is -1/],
    [p("{min: 0.0, max: 1}"), /a: a grid cannot go through uniform; use value, values/],
    [p("{distribution: normal}"), /a grid cannot go through normal/],
    [
      p("{values: [1, 2], probabilities: [0.5, 0.5]}"),
      /cannot go through values with probabilities/,
    ],
    [p("{min: 1, max: 1000000}"), /the grid has 1000000 runs \(a: 1000000\); give fewer/],
    [`${head}parameters: {"a..b": {value: 1}}`, /names "a\.\.b"; a parameter's name has letters/],
    [`${head}parameters: {__proto__.x: {value: 1}}`, /names "__proto__\.x"/],
    [`${head}parameters: {1: {value: 1}}`, /names "1"; a parameter's name/],
    [`${head}parameters: {a.b: {value: 1}, a: {parameters: {b: {value: 2}}}}`, /a\.b is set twice/],
    [
      `${head}parameters: {a: {value: 1}, a.b: {value: 1}}`,
      /a has a value of its own and a part a\.b/,
    ],
    [
      `${head}parameters: {a: {parameters: {b: {value: 1}}, value: 2}}`,
      /unknown key "value" in parameters\.a/,
    ],
    [`${one}metric: loss`, /metric is "loss"; expected keys/],
    [`${one}metric: {goal: minimize}`, /metric\.name is missing/],
    [
      `${one}metric: {name: loss, goal: low}`,
      /metric\.goal is "low"; allowed are minimize and max/,
    ],
    [`${one}metric: {name: loss, target: .nan}`, /metric\.target is NaN; expected a finite/],
    [
      `${one}metric: {name: loss, gaol: minimize}`,
      /unknown key "gaol" in metric; allowed are goal/,
    ],
    [
      `${one}controller: local`,
      /controller is "local"; expected keys with values, such as \{ type/,
    ],
    [`${one}run_cap: 0`, /run_cap is 0; expected a whole number of at least 1/],
    [`${one}run_cap: 1.5`, /run_cap is 1\.5/],
    [`${one}command: go`, /command is "go"; expected a list/],
    [`${one}command: ["\${program}", --fast]`, /command passes "--fast", which would be lost/],
    [`${one}name: ""`, /name is ""; expected text/],
  ];
  for (const [yaml, message] of cases) {
    const read = () => pointsOf(config(yaml), "s.yaml");
    assert.throws(read, (error: Error) => {
      assert.match(error.message, message, yaml);
      return error.constructor === Error;
    }, yaml);
  }
  assert.throws(
    () => programOf("train.py", "s.yaml"),
    /program is "train\.py"; the programs are filt/,
  );
  assert.deepEqual(config(`${one}command: [python, "\${program}", "\${args}"]`).notes.length, 1);
  for (const before of ["python, -u, ", "", "/usr/bin/env, python, "]) {
    for (const program of ["filtering", "\${program}"]) {
      const command = (after: string) =>
        config(`${one}command: [${before}"${program}"${after}]`).notes.length;
      assert.equal(command(', "${args}", "${args_json}"'), 1, before + program);
      assert.throws(
        () => command(', "${args}", fast'),
        /command passes "fast", which would be lost/,
      );
    }
  }
  // Values are shown whole up to eighty characters.
  for (
    const [length, shown] of [[78, "x".repeat(78) + '"'], [79, "x".repeat(76) + "..."]] as const
  ) {
    const text = "x".repeat(length);
    assert.throws(() => config(`${one}command: ${text}`), {
      message: `s.yaml: command is "${shown}; expected a list.`,
    });
  }
  assert.equal(config(`${one}apiVersion: 1\nkind: sweep`).notes.length, 0);
});

Deno.test("a file that is no text, or not there", () => {
  const folder = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "sweep-"));
  const path = join(folder, "s.yaml");
  try {
    assert.throws(() => readSweepFile(path), /s\.yaml cannot be read: there is no such file/);
    assert.throws(() => readSweepFile(folder), /cannot be read: .*directory/i);
    writeFileSync(path, Uint8Array.of(0x61, 0xff, 0xfe));
    assert.throws(() => readSweepFile(path), /s\.yaml is no UTF-8 text/);
    writeFileSync(path, new Uint8Array(1_000_001).fill(0x20));
    assert.throws(() => readSweepFile(path), /s\.yaml has 1000001 bytes; a sweep file has at most/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
