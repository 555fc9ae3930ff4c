/** @file What came of cells that were made again, as a table: for people (Markdown) and for programs (JSON). */
import { formatSeconds } from "../../run/display.ts";
import type { Cell } from "../../results.ts";
import type { Agreement } from "./cells.ts";

/** One cell, and what came. */
export interface Replicated {
  cell: string;
  family: string;
  agreement: Agreement | "unknown";
  /** Value and interval, as they were published. */
  published: Pick<Cell, "value" | "low" | "high">;
  /** Absent where nothing came that could be compared. */
  again?: number;
  /** Why nothing came. */
  problem?: string;
  /** Where the published one was made. */
  machine: string;
}

export interface Report {
  version: string;
  /** Of the code that ran. */
  commit: string;
  /** To repeat it. */
  command: string;
  machine: string;
  profile: string;
  seed: number;
  jobs: number;
  /** That the published jobs took, one after the other. */
  seconds: number;
  families: {
    family: string;
    /** Cells that have an interval and could be drawn. */
    cells: number;
    /** Of those that were drawn, how many were left out for what they take. */
    dear: number;
  }[];
  cells: Replicated[];
}

const WORDS: Record<Replicated["agreement"], string> = {
  bytes: "equal to the last bit",
  inside: "inside the interval",
  outside: "OUTSIDE the interval",
  open: "no interval to be in",
  unknown: "cannot be compared",
};

const AGREEMENTS = Object.keys(WORDS) as Replicated["agreement"][];

const countOf = (cells: readonly Replicated[], wanted: Replicated["agreement"]) =>
  cells.filter(({ agreement }) => agreement === wanted).length;

/** What came of one cell, in a line. */
export function lineOf({ agreement, published, again, problem }: Replicated): string {
  if (again === undefined) return `${WORDS[agreement]}: ${problem}`;
  return `${WORDS[agreement]}: ${show(published)} was published, ${again} is what came`;
}

/** How many came how. */
export function countsOf(cells: readonly Replicated[]): string {
  const count = (wanted: Replicated["agreement"]) => countOf(cells, wanted);
  const parts = [
    `${count("bytes")} equal to the last bit`,
    `${count("inside")} inside their intervals`,
  ];
  if (count("open")) parts.push(`${count("open")} without an interval`);
  if (count("unknown")) parts.push(`${count("unknown")} that could not be compared`);
  return `${parts.join(", ")}, ${count("outside")} outside`;
}

export function reportText(report: Report): string {
  const { version, commit, command, machine, profile, seed, jobs, seconds, families, cells } =
    report;
  const dear = families.reduce((sum, { dear }) => sum + dear, 0);
  const machines = [...new Set(cells.map(({ machine }) => machine))];
  const [alike] = machines;
  const kinds = AGREEMENTS.filter((kind) =>
    kind === "bytes" || kind === "inside" || kind === "outside" || countOf(cells, kind) > 0
  );
  return [
    "# Replicated cells",
    "",
    `${cells.length} cells of the published tables (profile ${profile}) were made again from nothing: ${
      countsOf(cells)
    }.`,
    "",
    "```sh",
    command,
    "```",
    "",
    `Version ${version}, commit ${commit.slice(0, 10)}, seed ${seed}; ${machine}.${
      machines.length === 1 ? ` They were published on ${alike}.` : ""
    }`,
    "",
    `Their ${jobs} jobs ran in a store that knows no earlier result; they took ${
      formatSeconds(seconds)
    } when they were published. A cell is made of the same seeds as before, so on the same kind of processor it is to be equal to the ` +
    "last bit; elsewhere inside its 95 % interval.",
    "",
    "Families take turns, in a family its tables do, and of a table each cell that has an interval is as likely as any other." +
    (dear
      ? " Cells that would have taken the sample over its budget of seconds were left out: what is dear is seldom in it."
      : ""),
    "",
    ...table(
      ["family", "cells", "left out as too dear", "made again", ...kinds.map((k) => WORDS[k])],
      families.map(({ family, cells: all, dear }) => {
        const own = cells.filter((cell) => cell.family === family);
        return [family, all, dear, own.length, ...kinds.map((kind) => countOf(own, kind))];
      }),
    ),
    "",
    "## Cells",
    "",
    "Numbers to six digits; the JSON file of the same name has them all.",
    "",
    ...table(
      ["cell", "published", "made again", "what came", ...(machines.length > 1 ? ["on"] : [])],
      cells.map(({ cell, published, again, agreement, problem, machine }) => [
        ...[cell, show(published, brief), again === undefined ? "" : brief(again)],
        WORDS[agreement] + (problem ? `: ${problem.replaceAll("|", "/")}` : ""),
        ...(machines.length > 1 ? [machine] : []),
      ]),
    ),
  ].join("\n") + "\n";
}

/** Of Markdown; what a first row has as numbers stands on the right. */
function table(head: readonly string[], rows: readonly (string | number)[][]): string[] {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  const align = head.map((_, i) => typeof rows[0]?.[i] === "number" ? "---:" : ":---");
  return [line(head), line(align), ...rows.map(line)];
}

const brief = (value: number) => String(Number(value.toPrecision(6)));

const show = ({ value, low, high }: Replicated["published"], digits: typeof brief = String) =>
  low === undefined || high === undefined
    ? digits(value)
    : `${digits(value)} [${digits(low)}, ${digits(high)}]`;
