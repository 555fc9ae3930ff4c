/**
 * @file Seconds of the build of a site of 2,000 jobs, in processes of their own, so that nothing is loaded or compiled beforehand; by
 * the clock it is to take less than three on a machine that does nothing else, and the command ends with 1 where it does not.
 *
 * Run: deno task bench site
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { publish } from "../../pipeline/publish/publish.ts";
import { large } from "../site/fixtures/large.ts";

const MOST_SECONDS = 3;
const TRIES = 5;

const BUILD = `
  const start = performance.now();
  const { buildSite } = await import(Deno.args[0]);
  await buildSite({ reports: Deno.args[1], dest: Deno.args[2] });
  const { user, system } = (await import("node:process")).default.cpuUsage();
  console.log(JSON.stringify([(performance.now() - start) / 1e3, (user + system) / 1e6]));
`;

/** Prints the seconds of each try. */
export async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "large-"));
  try {
    const source = large();
    const { folder: reports } = await publish(source, folder);
    const config = fileURLToPath(import.meta.resolve("../../deno.json"));
    const script = join(folder, "build.ts");
    await Deno.writeTextFile(script, BUILD);
    const tries: [wall: number, cpu: number][] = [];
    for (let i = 0; i < TRIES; i++) {
      const module = import.meta.resolve("../../site/build.ts");
      const dest = join(folder, `site ${i}`);
      const { success, stdout, stderr } = await new Deno.Command(process.execPath, {
        args: [
          ...["run", "-A", "--no-check", "--config", config, script],
          ...[module, reports, dest],
        ],
        env: { NO_COLOR: "1" },
      }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
      tries.push(JSON.parse(new TextDecoder().decode(stdout)));
    }
    const files = await readdir(join(folder, "site 0"), { recursive: true });
    const pages = files.filter((name) => name.endsWith(".html")).length;
    console.log(`${source.jobs.length} jobs, ${pages} pages; seconds, and those of the processor:`);
    for (const [wall, cpu] of tries) console.log(`${wall.toFixed(2)}  ${cpu.toFixed(2)}`);
    if (Math.min(...tries.map(([wall]) => wall)) >= MOST_SECONDS) Deno.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}
