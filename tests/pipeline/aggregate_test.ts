/** @file The aggregate stage: every run of a grid reaches the table, and a table made from half a grid is refused. */
import assert from "node:assert/strict";
import { parseSummary, type Summary } from "../../pipeline/results.ts";
import { modules, params, run } from "../../pipeline/stages/aggregate.ts";
import type { StageContext } from "../../pipeline/stage.ts";

function small(): Summary {
  return {
    columns: [{ id: "lambda", label: "λ" }, { id: "loss", label: "Loss" }],
    rows: [{ lambda: 0.9, loss: { value: 1, low: 0.5, high: 2, n: 3, runs: ["a"] } }],
    verdict: { outcome: "supported", rule: "rule", reason: "reason" },
    findings: [],
    plots: [],
  };
}

/** Runs the aggregate stage over artifacts that hold one JSON file each. */
async function aggregate(runs: Record<string, unknown>, summarize: Summarize) {
  const { files } = await result(runs, summarize);
  return JSON.parse(files["summary.json"] as string);
}

// deno-lint-ignore no-explicit-any -- as an experiment would write it
type Summarize = (runs: any) => unknown;

async function result(runs: Record<string, unknown>, summarize: Summarize) {
  const inputs = Object.fromEntries(
    Object.entries(runs).map(([name, value]) => [name, {
      files: ["metrics.json", "name.txt"],
      scalars: { loss: 2 },
      bytes: (file: string) =>
        Promise.resolve(
          new TextEncoder().encode(file === "name.txt" ? `${name}\n` : JSON.stringify(value)),
        ),
    }]),
  );
  const context = {
    params: params().parse({ experiment: "x", path: "pipeline/experiments/x.ts" }),
    inputs,
    modules: { experiment: { summarize } },
  };
  return await run(context as unknown as StageContext<{ experiment: string; path: string }>);
}

Deno.test("aggregate hands every run to summarize and writes the summary", async () => {
  const summary = await aggregate({ "b/seed=1": { loss: 4 }, "a/seed=0": { loss: 8 } }, (runs) => {
    assert.deepEqual(Object.keys(runs), ["a/seed=0", "b/seed=1"]);
    const names = Object.keys(runs);
    const losses = names.map((name) =>
      runs[name].json("metrics.json").loss * runs[name].scalars.loss
    );
    assert.throws(
      () => runs[names[0]].bytes("weights"),
      /summarize of experiment "x": run "a\/seed=0" has no file "weights".*metrics\.json, name\.txt/,
    );
    assert.deepEqual(names.map((name) => runs[name].text("name.txt")), names.map((n) => `${n}\n`));
    assert.deepEqual(runs[names[0]].files, ["metrics.json", "name.txt"]);
    return {
      ...small(),
      rows: [{ loss: { value: (losses[0] + losses[1]) / 2, runs: names } }],
    };
  });
  assert.deepEqual(summary.rows, [{ loss: { value: 12, runs: ["a/seed=0", "b/seed=1"] } }]);
});

Deno.test("a run may be cited by what was observed alone", async () => {
  const observed = { name: "step seconds", stage: "train", times: "steps", scale: 1e3 };
  const rows = [{ loss: { observed, runs: ["a"] } }];
  const summary = await aggregate({ a: 1 }, () => ({ ...small(), rows }));
  assert.deepEqual(summary.rows, rows);
  assert.deepEqual(parseSummary(summary, "test").rows, rows);
  await assert.rejects(
    aggregate({ a: 1, b: 2 }, () => ({ ...small(), rows })),
    /1 of 2 runs feed no cell.*"b"/,
  );
  const elsewhere = [{ loss: { observed, runs: ["a", "c"] } }];
  await assert.rejects(
    aggregate({ a: 1 }, () => ({ ...small(), rows: elsewhere })),
    /rows\.0\.loss cites run "c"/,
  );
});

