/**
 * @file `deno task crash --campaign`: faults of every kind, one after the other, in a copy of the checkout.
 *
 * Which fault a try makes depends on the seed and its number only. What came of it is in a journal before the next begins, so the
 * same command goes on after a kill; with more tries than before it adds the missing ones.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fold, keyOf, uniforms } from "../../../lib/random/random.ts";
import { machineInfo } from "../../run/machine.ts";
import { formatSeconds } from "../../run/display.ts";
import { writeFileAtomic } from "../../store/files.ts";
import { Journal } from "../../store/journal.ts";
import { lockStore } from "../../store/lock.ts";
import { UsageError } from "../../usage_error.ts";
import { VERSION } from "../../version.ts";
import { codeOfProject, SMALL } from "./checkout.ts";
import { DAMAGE } from "./damage.ts";
import type { Kind } from "./kind.ts";
import { KILLS } from "./kills.ts";
import { nameOf, type Report, report, reportText, type Tried } from "./report.ts";
import { Scene, Stage, UndisturbedError } from "./scene.ts";
import { SURROUNDINGS } from "./surroundings.ts";
import { TRAINING } from "./training.ts";

export const KINDS: readonly Kind[] = [...KILLS, ...DAMAGE, ...SURROUNDINGS, TRAINING];

export interface CampaignOptions {
  /** A folder of its own. */
  dir: string;
  tries: number;
  seed: number;
  /** By default all, the training rarely. */
  kinds?: readonly Kind[];
  log(line: string): void;
}

type Line = { code: string; seed: number } | Tried;

/** So many tries are made before a training, which takes minutes. */
const BETWEEN_TRAININGS = 100;

/** The kind of a try: one after the other, and the training instead of the last of a hundred. */
export function kindOf(index: number, kinds = KINDS): Kind {
  if (kinds !== KINDS) return kinds[index % kinds.length];
  const [quick, long] = [KINDS.slice(0, -1), TRAINING];
  return index % BETWEEN_TRAININGS === BETWEEN_TRAININGS - 1 ? long : quick[index % quick.length];
}

/** @throws {Error} when a run that nobody disturbs fails, and where another campaign is going on */
export async function campaign(options: CampaignOptions): Promise<Report> {
  const { dir, tries, seed, kinds = KINDS, log } = options;
  if (Deno.build.os !== "linux") throw new Error("A campaign needs Linux: it looks at /proc.");
  mkdirSync(dir, { recursive: true });
  const lock = await lockStore(dir, "crash --campaign");
  try {
    const { journal, done } = earlier(dir, seed, log);
    const about = { version: VERSION, seed, machine: machineInfo().description };
    const all = () => [...done.values()].filter(({ index }) => index < tries);
    const stage = new Stage(dir);
    try {
      for (let index = 0, open = false; index < tries; index++) {
        if (done.has(index)) continue;
        if (!open) await stage.open(SMALL);
        const one = await tryOne(index, kindOf(index, kinds), stage, seed);
        // What failed in the middle may have left anything.
        open = one.outcome !== FAILED;
        journal.append(one);
        done.set(index, one);
        log(said(one, tries));
        save(join(dir, "report"), report(about, kinds, all()));
      }
    } finally {
      await stage.endAll();
      journal.close();
    }
    for (const name of ["checkout", "bases", "training"]) {
      rmSync(join(dir, name), { recursive: true, force: true });
    }
    return report(about, kinds, all());
  } finally {
    lock.release();
  }
}

/** The tries of an earlier campaign of this seed and code; the file starts anew for any other. */
function earlier(dir: string, seed: number, log: CampaignOptions["log"]) {
  const path = join(dir, `tries-${seed}.journal`);
  const head = { code: codeOfProject(), seed };
  const lines = [...new Journal<Line>(path).changes(() => {})];
  const [first] = lines;
  const known = first && "code" in first && first.code === head.code;
  if (!known) {
    if (first) log("The tries that there are were made with other code; starting over.");
    rmSync(path, { force: true });
  }
  const journal = new Journal<Line>(path);
  const done = new Map<number, Tried>();
  for (const line of journal.changes(() => {})) {
    if (!("code" in line)) done.set(line.index, line);
  }
  if (!known) journal.append(head);
  else log(`${done.size} tries were made before; going on.`);
  return { journal, done };
}

async function tryOne(index: number, kind: Kind, stage: Stage, seed: number): Promise<Tried> {
  const begun = performance.now();
  const key = fold(keyOf(seed), index);
  let drawn = 0;
  const random = (below: number) => Math.floor(uniforms(fold(key, drawn++), 1)[0] * below);
  const scene = new Scene(stage, random);
  let outcome: string | undefined;
  try {
    outcome = await kind.run(scene);
  } catch (error) {
    if (error instanceof UndisturbedError) throw error;
    scene.problem((error as Error).stack ?? String(error));
    outcome = FAILED;
    await stage.endAll();
  }
  const seconds = Math.round(performance.now() - begun) / 1000;
  const { problems } = scene;
  return { index, kind: nameOf(kind), outcome: outcome ?? null, problems, seconds };
}

/** Of a try whose own code threw. */
const FAILED = "the try itself failed";

const said = ({ index, kind, outcome, problems, seconds }: Tried, tries: number) =>
  `try ${index + 1}/${tries} (${formatSeconds(seconds)}) ${kind}: ${outcome ?? "left out"}` +
  problems.map((problem) => `\n  PROBLEM ${problem.split("\n").slice(0, 12).join("\n    ")}`).join(
    "",
  );

function save(base: string, made: Report): void {
  writeFileAtomic(`${base}.json`, JSON.stringify(made, null, 1) + "\n");
  writeFileAtomic(`${base}.md`, reportText(made));
}

/** A report's path without its ending. @throws {Error} where it may not be written, before hours are spent */
function placeOf(file: string): string {
  const base = file.replace(/\.(md|json)$/, "");
  const path = `${base}.md`;
  if (Deno.permissions.querySync({ name: "write", path }).state === "granted") return base;
  throw new UsageError(
    `--report ${file}: the task may not write there. Leave --report out and copy .store/campaign/report.md and .json.`,
  );
}

/** The command. @returns the exit code: 1 for any problem */
export async function command(
  { root, tries, seed, report: file }: {
    root: string;
    tries: number;
    seed: number;
    report?: string;
  },
): Promise<number> {
  const base = file === undefined ? undefined : placeOf(file);
  const dir = join(resolve(root), ".store", "campaign");
  const made = await campaign({ dir, tries, seed, log: console.log });
  const { problems } = made;
  if (base) save(base, made);
  const shown = base ?? join(dir, "report");
  console.log(
    `${made.tries} tries, ${
      problems ? `${problems} with problems` : "no problem"
    }; see ${shown}.md and ${shown}.json.`,
  );
  return problems ? 1 : 0;
}
