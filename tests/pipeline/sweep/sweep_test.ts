/** @file Which runs a call of a sweep looks at, and as what they are logged. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type { JobNode } from "../../../pipeline/graph.ts";
import type { Candidate } from "../../../pipeline/sweep/runs.ts";
import {
  candidatesOf,
  pointsFrom,
  readSweep,
  type Sweep,
  unitsOfRuns,
} from "../../../pipeline/sweep/sweep.ts";
import { scratch } from "../store/helpers.ts";

const sweep = (count?: number) =>
  ({
    file: "s.yaml",
    points: { count, at: (index: number) => ({ index }) },
    config: { id: "abc" },
    space: "sweep-abc",
    program: { name: "filtering", logged: { train: "", rollout: "rollout" } },
  }) as unknown as Sweep;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("a call looks at the runs there are, and at as many more as it may add", () => {
  assert.deepEqual(candidatesOf(sweep(5), 0), range(5));
  assert.deepEqual(candidatesOf(sweep(5), 2), range(5));
  assert.deepEqual(candidatesOf(sweep(5), 0, 3), range(3));
  assert.deepEqual(candidatesOf(sweep(5), 2, 1), range(3));
  assert.deepEqual(candidatesOf(sweep(5), 4, 3), range(5));
  // A file that was made shorter does not lose runs.
  assert.deepEqual(candidatesOf(sweep(3), 5), range(5));
  assert.deepEqual(candidatesOf(sweep(), 0, 2), range(2));
  assert.deepEqual(candidatesOf(sweep(), 3, 2), range(5));
  assert.deepEqual(candidatesOf(sweep(), 3), range(3));
  assert.throws(
    () => candidatesOf(sweep(), 0),
    /^Error: s\.yaml: a random sweep has no end of its own/,
  );
});

Deno.test("points from an index on go to the end, or a thousand further", () => {
  const from = (count: number | undefined, first: number) => [...pointsFrom(sweep(count), first)];
  assert.deepEqual(from(5, 3), [3, 4].map((index) => ({ index, parameters: { index } })));
  assert.deepEqual(from(5, 5), []);
  for (const count of [undefined, 5000]) {
    const found = from(count, 7);
    assert.deepEqual([found.length, found[0].index, found.at(-1)!.index], [1000, 7, 1006]);
  }
});

Deno.test("a run is logged as one, with the jobs that its program names and that it has", () => {
  const [train, data] = ["train", "data"] as unknown as JobNode[];
  const candidate = { name: "0003", parameters: { a: { b: 1 } }, jobs: { data, train } };
  const units = (sweep: Sweep, commit: { commit: string; dirty: boolean } | null) =>
    unitsOfRuns([candidate as unknown as Candidate], sweep, "jax", commit);
  const expected = {
    id: "abc-0003",
    group: "sweep-abc",
    name: "0003",
    config: { a: { b: 1 }, sweep: "abc", program: "filtering", engine: "jax" },
    jobs: [{ node: train, as: "" }],
  };
  assert.deepEqual(units(sweep(), null), [expected]);
  const named = sweep();
  named.config.name = "my sweep";
  assert.deepEqual(units(named, { commit: "c0ffee", dirty: true })[0].config, {
    ...{ ...expected.config, sweep: "my sweep", commit: "c0ffee", dirty: true },
  });
});

Deno.test("a file names its metric or has the program's; one that the program has not is refused", () => {
  using at = scratch();
  const file = at.at("s.yaml");
  const read = (more: string) => {
    writeFileSync(
      file,
      `program: filtering\nmethod: grid\nparameters: {seed: {values: [1, 2]}}\n${more}`,
    );
    return readSweep(file);
  };
  const { metric, space, config, points, program } = read("");
  assert.deepEqual(metric, { name: "gapClosed", goal: "maximize" });
  assert.deepEqual([space, program.name], [`sweep-${config.id}`, "filtering"]);
  assert.deepEqual(points.at(1), { seed: 2 });
  assert.equal(read("").file, file);
  assert.deepEqual(read("metric: {name: loss}").metric, {
    ...{ name: "loss", goal: "minimize", target: undefined },
  });
  assert.throws(
    () => read("metric: {name: speed}"),
    /s\.yaml: metric\.name is "speed"; filtering measures (?=.*gapClosed)(?=.*ratio).*loss/,
  );
});
