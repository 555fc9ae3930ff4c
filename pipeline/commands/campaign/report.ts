/** @file What came of a campaign, as a table: for people (Markdown) and for programs (JSON). */
import type { Kind } from "./kind.ts";

/** One try, as it is remembered. */
export interface Tried {
  index: number;
  kind: string;
  /** Null where this system had no way to do it. */
  outcome: string | null;
  problems: string[];
  seconds: number;
}

export interface About {
  version: string;
  seed: number;
  machine: string;
}

export interface Report extends About {
  tries: number;
  problems: number;
  kinds: {
    group: Kind["group"];
    name: string;
    expects: string;
    tries: number;
    /** Tries for which this system had no way. */
    leftOut: number;
    /** What came of them, with how often. */
    outcomes: Record<string, number>;
    problems: { index: number; text: string }[];
  }[];
}

export const nameOf = ({ group, name }: Pick<Kind, "group" | "name">) => `${group}: ${name}`;

/** Tries by their kinds, in the order of those. */
export function report(about: About, kinds: readonly Kind[], tried: readonly Tried[]): Report {
  const rows = kinds.map((kind) => {
    const own = tried.filter((one) => one.kind === nameOf(kind));
    const done = own.filter(({ outcome }) => outcome !== null);
    const outcomes: Record<string, number> = {};
    for (const { outcome } of done) outcomes[outcome!] = (outcomes[outcome!] ?? 0) + 1;
    return {
      ...{ group: kind.group, name: kind.name, expects: kind.expects },
      tries: done.length,
      leftOut: own.length - done.length,
      outcomes: Object.fromEntries(Object.entries(outcomes).sort(([, a], [, b]) => b - a)),
      problems: own.flatMap(({ index, problems }) => problems.map((text) => ({ index, text }))),
    };
  });
  return {
    ...about,
    tries: rows.reduce((sum, { tries }) => sum + tries, 0),
    problems: tried.filter(({ problems }) => problems.length).length,
    kinds: rows.filter(({ tries, leftOut }) => tries + leftOut > 0),
  };
}

const TITLES: Record<Kind["group"], string> = {
  kills: "Processes that are killed",
  damage: "Files that are damaged",
  surroundings: "Surroundings that give way",
  training: "Long trainings",
};

const SHOWN = 500;

export function reportText({ version, seed, machine, tries, problems, kinds }: Report): string {
  const lines = [
    "# Fault campaign",
    "",
    `${tries} tries, ${problems} with problems. Version ${version}, seed ${seed}; ${machine}.`,
    "",
    "After every fault the next run comes to its end and leaves the artifacts, curves, published tables and pages of a run that nobody " +
    "disturbed; a further run finds nothing to do, every byte is as recorded, and no process lives on.",
  ];
  for (const [group, title] of Object.entries(TITLES)) {
    const own = kinds.filter((kind) => kind.group === group);
    if (!own.length) continue;
    lines.push(
      "",
      `## ${title}`,
      "",
      "| what | besides, what is expected | tries | problems | outcomes |",
    );
    lines.push("| :--- | :--- | ---: | ---: | :--- |");
    for (const { name, expects, tries, leftOut, outcomes, problems } of own) {
      const cells = Object.entries(outcomes).map(([what, count]) => `${what} (${count})`);
      if (leftOut) cells.push(`left out: there is no way here (${leftOut})`);
      lines.push(`| ${[name, expects, tries, problems.length, cells.join("; ")].join(" | ")} |`);
    }
  }
  const bad = kinds.flatMap((kind) => kind.problems.map((problem) => ({ kind, ...problem })));
  if (bad.length) lines.push("", "## Problems", "");
  for (const { kind, index, text } of bad) {
    const quoted = text.slice(0, SHOWN).split("\n").map((line) => `  > ${line}`).join("\n");
    lines.push(`- try ${index}, ${nameOf(kind)}:`, "", quoted, "");
  }
  return lines.join("\n").trimEnd() + "\n";
}
