/** @file The tables of what sequences and forecasts cost: grids, numbers from runs made by hand, and what is left to be judged. */
import assert from "node:assert/strict";
import * as inference from "../../../../pipeline/experiments/deep_linear_networks/inference.ts";
import * as long from "../../../../pipeline/experiments/deep_linear_networks/long_sequences.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import { runsOf, tableOf } from "../grids.ts";

// deno-lint-ignore no-explicit-any -- parameters of any stage
const params = (job: JobNode) => job.params as any;
const seeds = [0, 1, 2, 3, 4, 5, 6, 7];
const measurements = [...seeds, 8, 9, 10, 11];
const forms = ["recurrent", "gla", "deltanet", "fourier", "quadratic"];
const lengths = [1000, 4000, 8000, 16000, 32000, 64000, 100_000];

Deno.test("long sequences: every form is measured eight times, at the same lengths", () => {
  const runs = runsOf(long, "standard");
  for (const form of forms) {
    const own = runs.filter(({ tags }) => tags.form === form);
    assert.deepEqual(own.map(({ tags }) => tags.seed), seeds);
    assert.deepEqual(own.map(({ job }) => params(job).repetition), seeds);
    for (const { job } of own) {
      assert.deepEqual([params(job).lengths, params(job).from], [lengths, 8000]);
      assert.equal(params(job).mixing, form === "fourier");
    }
  }
  assert.equal(runs.length, forms.length * seeds.length);
});

Deno.test("long sequences: rows by form and length, exponents where they are judged, the baseline until it stops", async () => {
  const made = await tableOf(
    long,
    runsOf(long, "standard").map(({ tags }) => {
      const quadratic = tags.form === "quadratic";
      const longest = quadratic ? 8000 : 100_000;
      const bytes = lengths.filter((n) => n <= longest)
        .map((n) => [`bytes at ${n}`, 2 ** 20 * (quadratic ? n * n / 1e6 : n / 1000)]);
      const slope = 1 + forms.indexOf(String(tags.form)) / 100;
      return {
        tags,
        scalars: { ...Object.fromEntries(bytes), longest, "memory slope": slope },
      };
    }),
  );
  assert.equal(made.summary.rows.length, 4 * 7 + 3);
  const last = { form: "convolution through FFT (Toeplitz)", length: 100_000 };
  assert.equal(made.cell(last, "mebibytes").value, 100);
  assert.equal(made.cell(last, "memory_slope").value, 1.03);
  assert.deepEqual(made.observed(last, "time_slope").observed, { name: "time slope" });
  assert.equal(made.observed(last, "time_slope").runs.length, 8);
  const seconds = made.observed({ form: "softmax attention", length: 4000 }, "seconds");
  assert.deepEqual(seconds.observed, { name: "seconds at 4000" });
  assert.ok(!("time_slope" in made.row({ form: "softmax attention", length: 8000 })));
  assert.ok(!("time_slope" in made.row({ ...last, length: 64000 })));
  assert.match(made.summary.findings[0], /at most 1\.03 \(convolution through FFT/);
  assert.match(made.summary.findings[1], /stops at 8,000 times, with 64 MiB/);
  const { observed, rule } = made.summary.verdict;
  assert.deepEqual(observed!.hypothesis.clauses.map(({ margin }) => margin), [
    -1.05,
    -1.05,
    -1.05,
    -1.15,
  ]);
  assert.deepEqual(observed!.hypothesis.seeds, seeds);
  for (const [i, { name, at, runs }] of observed!.effects.entries()) {
    assert.equal(name, "minus steeper slope");
    assert.deepEqual(at, seeds);
    assert.ok(runs.every((run) => run.includes(forms[i])));
  }
  assert.match(rule, /recurrent \(LRU\) above -1\.05/);
});

Deno.test("inference: the Transformer of the accuracy table, twelve times", () => {
  const runs = runsOf(inference, "standard");
  assert.deepEqual(runs.map(({ tags }) => tags.seed), measurements);
  for (const { job } of runs) {
    const { lookback, horizon, others, batches, rounds } = params(job);
    assert.deepEqual([lookback, horizon, batches, rounds], [336, 96, [1, 64], 25]);
    assert.equal(others[0].id, "transformer");
    assert.equal(others[0].layers[0].name, "softmax_attention");
    assert.deepEqual(
      // deno-lint-ignore no-explicit-any -- parameters of any stage
      others.slice(1).map((other: any) => other.model.options.depth),
      [10, 100, 1000],
    );
  }
});

Deno.test("inference: ratios of memory, times to be read, and four clauses to be judged", async () => {
  const ids = ["collapsed", "transformer", "layered-10", "layered-100", "layered-1000"];
  const made = await tableOf(
    inference,
    runsOf(inference, "standard").map(({ tags }) => ({
      tags,
      scalars: Object.fromEntries(ids.flatMap((id, i) => [
        [`parameters of ${id}`, 1000 * (i + 1)],
        [`bytes of ${id} at 1`, 2048 * (i + 1)],
        [`bytes of ${id} at 64`, 2048 * (3 * i + 1)],
      ])),
    })),
  );
  assert.equal(made.summary.rows.length, 10);
  const transformer = { model: "Transformer of the accuracy table", batch: 64 };
  assert.equal(made.cell(transformer, "memory_ratio").value, 4);
  assert.equal(made.cell(transformer, "kibibytes").value, 8);
  assert.equal(made.cell(transformer, "parameters").value, 2000);
  assert.deepEqual(made.observed(transformer, "milliseconds").observed, {
    name: "seconds of transformer at 64",
    scale: 1000,
  });
  assert.deepEqual(made.observed({ ...transformer, batch: 1 }, "resident").observed, {
    name: "resident bytes of transformer at 1",
    scale: 2 ** -20,
  });
  assert.ok(!("memory_ratio" in made.row({ model: "collapsed to one matrix", batch: 1 })));
  assert.match(
    made.summary.findings[0],
    /needs 2\.0 times .* at 1 and 4\.0 times .* at 64 windows/,
  );
  assert.match(made.summary.findings[0], /2,000 parameters, the matrix 1,000/);
  const { observed } = made.summary.verdict;
  assert.deepEqual(observed!.effects.map(({ name }) => name), [
    "log time ratio of transformer at 1",
    "log time ratio of transformer at 64",
    "log memory ratio of transformer at 1",
    "log memory ratio of transformer at 64",
  ]);
  assert.deepEqual(
    observed!.hypothesis.clauses.map(({ margin }) => Math.round(Math.exp(margin!))),
    [10, 10, 5, 5],
  );
  assert.deepEqual(observed!.effects[3].at, measurements);
});
