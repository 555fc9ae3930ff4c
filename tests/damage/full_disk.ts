/** @file Runs whose store is on a disk of some size, which is too small for most of them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { mountDisk } from "../../pipeline/commands/campaign/disk.ts";
import { cli } from "../pipeline/helpers.ts";
import { makeChains, resultsOf } from "./chains.ts";
import type { Found } from "./campaign.ts";

/** Kilobytes with which a run of the demonstration comes to its end, amply. */
const ENOUGH = 64 * 1024;

/** @param sizes in kilobytes: a run on a disk of each, and another when there is room */
export async function fullDisks(sizes: number[]): Promise<Found> {
  if (!sizes.length) return { tries: 0, problems: [] };
  using demo = makeChains();
  const undisturbed = join(demo.root, "undisturbed");
  await cli(demo, "run", "--store", undisturbed);
  const expected = await resultsOf(undisturbed);
  const problems: string[] = [];
  const ends: string[] = [];
  for (const [i, size] of sizes.entries()) {
    const at = join(demo.root, `disk-${i}`);
    using disk = mountDisk(at, size);
    if (!disk) {
      console.log("No disk can be mounted here: full disks are left out.");
      return { tries: i, problems };
    }
    const store = join(at, "store");
    const full = await cli(demo, "run", "--store", store);
    const what = `${size} kB ended with ${full.code}`;
    const error = /^error: (.*)/m.exec(full.out)?.[1];
    const summary = / jobs were done, .*\(profile/.test(full.out);
    ends.push(`${size}: ${full.code} ${error ?? (summary ? "summary" : "")}`);
    if (full.code !== 0 && full.code !== 1) problems.push(`${what}:\n${full.out}`);
    if (!summary && !error) problems.push(`${what} and says nothing:\n${full.out}`);
    if (
      /Uncaught|panicked|^ {4}at .*\/pipeline\/(?!run\/worker|store|run\/executors)/m.test(full.out)
    ) {
      problems.push(`${what}, and was not foreseen:\n${full.out}`);
    }
    if (error && !/disk is full/.test(error)) problems.push(`${what}: ${error}`);
    disk.resize(ENOUGH);
    const again = await cli(demo, "run", "--store", store);
    if (again.code !== 0) problems.push(`${size} kB, then room: ${again.out}`);
    else if (await resultsOf(store) !== expected) problems.push(`${size} kB: other results`);
    const verified = await cli(demo, "verify", "--store", store);
    if (verified.code !== 0) problems.push(`${size} kB: ${verified.out}`);
    if (!existsSync(join(store, "catalog.duckdb"))) problems.push(`${size} kB: no catalogue`);
  }
  console.log(ends.join("\n"));
  return { tries: sizes.length, problems };
}

/** Sizes from nothing to what is enough for the jobs, but not for a new catalogue. */
export function sizesOf(count: number): number[] {
  const [least, most] = [4, 480];
  return Array.from(
    { length: count },
    (_, i) => Math.round((least + (most - least) * i / Math.max(1, count - 1)) / 4) * 4,
  );
}
