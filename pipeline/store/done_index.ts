/**
 * @file Which keys are done, without opening the database.
 *
 * Loading DuckDB takes a quarter of a second, so the part of the catalogue that a run in which
 * nothing is stale needs is mirrored in `<store>/index.json`, under its checksum. The mirror is good while
 * the catalogue has the bytes that it was made from; otherwise the catalogue is asked and the mirror
 * written again.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Catalog } from "./catalog.ts";
import { hasCatalog, hashOfCatalog, sumOfCatalog } from "./catalog_files.ts";
import { readSealed, writeSealed } from "./sealed.ts";

export interface Done {
  content: string;
  /** sha256 of its files. */
  objects: string[];
}

/** Of the mirror: one of another form is not asked. */
const FORM = 2;

interface Saved {
  form: number;
  /** sha256 of the catalogue. */
  catalog: string;
  jobs: [key: string, Done][];
  /** Lists of rules, and which of them a base has. */
  rules: { lists: string[][]; of: Record<string, number> };
  /** Profile to hash of where its labels led when they were last recorded. */
  nodes: Record<string, string>;
}

export class DoneIndex {
  jobs = new Map<string, Done>();
  /** The rules that a job used when it last ran, by its key without rules. */
  readonly rules = new Map<string, readonly string[]>();
  nodes: Record<string, string> = {};
  /** sha256 of the catalogue that it was compared with, for who opens that next. */
  catalog?: string;

  private constructor(readonly dir: string) {}

  /** From the mirror, or undefined when only the database knows. */
  static fromMirror(dir: string): DoneIndex | undefined {
    if (!hasCatalog(dir)) return new DoneIndex(dir);
    const saved = readSaved(dir);
    if (saved?.form !== FORM || saved.catalog !== hashOfCatalog(dir)) return undefined;
    const index = new DoneIndex(dir);
    index.catalog = saved.catalog;
    index.jobs = new Map(saved.jobs);
    for (const [base, i] of Object.entries(saved.rules.of)) {
      index.rules.set(base, saved.rules.lists[i]);
    }
    index.nodes = saved.nodes;
    return index;
  }

  /** True for a mirror that is not as it was written. */
  static isDamaged(dir: string): boolean {
    return existsSync(join(dir, "index.json")) && readSaved(dir) === undefined;
  }

  static async fromCatalog(dir: string, catalog: Catalog): Promise<DoneIndex> {
    const index = new DoneIndex(dir);
    for (
      const { key, content } of await catalog.query(
        "SELECT key, content FROM job WHERE status = 'done'",
      )
    ) index.jobs.set(key as string, { content: content as string, objects: [] });
    for (const { job_key, sha256 } of await catalog.query("SELECT job_key, sha256 FROM file")) {
      index.jobs.get(job_key as string)?.objects.push(sha256 as string);
    }
    for (
      const { base, rules } of await catalog.query(
        "SELECT base, rules FROM job WHERE base IS NOT NULL ORDER BY finished",
      )
    ) index.rules.set(base as string, Object.keys(JSON.parse(rules as string)));
    return index;
  }

  /** Call when the database is closed, so that its file no longer changes. */
  save(): void {
    const catalog = sumOfCatalog(this.dir);
    if (!catalog) return;
    const saved: Saved = {
      form: FORM,
      catalog,
      jobs: [...this.jobs],
      rules: this.#savedRules(),
      nodes: this.nodes,
    };
    writeSealed(join(this.dir, "index.json"), "index", saved);
  }

  /** Thousands of jobs have the same few lists. */
  #savedRules(): Saved["rules"] {
    const ids = new Map<string, number>();
    const lists: string[][] = [];
    const of: Record<string, number> = {};
    for (const [base, names] of this.rules) {
      const list = [...names];
      const text = list.join();
      let id = ids.get(text);
      if (id === undefined) ids.set(text, id = lists.push(list) - 1);
      of[base] = id;
    }
    return { lists, of };
  }
}

/** Undefined for what is not there or not as it was written. */
const readSaved = (dir: string) =>
  readSealed(join(dir, "index.json"), "index") as Saved | undefined;
