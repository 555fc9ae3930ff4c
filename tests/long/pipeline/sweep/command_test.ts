/**
 * @file `deno task sweep` as a command: a sweep that is killed, continued and called once more, one with
 * failed runs, and wrong command lines.
 */
import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSweep } from "../../../../pipeline/sweep/config.ts";
import { readSweepFile } from "../../../../pipeline/sweep/parse.ts";
import { pointsOf } from "../../../../pipeline/sweep/points.ts";
import { Catalog } from "../../../../pipeline/store/catalog.ts";
import type { SweepState } from "../../../../pipeline/sweep/state.ts";
import { call, type Demo, start } from "../../../pipeline/helpers.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const example = join(root, "pipeline/sweep/examples/learning_rate.yaml");

/** Runs the real command in this repository. */
const sweep = (...args: string[]) => call({ root } as Demo, "sweep", ...args);

const temporary = (name: string) => mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", name));

/** Fingerprints of this repository's code, which are the same for every store. */
const cache = temporary("sweep-cache-");
Deno.test.afterAll(() => rmSync(cache, { recursive: true }));

/** A copy of the example's text in a folder of its own, with a store beside it. */
function place(text: string) {
  const folder = temporary("sweep-");
  const file = join(folder, "my sweep.yaml");
  writeFileSync(file, text);
  const store = join(folder, "store");
  mkdirSync(store);
  symlinkSync(cache, join(store, "cache"));
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

Deno.test("a sample of the runs says what all take, and is done for the sweep", async () => {
  using here = place(readFileSync(example, "utf8"));
  const args = [here.file, ...here.store, "--sample", "2", "--seed", "3", "--jobs", "2"];
  const first = await sweep(...args);
  assert.equal(first.code, 0, first.out);
  assert.match(first.out, /^Sample: runs \d{4}, \d{4} of 3\.$/m);
  assert.match(
    first.out,
    /^All 3 runs, from 2 that were done, on this machine, 2 jobs at a time:$/m,
  );
  assert.match(first.out, /node hours +[\d.]+ h \(95 %: [\d.]+ h to [\d.]+ h\)/);
  const again = await sweep(...args, "--json");
  assert.deepEqual(again.ran, []);
  const report = JSON.parse(again.out.slice(again.out.indexOf("\n{") + 1));
  assert.deepEqual([report.runs, report.measured, report.failed, report.nodes], [3, 2, 0, 1]);
  const { taskHours, nodeHours } = report;
  assert.ok(taskHours.low <= taskHours.value && taskHours.value <= taskHours.high);
  assert.ok(Math.abs(nodeHours.value * 2 - taskHours.value) < 1e-9);
  const rest = await sweep(here.file, ...here.store, "--jobs", "2");
  assert.equal(rest.code, 0, rest.out);
  assert.equal(jobsOf(rest.ran).filter((job) => job.endsWith("/train")).length, 1, rest.out);
  const many = await sweep(here.file, ...here.store, "--sample", "4");
  assert.equal(many.code, 1);
  assert.match(many.out, /--sample 4: the sweep has 3 runs that are possible\./);
});

Deno.test("a sweep that is killed loses nothing, and continues; then there is nothing to do", async () => {
  using here = place(readFileSync(example, "utf8"));
  const killed = start({ root } as Demo, "sweep", here.file, ...here.store, "--jobs", "1");
  await killed.says("/0000/one-step (");
  killed.kill("SIGKILL");
  const first = await killed.ended;
  assert.deepEqual(here.state().runs.map(({ name }) => name), ["0000", "0001", "0002"]);
  const second = await sweep(here.file, ...here.store, "--log", "tensorboard");
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

  const third = await sweep(here.file, ...here.store, "--json");
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
  const dry = await sweep(here.file, ...here.store, "--dry-run");
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
  const endless = await sweep(here.file, ...here.store);
  assert.equal(endless.code, 1);
  assert.match(
    endless.out,
    /a random sweep has no end of its own; give run_cap in the file, or --cou/,
  );
  const first = await sweep(here.file, ...here.store, "--count", "3");
  const { runs } = here.state();
  assert.equal(runs.length, 3, first.out);
  const second = await sweep(here.file, ...here.store, "--count", "3");
  const all = here.state().runs;
  assert.equal(all.length, 6, second.out);
  assert.deepEqual(all.slice(0, 3), runs, "the first runs are as they were");
  const points = pointsOf(parseSweep(readSweepFile(here.file)), "");
  assert.deepEqual(all.map(({ parameters }) => parameters), all.map((_, i) => points.at(i)));
  // What must become of a run follows from its parameters.
  for (const { name, state, parameters, error } of all) {
    const { model, train } = parameters as Record<string, Record<string, number>>;
    if (model.heads === 3) assert.match(error!, /heads = 3: the width 8 is not a multiple/, name);
    else if (train.learningRate > 1) assert.match(error!, /^train: DivergenceError/, name);
    else assert.equal(state, "done", name);
  }
  const failed = all.filter(({ state }) => state === "failed").length;
  assert.ok(failed > 0 && failed < 6, "this file draws both kinds");
  assert.equal(second.code, 1);
  const again = await sweep(here.file, ...here.store, "--count", "1", "--retry");
  const diverged = all.findIndex(({ error }) => error?.startsWith("train:"));
  assert.ok(diverged >= 0);
  assert.match(again.out, new RegExp(`train sweep-\\w+/000${diverged}/train FAILED`));
  assert.equal(here.state().runs.length, 6);
  // Any run that is done reaches this target, so none is added.
  const text = readFileSync(here.file, "utf8").replace("maximize}", "maximize, target: -1000}");
  writeFileSync(here.file, text);
  const reached = await sweep(here.file, ...here.store, "--count", "3");
  assert.match(reached.out, /Run 000\d reached the target; nothing is started/);
  assert.equal(here.state().runs.length, 6);
});

Deno.test("a training that diverges keeps its curve up to the last step, in the catalogue and in logs", async () => {
  using here = place(`
program: filtering
method: grid
parameters:
  model: {parameters: {name: {value: dense_recurrence}, state: {value: 8}}}
  train: {parameters: {steps: {value: 300}, warmup: {value: 299}, batch: {value: 4}, length: {value: 64}}}
  train.learningRate: {value: 10}
  evaluate.sequences: {value: 8}
`);
  const { out, code } = await sweep(here.file, ...here.store, "--log", "tensorboard");
  assert.equal(code, 1, out);
  const [{ jobs, error }] = here.state().runs;
  const last = Number(/diverged at step (\d+)/.exec(error!)![1]);
  assert.ok(last > 3, "it takes a few steps");
  const catalog = await Catalog.open(here.store[1]);
  const rows = await catalog.query(
    "SELECT name, step, value FROM metric WHERE job_key = $key ORDER BY name, step",
    { key: jobs.train },
  );
  await catalog.close();
  const steps = (name: string) => rows.filter((row) => row.name === name).map(({ step }) => step);
  const expected = Array.from({ length: last + 1 }, (_, step) => step);
  for (const name of ["loss", "gradient norm", "learning rate"]) {
    assert.deepEqual(steps(name), expected, name);
  }
  const norms = rows.filter(({ name }) => name === "gradient norm").map(({ value }) => value);
  assert.ok(norms.slice(0, -1).every(Number.isFinite) && !Number.isFinite(norms.at(-1)));
  const [run] = readdirSync(join(here.store[1], "tensorboard"));
  const folder = join(here.store[1], "tensorboard", run, "0000");
  const bytes = readFileSync(join(folder, readdirSync(folder)[0]), "latin1");
  assert.ok(bytes.split("gradient norm").length - 1 > last, "every step is in the event file");
});

/** heads 3 does not suit dModel 8, and the grid begins with it. */
const HALF = `
program: filtering
method: grid
parameters:
  model: {parameters: {dModel: {value: 8}, layers: {value: 1}, heads: {values: [3, 1]}}}
  train: {parameters: {steps: {value: 9}, warmup: {value: 0}, batch: {value: 2}, length: {value: 16}}}
  evaluate: {parameters: {sequences: {value: 8}, length: {value: 96}, horizons: {value: [2]}}}
`;

Deno.test("a sweep that is estimated, with runs that are not possible, and then taken up one by one", async () => {
  using here = place(`${HALF}command: [python, "\${program}"]\n`);
  const dry = await sweep(here.file, ...here.store, "--dry-run");
  assert.match(dry.out, /2 runs would be taken up/);
  assert.match(dry.out, /^run 0000 failed: .*heads = 3: the width 8 is not a multiple/m);
  assert.match(dry.out, /^Of each of these 2 it was checked .* data: 1 are not possible\.$/m);
  assert.equal(dry.code, 1);
  assert.match(dry.out, /^\/.*my sweep\.yaml: command is ignored/m);
  const { code, out } = await sweep(here.file, ...here.store, "--estimate");
  assert.equal(code, 0, out);
  assert.match(
    out,
    /^1 of 2 runs are not possible and cost nothing, such as run 0000: .*heads = 3: the width 8 /m,
  );
  assert.match(out, /^4 of 4 jobs would run \(sweep [0-9a-f]{12}; /m);
  assert.match(out, /^train +1 +1 +0 +0 .* 288$/m, "tokens: 9 steps of 2 sequences of 16");
  assert.match(out, /^Wall time with /m);
  // Nobody asked for more than an answer.
  const kept = readdirSync(here.store[1]);
  assert.ok(!kept.includes("catalog.duckdb") && !kept.includes("sweeps"), kept.join(" "));
  const first = await sweep(here.file, ...here.store, "--count", "1");
  assert.deepEqual(here.state().runs.map(({ state }) => state), ["failed"], first.out);
  const second = await sweep(here.file, ...here.store, "--count", "1");
  assert.deepEqual(here.state().runs.map(({ state }) => state), ["failed", "done"], second.out);
  assert.deepEqual(
    here.state().invocations.map(({ command, engine }) => [command, engine]),
    Array(2).fill([
      `deno task sweep '${here.file}' --store ${here.store[1]} --count 1`,
      "ort",
    ]),
  );
  const done = await sweep(here.file, ...here.store, "--estimate");
  assert.match(done.out, /^All 4 jobs are done; nothing would run\.$/m);
});

Deno.test("a metric that some runs have, and one that none has", async () => {
  const text = (name: string, values: string) =>
    `${HALF.replace("[3, 1]", "[1]")}  evaluate.rollout: {values: ${values}}\n` +
    `metric: {name: ${name}, goal: minimize}\n`;
  for (
    const [name, values, message] of [
      ["rollout/h2", "[false, true]", /1 runs would be taken up; the sweep would have 1 of 2/],
      [
        "rollout/h4",
        "[false, true]",
        /"rollout\/h4", which no run of this file measures; .*zero\.$/m,
      ],
      ["rollout/ratio", "[false]", /sweep\.yaml: metric\.name is "rollout\/ratio", which no run/],
    ] as const
  ) {
    using here = place(text(name, values));
    const { code, out } = await sweep(here.file, ...here.store, "--dry-run", "--count", "1");
    assert.match(out, message);
    assert.equal(code, Number(/error/.test(out)), out);
  }
});

Deno.test("wrong command lines", async () => {
  using here = place("program: filtering\nmethod: grid\nparameters: {train.lr: {value: 1}}");
  const cases: [string[], RegExp][] = [
    [[], /sweep needs one sweep file\. See deno task sweep --help\./],
    [["a.yaml", "b.yaml"], /sweep needs one sweep file/],
    [[here.file, "--count", "0"], /--count 0: expected a whole number of at least 1/],
    [[here.file, "--profile", "smoke"], /Unknown option --profile\. Nearest: /],
    [
      [here.file],
      /no run is possible\. The first: no parameter "train\.lr"; allowed are train\.steps/,
    ],
    [["/nowhere.yaml"], /The sweep file \/nowhere\.yaml cannot be read: there is no such file/],
  ];
  for (const [args, message] of cases) {
    const { code, out } = await sweep(...args, ...here.store);
    assert.equal(code, 1, out);
    assert.match(out, message);
  }
});
