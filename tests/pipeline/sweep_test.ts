/**
 * @file Sweeps: what a file may say, which runs it means, draws against closed forms, and a sweep that
 * is killed, continued and called once more.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSweep } from "../../pipeline/sweep/config.ts";
import { axisOf, type Distribution, draw } from "../../pipeline/sweep/distributions.ts";
import { parseSweepText, readSweepFile } from "../../pipeline/sweep/parse.ts";
import { pointsOf, uniforms } from "../../pipeline/sweep/points.ts";
import { filtering } from "../../pipeline/sweep/programs/filtering.ts";
import { programOf } from "../../pipeline/sweep/programs/index.ts";
import type { SweepState } from "../../pipeline/sweep/state.ts";
import { bestOf, ranked, reaches } from "../../pipeline/sweep/table.ts";
import { type Demo, start } from "./helpers.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const example = join(root, "pipeline/sweep/examples/learning_rate.yaml");

const config = (yaml: string) => parseSweep(parseSweepText(yaml, "s.yaml"));
/** A grid sweep of these parameters. */
const grid = (parameters: string, rest = "") =>
  config(`program: filtering\nmethod: grid\n${rest}\nparameters: ${parameters}`);
const points = (yaml: string) => {
  const all = pointsOf(config(yaml), "s.yaml");
  return Array.from({ length: all.count! }, (_, i) => all.at(i));
};

Deno.test("what a sweep file must not say, with the place and what is allowed", () => {
  const head = "program: filtering\nmethod: grid\n";
  const one = `${head}parameters: {a: {value: 1}}\n`;
  const p = (parameter: string, method = "grid") =>
    `program: filtering\nmethod: ${method}\nparameters: {a: ${parameter}}`;
  const cases: [string, RegExp][] = [
    ["", /^s\.yaml: is empty; a sweep needs method and parameters/],
    ["- a", /the file is \["a"\]; expected keys with values/],
    ["a: [", /s\.yaml is no valid YAML: .* at line 1, column/],
    ["a: 1\na: 2", /no valid YAML: Map keys must be unique at line 2/],
    ["a: !!thing 1", /no valid YAML: Unresolved tag/],
    ["a: *nothing", /no valid YAML: Unresolved alias/],
    ["a: 1\n---\nb: 2", /no valid YAML: .*multiple documents/],
    [
      `${one}metod: grid`,
      /unknown key "metod" at the top; allowed are program, method, parameters/,
    ],
    [
      `${one}early_terminate: {type: hyperband}`,
      /early_terminate is not supported.*allowed are prog/,
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
    [p("{value: .nan}"), /parameters\.a\.value is NaN; expected a finite number/],
    [p("{values: [1, .inf]}"), /parameters\.a\.values\.1 is Infinity; expected a finite/],
    [p("{values: []}"), /parameters\.a\.values is \[\]; expected a list that is not empty/],
    [p("{values: 3}"), /parameters\.a\.values is 3; expected a list/],
    [p("{value: 1, values: [1]}"), /unknown key "values" in parameters\.a; constant takes/],
    [p("{values: [1], min: 0}"), /unknown key "min" in parameters\.a; categorical takes/],
    [p("{min: 0, max: 1, step: 1}"), /unknown key "step" in parameters\.a; int_uniform takes/],
    [
      p("{distribution: beta}"),
      /distribution is "beta"; allowed are constant, categorical, int_un/,
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
      p("{values: [1, 2], probabilities: [1]}", "random"),
      /probabilities is \[1\]; expected 2 numbers/,
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
      `${one}metric: {name: loss, impute: best}`,
      /unknown key "impute" in metric; allowed are name/,
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
  } finally {
    rmSync(folder, { recursive: true });
  }
});

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
});

/** Empirical distribution against the closed form: the Kolmogorov-Smirnov distance. */
function distance(sample: number[], cdf: (x: number) => number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted.reduce((worst, x, i) => {
    const [below, upTo] = [i / sorted.length, (i + 1) / sorted.length];
    return Math.max(worst, Math.abs(cdf(x) - below), Math.abs(cdf(x) - upTo));
  }, 0);
}

