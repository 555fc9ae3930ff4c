/** @file The stage that makes a panel of several files. */
import assert from "node:assert/strict";
import * as panel from "../../../pipeline/stages/panel.ts";
import { artifact, runStage } from "./run_stage.ts";

const file = (text: string) =>
  artifact({ files: { data: new TextEncoder().encode(text) }, scalars: {} });

Deno.test("every column of every file is a series of its name, in float64, read as the entry says", async () => {
  const params = {
    files: [{ dataset: "one" }, { dataset: "two", read: { columns: ["b"], missing: [-1] } }],
  };
  const inputs = {
    two: file("a,b\n1,2.5\n3,-1\n5,6\n"),
    one: file("x,y\n0.1,20\n0.2,30\n"),
  };
  const { tensors, scalars, files, logged } = await runStage(panel, params, { inputs });
  assert.deepEqual(Object.keys(files), ["panel.safetensors"]);
  const found = tensors("panel.safetensors");
  assert.deepEqual(Object.keys(found), ["one/x", "one/y", "two/b"]);
  assert.deepEqual(found["one/x"], {
    dtype: "float64",
    shape: [2],
    data: Float64Array.of(0.1, 0.2),
  });
  assert.deepEqual([...found["two/b"].data], [2.5, 2.5, 6]);
  assert.deepEqual(scalars, { series: 3 });
  assert.match(logged.join("\n"), /^two: column "b": 1 missing cells/m);
});

Deno.test("rows of a later file go on with those of the same name", async () => {
  const run = (second: string) =>
    runStage(panel, {
      files: [{ dataset: "known", form: "rows" }, { dataset: "later", form: "rows" }],
    }, { inputs: { known: file("id,1,2\na,1,2\nb,3\n"), later: file(second) } });
  const { tensors, scalars } = await run("id,1\nb,4\na,5\n");
  const found = tensors("panel.safetensors");
  assert.deepEqual([...found.a.data], [1, 2, 5]);
  assert.deepEqual([...found.b.data], [3, 4]);
  assert.deepEqual([found.b.shape, scalars], [[2], { series: 2 }]);
  await assert.rejects(
    run("id,1\nb,4\nc,5\n"),
    /later has 2 series, .* 2, among them a, which is missing/,
  );
  await assert.rejects(run("id,1\nb,4\na,5\nc,1\n"), /later has 3 series, the file before it 2\./);
});

Deno.test("no files are no panel", () => {
  assert.throws(() => panel.params().parse({ files: [] }));
});
