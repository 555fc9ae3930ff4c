/**
 * @file The catalogue: what was computed from what, in one DuckDB file with one writer.
 *
 * Any SQL client reads `<store>/catalog.duckdb`; during a run, and after a kill, it holds what was there
 * before. Everything a finished job leaves is one change, in the journal before it counts, so a kill
 * loses a whole job or nothing.
 */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import type { ArtifactSource, StoredFile } from "./artifact.ts";
import { canonical } from "../content/canonical.ts";
import {
  adopt,
  catalogDamaged,
  catalogFiles,
  restore,
  type Sources,
  sourcesOf,
  stampOf,
} from "./catalog_files.ts";
import { Database, type Row } from "./database.ts";
import type { CodeDetail } from "../content/ingredients.ts";
import type { Ingredients } from "../content/ingredients.ts";
import {
  type Change,
  Changes,
  type DoneJob,
  type FailedJob,
  type MovedInput,
  type NodeRow,
  type RunInfo,
} from "./changes.ts";
import { Journal } from "./journal.ts";
import { WorkingCopy } from "./working_copy.ts";

export class Catalog {
  #codes = new Set<string>();
  /** The database lacks a change that the journal has. */
  #behind = false;

  private constructor(
    private readonly dir: string,
    private readonly database: Database,
    private readonly changes: Changes,
    /** Absent in one that is only read. */
    private readonly writing?: { files: WorkingCopy; journal: Journal<Change> },
  ) {}

  /**
   * Opens or creates the catalogue; the caller holds the store's lock. One that is damaged is made again first, from the copy
   * before it and what was recorded since.
   *
   * @throws {Error} when that is damaged too
   */
  static async open(dir: string): Promise<Catalog> {
    const files = new WorkingCopy(dir);
    const sources = await trusted(dir, sourcesOf(dir));
    if (sources.damaged) {
      restore(dir, sources);
      const { original, damaged } = catalogFiles(dir);
      const kept = existsSync(damaged) ? ` The damaged file is kept as ${damaged}.` : "";
      console.error(
        `${original} was damaged or missing; it was made again from the copy before it and the ` +
          `journal, and nothing is lost.${kept}`,
      );
    } else if (sources.unchecked) adopt(dir);
    files.copy();
    const database = await Database.open(files.path).catch((cause) => {
      throw new Error(`The catalogue of ${dir} cannot be opened: ${cause.message}`);
    });
    try {
      const { journal } = catalogFiles(dir);
      const writing = { files, journal: new Journal<Change>(journal) };
      return await Catalog.#filled(dir, database, [writing.journal], writing);
    } catch (cause) {
      database.close();
      files.discard();
      throw cause;
    }
  }

