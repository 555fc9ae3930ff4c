/**
 * @file Damages files of stores at random and runs the real command on them: is it noticed, are the results the same, does
 * nothing run twice? And fills disks, closes terminals, kills coordinators alone. The short form is a test; as a program it counts as
 * far as it is told:
 *
 *     deno run -A tests/damage/campaign.ts --checkpoints 200 --catalogues 100 --runs 50 --seed 1
 *     deno run -A tests/damage/campaign.ts --disks 20 --terminals 10 --garbage 11 --chain 100000 --wide 100000 --orphans 20
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DAMAGES, flipBit, whole } from "../../pipeline/commands/campaign/damages.ts";
import { cli, start } from "../pipeline/helpers.ts";
import { interrupted, JOBS, makeChains, resultsOf } from "./chains.ts";
import { fullDisks, sizesOf } from "./full_disk.ts";
import { GARBAGE, garbageOfWorkers } from "./garbage.ts";
import { manyJobs } from "./many_jobs.ts";
import { orphans } from "./orphans.ts";
import { closedTerminals, WAYS } from "./terminals.ts";

/** What a campaign found; no problem is what is hoped for. */
export interface Found {
  tries: number;
  problems: string[];
}

const content = (path: string) => existsSync(path) ? tryRead(path) : "none";

function tryRead(path: string): string {
  try {
    return readFileSync(path, "base64");
  } catch {
    return "a folder";
  }
}

/** Damages checkpoints of killed runs, one of every job, and lets them go on. */
export async function damageCheckpoints(count: number, seed: number): Promise<Found> {
  if (!count) return { tries: 0, problems: [] };
  using demo = makeChains();
  const random = whole(seed);
  const undisturbed = join(demo.root, "undisturbed");
  const killed = join(demo.root, "killed");
  await cli(demo, "run", "--store", undisturbed);
  const expected = await resultsOf(undisturbed);
  await interrupted(demo, killed);
  const problems: string[] = [];
  const kinds = Object.keys(DAMAGES);
  let tries = 0;
  for (let round = 0; tries < count; round++) {
    const store = join(demo.root, `store-${round}`);
    cpSync(killed, store, { recursive: true });
    const names = readdirSync(join(store, "checkpoints"));
    const done: string[] = [];
    for (const [i, name] of names.slice(0, count - tries).entries()) {
      const kind = kinds[(round + i) % kinds.length];
      const path = join(store, "checkpoints", name);
      const other = join(killed, "checkpoints", names[(i + 1) % names.length]);
      DAMAGES[kind](path, random, other);
      done.push(kind);
      if (content(path) === content(join(killed, "checkpoints", name))) {
        problems.push(`round ${round}: "${kind}" changed nothing`);
      }
    }
    tries += done.length;
    const { code, out } = await cli(demo, "run", "--store", store);
    const said = out.match(/The checkpoint of \S+ is damaged; starting over\./g)?.length ?? 0;
    if (code !== 0) problems.push(`round ${round} failed with ${code}:\n${out}`);
    if (said !== done.length) problems.push(`round ${round}: ${said} of ${done.length} are said`);
    if (await resultsOf(store) !== expected) problems.push(`round ${round}: other results`);
    rmSync(store, { recursive: true });
  }
  return { tries, problems };
}

/** Lets bits of a catalogue be others, and runs: nothing may run again. */
export async function damageCatalogue(count: number, seed: number): Promise<Found> {
  if (!count) return { tries: 0, problems: [] };
  using demo = makeChains();
  const random = whole(seed);
  const store = join(demo.root, ".store");
  await cli(demo, "run");
  const expected = await resultsOf(store);
  const problems: string[] = [];
  for (let i = 0; i < count; i++) {
    flipBit(join(store, "catalog.duckdb"), random);
    // The mirror, and what says how both should be, may be damaged as well.
    if (i % 4 === 1) flipBit(join(store, "index.json"), random);
    const { code, out, ran } = await cli(demo, i % 5 === 4 ? "verify" : "run");
    if (code !== 0) problems.push(`flip ${i} failed with ${code}:\n${out}`);
    if (!/catalog\.duckdb was damaged/.test(out)) {
      problems.push(`flip ${i} was not noticed:\n${out}`);
    }
    if (ran.length) problems.push(`flip ${i}: ${ran} ran again`);
    if (await resultsOf(store) !== expected) problems.push(`flip ${i}: other results`);
  }
  const end = await cli(demo, "run");
  if (!end.out.includes(`${JOBS + 1} of ${JOBS + 1} jobs were done, 0 ran`)) problems.push(end.out);
  return { tries: count, problems };
}

/** Runs while questions are asked all the time. */
export async function runBesideQuestions(count: number): Promise<Found> {
  if (!count) return { tries: 0, problems: [] };
  using demo = makeChains();
  const problems: string[] = [];
  let asking = true;
  let asked = 0;
  const ask = async (...question: [string, ...string[]]) => {
    while (asking) {
      const { code, out } = await start(demo, ...question).ended;
      asked++;
      if (code !== 0) problems.push(`${question.join(" ")}:\n${out}`);
    }
  };
  const first = await cli(demo, "run");
  if (first.code !== 0) problems.push(first.out);
  const asks = [ask("status"), ask("why", "probes/table"), ask("status", "--json")];
  for (let i = 0; i < count; i++) {
    // Every other time something has to run, and the catalogue to be replaced.
    const { code, out } = await cli(demo, "run", "--set", `collect.title=t${i >> 1}`);
    if (code !== 0) problems.push(`run ${i}:\n${out}`);
  }
  asking = false;
  await Promise.all(asks);
  console.log(`${asked} questions were asked meanwhile.`);
  return { tries: count, problems };
}

if (import.meta.main) {
  const number = { type: "string", default: "0" } as const;
  const { values } = parseArgs({
    options: {
      ...{ checkpoints: number, catalogues: number, runs: number, seed: number },
      ...{
        disks: number,
        terminals: number,
        garbage: number,
        chain: number,
        wide: number,
        orphans: number,
      },
    },
  });
  const seed = Number(values.seed);
  const found = {
    "damaged checkpoints": await damageCheckpoints(Number(values.checkpoints), seed),
    "damaged catalogues": await damageCatalogue(Number(values.catalogues), seed),
    "runs beside questions": await runBesideQuestions(Number(values.runs)),
    "full disks": await fullDisks(values.disks === "0" ? [] : sizesOf(Number(values.disks))),
    "closed terminals": await closedTerminals(
      Object.keys(WAYS).slice(0, Number(values.terminals)),
    ),
    "kinds of garbage": await garbageOfWorkers(
      Object.keys(GARBAGE).slice(0, Number(values.garbage)),
    ),
    "jobs of a chain": await manyJobs(Number(values.chain), "chain"),
    "jobs of a wide graph": await manyJobs(Number(values.wide), "wide"),
    "orphans": await orphans(Number(values.orphans)),
  };
  for (const [what, { tries, problems }] of Object.entries(found)) {
    console.log(`${tries} ${what}: ${problems.length} problems.`);
    for (const problem of problems.slice(0, 5)) console.log(problem);
  }
  Deno.exit(Object.values(found).some(({ problems }) => problems.length) ? 1 : 0);
}
