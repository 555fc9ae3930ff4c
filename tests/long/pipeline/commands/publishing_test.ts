/** @file A run publishes what it has, unless it was asked not to or is of one job alone. */
import assert from "node:assert/strict";
import { parseCommand } from "../../../../pipeline/commands/options.ts";
import { command as run } from "../../../../pipeline/commands/run.ts";
import { cli, makeDemo } from "../../../pipeline/helpers.ts";
import { output } from "../../../pipeline/commands/stored_jobs.ts";

Deno.test("results are published after a run, not with --no-publish or --job", async () => {
  using demo = makeDemo();
  // A summary that cannot be published, so that trying shows.
  demo.edit(
    "pipeline/stages/collect.ts",
    '"table.tsv": rows',
    '"summary.json": "{}", "table.tsv": rows',
  );
  const args = ["--profile", "smoke", "--only", "means"];
  const { code, out } = await cli(demo, "run", ...args);
  assert.equal(code, 0, out);
  const again = (...more: string[]) =>
    output(async () =>
      run(await parseCommand("run", ["--root", demo.root, "--profile", "smoke", ...more]))
    );
  await assert.rejects(again("--only", "means"), /summary\.json of experiment means/);
  for (const more of [["--only", "means", "--no-publish"], ["--job", "means/table"]]) {
    const { code, lines } = await again(...more);
    assert.equal(code, 0, more.join(" "));
    assert.match(lines.join("\n"), /^3 of 3 jobs were done, 0 ran \(profile smoke, /);
  }
});
