/** @file The aggregate stage: every run of a grid reaches the table, and a table made from half a grid is refused. */
import assert from "node:assert/strict";
import { parseSummary, type Summary } from "../../pipeline/results.ts";
import { modules, type Params, params, run } from "../../pipeline/stages/aggregate.ts";
import type { StageContext } from "../../pipeline/stage.ts";
import { type Run, Runs } from "../../pipeline/table/runs.ts";

function small(): Summary {
  return {
    columns: [{ id: "lambda", label: "λ" }, { id: "loss", label: "Loss" }],
    rows: [{ lambda: 0.9, loss: { value: 1, runs: ["run=a"] } }],
    verdict: { outcome: "supported", rule: "rule", reason: "reason" },
    findings: [],
    plots: [],
  };
}

type Summarize = (runs: Runs) => unknown;

/** Runs the aggregate stage over artifacts that hold one JSON file each; their tags are {run: NAME}. */
async function aggregate(runs: Record<string, unknown>, summarize: Summarize) {
  const { files } = await result(runs, summarize);
  return JSON.parse(files["summary.json"] as string);
}

async function result(runs: Record<string, unknown>, summarize: Summarize) {
  const inputs = Object.fromEntries(
    Object.entries(runs).map(([name, value]) => [`run=${name}`, {
      files: ["metrics.json", "name.txt"],
      scalars: { loss: 2 },
      bytes: (file: string) =>
        Promise.resolve(
          new TextEncoder().encode(file === "name.txt" ? `${name}\n` : JSON.stringify(value)),
        ),
    }]),
  );
  return await run(contextOf(inputs, Object.keys(runs).map((run) => ({ run })), summarize));
}

function contextOf(inputs: object, runs: Params["runs"], summarize: Summarize) {
  const context = {
    params: params().parse({ experiment: "x", path: "pipeline/experiments/x.ts", runs }),
    inputs,
    modules: { experiment: { summarize } },
  };
  return context as unknown as StageContext<Params>;
}

Deno.test("aggregate hands every run with its tags to summarize, in the order of the grid", async () => {
  const summary = await aggregate({ b: { loss: 4 }, a: { loss: 8 } }, (runs) => {
    assert.ok(runs instanceof Runs);
    assert.deepEqual([...runs].map(({ tags }) => tags), [{ run: "b" }, { run: "a" }]);
    const losses = runs.each("run", (run) => run.json("metrics.json").loss * run.scalars.loss);
    assert.deepEqual(losses.values, [8, 16]);
    const [first] = runs as Iterable<Run>;
    assert.throws(
      () => first.bytes("weights"),
      /run "run=b" has no file "weights".*metrics\.json, name\.txt/,
    );
    assert.equal(first.text("name.txt"), "b\n");
    assert.deepEqual(first.files, ["metrics.json", "name.txt"]);
    const [coefficient, metric] = [0.5, "loss"];
    const terms = losses.runs.map((run, i) => ({
      ...{ coefficient, metric, runs: [run], values: [losses.values[i]] },
    }));
    return { ...small(), rows: [{ loss: { value: 12, runs: [...losses.runs], terms } }] };
  });
  const runs = ["run=b", "run=a"];
  const terms = runs.map((run) => ({ coefficient: 0.5, metric: "loss", runs: [run] }));
  assert.deepEqual(summary.rows, [{ loss: { value: 12, runs, terms } }]);
  assert.deepEqual(summary.scores, [
    { run: "run=a", metric: "loss", value: 16 },
    { run: "run=b", metric: "loss", value: 8 },
  ]);
});

Deno.test("a run may be cited by what was observed alone", async () => {
  const observed = { name: "step seconds", stage: "train", times: "steps", scale: 1e3 };
  const rows = [{ loss: { observed, runs: ["run=a"] } }];
  const summary = await aggregate({ a: 1 }, () => ({ ...small(), rows }));
  assert.deepEqual(summary.rows, rows);
  assert.deepEqual(parseSummary(summary, "test").rows, rows);
  await assert.rejects(
    aggregate({ a: 1, b: 2 }, () => ({ ...small(), rows })),
    /1 of 2 runs feed no cell.*"run=b"/,
  );
  const elsewhere = [{ loss: { observed, runs: ["run=a", "run=c"] } }];
  await assert.rejects(
    aggregate({ a: 1 }, () => ({ ...small(), rows: elsewhere })),
    /rows\.0\.loss cites run "run=c"/,
  );
});

