/** @file Experiments stand together on the front page by the folders of their modules. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { byFamily, readFamilies } from "../../site/catalogue/families.ts";

Deno.test("every published experiment has a family, and one only", async () => {
  const families = await readFamilies();
  assert.deepEqual(families.map(({ title }) => title), [
    "Transformer filters",
    "Deep linear networks",
    "Linear language models",
    "Unified scaling theory",
    "Leaderboard",
  ]);
  const ids = families.flatMap(({ experiments }) => experiments);
  assert.equal(new Set(ids).size, ids.length);
  const published = (await readdir("reports/standard")).filter((name) => name.endsWith(".md"));
  assert.ok(published.length > 20);
  for (const name of published) assert.ok(ids.includes(name.slice(0, -3)), name);
  assert.ok(families[0].experiments.includes("eigenvalue-sweep"));
  assert.ok(families[1].experiments.includes("nab"), "whose module has another name");
});

Deno.test("nothing that is shown is lost or shown twice, and empty families are not shown", () => {
  const family = (id: string, ...experiments: string[]) => ({ id, title: id, experiments });
  const families = [family("a", "x", "z"), family("b", "none"), family("c", "y")];
  const shown = ["q", "z", "y", "x"].map((id) => ({ id }));
  const ids = byFamily(shown, families).map(({ id, title, experiments }) => [
    ...[id, title],
    ...experiments.map(({ id }) => id),
  ]);
  assert.deepEqual(ids, [["a", "a", "z", "x"], ["c", "c", "y"], [undefined, undefined, "q"]]);
  assert.deepEqual(byFamily([], families), []);
});
