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

Deno.test("no files are no panel", () => {
  assert.throws(() => panel.params().parse({ files: [] }));
});
