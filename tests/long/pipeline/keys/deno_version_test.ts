/** @file What a store of another version of Deno says: everything runs again, and why. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Catalog } from "../../../../pipeline/store/catalog.ts";
import { cli, makeProbe } from "../../../pipeline/helpers.ts";
import { openBench } from "../../../pipeline/run/helpers.ts";

Deno.test("results of another Deno are stale, and status, why and a dry run say so", async () => {
  using demo = makeProbe(`
    const a = g.job("probe", { behave: "well" }, {}, "a");
    return g.job("collect", { title: "t" }, { a }, "table");`);
  {
    await using bench = await openBench(demo, { deno: "2.9.5" });
    await bench.finish("probes/a");
    await bench.finish("probes/table");
    const keys = bench.workspace.resolver.keys;
    await (await bench.workspace.catalog()).setNodes(
      "smoke",
      [...keys].map(([{ label }, key]) => ({ label, key, doneKey: key })),
    );
  }
  const here = Deno.version.deno;
  const smoke = ["--profile", "smoke"];
  const why = await cli(demo, "why", "probes/a", ...smoke);
  assert.match(
    why.out,
    new RegExp(`probe probes/a will run, because\n  Deno: 2\\.9\\.5 -> ${here}\n$`),
  );
  const status = await cli(demo, "status", ...smoke);
  assert.match(status.out, /0 of 2 jobs are done/);
  assert.match((await cli(demo, "run", "--dry-run", ...smoke)).out, /Deno: 2\.9\.5 -> /);
  const { code, ran } = await cli(demo, "run", ...smoke);
  // The table has the same input, and a key of its own all the same.
  assert.deepEqual([code, ran], [0, ["probes/a", "probes/table"]]);
  const catalog = await Catalog.read(join(demo.root, ".store"));
  const rows = await catalog.query(
    "SELECT deno, count(*) AS n FROM job GROUP BY deno ORDER BY deno",
  );
  catalog.close();
  assert.deepEqual(rows, [{ deno: "2.9.5", n: 2 }, { deno: here, n: 2 }]);
});