Deno.test("aggregate demands every run", async () => {
  const cite = (...names: string[]) => () => ({
    ...small(),
    rows: [{ loss: { value: 1, runs: names } }],
  });
  await assert.rejects(aggregate({}, cite("run=a")), /the grid has no runs/);
  await assert.rejects(
    aggregate({ a: 1, b: 2 }, cite("run=a")),
    /1 of 2 runs feed no cell.*"run=b"/,
  );
  await assert.rejects(
    aggregate({ a: 1 }, cite("run=a", "run=c")),
    /rows\.0\.loss cites run "run=c"/,
  );
  await assert.rejects(
    aggregate({ a: 1 }, (runs) => runs.where({ run: "c" })),
    /^Error: summarize of experiment "x": No run has run=c; in the grid run is a\.$/,
  );
  await assert.rejects(
    run(contextOf({}, [{ run: "a" }], cite("run=a"))),
    /no input is called run=a, as the tags/,
  );
});

/** A table whose one cell cites these runs. */
const citing = (names: string[]) => ({
  ...small(),
  rows: [{ lambda: 1, loss: { value: 1, runs: names } }],
});

Deno.test("every run that is cited in any row and column counts, once or more", async () => {
  const cell = (...runs: string[]) => ({ value: 1, runs });
  const rows = [{ loss: cell("run=a", "run=b") }, { lambda: 3, loss: cell("run=b") }, {
    lambda: cell("run=c"),
    loss: { observed: { name: "seconds" }, runs: ["run=d", "run=a"] },
  }];
  const runs = { a: 1, b: 2, c: 3, d: 4 };
  const { scalars } = await result(runs, () => ({ ...small(), rows }));
  assert.deepEqual(scalars, { runs: 4 });
  await assert.rejects(
    result({ ...runs, e: 5, f: 6 }, () => ({ ...small(), rows })),
    /2 of 6 runs feed no cell, the first is "run=e"/,
  );
});

Deno.test("a name that is no run of the grid is refused with the first of those that are", async () => {
  const names = ["r1", "r2", "r3", "r4", "r5", "r6"];
  const runs = Object.fromEntries(names.map((name) => [name, 0]));
  const cited = [...names, "r7"].map((name) => `run=${name}`);
  await assert.rejects(
    aggregate(runs, () => citing(cited)),
    /rows\.0\.loss cites run "run=r7", which .* \(run=r1, run=r2, run=r3, run=r4, run=r5, …\)\.$/,
  );
});

Deno.test("summarize may await", async () => {
  const { rows } = await aggregate({ b: 1, a: 2 }, async (runs) => {
    assert.equal(await runs, runs);
    return citing([...runs].map((run) => run.name));
  });
  assert.deepEqual(rows[0].loss.runs, ["run=b", "run=a"]);
});

Deno.test("a summary that breaks the contract is refused in the name of its experiment", async () => {
  await assert.rejects(
    aggregate({ a: 1 }, () => ({ ...citing(["run=a"]), verdict: undefined })),
    /^Error: summarize of experiment "x": verdict is missing/,
  );
});

Deno.test("a diverged number reaches the table as what it is", async () => {
  const term = { coefficient: 1, metric: "loss", runs: ["run=a"] };
  const cell = { value: NaN, low: -Infinity, high: Infinity, runs: ["run=a"] };
  const rows = [{ loss: { ...cell, terms: [{ ...term, values: [NaN] }] } }];
  const summary = parseSummary(await aggregate({ a: 1 }, () => ({ ...small(), rows })), "test");
  assert.deepEqual(summary.rows, [{ loss: { ...cell, terms: [term] } }]);
  assert.deepEqual(summary.scores, [{ run: "run=a", metric: "loss", value: NaN }]);
});

Deno.test("only summarize of the named module is part of the job's code; tags are part of its parameters", () => {
  const given = { experiment: "x", path: "y", runs: [{ lambda: 0.5, model: "lru", free: true }] };
  assert.deepEqual(modules(given), {
    experiment: { path: "y", exports: ["summarize"] },
  });
  assert.deepEqual(params().parse(given), given);
  const wrong = [{ experiment: "" }, { path: "" }, { runs: [] }, { runs: [{ seed: null }] }];
  for (const part of [...wrong, { runs: [{ seed: [1] }] }, { more: 1 }]) {
    assert.throws(() => params().parse({ ...given, ...part }), JSON.stringify(part));
  }
});
