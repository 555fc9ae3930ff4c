/**
 * @file What many jobs cost: a run with nothing to do beside ninja and GNU make, and how the rest grows with their number.
 *
 * Run: deno task bench scale [--quick] [--json]
 *
 * Nothing to do, with start-up: the least wall time of several runs, after one to warm the file system's cache, and their least
 * processor time, which other work of the machine changes less. A run that finds what the one before found recognises that by a few
 * hashes (pipeline/keys/settled.ts); the row below it is of one that looks up each job. ninja and make have a graph of the same shape and compare the times of
 * files that exist; the pipeline computes keys from code, parameters and contents, and checks that every object is there. Growth: the
 * processor time of recording jobs and of reading what was recorded (catalogue), of making the catalogue from its journal, of verifying
 * it and of collecting all of it, each at two sizes; the slope is the exponent of the number of jobs.
 *
 * It ends with 1 where a wall time or a slope is over what is promised. --quick leaves out the largest sizes.
 */
import { cpus } from "node:os";
import { join } from "node:path";
import { Catalog } from "../../pipeline/store/catalog.ts";
import { DoneIndex } from "../../pipeline/store/done_index.ts";
import { COMMAND, cpuOf, inScratch, measure, run } from "./pipeline/commands.ts";
import { makePipeline, pretendItRan, writeJournal } from "./pipeline/many_jobs.ts";
import { makeBuilders } from "./pipeline/other_builders.ts";
import { slope } from "./pipeline/slope.ts";

const REPEATS = 5;
const quick = Deno.args.includes("--quick");

interface NothingToDo {
  what: string;
  jobs: number;
  wall: number;
  cpu: number;
  /** Seconds by the clock that are promised. */
  atMost?: number;
}

interface Growth {
  what: string;
  /** Seconds on a processor by number of jobs. */
  costs: [jobs: number, cpu: number][];
  slope: number;
}

const PROMISED: Record<number, number> = { 10_000: 0.5, 100_000: 4 };
const MOST_SLOPE = 1.1;

function least(command: string, args: string[], cwd: string, expected: RegExp) {
  const runs = Array.from({ length: REPEATS + 1 }, () => measure(command, args, cwd, expected));
  const [wall, cpu] = (["wall", "cpu"] as const)
    .map((what) => Math.min(...runs.slice(1).map((run) => run[what])));
  return { wall, cpu };
}

/** Recognised as what the run before found; and looked up job by job, as after anything has changed. */
function pipeline(jobs: number): Promise<NothingToDo[]> {
  return inScratch(async (root) => {
    makePipeline(root, jobs);
    await pretendItRan(root);
    const args = [...COMMAND, "run", "--root", root, "--no-publish"];
    const expected = new RegExp(`${jobs} of ${jobs} jobs were done, 0 ran`);
    // The first run records where the labels lead, and folders that changed a moment ago are listed again.
    run(Deno.execPath(), args, root, expected);
    await new Promise((go) => setTimeout(go, 1200));
    const again = least(Deno.execPath(), args, root, expected);
    const forget = ["-c", 'rm .store/cache/settled-quick.json && exec "$@"', "sh"];
    const looked = least("sh", [...forget, Deno.execPath(), ...args], root, expected);
    return [
      { what: "deno task pipeline", jobs, ...again, atMost: PROMISED[jobs] },
      { what: "deno task pipeline, each job looked up", jobs, ...looked },
    ];
  });
}

function builders(jobs: number): Promise<NothingToDo[]> {
  return inScratch((root) => {
    makeBuilders(root, jobs);
    const commands = [["ninja", /no work to do/], ["make", /Nothing to be done/]] as const;
    return commands.flatMap(([what, expected]) => {
      try {
        new Deno.Command(what, { args: ["--version"] }).outputSync();
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        console.error(`${what} is not installed; its row of ${jobs} jobs is left out.`);
        return [];
      }
      return [{ what, jobs, ...least(what, [], root, expected) }];
    });
  });
}

/** What is done with the jobs of one store, by name. */
function costs(jobs: number): Promise<Record<string, number>> {
  return inScratch(async (root) => {
    const store = join(root, ".store");
    makePipeline(root, 2);
    writeJournal(store, jobs);
    const found: Record<string, number> = {};
    let catalog: Catalog;
    found["journal, made into a catalogue"] = await cpuOf(async () => {
      catalog = await Catalog.open(store);
      await catalog.close();
    });
    found["catalogue, read and mirrored"] = await cpuOf(async () => {
      catalog = await Catalog.open(store);
      const index = await DoneIndex.fromCatalog(store, catalog);
      if (index.jobs.size !== jobs) throw new Error(`${index.jobs.size} of ${jobs} came back.`);
      await catalog.close();
      index.save();
    });
    const command = (
      name: string,
      ...options: string[]
    ) => [...COMMAND, name, "--root", root, ...options];
    const deno = Deno.execPath();
    found["verify"] = measure(deno, command("verify"), root, new RegExp(`${jobs} jobs`)).cpu;
    const deleted = new RegExp(`Deleted ${jobs - 1} of ${jobs} jobs`);
    found["gc of all but one"] = measure(deno, command("gc", "--yes"), root, deleted).cpu;
    return found;
  });
}

async function growth(sizes: readonly number[]): Promise<Growth[]> {
  const bySize: [jobs: number, costs: Record<string, number>][] = [];
  for (const jobs of sizes) bySize.push([jobs, await costs(jobs)]);
  return Object.keys(bySize[0][1]).map((what) => {
    const points = bySize.map(([jobs, found]): [number, number] => [jobs, found[what]]);
    return { what, costs: points, slope: slope(points) };
  });
}

/** Prints two tables. */
export async function main(): Promise<void> {
  const idle: NothingToDo[] = [];
  for (const jobs of quick ? [1000, 10_000] : [1000, 10_000, 100_000]) {
    idle.push(...await pipeline(jobs), ...await builders(jobs));
  }
  const grown = await growth(quick ? [2000, 8000] : [8000, 32_000]);
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores`;
  const seconds = (value: number) => `${value.toPrecision(3)} s`;
  if (Deno.args.includes("--json")) console.log(JSON.stringify({ machine, idle, grown }));
  else {
    console.log(`${machine}\n\n| nothing to do | jobs | wall | CPU | wall at most |`);
    console.log("|---|---|---|---|---|");
    for (const { what, jobs, wall, cpu, atMost } of idle) {
      const most = atMost === undefined ? "" : seconds(atMost);
      console.log(`| ${[what, jobs, seconds(wall), seconds(cpu), most].join(" | ")} |`);
    }
    const head = grown[0].costs.map(([jobs]) => `CPU of ${jobs} jobs`);
    console.log(`\n| growth | ${head.join(" | ")} | slope | at most |`);
    console.log(`|---|${head.map(() => "---|").join("")}---|---|`);
    for (const { what, costs, slope } of grown) {
      const cells = costs.map(([, cpu]) => seconds(cpu));
      console.log(`| ${[what, ...cells, slope.toFixed(2), MOST_SLOPE].join(" | ")} |`);
    }
  }
  const over = [
    ...idle.filter(({ wall, atMost = Infinity }) => wall > atMost)
      .map(({ jobs, wall, atMost }) => `${jobs} jobs: ${seconds(wall)}, promised ${atMost} s`),
    ...grown.filter(({ slope }) => !(slope <= MOST_SLOPE))
      .map(({ what, slope }) => `${what}: a slope of ${slope.toFixed(2)}, promised ${MOST_SLOPE}`),
  ];
  for (const line of over) console.error(line);
  if (over.length) Deno.exit(1);
}
