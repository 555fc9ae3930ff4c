/** @file How long a site of 2,000 jobs takes to build, in a process of its own. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { publish } from "../../../pipeline/publish/publish.ts";
import { large } from "../../site/fixtures/large.ts";

/** Of processor time, on a machine that does nothing else; programs that share its caches slow each other down. */
const MOST_SECONDS = 3;
const CROWDED = 2;

/** Runs on its own, so that nothing is loaded or compiled beforehand. */
const BUILD = `
  const { buildSite } = await import(Deno.args[0]);
  await buildSite({ reports: Deno.args[1], dest: Deno.args[2] });
  const { user, system } = (await import("node:process")).default.cpuUsage();
  console.log(JSON.stringify((user + system) / 1e6));
`;

Deno.test("a site of 2,000 jobs is built in three seconds of processor time", async () => {
  const source = large();
  assert.equal(source.jobs.length, 2000);
  const folder = await mkdtemp(join(tmpdir(), "large-"));
  try {
    const { folder: reports } = await publish(source, folder);
    const module = import.meta.resolve("../../../site/build.ts");
    const config = fileURLToPath(import.meta.resolve("../../../deno.json"));
    const script = join(folder, "build.ts");
    await Deno.writeTextFile(script, BUILD);
    const seconds: number[] = [];
    for (const dest of ["a", "b"]) {
      const { success, stdout, stderr } = await new Deno.Command(process.execPath, {
        args: [
          "run",
          "-A",
          "--no-check",
          "--config",
          config,
          script,
          module,
          reports,
          join(folder, dest),
        ],
        env: { NO_COLOR: "1" },
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      seconds.push(Number(new TextDecoder().decode(stdout)));
    }
    const pages = (await readdir(join(folder, "b"), { recursive: true }))
      .filter((name) => name.endsWith(".html"));
    assert.ok(pages.length > 1000, `${pages.length} pages: one for each row`);
    console.log(`${pages.length} pages in ${seconds.map((s) => s.toFixed(2)).join(" and ")} s`);
    const crowded = Deno.loadavg()[0] > 1.5 * navigator.hardwareConcurrency;
    const most = MOST_SECONDS * (crowded ? CROWDED : 1);
    assert.ok(Math.min(...seconds) < most, `${seconds} s${crowded ? " on a busy machine" : ""}`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
