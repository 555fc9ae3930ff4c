/** @file Sweep files: whatever a file says, it is a sweep or an error that names the file. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { parseSweep, type SweepConfig } from "../../pipeline/sweep/config.ts";
import { KEYS } from "../../pipeline/sweep/distributions.ts";
import { parseSweepText } from "../../pipeline/sweep/parse.ts";
import { pointsOf } from "../../pipeline/sweep/points.ts";
import { mutated } from "./mutations.ts";
import { showText, type Target, target, unlessRefused } from "./target.ts";

const FILE = "s.yaml";
const refused = (error: Error) =>
  error.constructor === Error && error.message.startsWith(FILE) && error.message.length < 2000;

/** The sweep of a text, and its first and last points. */
function read(text: string): SweepConfig | undefined {
  return unlessRefused(() => {
    const config = parseSweep(parseSweepText(text, FILE));
    const points = pointsOf(config, FILE);
    for (const index of [0, Math.min(points.count ?? 5, 10_000) - 1]) points.at(index);
    return config;
  }, refused);
}

/** Numbers with a point where YAML 1.1 would take them for whole ones that no double holds. */
function written(value: unknown): string {
  if (typeof value === "number") {
    return /^-?\d{16,}$/.test(String(value)) ? `${value}.0` : String(value);
  }
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${written(v)}`);
    return `{${fields.join(", ")}}`;
  }
  return JSON.stringify(value);
}

function check(text: string): void {
  const config = read(text);
  if (!config) return;
  const { id, program, method, parameters, runCap } = config;
  const again = read(written({
    ...{ program, method, ...(runCap ? { run_cap: runCap } : {}) },
    parameters: Object.fromEntries(parameters),
  }));
  assert.equal(again?.id, id, "what was read, written and read again, is the same sweep");
}

const scalar = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string({ maxLength: 8 }),
  fc.constantFrom("010", "1_000", "1:30", "yes", "0x1F", "1e-3", ".inf", "2020-01-01", "<<", "~"),
);
const keys = [...new Set(Object.values(KEYS).flat())];
const parameter = fc.oneof(
  fc.record({ value: scalar }),
  fc.record({ values: fc.array(scalar, { maxLength: 4 }) }),
  fc.record({ min: fc.oneof(fc.integer(), fc.double()), max: fc.oneof(fc.integer(), fc.double()) }),
  fc.record(
    {
      distribution: fc.constantFrom(...Object.keys(KEYS), "categorical_w_probabilities", "beta"),
      ...Object.fromEntries(keys.map((key) => [
        key,
        key === "values" || key === "probabilities"
          ? fc.array(fc.oneof(scalar, fc.double({ min: 0, max: 1 })), { maxLength: 3 })
          : fc.oneof(fc.integer({ min: -20, max: 20 }), fc.double(), scalar),
      ])),
    },
    { requiredKeys: ["distribution"] },
  ),
);
const name = fc.oneof(
  fc.constantFrom("a", "b", "a.b", "train", "model", "seed", "x-y", "on", "__proto__", "toString"),
  fc.string({ maxLength: 6 }),
);
const parameters = fc.oneof(
  fc.dictionary(name, parameter, { maxKeys: 4 }),
  fc.dictionary(name, fc.record({ parameters: fc.dictionary(name, parameter, { maxKeys: 3 }) }), {
    maxKeys: 3,
  }),
);
const sweep = fc.record({
  program: fc.constantFrom("filtering", "p"),
  method: fc.constantFrom("grid", "random", "random", "bayes"),
  parameters,
  run_cap: fc.option(fc.oneof(fc.integer({ min: 1, max: 9 }), scalar), { nil: undefined }),
  metric: fc.option(
    fc.record({
      name: fc.oneof(fc.constant("loss"), scalar),
      goal: fc.constantFrom("minimize", "maximize", "low"),
      impute: fc.option(scalar, { nil: undefined }),
    }),
    { nil: undefined },
  ),
});

const EXAMPLE = `program: filtering
method: random
common: &c
  steps: {value: 010}
  warmup: {values: [1, 2, 1_000]}
metric:
  name: gapClosed
  goal: maximize
parameters:
  model:
    parameters:
      name: { value: transformer }
      dModel: { values: [16, 32], probabilities: [0.5, 0.5] }
  train:
    parameters:
      <<: *c
      learningRate: { distribution: log_uniform_values, min: 1e-4, max: 0.1 }
  seed: { min: 0, max: 9 }
`;
const PIECES = [
  ...[
    "<<: *c",
    "&a",
    "*a",
    "*c",
    "!!int ",
    "!!float ",
    "---\n",
    "...\n",
    "? ",
    ": ",
    "- ",
    "{",
    "}",
  ],
  ...[
    "[",
    "]",
    "|\n",
    ">-\n",
    "#",
    "'",
    '"',
    "\\",
    "\t",
    "\n  ",
    "\r\n",
    "010",
    "yes",
    "~",
    "=",
    "%YAML 1.2",
  ],
  ...[
    "parameters:",
    "values:",
    "value:",
    "min:",
    "distribution: normal",
    "1e999",
    ".nan",
    "\ufeff",
  ],
];

/** Everything about sweep files. */
export const targets: Target[] = [
  target({
    name: "sweep: a file with slips",
    input: mutated(fc.constant(EXAMPLE), PIECES),
    show: showText,
    check,
    runs: 400,
  }),
  target({
    name: "sweep: parameters of any kind",
    input: fc.tuple(sweep, fc.boolean()).map(([value, flow]) =>
      flow ? written(JSON.parse(JSON.stringify(value))) : stringify(value, { version: "1.1" })
    ),
    show: showText,
    check,
    runs: 400,
  }),
  target({
    name: "sweep: pieces of YAML",
    input: fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 3 })), {
      maxLength: 25,
    }).map((pieces) => pieces.join("")),
    show: showText,
    check,
    runs: 400,
  }),
];
