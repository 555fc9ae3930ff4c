/**
 * @file `deno task mutate [FOLDER …]`: do the tests notice a small wrong edit? Random mutants of a folder, each in a copy of the
 * working tree, against the test files that reach it. Those that survive are printed as a diff: kill them with an
 * assertion, or, if no test can tell them from the original, list them in `reviewed/` with the reason.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readFlags, runProgram } from "../../pipeline/program.ts";
import { UsageError } from "../../pipeline/usage_error.ts";
import { callerPath } from "../../pipeline/user_files.ts";
import { type Copy, makeCopy, trackedFiles } from "./copy.ts";
import { inOrder, type Mutant, mutantsOf, mutate } from "./mutants.ts";
import { reach } from "./reach.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const REVIEWED = fileURLToPath(new URL("./reviewed", import.meta.url));

/** Where a slip would change a published number or lose data. */
const FOLDERS = [
  "lib/ssm",
  "lib/train",
  "lib/layers",
  "lib/models",
  "lib/dynamics",
  "lib/tasks",
  "lib/random",
  "lib/text",
  "lib/linalg",
  "lib/tensor",
  "lib/analysis",
  "lib/engine/rules",
  "lib/engine/onnx",
  "pipeline/keys",
  "pipeline/store",
  "pipeline/run",
  "pipeline/table",
  "pipeline/experiments",
];

const HELP = `deno task mutate [FOLDER or FILE …] [options]

Tries random mutants of each folder (default: ${
  FOLDERS.join(", ")
}) and says which of them no test notices.

  --sample N     mutants of each folder (default 40)
  --seed N       which ones (default 1)
  --except NAME  leaves functions and constants of this name alone, may be repeated; for example the sizes in
                 an experiment's grid and the prose of its meta: --except grid --except meta
  --budget N     seconds of tests for one mutant, as they take without it (default 60): the nearest test files that fit
  --jobs N       mutants at the same time (default 1: tests of processes and times fail when the machine is crowded)
  --list         print the mutants instead of trying them
`;

interface Options {
  sample: number;
  seed: number;
  except: string[];
  budget: number;
  jobs: number;
  list: boolean;
}

type Outcome = "killed" | "survived" | "equivalent" | "does not compile";

const reviewedSchema = z.array(z.strictObject({
  file: z.string(),
  /** Changed lines as the diff prints them, without indentation, joined by spaces. */
  from: z.string(),
  to: z.string(),
  why: z.string().min(1),
}));
type Reviewed = z.infer<typeof reviewedSchema>[number];

/** What cannot break a type needs no check before its tests. */
const TYPED = new Set(["operator", "constant", "condition negated", "negation removed"]);

function options(args: string[]): Options & { folders: string[] } {
  const { values, positionals } = readFlags("deno task mutate", args, {
    sample: { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    except: { type: "string", multiple: true, default: [] },
    budget: { type: "string", default: "60" },
    jobs: { type: "string", default: "1" },
    list: { type: "boolean", default: false },
  });
  const count = (name: "sample" | "seed" | "budget" | "jobs", least: number) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < least) {
      throw new UsageError(`--${name} ${values[name]}: expected a whole number from ${least} on`);
    }
    return value;
  };
  return {
    folders: positionals.length > 0 ? positionals.map(callerPath) : FOLDERS,
    sample: count("sample", 1),
    seed: count("seed", 0),
    budget: count("budget", 1),
    jobs: count("jobs", 1),
    except: values.except,
    list: values.list,
  };
}

async function main(args: string[]): Promise<void> {
  const { folders, ...chosen } = options(args);
  const files = trackedFiles(ROOT);
  const sources = new Map(
    files.filter((path) => /\.[jt]s$/.test(path))
      .map((path) => [path, readFileSync(join(ROOT, path), "utf8")]),
  );
  const reviewed = readReviewed(sources);
  const candidates = folders.map((folder) => {
    const path = folder.replace(/^\.\//, "").replace(/\/+$/, "");
    const mutants = [...sources].filter(([file]) =>
      file.endsWith(".ts") && (file === path || file.startsWith(`${path}/`))
    ).flatMap(([file, source]) => mutantsOf(file, source, chosen.seed, chosen.except));
    if (mutants.length === 0) {
      throw new UsageError(
        `${folder}: nothing to mutate there; name a folder or file of TypeScript from the root, such as lib/ssm`,
      );
    }
    return { path, mutants: inOrder(mutants, chosen.seed) };
  });
  if (chosen.list) {
    for (const { mutants } of candidates) {
      for (const mutant of mutants.slice(0, chosen.sample)) {
        console.log(`${place(mutant, sources)} ${mutant.kind}`);
        printDiff(mutant, sources);
      }
    }
    return;
  }
  const copies: Copy[] = [];
  const end = () => copies.forEach((copy) => copy[Symbol.dispose]());
  // Before the copies are made, which takes a while: a signal then waits until they can be removed.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      end();
      Deno.exit(1);
    });
  }
  for (let job = 0; job < chosen.jobs; job++) copies.push(makeCopy(ROOT, files));
  try {
    // This tool names folders that its own tests need not notice.
    const others = new Map([...sources].filter(([path]) => !path.startsWith("tests/mutate/")));
    const tests: Tests = { reaching: reach(others), timeOf: times(chosen.budget) };
    const scores: string[] = [];
    for (const { path, mutants } of candidates) {
      const outcomes = await tryAll(mutants, chosen, copies, sources, reviewed, tests);
      scores.push(score(path, outcomes, mutants.length));
      console.log(scores.at(-1));
    }
    if (scores.length > 1) console.log(`\n${scores.join("\n")}`);
  } finally {
    end();
  }
}