Deno.test("aggregate demands every run", async () => {
  const cite = (...names: string[]) => () => ({
    ...small(),
    rows: [{ loss: { value: 1, runs: names } }],
  });
  await assert.rejects(aggregate({}, cite("a")), /grid has no runs/);
  await assert.rejects(aggregate({ a: 1, b: 2 }, cite("a")), /1 of 2 runs feed no cell.*"b"/);
  await assert.rejects(aggregate({ a: 1 }, cite("a", "c")), /rows\.0\.loss cites run "c"/);
  await assert.rejects(
    aggregate({ a: 1 }, (runs) => runs["seed=9"].json("metrics.json")),
    /asks for run "seed=9", which the grid does not have \(a, …\)/,
  );
});

/** A table whose one cell cites these runs. */
const citing = (names: string[]) => ({
  ...small(),
  rows: [{ lambda: 1, loss: { value: 1, runs: names } }],
});

Deno.test("every run that is cited in any row and column counts, once or more", async () => {
  const cell = (...runs: string[]) => ({ value: 1, runs });
  const rows = [{ loss: cell("a", "b") }, { lambda: 3, loss: cell("b") }, {
    ...{ lambda: cell("c"), loss: { observed: { name: "seconds" }, runs: ["d", "a"] } },
  }];
  const runs = { a: 1, b: 2, c: 3, d: 4 };
  const { scalars } = await result(runs, () => ({ ...small(), rows }));
  assert.deepEqual(scalars, { runs: 4 });
  await assert.rejects(
    result({ ...runs, e: 5, f: 6 }, () => ({ ...small(), rows })),
    /2 of 6 runs feed no cell, the first is "e"/,
  );
});

Deno.test("a name that is no run of the grid is refused with the first of those that are", async () => {
  const names = ["r1", "r2", "r3", "r4", "r5", "r6"];
  const runs = Object.fromEntries(names.map((name) => [name, 0]));
  await assert.rejects(
    aggregate(runs, (runs) => runs["constructor"].json("metrics.json")),
    /experiment "x" asks for run "constructor", which .* \(r1, r2, r3, r4, r5, …\)\.$/,
  );
  await assert.rejects(
    aggregate(runs, () => citing([...names, "r7"])),
    /rows\.0\.loss cites run "r7", which .* \(r1, r2, r3, r4, r5, …\)\.$/,
  );
});

Deno.test("summarize may await, print and list its runs", async () => {
  const { rows } = await aggregate({ b: 1, a: 2 }, async (runs) => {
    assert.equal((await runs) === runs, true);
    assert.match(JSON.stringify(runs), /"a"/);
    assert.equal(String(Object.prototype.toString.call(runs)), "[object Object]");
    return await Promise.resolve(citing(Object.keys(runs)));
  });
  assert.deepEqual(rows[0].loss.runs, ["a", "b"]);
});

Deno.test("a summary that breaks the contract is refused in the name of its experiment", async () => {
  await assert.rejects(
    aggregate({ a: 1 }, () => ({ ...citing(["a"]), verdict: undefined })),
    /^Error: summarize of experiment "x": verdict is missing/,
  );
});

Deno.test("a diverged number reaches the table as what it is", async () => {
  const rows = [{ loss: { value: NaN, low: -Infinity, high: Infinity, runs: ["a"] } }];
  const summary = await aggregate({ a: 1 }, () => ({ ...small(), rows }));
  assert.deepEqual(parseSummary(summary, "test").rows, rows);
});

Deno.test("only summarize of the named module is part of the job's code", () => {
  const path = "pipeline/experiments/x.ts";
  assert.deepEqual(modules({ experiment: "x", path }), {
    experiment: { path, exports: ["summarize"] },
  });
  assert.deepEqual(params().parse({ experiment: "x", path: "y" }), { experiment: "x", path: "y" });
  assert.throws(() => params().parse({ experiment: "", path }));
  assert.throws(() => params().parse({ experiment: "x", path: "" }));
  assert.throws(() => params().parse({ experiment: "x", path, more: 1 }));
});