/** By Simpson's rule, which is nothing that the draws use. */
function normalCdf(z: number): number {
  const [n, from] = [2000, -9];
  if (z <= from) return 0;
  const h = (Math.min(z, 9) - from) / n;
  let sum = 0;
  for (let i = 0; i <= n; i++) {
    const weight = i === 0 || i === n ? 1 : i % 2 ? 4 : 2;
    sum += weight * Math.exp(-((from + i * h) ** 2) / 2);
  }
  return sum * h / 3 / Math.sqrt(2 * Math.PI);
}

Deno.test("draws follow their distributions", () => {
  const n = 4000;
  const sample = (d: Distribution) =>
    Array.from({ length: n }, (_, i) => draw(d, uniforms(`seed ${i}`)) as number);
  const ramp = (min: number, max: number) => (x: number) => (x - min) / (max - min);
  const logRamp = (min: number, max: number) => (x: number) => ramp(min, max)(Math.log(x));
  const normal = (mu: number, sigma: number) => (x: number) => normalCdf((x - mu) / sigma);
  const continuous: [Distribution, (x: number) => number][] = [
    [{ distribution: "uniform", min: -3, max: 5 }, ramp(-3, 5)],
    [{ distribution: "log_uniform", min: -4, max: 1 }, logRamp(-4, 1)],
    [{ distribution: "inv_log_uniform", min: -4, max: 1 }, logRamp(-1, 4)],
    [{ distribution: "log_uniform_values", min: 1e-5, max: 1 }, logRamp(Math.log(1e-5), 0)],
    [{ distribution: "inv_log_uniform_values", min: 1e-5, max: 1 }, logRamp(Math.log(1e-5), 0)],
    [{ distribution: "normal", mu: 2, sigma: 0.5 }, normal(2, 0.5)],
    [{ distribution: "log_normal", mu: -1, sigma: 2 }, (x) => normal(-1, 2)(Math.log(x))],
  ];
  // One honest sample in ten thousand is further off (Kolmogorov's limit, 2.23 / sqrt n).
  for (const [d, cdf] of continuous) {
    const found = distance(sample(d), cdf);
    assert.ok(found < 2.23 / Math.sqrt(n), `${d.distribution}: ${found}`);
  }
  const shares = (values: unknown[]) => {
    const counts = new Map<string, number>();
    for (const v of values) counts.set(String(v), (counts.get(String(v)) ?? 0) + 1 / values.length);
    return counts;
  };
  // P(value), by integrating the continuous form over what rounds to it.
  const discrete: [Distribution, Record<string, number>][] = [
    [{ distribution: "int_uniform", min: -1, max: 2 }, {
      "-1": 1 / 4,
      0: 1 / 4,
      1: 1 / 4,
      2: 1 / 4,
    }],
    [{ distribution: "categorical", values: ["a", true] }, { a: 1 / 2, true: 1 / 2 }],
    [
      { distribution: "categorical", values: ["a", "b", "c"], probabilities: [0.2, 0, 0.8] },
      { a: 0.2, c: 0.8 },
    ],
    [{ distribution: "q_uniform", min: 0, max: 1, q: 0.5 }, { 0: 1 / 4, 0.5: 1 / 2, 1: 1 / 4 }],
    [
      { distribution: "q_log_uniform_values", min: 1, max: 4, q: 2 },
      { 2: Math.log(3) / Math.log(4), 4: 1 - Math.log(3) / Math.log(4) },
    ],
    [
      { distribution: "q_log_uniform", min: 0, max: Math.log(4), q: 2 },
      { 2: Math.log(3) / Math.log(4), 4: 1 - Math.log(3) / Math.log(4) },
    ],
  ];
  for (const [d, expected] of discrete) {
    const found = shares(sample(d));
    // 1 rounds to an even multiple of 2, so 0 has no share of its own but that one point.
    assert.deepEqual([...found.keys()].sort(), Object.keys(expected).sort(), d.distribution);
    for (const [value, share] of Object.entries(expected)) {
      const error = Math.abs(found.get(value)! - share);
      assert.ok(error < 4.5 * Math.sqrt(share * (1 - share) / n), `${d.distribution} ${value}`);
    }
  }
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const squares = Array.from({ length: 40_000 }, (_, i) => {
    const z = draw({ distribution: "normal", mu: 0, sigma: 1 }, uniforms(`square ${i}`)) as number;
    return z * z;
  });
  assert.ok(Math.abs(mean(squares) - 1) < 4.5 * Math.sqrt(2 / squares.length));
  const rounded = sample({ distribution: "q_normal", mu: 10, sigma: 3, q: 0.1 });
  assert.ok(rounded.every((x) => Math.abs(x * 10 - Math.round(x * 10)) < 1e-9));
  assert.ok(Math.abs(mean(rounded) - 10) < 4.5 * 3 / Math.sqrt(n));
  const logs = sample({ distribution: "q_log_normal", mu: 0, sigma: 0.5, q: 1e-6 });
  const variance = (Math.exp(0.25) - 1) * Math.exp(0.25);
  assert.ok(Math.abs(mean(logs) - Math.exp(0.125)) < 4.5 * Math.sqrt(variance / n));
  assert.equal(draw({ distribution: "normal", mu: 3, sigma: 0 }, [0.2, 0.7]), 3);
  assert.deepEqual(
    [0.25, 0.75, 1.25, -0.25, -0.75].map((x) =>
      draw({ distribution: "q_uniform", min: x, max: x + 1e-300, q: 0.5 }, [0.5, 0.5])
    ),
    [0, 1, 1, 0, -1],
    "halves go to the even multiple",
  );
  assert.equal(axisOf({ distribution: "normal", mu: 0, sigma: 1 }), undefined);
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

Deno.test("filtering: parameters by name, with what is allowed", async () => {
  const parse = (parameters: object) => filtering.parse(parameters as never, root);
  const cases: [object, RegExp][] = [
    [{ lr: 1 }, /^no parameter "lr"; allowed are seed, model, system, train, evaluate\.$/],
    [
      { train: { lr: 1 } },
      /no parameter "train\.lr"; allowed are train\.steps, .*train\.learningRate/,
    ],
    [{ train: { learningRate: -1 } }, /^train\.learningRate is -1: /],
    [{ train: { steps: 1.5 } }, /^train\.steps is 1\.5: /],
    [{ train: 3 }, /^train is 3: /],
    [{ system: { lambda: 1 } }, /^system\.lambda is 1: /],
    [{ system: { structure: "full" } }, /^system\.structure is "full": .*diagonal.*dense/],
    [{ seed: -1 }, /^seed is -1: /],
    [{ model: { name: "perceptron" } }, /model\.name is "perceptron"; models are .*transformer/],
    [{ model: { name: "../x" } }, /models are files of lib\/models/],
    [{ model: { width: 3 } }, /transformer options: .*width/s],
    [{ evaluate: { length: 100 } }, /length must be at least 64 observations of warm-up/],
  ];
  for (const [parameters, message] of cases) {
    await assert.rejects(parse(parameters), (error: Error) => {
      assert.match(error.message, message, JSON.stringify(parameters));
      return true;
    });
  }
  assert.ok(await parse({ model: { dModel: 8, heads: 2 }, system: { obsDim: 3 } }));
  assert.ok(filtering.hasMetric("rollout/h16") && !filtering.hasMetric("rollout/h"));
});

Deno.test("ranking: done before failed before open, NaN last, ties by name", () => {
  const of = (name: string, state: "done" | "failed" | "open", loss?: number) => ({
    name,
    state,
    parameters: {},
    jobs: {},
    metrics: loss === undefined ? {} as Record<string, number> : { loss },
  });
  const runs = [
    of("0", "open"),
    of("1", "done", NaN),
    of("2", "failed"),
    of("3", "done", 2),
    of("4", "done", 1),
    of("5", "done", 2),
  ];
  const names = (goal: "minimize" | "maximize") =>
    ranked(runs, { name: "loss", goal }).map(({ name }) => name).join("");
  assert.equal(names("minimize"), "435120");
  assert.equal(names("maximize"), "354120");
  assert.equal(bestOf(runs, { name: "loss", goal: "minimize" })?.name, "4");
  assert.equal(bestOf(runs.slice(0, 3), { name: "loss", goal: "minimize" }), undefined);
  assert.ok(reaches({ metrics: { loss: 1 } }, { name: "loss", goal: "minimize", target: 1 }));
  assert.ok(!reaches({ metrics: { loss: NaN } }, { name: "loss", goal: "maximize", target: 1 }));
  assert.ok(!reaches({ metrics: { loss: 1 } }, { name: "loss", goal: "minimize" }));
});

/** Runs the real command in this repository. */
const sweep = (...args: string[]) => start({ root } as Demo, "sweep", ...args);

/** A copy of the example's text in a folder of its own, with a store beside it. */
function place(text: string) {
  const folder = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "sweep-"));
  const file = join(folder, "sweep.yaml");
  writeFileSync(file, text);
  const store = join(folder, "store");
  return {
    file,
    store: ["--store", store],
    state(): SweepState {
      const names = readdirSync(join(store, "sweeps")).filter((name) => name.endsWith(".json"));
      assert.equal(names.length, 1);
      return JSON.parse(readFileSync(join(store, "sweeps", names[0]), "utf8"));
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const jobsOf = (labels: string[]) => labels.map((label) => label.replace(/^sweep-\w+\//, ""));

Deno.test("a sweep that is killed loses nothing, and continues; then there is nothing to do", async () => {
  using here = place(readFileSync(example, "utf8"));
  const killed = sweep(here.file, ...here.store, "--jobs", "1");
  await killed.says("/0000/one-step (");
  killed.kill("SIGKILL");
  const first = await killed.ended;
  assert.deepEqual(here.state().runs.map(({ name }) => name), ["0000", "0001", "0002"]);
  const second = await sweep(here.file, ...here.store, "--log", "tensorboard").ended;
  assert.equal(second.code, 0, second.out);
  const ran = jobsOf(second.ran);
  assert.ok(!ran.includes("0000/train") && !ran.includes("0000/one-step"), second.out);
  assert.ok(ran.includes("0002/one-step"), second.out);
  const twice = jobsOf(first.ran).filter((job) => ran.includes(job));
  assert.deepEqual(twice, [], "no job that was reported done ran again");
  const { id, runs, invocations, config } = here.state();
  assert.match(second.out, new RegExp(`Sweep ${id} \\(learning-rate\\): grid, filtering`));
  assert.deepEqual([config.program, config.method, invocations.length], ["filtering", "grid", 2]);
  assert.match(invocations[0].git?.commit ?? "none", /^([0-9a-f]{40}|none)$/);
  assert.ok(runs.every(({ state, metrics }) => state === "done" && metrics.gapClosed > 0));
  assert.ok(
    runs.every(({ jobs }) => Object.values(jobs).every((key) => /^[0-9a-f]{64}$/.test(key!))),
  );
  // Both kinds of runs are logged: those that ran and those that the first call had done.
  const logged = readdirSync(join(here.store[1], "tensorboard", `sweep-${id}`));
  assert.deepEqual(logged.sort(), ["0000", "0001", "0002"]);

  const third = await sweep(here.file, ...here.store, "--json").ended;
  assert.deepEqual([third.code, third.ran], [0, []], third.out);
  const json = JSON.parse(
    third.out.slice(third.out.indexOf("\n{\n"), third.out.lastIndexOf("\n}\n") + 2),
  );
  const best = runs.toSorted((a, b) => b.metrics.gapClosed - a.metrics.gapClosed)[0].name;
  assert.deepEqual([json.id, json.best, json.runs[0].name, json.runs.length], [id, best, best, 3]);
  // The same runs in another spelling, with one more: only that one has anything to do.
  writeFileSync(
    here.file,
    readFileSync(here.file, "utf8").replace("values: [0.003, 0.01, 0.03]", "values: [0.03, 0.1]"),
  );
  const dry = await sweep(here.file, ...here.store, "--dry-run").ended;
  assert.equal(dry.code, 0, dry.out);
  assert.match(dry.out, /0000 {2}done .*\n0001 {2}open/);
  assert.match(dry.out, /1 runs would be taken up; the sweep would have 2 of 2/);
});

Deno.test("a random sweep: --count, failed runs beside good ones, a target", async () => {
  using here = place(`
program: filtering
method: random
metric: {name: gapClosed, goal: maximize}
parameters:
  model: {parameters: {dModel: {value: 8}, layers: {value: 1}, heads: {values: [1, 3]}}}
  train: {parameters: {steps: {value: 2}, warmup: {value: 0}, batch: {value: 2}, length: {value: 16}}}
  train.learningRate: {values: [0.01, 1.0e+30], probabilities: [0.5, 0.5]}
  evaluate: {parameters: {sequences: {value: 8}, length: {value: 96}, horizons: {value: [2]}}}
`);
  const endless = await sweep(here.file, ...here.store).ended;
  assert.equal(endless.code, 1);
  assert.match(
    endless.out,
    /a random sweep has no end of its own; give run_cap in the file, or --cou/,
  );
  const first = await sweep(here.file, ...here.store, "--count", "3").ended;
  const { runs } = here.state();
  assert.equal(runs.length, 3, first.out);
  const second = await sweep(here.file, ...here.store, "--count", "3").ended;
  const all = here.state().runs;
  assert.equal(all.length, 6, second.out);
  assert.deepEqual(all.slice(0, 3), runs, "the first runs are as they were");
  const points = pointsOf(parseSweep(readSweepFile(here.file)), "");
  assert.deepEqual(all.map(({ parameters }) => parameters), all.map((_, i) => points.at(i)));
  // What must become of a run follows from its parameters.
  for (const { name, state, parameters, error } of all) {
    const { model, train } = parameters as Record<string, Record<string, number>>;
    if (model.heads === 3) assert.match(error!, /dModel 8 is not a multiple of 2 x heads/, name);
    else if (train.learningRate > 1) assert.match(error!, /^train: DivergenceError/, name);
    else assert.equal(state, "done", name);
  }
  const failed = all.filter(({ state }) => state === "failed").length;
  assert.ok(failed > 0 && failed < 6, "this file draws both kinds");
  assert.equal(second.code, 1);
  const again = await sweep(here.file, ...here.store, "--count", "1", "--retry").ended;
  const diverged = all.findIndex(({ error }) => error?.startsWith("train:"));
  assert.ok(diverged >= 0);
  assert.match(again.out, new RegExp(`train sweep-\\w+/000${diverged}/train FAILED`));
  assert.equal(here.state().runs.length, 6);
  // Any run that is done reaches this target, so none is added.
  const text = readFileSync(here.file, "utf8").replace("maximize}", "maximize, target: -1000}");
  writeFileSync(here.file, text);
  const reached = await sweep(here.file, ...here.store, "--count", "3").ended;
  assert.match(reached.out, /Run 000\d reached the target; nothing is started/);
  assert.equal(here.state().runs.length, 6);
});

Deno.test("wrong command lines", async () => {
  using here = place("program: filtering\nmethod: grid\nparameters: {train.lr: {value: 1}}");
  const cases: [string[], RegExp][] = [
    [[], /sweep needs one sweep file.*deno task sweep FILE\.yaml/s],
    [["a.yaml", "b.yaml"], /sweep needs one sweep file/],
    [[here.file, "--count", "0"], /--count 0: expected a whole number of at least 1/],
    [[here.file, "--profile", "smoke"], /Unknown option '--profile'/],
    [
      [here.file],
      /no run is possible\. The first: no parameter "train\.lr"; allowed are train\.steps/,
    ],
    [["/nowhere.yaml"], /The sweep file \/nowhere\.yaml cannot be read: there is no such file/],
  ];
  for (const [args, message] of cases) {
    const { code, out } = await sweep(...args, ...here.store).ended;
    assert.equal(code, 1, out);
    assert.match(out, message);
  }
});
