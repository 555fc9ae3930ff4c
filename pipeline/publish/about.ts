/**
 * @file What results say of themselves: of which commits they are and of when these are, with how many tables and jobs; the
 * licence; and how to cite them.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shortCommit } from "./markdown.ts";
import type { Table } from "./rows.ts";
import type { PublishSource } from "./source.ts";

/** A version of the project that results came from. */
export interface CommitRecord {
  commit: string;
  /** Of the commit, ISO 8601; null where nobody knows it any more. */
  date: string | null;
  /** Files differed from it. */
  dirty: boolean;
  /** Tables that were made at it. */
  tables: number;
}

const DIRTY = /-dirty$/;

/** Commits of tables, the latest first; what has no date comes last. */
export function commitRecords(
  tables: readonly { commit: string | null }[],
  dates: Readonly<Record<string, string>> = {},
): CommitRecord[] {
  const counts = Map.groupBy(tables.filter(({ commit }) => commit !== null), (t) => t.commit!);
  return [...counts].map(([described, { length }]) => {
    const commit = described.replace(DIRTY, "");
    return {
      ...{ commit, date: dates[commit] ?? null },
      ...{ dirty: DIRTY.test(described), tables: length },
    };
  }).sort((a, b) =>
    (b.date ? Date.parse(b.date) : 0) - (a.date ? Date.parse(a.date) : 0) ||
    (a.commit < b.commit ? -1 : 1)
  );
}

/** "1a2b3c4d5e (2026-11-27), with changed files": the commit of one table; empty where none was recorded. */
export function commitText(described: string | null, commits: readonly CommitRecord[]): string {
  if (described === null) return "";
  const commit = described.replace(DIRTY, "");
  const date = commits.find((record) => record.commit === commit)?.date;
  return shortCommit(commit) + (date ? ` (${date.slice(0, 10)})` : "") +
    (DIRTY.test(described) ? ", with changed files" : "");
}

/** When commits were made, by their full names; without git, and for a commit that it does not have, nothing. */
export function commitDates(root: string, described: Iterable<string>): Record<string, string> {
  const commits = [...new Set([...described].map((commit) => commit.replace(DIRTY, "")))]
    .filter((commit) => /^[0-9a-f]{40,64}$/.test(commit));
  if (!commits.length) return {};
  const args = ["-C", root, "log", "--no-walk", "--ignore-missing", "--format=%H %cI", ...commits];
  try {
    const { success, stdout } = new Deno.Command("git", { args, stdin: "null", stderr: "null" })
      .outputSync();
    if (!success) return {};
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    return Object.fromEntries(lines.filter(Boolean).map((line) => line.split(" ")));
  } catch {
    return {}; // not installed
  }
}

/** In a few words: "commit 1a2b3c4d5e (2026-11-27)", or how many commits there are and from when to when. */
export function versionText(commits: readonly CommitRecord[]): string {
  if (!commits.length) return "";
  const names = [...new Set(commits.map(({ commit }) => commit))];
  const day = (date: string) => date.slice(0, 10);
  const days = commits.flatMap(({ date }) => date ? [day(date)] : []);
  const changed = commits.some(({ dirty }) => dirty) ? ", with changed files" : "";
  if (names.length < 3) {
    const each = names.map((name) => {
      const date = commits.find(({ commit }) => commit === name)!.date;
      return shortCommit(name) + (date ? ` (${day(date)})` : "");
    });
    return `commit ${each.join(", ")}${changed}`;
  }
  const span = days.length === 0
    ? ""
    : days.at(-1) === days[0]
    ? ` of ${days[0]}`
    : ` of ${days.at(-1)} to ${days[0]}`;
  return `${names.length} commits${span}${changed}`;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Of CITATION.cff what a citation needs. */
interface Citation {
  title: string;
  authors: string[];
  version: string;
  /** ISO 8601. */
  date: string;
  licence: string;
  /** Where the code is, if that is said. */
  repository: string | null;
}

/** CITATION.cff; nothing where a part of the project was copied without it, which must not cost a run its results. */
function citationText(): string {
  const path = join(ROOT, "CITATION.cff");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Reads the flat fields of CITATION.cff, and the names of its authors. */
export function readCitation(text = citationText()): Citation {
  const field = (name: string) =>
    new RegExp(`^${name}: *(.+)$`, "m").exec(text)?.[1].replace(/^(["'])(.*)\1$/, "$2").trim();
  const authors = [...text.matchAll(/^ +(?:- )?name: *(.+)$/gm)].map(([, name]) => name.trim());
  return {
    title: field("title") ?? "deep-linear-ts",
    authors,
    version: field("version") ?? "",
    date: field("date-released") ?? "",
    licence: field("license") ?? "",
    repository: field("repository-code") ?? null,
  };
}

/** BibTeX of the project, with what of it was used. */
export function bibtex(profile: string, version: string, citation = readCitation()): string {
  const { title, authors, date, repository } = citation;
  const fields = {
    title,
    // In braces of their own: a name of a group is not split into first and last.
    author: authors.map((author) => `{${author}}`).join(" and "),
    version: citation.version,
    year: date.slice(0, 4),
    ...(repository ? { url: repository } : {}),
    note: `Results of the profile ${profile}${version ? `, ${version}` : ""}`,
  };
  const lines = Object.entries(fields).map(([name, value]) => `  ${name} = {${value}},`);
  return [`@software{${title.replace(/\W+/g, "_")},`, ...lines, "}"].join("\n");
}

/** `about`, of one row, and `commit`. */
export function aboutTables({ profile, experiments, commitDates }: PublishSource): Table[] {
  const commits = commitRecords(experiments.map(({ version }) => version), commitDates);
  const { title, version, licence, repository } = readCitation();
  const text = (...names: string[]) =>
    Object.fromEntries(names.map((name) => [name, "VARCHAR" as const]));
  return [
    {
      name: "about",
      columns: text("project", "version", "licence", "source", "profile", "of", "bibtex"),
      rows: [[
        ...[title, version, licence, repository, profile, versionText(commits)],
        bibtex(profile, versionText(commits)),
      ]],
    },
    {
      name: "commit",
      columns: { ...text("commit", "date"), dirty: "BOOLEAN", tables: "INTEGER" },
      rows: commits.map(({ commit, date, dirty, tables }) => [commit, date, dirty, tables]),
    },
  ];
}
