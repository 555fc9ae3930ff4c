/** @file The jobs behind an experiment: each once, its inputs before it, in an order of their own. */
import assert from "node:assert/strict";
import { type ExperimentRecord, type JobRecord, jobsOf } from "../../../pipeline/publish/source.ts";
import { job, meta, uses } from "../../site/fixtures/records.ts";

const made = (label: string, ...inputs: JobRecord[]) =>
  job("s", label, { inputs: inputs.map((input) => uses(input.label, input)) });

/** Labels of the jobs behind these runs, of all the jobs in the source. */
function behind(runs: Record<string, JobRecord>, jobs: JobRecord[]): string[] {
  const keys = Object.fromEntries(Object.entries(runs).map(([name, { key }]) => [name, key]));
  const experiment = { meta: meta("e", {}), runs: keys } as ExperimentRecord;
  return jobsOf(experiment, new Map(jobs.map((j) => [j.key, j]))).map(({ label }) => label);
}

const data = made("data");
const tuned = made("tuned", data);
const model = made("model", tuned, data);
const score = made("score", model, data);
const other = made("other", data);

Deno.test("inputs come before their users, and each job once", () => {
  const jobs = [score, other, model, tuned, data];
  assert.deepEqual(behind({ a: score }, jobs), ["data", "tuned", "model", "score"]);
  assert.deepEqual(behind({ a: data, b: score, c: data }, jobs), [
    ..."data tuned model score".split(" "),
  ]);
});

Deno.test("runs come by their names, inputs as they are listed, wherever the source has them", () => {
  const jobs = [score, other, model, tuned, data];
  const expected = ["data", "other", "tuned", "model", "score"];
  assert.deepEqual(behind({ a: other, b: score }, jobs), expected);
  assert.deepEqual(behind({ b: score, a: other }, jobs.toReversed()), expected);
  assert.deepEqual(behind({ b: other, a: score }, jobs), [
    ..."data tuned model score other".split(" "),
  ]);
  const [x, y] = [made("x"), made("y")];
  const both = made("both", y, x);
  assert.deepEqual(behind({ a: both }, [x, y, both]), ["y", "x", "both"]);
});

Deno.test("a file of the user's is no job, and a lost job is named with who needs it", () => {
  const reads = { ...data, inputs: [{ name: "file", job: null, content: "c" }] };
  assert.deepEqual(behind({ a: reads }, [reads]), ["data"]);
  assert.throws(
    () => behind({ a: score }, []),
    /^Error: publish: run "a" of experiment "e" names job \w+, which the catalogue does not hold/,
  );
  assert.throws(
    () => behind({ a: score }, [score, model, data]),
    /publish: input "tuned" of job "model" names job \w+, which/,
  );
});
