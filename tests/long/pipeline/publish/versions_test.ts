/** @file Tables that were published and are no longer those of the code at hand: kept, and marked. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitCommit } from "../../../../pipeline/log/git.ts";
import { query } from "../../../pipeline/publish/query.ts";
import { smallPipeline } from "../../../pipeline/publish/small_pipeline.ts";

const { root, database, pipeline, remove } = smallPipeline();

Deno.test.afterAll(remove);

const versions = (path: string) =>
  query(path, 'SELECT id, older, "commit" FROM experiment ORDER BY position');

Deno.test("a table whose jobs have changed and were not run again is published as of an older version", async () => {
  await pipeline();
  assert.deepEqual((await versions(database)).map(({ older }) => older), [false, false]);
  const git = (...args: string[]) => {
    const { success, stderr } = new Deno.Command("git", {
      args: ["-C", root, "-c", "user.name=a", "-c", "user.email=a@b", ...args],
    }).outputSync();
    assert.ok(success, new TextDecoder().decode(stderr));
  };
  git("init", "--quiet");
  writeFileSync(join(root, ".gitignore"), "/.store/\n/reports/\n/site/\n");
  git("add", "--all");
  git("commit", "--quiet", "--message", "one");
  const { commit } = gitCommit(root)!;
  const path = join(root, "pipeline/stages/make.ts");
  writeFileSync(path, readFileSync(path, "utf8").replace("steps: 50", "steps: 51"));
  await pipeline("--only", "two");
  const [one, two] = await versions(database);
  assert.deepEqual([one.older, one.commit], [true, null], "it ran outside git");
  assert.deepEqual([two.older, two.commit], [false, `${commit}-dirty`]);
  assert.match(readFileSync(join(root, "reports/smoke/one.md"), "utf8"), /\*Of an older version:/);
  assert.doesNotMatch(readFileSync(join(root, "reports/smoke/two.md"), "utf8"), /older version/);
  // Without an edit again, and all jobs of today.
  await pipeline();
  assert.deepEqual((await versions(database)).map(({ older }) => older), [false, false]);
});

Deno.test("a store that has only some of the tables keeps the published others, and says whether they are older", async () => {
  await pipeline();
  const store = ["--only", "two", "--store", join(root, "other")];
  const table = readFileSync(join(root, "reports/smoke/one.md"), "utf8");
  await pipeline(...store);
  // The code is that of the store that made it.
  assert.deepEqual((await versions(database)).map(({ id, older }) => [id, older]), [
    ["one", false],
    ["two", false],
  ]);
  assert.equal(readFileSync(join(root, "reports/smoke/one.md"), "utf8"), table);
  const [{ n }] = await query(
    database,
    "SELECT count(*)::INTEGER AS n FROM curve JOIN job ON job = key WHERE label = 'one/curves'",
  );
  assert.ok(n > 50, "with its curves");
  rmSync(join(root, "other/cache/published-smoke.json"));
  assert.doesNotMatch(await pipeline(...store), /Published/, "the same again");
  const path = join(root, "pipeline/experiments/one.ts");
  const before = readFileSync(path, "utf8");
  for (
    const [from, to] of [["instance: 0", "instance: 1"], ['made("plain",', 'made("other",'], [
      '    plain: made("plain", { instance: "x" }),\n',
      "",
    ]]
  ) {
    assert.ok(before.includes(from));
    writeFileSync(path, before.replace(from, to));
    await pipeline(...store);
    assert.deepEqual((await versions(database)).map(({ older }) => older), [true, false], from);
    assert.match(readFileSync(join(root, "reports/smoke/one.md"), "utf8"), /\*Of an older version/);
  }
  writeFileSync(path, before);
  await pipeline(...store);
  assert.deepEqual((await versions(database)).map(({ older }) => older), [false, false]);
  // Damaged results cannot be kept; the run goes on without them.
  writeFileSync(database, "damaged");
  await pipeline(...store);
  assert.deepEqual((await versions(database)).map(({ id }) => id), ["two"]);
});
