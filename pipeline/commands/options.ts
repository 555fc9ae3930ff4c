/**
 * @file The command line: what each command accepts, with an error that says what would be right.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type SinkName, SINKS } from "../log/sink.ts";
import { engineModule, type EngineName } from "../../lib/engine/engines.ts";
import { nearestFirst } from "../../lib/nearest.ts";
import { helpHint, readFlags } from "../program.ts";
import { refuseRepeated, UsageError } from "../usage_error.ts";
import { EVERYWHERE } from "../everywhere.ts";
import { later } from "../later.ts";
import { callerPath } from "../user_files.ts";
import { EXECUTORS } from "../run/executors/names.ts";
import type { SlurmOptions } from "../run/executors/slurm/needs.ts";
import type { WorkspaceOptions } from "../workspace.ts";
import { COMMANDS, ENGINE_CHOICES, type OptionName, OPTIONS, taskOf } from "./commands.ts";
import { whatWasMeant } from "./help.ts";

export interface CommandOptions extends WorkspaceOptions {
  only: string[];
  job?: string;
  jobs: number;
  /** Where jobs run, if not here. */
  slurm?: SlurmOptions;
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
  /** Cells of `replicate`. */
  sample: number;
  /** Runs of `sweep` that stand for all; undefined: all are to run. */
  sampled?: number;
  /** Seconds that the jobs of these may take; undefined: any. */
  budget?: number;
  /** Where `replicate` writes its table, without an ending. */
  report?: string;
  kills: number;
  seed: number;
  /** Of `crash`; otherwise it kills only. */
  campaign?: { tries: number; report?: string };
  /** Of the command of that name. */
  leaderboard?: { layer?: string; tasks: string[]; publish: boolean };
  /** What is not an option. */
  words: string[];
}

/** Tasks of SLURM at the same time, unless --jobs says so. */
const TASKS = 32;
const SLURM_ONLY: readonly OptionName[] = [
  "partition",
  "time",
  "mem",
  "gres",
  "sbatch",
  "detach",
];

/** Where it is not the usual one. */
const PROFILE: Record<string, string> = { crash: "smoke", replicate: "standard" };