interface Tests {
  /** Test files that reach a file, nearest first. */
  reaching(file: string): string[];
  timeOf: Times;
}

/** Seconds that a test file takes without a mutant. */
type Times = (test: string, copy: Copy) => Promise<number>;

/** Measured once; Infinity for a test file that fails, and for one that takes longer than all tests of a mutant may. */
function times(budget: number): Times {
  const known = new Map<string, Promise<number>>();
  const measure = async (test: string, copy: Copy) => {
    const { passed, seconds } = await copy.test(test, budget);
    if (!passed && seconds < budget) console.log(`${test} fails without any mutant: left out`);
    return passed ? seconds : Infinity;
  };
  return (test, copy) => {
    if (!known.has(test)) known.set(test, measure(test, copy));
    return known.get(test)!;
  };
}

async function tryAll(
  mutants: readonly Mutant[],
  { sample, budget }: Options,
  copies: readonly Copy[],
  sources: ReadonlyMap<string, string>,
  reviewed: readonly Reviewed[],
  tests: Tests,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...mutants];
  let open = sample;
  await Promise.all(copies.map(async (copy) => {
    while (open > 0 && waiting.length > 0) {
      open--;
      const mutant = waiting.shift()!;
      const { outcome, by } = isReviewed(mutant, sources, reviewed)
        ? { outcome: "equivalent" as const, by: "" }
        : await attempt(mutant, copy, sources, budget, tests);
      if (outcome === "does not compile") {
        open++; // another takes its place
        continue;
      }
      outcomes.push(outcome);
      console.log(
        `[${outcomes.length}/${sample}] ${outcome} ${place(mutant, sources)} ${mutant.kind} ${by}`,
      );
      if (outcome === "survived") printDiff(mutant, sources);
    }
  }));
  return outcomes;
}

async function attempt(
  mutant: Mutant,
  copy: Copy,
  sources: ReadonlyMap<string, string>,
  budget: number,
  { reaching, timeOf }: Tests,
): Promise<{ outcome: Outcome; by: string }> {
  const text = mutate(sources.get(mutant.file)!, mutant);
  const checks = () => copy.with(mutant.file, text, () => copy.checks(mutant.file));
  if (!TYPED.has(mutant.kind) && !await checks()) return { outcome: "does not compile", by: "" };
  let spent = 0;
  let tried = 0;
  for (const test of reaching(mutant.file)) {
    const seconds = await timeOf(test, copy);
    if (seconds === Infinity) continue;
    if (spent + seconds > budget) break;
    spent += seconds;
    tried++;
    const { passed } = await copy.with(mutant.file, text, () => copy.test(test, 20 + 5 * seconds));
    if (!passed) return { outcome: "killed", by: `(${test})` };
  }
  if (TYPED.has(mutant.kind) && !await checks()) return { outcome: "does not compile", by: "" };
  return { outcome: "survived", by: `(${tried} test files, ${spent.toFixed(0)} s)` };
}

function readReviewed(sources: ReadonlyMap<string, string>): Reviewed[] {
  return readdirSync(REVIEWED).filter((name) => name.endsWith(".json")).flatMap((name) => {
    const parsed = reviewedSchema.safeParse(JSON.parse(readFileSync(join(REVIEWED, name), "utf8")));
    if (!parsed.success) {
      throw new UsageError(`tests/mutate/reviewed/${name}: ${z.prettifyError(parsed.error)}`);
    }
    for (const { file, from } of parsed.data) {
      if (!sources.has(file) || !squeeze(sources.get(file)!).includes(from)) {
        console.log(
          `tests/mutate/reviewed/${name}: ${file} no longer has "${from}"; remove the entry`,
        );
      }
    }
    return parsed.data;
  });
}

const squeeze = (text: string) => text.replace(/\s+/g, " ").trim();

function isReviewed(
  mutant: Mutant,
  sources: ReadonlyMap<string, string>,
  reviewed: readonly Reviewed[],
): boolean {
  const { removed, added } = diff(mutant, sources);
  const [from, to] = [removed, added].map((lines) => squeeze(lines.join(" ")));
  return reviewed.some((r) => r.file === mutant.file && r.from === from && r.to === to);
}

/** The lines that a mutant changes. */
function diff(mutant: Mutant, sources: ReadonlyMap<string, string>) {
  const source = sources.get(mutant.file)!;
  const [removed, added] = [source, mutate(source, mutant)].map((text) => text.split("\n"));
  while (removed.length > 0 && added.length > 0 && removed[0] === added[0]) {
    removed.shift();
    added.shift();
  }
  while (removed.length > 0 && added.length > 0 && removed.at(-1) === added.at(-1)) {
    removed.pop();
    added.pop();
  }
  return { removed, added };
}

function printDiff(mutant: Mutant, sources: ReadonlyMap<string, string>): void {
  const { removed, added } = diff(mutant, sources);
  for (const line of removed) console.log(`    - ${line.trim()}`);
  for (const line of added) console.log(`    + ${line.trim()}`);
}

function place({ file, start }: Mutant, sources: ReadonlyMap<string, string>): string {
  return `${file}:${sources.get(file)!.slice(0, start).split("\n").length}`;
}

function score(path: string, outcomes: readonly Outcome[], all: number): string {
  const count = (outcome: Outcome) => outcomes.filter((o) => o === outcome).length;
  const judged = outcomes.length - count("equivalent");
  const percent = judged > 0 ? (100 * count("killed") / judged).toFixed(0) : "–";
  return `${path}: ${count("killed")} killed, ${count("survived")} survived, ${
    count("equivalent")
  } equivalent by review; score ${percent} % (${outcomes.length} of ${all} mutants)`;
}

Deno.exit(await runProgram({ help: HELP, main }, Deno.args));
