/** @file The commands of pipeline/cli.ts: what each accepts, and what help says of it. */
import { type EngineName, ENGINES } from "../../lib/engine/engines.ts";
import { EXECUTORS } from "../run/executors/names.ts";
import { SINKS } from "../log/sink.ts";
import { PROFILES } from "../profiles.ts";

/** How a command is called. */
export const taskOf = (command: string) => `deno task ${command === "run" ? "pipeline" : command}`;

/** `auto` is a real GPU through ort-webgpu where there is one, otherwise ort. */
export const ENGINE_CHOICES: readonly (EngineName | "auto")[] = [...ENGINES, "auto"];

export type OptionName = Exclude<keyof typeof OPTIONS, never>;

export const OPTIONS = {
  profile: { type: "string", help: `size of the grids: ${PROFILES.join(", ")} (default quick)` },
  engine: { type: "string", help: `what executes traced programs: ${ENGINE_CHOICES.join(", ")}` },
  only: { type: "string", multiple: true, help: "only this experiment (may be repeated)" },
  job: { type: "string", help: "only the job with this label, and what it needs" },
  jobs: {
    type: "string",
    help: "jobs at the same time (default: one a core; with --executor slurm tasks, 32)",
  },
  executor: { type: "string", help: `where jobs run: ${EXECUTORS.join(", ")} (default local)` },
  partition: { type: "string", help: "of SLURM (default: the cluster's)" },
  time: {
    type: "string",
    multiple: true,
    help:
      "time limit of SLURM, such as 90 or 2:00:00, or STAGE=TIME (may be repeated; default: by the estimate)",
  },
  mem: {
    type: "string",
    multiple: true,
    help:
      "memory of a task, such as 8G, or STAGE=MEMORY (may be repeated; default: what such jobs took, else 4G)",
  },
  gres: {
    type: "string",
    multiple: true,
    help: "GPUs for stages that use the engine, such as gpu:1, or STAGE=GRES (may be repeated)",
  },
  sbatch: {
    type: "string",
    multiple: true,
    help: "another option of sbatch, such as --sbatch=--account=lab (may be repeated)",
  },
  detach: {
    type: "boolean",
    help: "leave jobs to SLURM and end; the same command collects them and goes on",
  },
  set: {
    type: "string",
    multiple: true,
    help: "change a parameter of every stage that has it: stage.parameter=value (may be repeated)",
  },
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
  seed: { type: "string", help: "of what is chosen at random (default 1)" },
  sample: {
    type: "string",
    help:
      "of replicate: how many cells, drawn from all that have an interval (default 3); of sweep: do so many runs, drawn from all, and say what all take",
  },
  budget: {
    type: "string",
    help:
      "leave out cells whose jobs would take the sample over so many seconds, by what they took when they were published",
  },
  campaign: {
    type: "boolean",
    help: "faults of every kind in a copy of this checkout; again to go on",
  },
  tries: { type: "string", help: "how many faults (default 200, half an hour on 2 idle cores)" },
  report: {
    type: "string",
    help:
      "write what came, as a table, to FILE.md and FILE.json (tries by default into .store/campaign)",
  },
  layer: { type: "string", help: "a file of lib/layers/sequence to be trained and scored" },
  task: { type: "string", multiple: true, help: "only this task (may be repeated)" },
  publish: { type: "boolean", help: "make the published table again" },
  root: { type: "string", help: "folder with pipeline/stages and pipeline/experiments" },
} as const;

/** Of commands whose jobs may run on a cluster. */
const WHERE: OptionName[] = ["executor", "partition", "time", "mem", "gres", "sbatch", "detach"];
const COMMON: OptionName[] = ["profile", "engine", "set", "store", "root"];

/** Options by command; anything else is refused. */
export const COMMANDS: Record<
  string,
  {
    options: OptionName[];
    help: string;
    words?: string;
    /** The word may be left out. */
    optional?: true;
    examples?: string[];
  }
> = {
  run: {
    options: [
      ...COMMON,
      ...["only", "job", "jobs", "dry-run", "estimate", "json", "no-publish", "log"] as const,
      ...WHERE,
    ],
    help: "run every job that is not done, publish the results and build the site",
    examples: [
      "--profile smoke",
      "--only eigenvalue-sweep --set train.steps=300 --dry-run",
      "--only leaderboard --set train.task.options.lambda=0.9",
      "--profile standard --estimate",
      "--profile standard --executor slurm --partition cpu --time train=4:00:00",
    ],
  },
  status: {
    options: [...COMMON, "only", "json"],
    help: "say where every job stands",
    examples: ["--only patching"],
  },
  why: {
    options: COMMON,
    help: "say why a job is not done, by ingredient",
    words: "JOB",
    examples: ["eigenvalue-sweep/table", "eigenvalue-sweep/table --set train.steps=300"],
  },
  verify: {
    options: [...COMMON, "rerun", "jobs"],
    help: "hash every artifact again; with --rerun N, run N jobs again and compare bytes",
  },
  replicate: {
    options: [
      ...["profile", "sample", "budget", "seed", "report", "jobs", "estimate", "json"] as const,
      ...["engine", "store", "root"] as const,
    ],
    help:
      "make published cells again, in a store of their own, and say which fall inside their intervals",
    words: "CELL",
    optional: true,
    examples: [
      "--sample 3 --estimate",
      "--sample 60 --budget 1800 --report reports/replicated",
      "eigenvalue-sweep/1/gap",
    ],
  },
  gc: {
    options: ["store", "root", "yes"],
    help: "delete what neither a profile's last run nor a published table refers to",
  },
  crash: {
    options: ["profile", "kills", "seed", "jobs", "root", "campaign", "tries", "report"],
    help:
      "kill a run at random moments and check that nothing is lost; with --campaign, faults of every kind",
    examples: ["--kills 10", "--campaign --tries 40 --seed 2"],
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
      "sample",
      "seed",
      "json",
      "log",
      ...WHERE,
    ],
    help:
      "run the runs of a Weights & Biases sweep file that are not finished, and rank all of them",
    words: "FILE.yaml",
    examples: [
      "pipeline/sweep/examples/learning_rate.yaml --dry-run",
      "pipeline/sweep/examples/learning_rate.yaml --sample 3 --executor slurm",
    ],
  },
  leaderboard: {
    options: ["layer", "task", "publish", "profile", "engine", "store", "root", "jobs"],
    help: "the published table of all sequence layers, and one of yours beside them",
    examples: ["--layer lib/layers/sequence/mine.ts --task parity"],
  },
};