/** Of the project. */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** @throws {Error} for anything that the command does not accept */
export async function parseCommand(command: string, args: string[]): Promise<CommandOptions> {
  const { options: names, words: wanted, optional } = COMMANDS[command];
  const known = Object.fromEntries(names.map((name) => {
    const { type, ...rest } = OPTIONS[name];
    return [name, { type, multiple: "multiple" in rest }];
  }));
  const task = taskOf(command);
  const parsed = readFlags(task, args, known);
  refuseIdle(command, parsed.tokens.flatMap((t) => t.kind === "option" ? [t.name] : []));
  const values = parsed.values as Record<string, string | boolean | string[] | undefined>;
  const words = parsed.positionals;
  const rootOf = values.root as string | undefined;
  if (words.length !== (wanted ? 1 : 0) && !(optional && !words.length)) {
    throw new UsageError(
      `${
        wanted
          ? `${command} needs ${WORDS[wanted]}${words.length ? `, not ${words.length}` : ""}.`
          : whatWasMeant(task, words[0], names, rootOf ?? ROOT)
      } ${helpHint(task)}`,
    );
  }
  const drawn = (["sample", "seed", "budget"] as const).find((name) => values[name] !== undefined);
  if (command === "replicate" && words.length && drawn) {
    throw new UsageError(`--${drawn} has no effect beside a cell. Leave one of them out.`);
  }
  const text = (name: OptionName) => values[name] as string | undefined;
  const list = (name: OptionName) => (values[name] as string[] | undefined) ?? [];
  const root = rootOf ?? ROOT;
  const engine = (text("engine") ?? "ort") as EngineName | "auto";
  if (!ENGINE_CHOICES.includes(engine) && !existsSync(join(root, engineModule(engine)))) {
    const nearest = nearestFirst(engine, ENGINE_CHOICES);
    throw new UsageError(`Unknown engine "${engine}"; the engines are ${nearest.join(", ")}.`);
  }
  const number = (name: OptionName, fallback: number, least: number) =>
    wholeNumber(name, text(name), fallback, least);
  const executor = text("executor") ?? "local";
  if (!EXECUTORS.includes(executor)) {
    const nearest = nearestFirst(executor, EXECUTORS).join(", ");
    throw new UsageError(`Unknown executor "${executor}"; the executors are ${nearest}.`);
  }
  const slurm = executor === "slurm"
    ? {
      partition: text("partition"),
      ...{ time: list("time"), mem: list("mem"), gres: list("gres"), sbatch: list("sbatch") },
      detach: values.detach === true,
    }
    : undefined;
  const idle = SLURM_ONLY.find((name) => values[name] !== undefined);
  if (!slurm && idle) {
    throw new UsageError(
      `--${idle} has an effect with --executor slurm only. Add it, or leave --${idle} out.`,
    );
  }
  return {
    root,
    store: text("store") === undefined ? ".store" : callerPath(text("store")!),
    profile: text("profile") ?? PROFILE[command] ?? "quick",
    ...await engineOptions(engine, slurm),
    set: list("set"),
    only: list("only"),
    job: text("job"),
    jobs: number("jobs", slurm ? TASKS : navigator.hardwareConcurrency, 1),
    ...(slurm && { slurm }),
    dryRun: values["dry-run"] === true,
    estimate: values.estimate === true,
    publish: values["no-publish"] !== true,
    log: sinkNames(list("log")),
    count: text("count") === undefined ? undefined : number("count", 0, 1),
    retry: values.retry === true,
    json: values.json === true,
    yes: values.yes === true,
    rerun: number("rerun", 0, 0),
    sample: number("sample", 3, 1),
    ...(command === "sweep" && text("sample") !== undefined && { sampled: number("sample", 1, 1) }),
    ...(text("budget") !== undefined && { budget: number("budget", 0, 1) }),
    ...(command === "replicate" && text("report") !== undefined && {
      report: callerPath(text("report")!),
    }),
    kills: number("kills", 50, 1),
    seed: number("seed", 1, 0),
    ...(values.campaign === true
      ? {
        campaign: {
          tries: number("tries", 200, 1),
          report: text("report") === undefined ? undefined : callerPath(text("report")!),
        },
      }
      : {}),
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
  replicate: { json: ["estimate"] },
  sweep: { seed: ["sample"] },
  crash: { tries: ["campaign"], report: ["campaign"] },
  leaderboard: {
    engine: ["layer", "publish"],
    store: ["layer", "publish"],
    jobs: ["layer", "publish"],
  },
};
/** Options that one of others leaves without effect. */
const NOT_WITH: Record<string, Partial<Record<OptionName, OptionName[]>>> = {
  run: { log: ["dry-run", "estimate"], estimate: ["dry-run"], detach: ["dry-run", "estimate"] },
  sweep: {
    ...{ log: ["dry-run", "estimate", "sample"], estimate: ["dry-run", "sample"] },
    ...{ detach: ["dry-run", "estimate", "sample"], sample: ["dry-run"], retry: ["sample"] },
  },
  replicate: { report: ["estimate"] },
  // It runs a small pipeline of its own.
  crash: { kills: ["campaign"], profile: ["campaign"], jobs: ["campaign"] },
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

/** Resolved once, where jobs will run, before anything is keyed by it. Most engines have nothing to look for, and then nothing is loaded. */
async function engineOptions(choice: EngineName | "auto", slurm?: SlurmOptions) {
  if (EVERYWHERE.includes(choice)) return { engine: choice as EngineName, device: undefined };
  const { chooseEngine } = await later<typeof import("../../lib/engine/available.ts")>(
    "../../lib/engine/available.ts",
    import.meta.url,
  );
  const probe = slurm && await later<typeof import("../run/executors/slurm/probe.ts")>(
    "../run/executors/slurm/probe.ts",
    import.meta.url,
  );
  const { engine, device } = await chooseEngine(choice, probe?.probeOnNode(slurm!));
  return { engine, device };
}

/** What a command's one argument is. */
const WORDS: Record<string, string> = {
  JOB: "the label of one job",
  CELL: "at most one cell, EXPERIMENT/ROW/COLUMN,",
  "FILE.yaml": "one sweep file",
};

function sinkNames(lists: string[]): SinkName[] {
  const names = new Set(lists.flatMap((list) => list.split(",")));
  for (const name of names) {
    if (!SINKS.includes(name as SinkName)) {
      throw new UsageError(
        `--log ${name}: no such sink; the sinks are ${nearestFirst(name, SINKS).join(", ")}.`,
      );
    }
  }
  return [...names] as SinkName[];
}

function wholeNumber(name: string, text: string | undefined, fallback: number, least: number) {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || text.trim() === "") {
    throw new UsageError(`--${name} ${text}: expected a whole number of at least ${least}.`);
  }
  return value;
}