  /**
   * What is recorded, for a question: nothing is locked, and nothing written. Others may go on meanwhile.
   *
   * @throws {Error} as `open` does
   */
  static async read(dir: string): Promise<Catalog> {
    for (let attempt = 1;; attempt++) {
      const stamp = stampOf(dir);
      let database: Database | undefined;
      try {
        const { base, journals, damaged } = await trusted(dir, sourcesOf(dir));
        const there = journals.filter((path) => existsSync(path));
        database = await Database.read(base, there.length > 0);
        const catalog = await Catalog.#filled(
          dir,
          database,
          there.map((path) => new Journal(path)),
        );
        if (stampOf(dir) === stamp) {
          if (damaged) {
            console.error(
              `${damaged} is damaged or missing; what it held is read from the copy before it and ` +
                `the journal. The next run makes it again.`,
            );
          }
          return catalog;
        }
        database.close();
      } catch (cause) {
        database?.close();
        if (stampOf(dir) === stamp) throw cause;
      }
      // A run has just ended and put a new catalogue there, between two looks at it.
      if (attempt === 10) throw new Error(`${dir} changes too quickly to be read; try again.`);
    }
  }

  /** Takes in what killed processes left in journals. */
  static async #filled(
    dir: string,
    database: Database,
    journals: Journal<Change>[],
    writing?: { files: WorkingCopy; journal: Journal<Change> },
  ): Promise<Catalog> {
    const known = new Set<string>();
    const catalog = new Catalog(dir, database, new Changes(database, known), writing);
    for (
      const { key } of await catalog.query("SELECT key FROM job UNION SELECT key FROM failure")
    ) known.add(key as string);
    for (const journal of journals) await catalog.#replay(journal);
    for (const { code } of await catalog.query("SELECT code FROM code")) {
      catalog.#codes.add(code as string);
    }
    return catalog;
  }

  async #replay(journal: Journal<Change>): Promise<void> {
    const lost: number[] = [];
    // One transaction for all: each would wait for the disk, and a kill starts over anyhow.
    await this.database.transaction(async () => {
      for (const change of journal.changes((line) => lost.push(line))) {
        await this.changes.apply(change);
      }
    });
    if (!lost.length) return;
    const kept = `${journal.path}.damaged`;
    if (this.writing) copyFileSync(journal.path, kept);
    console.error(
      `${journal.path} is damaged in line ${lost.join(", ")}` +
        (this.writing ? `; a copy is ${kept}. ` : ". ") +
        `Everything else that it recorded is there; what is lost runs again.`,
    );
  }

  /** Never throws: what could not become the catalogue now stays in the journal, for the next command. */
  close(): void {
    this.database.close();
    if (!this.writing) return;
    const { files, journal } = this.writing;
    const { original } = catalogFiles(this.dir);
    journal.close();
    try {
      if (journal.isEmpty) rmSync(journal.path, { force: true });
      else if (!this.#behind) files.replaceOriginal();
    } catch (cause) {
      const { message } = cause as Error;
      console.error(
        `${original} could not be written anew: ${message}\n  Nothing is lost: ` +
          `what is new is in ${journal.path}, and the next command tries again.`,
      );
    } finally {
      files.discard();
    }
  }

  /** Reads every row of every table. @throws {Error} when one cannot be read */
  async readAll(): Promise<void> {
    await this.database.readAll().catch((cause) => {
      throw catalogDamaged(this.dir, cause);
    });
  }

  query(...question: Parameters<Database["query"]>): Promise<Row[]> {
    return this.database.query(...question).catch((cause) => {
      throw /corrupt|checksum/i.test(cause.message) ? catalogDamaged(this.dir, cause) : cause;
    });
  }

  startRun(run: RunInfo): Promise<void> {
    return this.#change({ kind: "run", run, at: Date.now() });
  }

  /** Records jobs that succeeded and jobs that failed, all or none. */
  async commit(run: RunInfo, done: DoneJob[], failed: FailedJob[] = []): Promise<void> {
    if (!done.length && !failed.length) return;
    // Hundreds of jobs have the same code; its detail is told once.
    const details = new Map(done.map((job) => [job.ingredients.code, job.codeDetail ?? {}]));
    const codes = [...details].filter(([code]) => !this.#codes.has(code))
      .map(([code, detail]) => ({ code, detail: canonical(detail) }));
    const jobs = done.map((job) => ({ ...job, codeDetail: undefined }));
    await this.#change({ kind: "jobs", run, done: jobs, failed, codes, at: Date.now() });
    for (const { code } of codes) this.#codes.add(code);
  }

  /** Lets inputs of jobs lead to other jobs that left the same content. */
  async moveInputs(moved: MovedInput[]): Promise<void> {
    if (moved.length) await this.#change({ kind: "inputs", moved });
  }

  /** Removes jobs that nothing needs any more. */
  async forget(keys: string[]): Promise<void> {
    if (keys.length) await this.#change({ kind: "forget", keys });
  }

  /** Marks jobs whose objects were found damaged; they count as not done until they ran again. */
  async markDamaged(keys: string[]): Promise<void> {
    if (keys.length) await this.#change({ kind: "damaged", keys });
  }

  /** Records where labels of a profile lead now. */
  async setNodes(profile: string, nodes: NodeRow[]): Promise<void> {
    if (nodes.length) await this.#change({ kind: "nodes", profile, nodes });
  }

  /** In the database and in the journal, or in neither. */
  async #change(change: Change): Promise<void> {
    if (!this.writing) throw new Error(`The catalogue of ${this.dir} was opened to be read only.`);
    const { journal } = this.writing;
    let recorded = false;
    await this.database.transaction(async () => {
      await this.changes.apply(change);
      // Last: a change that the database refuses must not come back from the journal.
      journal.append(change);
      recorded = true;
    }).catch((cause) => {
      this.#behind ||= recorded;
      throw cause;
    });
  }

  /** Files and scalars of a job. */
  async artifact(key: string): Promise<ArtifactSource> {
    const files = await this.query(
      "SELECT name, sha256, bytes FROM file WHERE job_key = $key ORDER BY name",
      { key },
    );
    const scalars = await this.query("SELECT name, value FROM scalar WHERE job_key = $key", {
      key,
    });
    return {
      files: files as unknown as StoredFile[],
      scalars: Object.fromEntries(scalars.map((s) => [s.name, s.value as number])),
    };
  }

  /** What a job that is done left, how long that took, and where. */
  async outcome(
    key: string,
  ): Promise<Pick<DoneJob, "artifact" | "seconds" | "observations" | "metrics" | "machine">> {
    const rows = (table: string, columns: string) =>
      this.query(`SELECT ${columns} FROM ${table} WHERE job_key = $key`, { key });
    const [job] = await this.query("SELECT seconds, machine FROM job WHERE key = $key", { key });
    if (!job) throw new Error(`The catalogue has no job ${key}.`);
    const observations = await rows("observation", "name, value");
    const metrics = await rows("metric", "name, step, value");
    return {
      artifact: await this.artifact(key),
      seconds: job.seconds as number,
      machine: job.machine as string,
      observations: Object.fromEntries(observations.map((o) => [o.name, o.value as number])),
      metrics: metrics.map((m) => [m.name as string, m.step as number, m.value as number]),
    };
  }

  /** Jobs that differ in their programs at most, those that ran last. */
  async programs(base: string): Promise<{ key: string; digests: string }[]> {
    const rows = await this.query(
      "SELECT job_key, digests FROM program WHERE base = $base ORDER BY same_as IS NULL",
      { base },
    );
    return rows.map((row) => ({ key: row.job_key as string, digests: row.digests as string }));
  }

  /** The job that made what this one left, where it ended because its programs were that one's. */
  async sameAs(key: string): Promise<string | undefined> {
    const [row] = await this.query("SELECT same_as FROM program WHERE job_key = $key", { key });
    return row?.same_as as string | null ?? undefined;
  }

  /** What a job's key was made of; undefined when the job is not in the catalogue. */
  async ingredients(key: string): Promise<Ingredients | undefined> {
    const [job] = await this.query("SELECT * FROM job WHERE key = $key", { key });
    if (!job) return undefined;
    const inputs = await this.query("SELECT name, content FROM input WHERE job_key = $key", {
      key,
    });
    return {
      stage: job.stage as string,
      code: job.code as string,
      packages: JSON.parse(job.packages as string),
      params: JSON.parse(job.params as string),
      inputs: Object.fromEntries(inputs.map((i) => [i.name, i.content as string])),
      ...(job.rules === null ? {} : { rules: JSON.parse(job.rules as string) }),
      ...(job.engine === null
        ? {}
        : { engine: { name: job.engine as string, version: job.engine_version as string } }),
    };
  }

  async codeDetail(code: string): Promise<CodeDetail | undefined> {
    const [row] = await this.query("SELECT detail FROM code WHERE code = $code", { code });
    return row ? JSON.parse(row.detail as string) : undefined;
  }

  async nodes(profile: string): Promise<Map<string, NodeRow>> {
    const rows = await this.query(
      "SELECT label, key, done_key FROM node WHERE profile = $profile",
      { profile },
    );
    return new Map(rows.map((row) => [row.label as string, {
      label: row.label as string,
      key: row.key as string,
      doneKey: row.done_key as string | null,
    }]));
  }
}

/** Sources that can be read: where no sums say so, the catalogue is looked at, row by row. */
async function trusted(dir: string, sources: Sources): Promise<Sources> {
  if (!sources.unchecked) return sources;
  try {
    const database = await Database.read(sources.base, false);
    await database.readAll().finally(() => database.close());
    return sources;
  } catch (cause) {
    const { original, earlier, earlierJournal, journal } = catalogFiles(dir);
    if (!existsSync(earlier)) throw catalogDamaged(dir, cause as Error);
    return { base: earlier, journals: [earlierJournal, journal], damaged: original };
  }
}
