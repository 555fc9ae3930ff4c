/**
 * @file The command line: what each command accepts, with an error that says what would be right.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type SinkName, SINKS } from "../log/sink.ts";
import { PROFILES } from "../profiles.ts";
import { engineModule, type EngineName, ENGINES } from "../../lib/engine/engines.ts";
import { nearestFirst } from "../../lib/nearest.ts";
import { refuseRepeated, UsageError } from "../usage_error.ts";
import { callerPath } from "../user_files.ts";
import type { WorkspaceOptions } from "../workspace.ts";

export interface CommandOptions extends WorkspaceOptions {
  only: string[];
  job?: string;
  jobs: number;
  dryRun: boolean;
  /** Say what a run would cost instead of running. */
  estimate: boolean;
  json: boolean;
  publish: boolean;
  /** Where curves go besides the catalogue. */
  log: SinkName[];
  /** Runs of a sweep; undefined: all of them. */
  count?: number;
  retry: boolean;
  yes: boolean;
  rerun: number;
  kills: number;
  seed: number;
  /** Of the command of that name. */
  leaderboard?: { layer?: string; tasks: string[]; publish: boolean };
  /** What is not an option. */
  words: string[];
}

/** `auto` is a real GPU through ort-webgpu where there is one, otherwise ort. */
const ENGINE_CHOICES: readonly (EngineName | "auto")[] = [...ENGINES, "auto"];

type OptionName = Exclude<keyof typeof OPTIONS, never>;

const OPTIONS = {
  profile: { type: "string", help: `size of the grids: ${PROFILES.join(", ")} (default quick)` },
  engine: { type: "string", help: `what executes traced programs: ${ENGINE_CHOICES.join(", ")}` },
  only: { type: "string", multiple: true, help: "only this experiment (may be repeated)" },
  job: { type: "string", help: "only the job with this label, and what it needs" },
  jobs: { type: "string", help: "jobs at the same time (default: one a core)" },
  set: { type: "string", multiple: true, help: "stage.parameter=value, may be repeated" },
  store: { type: "string", help: "folder of the results (default .store)" },
  "dry-run": { type: "boolean", help: "say what would run, and why" },
  estimate: {
    type: "boolean",
    help: "say what would run costs, from measured pilots (also --json)",
  },
  "no-publish": { type: "boolean", help: "leave reports/ and the site as they are" },
  log: {
    type: "string",
    multiple: true,
    help: `also send curves to ${SINKS.join(", ")} (a list, or repeated)`,
  },
  count: { type: "string", help: "take up at most so many runs that are not finished" },
  retry: { type: "boolean", help: "also runs that failed before, with the same code" },
  json: { type: "boolean", help: "print JSON" },
  yes: { type: "boolean", help: "delete; without it gc only says what it would delete" },
  rerun: { type: "string", help: "run so many jobs again and compare their bytes" },
  kills: { type: "string", help: "how often to kill (default 50)" },
  seed: { type: "string", help: "of the random moments" },
  layer: { type: "string", help: "a file of lib/layers/sequence to be trained and scored" },
  task: { type: "string", multiple: true, help: "only this task (may be repeated)" },
  publish: { type: "boolean", help: "make the published table again" },
  root: { type: "string", help: "folder with pipeline/stages and pipeline/experiments" },
} as const;

const COMMON: OptionName[] = ["profile", "engine", "set", "store", "root"];

/** Options by command; anything else is refused. */
export const COMMANDS: Record<string, { options: OptionName[]; help: string; words?: string }> = {
  run: {
    options: [...COMMON, "only", "job", "jobs", "dry-run", "estimate", "json", "no-publish", "log"],
    help: "run every job that is not done, publish the results and build the site",
  },
  status: { options: [...COMMON, "only", "json"], help: "say where every job stands" },
  why: { options: COMMON, help: "say why a job is not done, by ingredient", words: "JOB" },
  verify: {
    options: [...COMMON, "rerun", "jobs"],
    help: "hash every artifact again; with --rerun N, run N jobs again and compare bytes",
  },
  gc: {
    options: ["store", "root", "yes"],
    help: "delete what neither a profile's last run nor a published table refers to",
  },
  crash: {
    options: ["profile", "kills", "seed", "jobs", "root"],
    help: "kill a run at random moments and check that nothing is lost",
  },
  sweep: {
    options: [
      "engine",
      "store",
      "root",
      "jobs",
      "count",
      "retry",
      "dry-run",
      "estimate",
      "json",
      "log",
    ],
    help:
      "run the runs of a Weights & Biases sweep file that are not finished, and rank all of them",
    words: "FILE.yaml",
  },
  leaderboard: {
    options: ["layer", "task", "publish", "profile", "engine", "store", "root", "jobs"],
    help: "the published table of all sequence layers, and one of yours beside them",
  },
};

