/**
 * @file `--set` on every experiment: what several stages of a chain have in common changes in all of them or is refused, and no table
 * is left to say what is not so.
 */
import assert from "node:assert/strict";
import type { JobNode } from "../../../pipeline/graph.ts";
import { plan } from "./grids.ts";
import { checkShared, jobsOf, valueAt } from "./shared_parameters.ts";

const experimentOf = (id: string) => plan.experiments.find(({ meta }) => meta.id === id)!;

/** What an experiment answers to overrides: every job with its parameters, or a refusal. */
const answer = (id: string, ...set: string[]) => jobsOf(experimentOf(id), set);

function refusal(id: string, ...set: string[]): string {
  const found = answer(id, ...set);
  if (typeof found === "string") return found;
  assert.fail(`${id} takes ${set}`);
}

function taken(id: string, ...set: string[]): JobNode[] {
  const found = answer(id, ...set);
  if (typeof found === "string") assert.fail(found);
  return found;
}

Deno.test("a parameter of several stages of a chain changes in all of them, or the override is refused", () => {
  // (More of them: tests/long/pipeline.)
  const counts = checkShared((jobs) => jobs > 100 ? 40 : jobs > 20 ? 12 : 3);
  assert.ok(counts.changed > 15 && counts.refused > 6, JSON.stringify(counts));
});

Deno.test("the system that is filtered is that of the data, of the training, and of the Kalman filter", () => {
  // The leaderboard has one lambda and no tag for it.
  for (const stage of ["generate", "tune", "train", "evaluate"]) {
    const jobs = taken("leaderboard", `${stage}.task.options.lambda=0.5`);
    const found = jobs.flatMap((job) => valueAt(job, "task.options.lambda") ?? []);
    assert.ok(found.length > 5, String(found.length));
    assert.deepEqual(new Set(found), new Set([0.5]), stage);
    // Other tasks are what they were.
    const names = jobs.filter((job) => valueAt(job, "task.options.lambda") !== undefined)
      .map((job) => valueAt(job, "task.name"));
    assert.deepEqual(new Set(names), new Set(["filtering"]));
  }
  // Experiments that sweep it, or name it in their table, refuse.
  assert.match(
    refusal("eigenvalue-sweep", "generate.task.options.lambda=0.5"),
    /^--set generate\.task\.options\.lambda=0\.5: experiment eigenvalue-sweep cannot take it: its table calls runs lambda=0\.36, which/,
  );
  assert.match(
    refusal("filter-leaderboard", "generate.task.options.lambda=0.5"),
    /its table calls runs lambda=0\.92, which would have task\.options\.lambda 0\.5/,
  );
});

Deno.test("no model is scored on another system than it was trained on", () => {
  assert.match(
    refusal("filter-leaderboard", "evaluate.instance=7"),
    /evaluate \S+ takes 7 for the instance of model 0, but train \S+, which it is made from, has \d+/,
  );
  assert.match(refusal("filter-leaderboard", "generate.instance=7"), /takes 7 for the instance/);
  assert.match(
    refusal("filter-leaderboard", 'train.seeds=[{"instance":3,"initialisation":0,"data":0}]'),
    /evaluate \S+ takes \d+ for the instance of model 0, but train \S+ which it is made from, has 3/,
  );
  // With several systems in one training.
  const two = { ...experimentOf("filter-leaderboard") };
  two.meta = { ...two.meta, from: "quick" };
  const answered = jobsOf(two, ["evaluate.index=1"]);
  assert.match(
    String(answered),
    /takes (\d+) for the instance of model 1, but train .* has (?!\1)\d+/,
  );
  // The initialisation is the training's own.
  const changed = taken("eigenvalue-sweep", "train.seeds.0.initialisation=5");
  assert.ok(changed.some((job) => valueAt(job, "seeds.0.initialisation") === 5));
});

Deno.test("data that are shorter than a training's sequences are not given one length by mistake", () => {
  assert.match(
    refusal("eigenvalue-sweep", "train.task.options.length=64"),
    /has task\.options\.length 256, and generate \S+, which it is made from, 128: one value cannot be for both/,
  );
  const lengths = taken("patching", "train.task.options.length=64")
    .flatMap((job) => valueAt(job, "task.options.length") ?? []);
  assert.deepEqual(new Set(lengths), new Set([64]));
});

Deno.test("runs that a table tells apart by steps alone are not made equal", () => {
  assert.match(refusal("eigenvalue-sweep", "train.steps=5"), /would be one and the same/);
  const steps = taken("filter-leaderboard", "train.steps=5").flatMap((job) =>
    valueAt(job, "steps") ?? []
  );
  assert.deepEqual(new Set(steps), new Set([5]));
});

Deno.test("what an experiment or data/datasets.json says is not for --set", () => {
  assert.match(
    refusal("patching", "aggregate.path=x.ts"),
    /^--set aggregate\.path=x\.ts: the parameters of stage aggregate are not to be set; the grid/,
  );
  assert.match(
    refusal("depth-scaling", "download.entry.split=etth"),
    /stage download are not to be set; an entry of data\/datasets\.json is changed there/,
  );
});

Deno.test("options that only some models have are set in those, in every stage", () => {
  const jobs = taken("filter-leaderboard", "train.layers.0.options.state=9");
  const path = "layers.0.options.state";
  const having = jobs.filter((job) => valueAt(job, path) !== undefined);
  assert.deepEqual(new Set(having.map((job) => valueAt(job, path))), new Set([9]));
  assert.deepEqual(
    [...new Set(having.map(({ stage }) => stage.name))].sort(),
    ["evaluate", "fit", "train", "tune"],
  );
  const others = jobs.filter(({ stage }) => stage.name === "train").length;
  assert.ok(having.filter(({ stage }) => stage.name === "train").length < others);
});

Deno.test("how many sequences are scored at once has nothing to do with a training step", () => {
  const batches = (jobs: JobNode[], stage: string) =>
    jobs.filter((job) => job.stage.name === stage).map((job) => valueAt(job, "batch"));
  const plain = taken("patching");
  const trained = taken("patching", "train.batch=9");
  const scored = taken("patching", "evaluate.batch=9");
  for (const stage of ["tune", "train"]) {
    assert.deepEqual(new Set(batches(trained, stage)), new Set([9]));
    assert.deepEqual(batches(scored, stage), batches(plain, stage));
  }
  assert.deepEqual(batches(trained, "evaluate"), batches(plain, "evaluate"));
  assert.deepEqual(new Set(batches(scored, "evaluate")), new Set([9]));
});

Deno.test("lengths of parity follow from each other, so that none is set alone", () => {
  for (const id of ["leaderboard", "parity-by-length"]) {
    for (
      const set of [
        "train.task.options.maximum=60",
        "evaluate.protocol.from=5",
        "generate.task.options.length=999",
        'evaluate.protocol={"from":5,"length":128}',
        'tune.task.options={"minimum":3}',
      ]
    ) {
      assert.match(
        refusal(id, set),
        /other parameters follow from \S+: parity and automata are scored at lengths/,
      );
    }
  }
  // One that no other follows from.
  const jobs = taken("parity-by-length", "train.task.options.minimum=2");
  const found = jobs.flatMap((job) => valueAt(job, "task.options.minimum") ?? []);
  assert.deepEqual(new Set(found), new Set([2]));
});
