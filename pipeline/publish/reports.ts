/**
 * @file Findings in prose. A template beside the experiments of a family, `pipeline/experiments/<family>/<name>.report.md`, becomes
 * `reports/<name>.md`; every number in it is asked of the published tables (see {@linkcode Prose}), so a report cannot say what no
 * table does.
 *
 * Only of the standard profile: a report draws conclusions, which smaller profiles do not allow.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../store/files.ts";
import { shortCommit } from "./markdown.ts";
import { Prose } from "./prose.ts";
import type { ExperimentRecord } from "./source.ts";

export const REPORTED = "standard";
const ENDING = ".report.md";

export interface Template {
  /** Of the report, without ending. */
  name: string;
  path: string;
}

/** The templates of all families. */
export function reportTemplates(root: string): Template[] {
  const families = join(root, "pipeline", "experiments");
  if (!existsSync(families)) return [];
  return readdirSync(families, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    .flatMap(({ name: family }) =>
      readdirSync(join(families, family)).filter((name) => name.endsWith(ENDING)).map((name) => ({
        name: name.slice(0, -ENDING.length),
        path: join(families, family, name),
      }))
    ).sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Templates and reports as they are now: an edit of either is a reason to write again. */
export function reportsState(root: string): string {
  const hash = createHash("sha256");
  for (const { name, path } of reportTemplates(root)) {
    const written = join(root, "reports", `${name}.md`);
    for (const file of [path, written]) {
      hash.update(existsSync(file) ? readFileSync(file) : "absent").update("\0");
    }
  }
  return hash.digest("hex");
}

/**
 * Writes the reports of all templates.
 *
 * @returns names of the files below `reports` that have changed
 * @throws {Error} for a template that asks for what no table has; the others are written
 */
export async function writeReports(
  root: string,
  experiments: readonly ExperimentRecord[],
): Promise<string[]> {
  const changed: string[] = [];
  const failed: unknown[] = [];
  for (const { name, path } of reportTemplates(root)) {
    try {
      const text = await report(readFileSync(path, "utf8"), path, experiments);
      const target = join(root, "reports", `${name}.md`);
      if (existsSync(target) && readFileSync(target, "utf8") === text) continue;
      writeFileAtomic(target, text);
      changed.push(`${name}.md`);
    } catch (error) {
      failed.push(error);
    }
  }
  if (failed.length) throw failed[0];
  return changed;
}

/** One template with its numbers, and where they come from. @throws {Error} naming the template and what it asks for */
export async function report(
  template: string,
  path: string,
  experiments: readonly ExperimentRecord[],
): Promise<string> {
  const { default: vento } = await import("ventojs");
  const prose = new Prose(experiments);
  const asked = new Set<string>();
  const note = <T extends unknown[], R>(of: (id: string, ...rest: T) => R) => {
    return (id: string, ...rest: T) => {
      asked.add(id);
      return of.call(prose, id, ...rest);
    };
  };
  const words = {
    has: prose.has.bind(prose),
    verdict: note(prose.verdict),
    reason: note(prose.reason),
    finding: note(prose.finding),
    value: note(prose.value),
    number: note(prose.number),
  };
  let text: string;
  try {
    text = (await vento({ autoescape: false }).runString(template, words)).content;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${path}: ${reason}`, { cause: error });
  }
  const used = experiments.filter(({ meta }) => asked.has(meta.id));
  const sources = used.map(({ meta: { id }, version: { commit, older } }) => {
    const of = commit ? ` (commit ${shortCommit(commit)}${older ? ", an older version" : ""})` : "";
    return `[${id}](${REPORTED}/${id}.md)${of}`;
  });
  return `${
    text.trim().replace(/\n{3,}/g, "\n\n")
  }\n\n---\n\nEvery number stands in a table that ` +
    `\`deno task pipeline --profile ${REPORTED}\` makes: ${sources.join(", ")}. ` +
    "Brackets hold 95 % intervals.\n";
}