/** @throws {Error} for anything that the command does not accept */
export async function parseCommand(command: string, args: string[]): Promise<CommandOptions> {
  const { options: names, words: wanted } = COMMANDS[command];
  const known = Object.fromEntries(names.map((name) => {
    const { type, ...rest } = OPTIONS[name];
    return [name, { type, multiple: "multiple" in rest }];
  }));
  let parsed;
  try {
    parsed = parseArgs({
      args,
      options: known,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
  } catch (cause) {
    const reason = (cause as Error).message.split(". ")[0];
    throw new Error(`${reason}.\n\n${helpFor(command)}`, { cause: undefined });
  }
  refuseIdle(command, parsed.tokens.flatMap((t) => t.kind === "option" ? [t.name] : []));
  const values = parsed.values as Record<string, string | boolean | string[] | undefined>;
  const words = parsed.positionals;
  if (words.length !== (wanted ? 1 : 0)) {
    throw new Error(
      wanted
        ? `${command} needs ${WORDS[wanted]}.\n\n${helpFor(command)}`
        : `${command} takes no argument "${words[0]}".\n\n${helpFor(command)}`,
    );
  }
  const text = (name: OptionName) => values[name] as string | undefined;
  const list = (name: OptionName) => (values[name] as string[] | undefined) ?? [];
  const root = text("root") ?? fileURLToPath(new URL("../..", import.meta.url));
  const engine = (text("engine") ?? "ort") as EngineName | "auto";
  if (!ENGINE_CHOICES.includes(engine) && !existsSync(join(root, engineModule(engine)))) {
    const nearest = nearestFirst(engine, ENGINE_CHOICES);
    throw new Error(`Unknown engine "${engine}"; the engines are ${nearest.join(", ")}.`);
  }
  const number = (name: OptionName, fallback: number, least: number) =>
    wholeNumber(name, text(name), fallback, least);
  return {
    root,
    store: text("store") === undefined ? ".store" : callerPath(text("store")!),
    profile: text("profile") ?? (command === "crash" ? "smoke" : "quick"),
    ...await engineOptions(engine),
    set: list("set"),
    only: list("only"),
    job: text("job"),
    jobs: number("jobs", navigator.hardwareConcurrency, 1),
    dryRun: values["dry-run"] === true,
    estimate: values.estimate === true,
    publish: values["no-publish"] !== true,
    log: sinkNames(list("log")),
    count: text("count") === undefined ? undefined : number("count", 0, 1),
    retry: values.retry === true,
    json: values.json === true,
    yes: values.yes === true,
    rerun: number("rerun", 0, 0),
    kills: number("kills", 50, 1),
    seed: number("seed", 1, 0),
    ...(command === "leaderboard"
      ? {
        leaderboard: {
          layer: text("layer") === undefined ? undefined : callerPath(text("layer")!),
          tasks: list("task"),
          publish: values.publish === true,
        },
      }
      : {}),
    words: wanted === "FILE.yaml" ? words.map(callerPath) : words,
  };
}

/** Options that only count beside one of others, by command. */
const ONLY_WITH: Record<string, Partial<Record<OptionName, OptionName[]>>> = {
  verify: { jobs: ["rerun"] },
  leaderboard: {
    engine: ["layer", "publish"],
    store: ["layer", "publish"],
    jobs: ["layer", "publish"],
  },
};
/** Options that one of others leaves without effect. */
const NOT_WITH: Record<string, Partial<Record<OptionName, OptionName[]>>> = {
  run: { log: ["dry-run", "estimate"], estimate: ["dry-run"] },
  sweep: { log: ["dry-run", "estimate"], estimate: ["dry-run"] },
};

/** @throws {Error} for an option that is given twice or has no effect beside the others */
function refuseIdle(command: string, given: readonly string[]): void {
  refuseRepeated(
    given,
    Object.entries(OPTIONS).flatMap(([name, o]) => "multiple" in o ? [name] : []),
  );
  const has = (name: OptionName) => given.includes(name);
  const flags = (names: OptionName[]) => names.map((name) => `--${name}`).join(" or ");
  for (const [name, others] of Object.entries(ONLY_WITH[command] ?? {})) {
    if (has(name as OptionName) && !others.some(has)) {
      throw new UsageError(
        `--${name} has an effect with ${flags(others)} only. Add it, or leave --${name} out.`,
      );
    }
  }
  for (const [name, others] of Object.entries(NOT_WITH[command] ?? {})) {
    const other = others.find(has);
    if (has(name as OptionName) && other) {
      throw new UsageError(`--${name} has no effect beside --${other}. Leave one of them out.`);
    }
  }
}

/** Resolved once, before anything is keyed by it. Most engines have nothing to look for, and then nothing is loaded. */
async function engineOptions(choice: EngineName | "auto") {
  const { chooseEngine } = await import("../../lib/engine/available.ts");
  const { engine, device } = await chooseEngine(choice);
  return { engine, device };
}

/** What a command's one argument is. */
const WORDS: Record<string, string> = {
  JOB: "the label of one job",
  "FILE.yaml": "one sweep file",
};

function sinkNames(lists: string[]): SinkName[] {
  const names = new Set(lists.flatMap((list) => list.split(",")));
  for (const name of names) {
    if (!SINKS.includes(name as SinkName)) {
      throw new Error(`--log ${name}: no such sink; the sinks are ${SINKS.join(", ")}.`);
    }
  }
  return [...names] as SinkName[];
}

function wholeNumber(name: string, text: string | undefined, fallback: number, least: number) {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || text.trim() === "") {
    throw new Error(`--${name} ${text}: expected a whole number of at least ${least}.`);
  }
  return value;
}

export function helpFor(command: string): string {
  const { options, help, words } = COMMANDS[command];
  const task = command === "run" ? "pipeline" : command;
  const lines = options.filter((name) => name !== "root").map((name) => {
    const { type, help } = OPTIONS[name];
    return `  --${`${name}${type === "string" ? " VALUE" : ""}`.padEnd(18)} ${help}`;
  });
  return [
    `deno task ${task}${words ? ` ${words}` : ""} [options]: ${help}`,
    ...lines,
  ].join("\n");
}
