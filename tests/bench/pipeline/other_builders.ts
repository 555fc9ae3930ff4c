/** @file The graph of many_jobs.ts for GNU make and for ninja, as files that are all newer than what they come from. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A target and what it comes from. */
type Rule = [target: string, ...from: string[]];

/** As makePipeline makes it: half of the jobs generate, each other one uses one of those, and a table uses all. */
export function rulesOf(count: number): Rule[] {
  const rules: Rule[] = [];
  const uses: string[] = [];
  for (let i = 0; i < count / 2 - 1; i++) {
    rules.push([`data/${i}`, "source"], [`use/${i}`, `data/${i}`]);
    uses.push(`use/${i}`);
  }
  rules.push(["first", "source"], ["table", "first", ...uses]);
  return rules;
}

/** Makefile and build.ninja, and every file that they are about. */
export function makeBuilders(root: string, count: number): void {
  const rules = rulesOf(count);
  const make = rules.map(([target, ...from]) => `${target}: ${from.join(" ")}\n\ttouch $@\n`);
  writeFileSync(join(root, "Makefile"), `all: table\n${make.join("")}`);
  // A generator's outputs count as made by the command that stands here; others would be made once first, one process for each.
  const rule = "rule touch\n  command = touch $out\n  generator = 1\n";
  const ninja = rules.map(([target, ...from]) => `build ${target}: touch ${from.join(" ")}\n`);
  writeFileSync(join(root, "build.ninja"), `${rule}${ninja.join("")}default table\n`);
  let time = 1e9;
  for (const name of ["source", ...rules.map(([target]) => target)]) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, name);
    Deno.utimeSync(path, time, time++);
  }
}
