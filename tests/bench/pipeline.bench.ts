/**
 * @file What the pipeline itself costs, beside the work of its jobs.
 *
 * Run: deno task bench pipeline [--json]
 *
 * Fresh runs of jobs that do next to nothing: processor time of all processes, which other work of the machine hardly changes. The
 * same of what a kill, or years of use, leave behind: making the catalogue from its journal, and collecting jobs that nobody needs. How
 * long a run takes that has nothing to do, and how all this grows, is `deno task bench scale`.
 *
 * It ends with 1 where a number is over what it is promised to be.
 */
import { join } from "node:path";
import { Catalog } from "../../pipeline/store/catalog.ts";
import { COMMAND, cpuOf, inScratch, measure } from "./pipeline/commands.ts";
import { makePipeline, writeJournal } from "./pipeline/many_jobs.ts";

interface Row {
  what: string;
  jobs: number;
  value: number;
  unit: "ms of CPU a job" | "s of CPU";
  atMost?: number;
}

function freshRun(jobs: number): Promise<Row> {
  return inScratch((root) => {
    makePipeline(root, jobs);
    const args = [...COMMAND, "run", "--root", root, "--no-publish", "--jobs", "2"];
    const expected = new RegExp(`0 of ${jobs} jobs were done, ${jobs} ran`);
    const seconds = measure(Deno.execPath(), args, root, expected).cpu;
    const unit = "ms of CPU a job";
    return { what: "a fresh run", jobs, value: 1000 * seconds / jobs, unit, atMost: 10 };
  });
}

/** A catalogue from a journal with a line for every job, and then without those of them that no label leads to any more. */
function longJournal(jobs: number): Promise<Row[]> {
  return inScratch(async (root) => {
    const store = join(root, ".store");
    writeJournal(store, jobs);
    let catalog!: Catalog;
    const replay = await cpuOf(async () => void (catalog = await Catalog.open(store)));
    const [{ count }] = await catalog.query("SELECT count(*) AS count FROM job");
    if (count !== jobs) throw new Error(`${count} of ${jobs} jobs came back.`);
    await catalog.close();
    const args = [...COMMAND, "gc", "--root", root, "--yes"];
    const deleted = new RegExp(`Deleted ${jobs - 1} of ${jobs} jobs`);
    const collecting = measure(Deno.execPath(), args, root, deleted).cpu;
    const [unit, atMost] = ["s of CPU", 5] as const;
    return [
      { what: "replay of a line a job", jobs, value: replay, unit, atMost },
      { what: "gc of dead jobs", jobs, value: collecting, unit, atMost },
    ];
  });
}

/** Prints the table. */
export async function main(): Promise<void> {
  const rows: Row[] = [await freshRun(2000), ...await longJournal(10_000)];
  if (Deno.args.includes("--json")) console.log(JSON.stringify({ rows }));
  else {
    const table = rows.map(({ what, jobs, value, unit, atMost }) => [
      ...[what, String(jobs), `${value.toPrecision(3)} ${unit}`],
      atMost === undefined ? "" : `${atMost} ${unit}`,
    ]);
    console.log("| what | jobs | takes | at most |\n|---|---|---|---|");
    for (const cells of table) console.log(`| ${cells.join(" | ")} |`);
  }
  const over = rows.filter(({ value, atMost = Infinity }) => value > atMost);
  for (const { what, value, unit, atMost } of over) {
    console.error(`${what}: ${value.toPrecision(3)} ${unit}, and ${atMost} are promised.`);
  }
  if (over.length) Deno.exit(1);
}
