/**
 * @file The table of one experiment as Markdown: readable in an editor and in a diff.
 *
 * Byte-deterministic: no date, and no duration but those that an experiment asks for, so that a rerun
 * with the same numbers is no change.
 */
import {
  type Column,
  isCell,
  type Outcome,
  type PublishedRow,
  type PublishedSummary,
} from "../results.ts";
import { formatInterval, formatLabel, formatNumber } from "./format.ts";
import type { ExperimentRecord, JobRecord, MachineRecord, Version } from "./source.ts";

const OUTCOMES: Record<Outcome, string> = {
  supported: "supported",
  refuted: "refuted",
  undecided: "undecided",
  illustration: "illustration only",
};

/**
 * @param jobs the jobs behind the experiment, as `jobsOf` orders them
 */
export function markdown(
  { meta, summary, version }: ExperimentRecord,
  profile: string,
  jobs: JobRecord[],
  machines: MachineRecord[],
): string {
  const { columns, rows, verdict } = summary;
  const notes = columns.filter((c) => c.note || c.better).map((c) => {
    const better = c.better ? [`${c.better} is better`] : [];
    return `- ${text(c.label)}: ${[...better, ...(c.note ? [text(c.note)] : [])].join("; ")}`;
  });
  const blocks = [
    `# ${text(meta.title)}`,
    `**Question.** ${text(meta.question)}`,
    `**Hypothesis.** ${text(meta.hypothesis)}`,
    `**Verdict: ${OUTCOMES[verdict.outcome]}.** ${text(verdict.reason)}`,
    `**Rule.** ${text(verdict.rule)}`,
    `## Results (profile ${text(profile)})`,
    version.older ? `*${olderText(version)}*` : "",
    rows.length ? table(columns, rows) : "The table has no rows.",
    notes.join("\n"),
    summary.findings.length ? "## Findings" : "",
    summary.findings.map((finding) => `- ${text(finding)}`).join("\n"),
    "## Method",
    meta.method.trim(),
    "## How it was made",
    `${
      madeBy(summary, jobs, machines).map(text).join("\n")
    }\nBrackets hold intervals; a dash was not measured.`,
    fence("sh", meta.command),
    fence("python", `import pandas; table = pandas.read_parquet("${meta.id}.parquet")`),
  ];
  return blocks.filter((block) => block !== "").join("\n\n") + "\n";
}

/** What is said of a table that the project of today would make from other jobs. */
export function olderText({ commit }: Pick<Version, "commit">): string {
  return `Of an older version${commit ? ` (commit ${shortCommit(commit)})` : ""}: since then the ` +
    `code, the parameters or the inputs have changed, and the table was not computed again.`;
}

/** As git shortens it; "-dirty" stays. */
export function shortCommit(commit: string): string {
  return commit.replace(/^([0-9a-f]{10})[0-9a-f]+/, "$1");
}

function table(columns: Column[], rows: PublishedRow[]): string {
  const numeric = columns.map((c) => rows.every((row) => typeof row[c.id] !== "string"));
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map((c) => text(c.label) + (c.unit ? ` (${text(c.unit)})` : ""))),
    line(columns.map((_, i) => numeric[i] ? "---:" : "---")),
    ...rows.map((row) => line(columns.map((c) => written(row[c.id], c)))),
  ].join("\n");
}

function written(value: PublishedRow[string] | undefined, { format }: Column): string {
  if (value === undefined) return "–";
  if (typeof value === "string") return text(value);
  if (typeof value === "number") return formatLabel(value, format);
  const number = formatNumber(value.value, format);
  if (value.low === undefined || value.high === undefined) return number;
  return `${number} ${formatInterval(value.low, value.high, format)}`;
}

/** Jobs, seeds, sizes, engine and machine as plain sentences: what a reader needs for trust. */
export function madeBy(
  { rows }: PublishedSummary,
  jobs: JobRecord[],
  machines: MachineRecord[],
): string[] {
  const cells = rows.flatMap((row) => Object.values(row).filter(isCell));
  const stages = new Map<string, number>();
  for (const job of jobs) stages.set(job.stage, (stages.get(job.stage) ?? 0) + 1);
  const seeds = unique(jobs.map((job) => job.seed)).sort((a, b) => a - b);
  const sizes = unique(cells.map((cell) => cell.n)).sort((a, b) => a - b);
  const engines = unique(jobs.map((job) => `${job.engine} ${job.engineVersion}`.trim() || null));
  const used = new Set(jobs.map((job) => job.machine));
  const parts = [
    `${jobs.length} ${jobs.length === 1 ? "job" : "jobs"} (` +
    [...stages].map(([stage, count]) => `${stage} ${count}`).join(", ") + ")",
    seeds.length ? `${seeds.length === 1 ? "seed" : "seeds"} ${span(seeds)}` : "",
    engines.length ? `engine ${engines.sort().join(", ")}` : "",
  ].filter((part) => part !== "");
  const sentences = [`Computed by ${parts.join("; ")}.`];
  if (sizes.length) {
    const [least, most] = [sizes[0], sizes[sizes.length - 1]].map((n) =>
      formatNumber(n, "integer")
    );
    sentences.push(
      `Observations behind a cell: ${least === most ? least : `${least} to ${most}`}.`,
    );
  }
  const commits = unique(jobs.map((job) => job.commit)).map(shortCommit).sort();
  if (commits.length) {
    sentences.push(`Code: ${commits.length === 1 ? "commit" : "commits"} ${commits.join(", ")}.`);
  }
  for (const machine of machines) {
    if (used.has(machine.id)) sentences.push(`Machine: ${machine.description}.`);
  }
  return sentences;
}

/** `0 to 9` for a run of whole numbers, else the list. */
export function span(numbers: number[]): string {
  const last = numbers[numbers.length - 1];
  const run = numbers.length > 2 && numbers.every((n, i) => n === numbers[0] + i);
  return run ? `${numbers[0]} to ${last}` : numbers.join(", ");
}

function unique<T>(values: (T | null | undefined)[]): T[] {
  return [...new Set(values)].filter((v): v is T => v !== null && v !== undefined);
}

/** Plain text that Markdown must not interpret, on one line. */
function text(value: string): string {
  return value.replace(/\s+/g, " ").trim()
    .replace(/[\\`*[\]|]/g, "\\$&")
    .replace(/_/g, (underscore, at: number, all: string) => {
      // Inside a word it is no emphasis and stays readable.
      return /\w\w/.test((all[at - 1] ?? " ") + (all[at + 1] ?? " ")) ? underscore : "\\_";
    })
    .replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

function fence(language: string, code: string): string {
  return "```" + language + "\n" + code.trim() + "\n```";
}
