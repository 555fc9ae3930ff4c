/**
 * @file The catalogue: what was computed from what, in one DuckDB file with one writer.
 *
 * Any SQL client reads `<store>/catalog.duckdb`; during a run, and after a kill, it holds what was there
 * before. Everything a finished job leaves is one change, in the journal before it counts, so a kill
 * loses a whole job or nothing.
 */
import { copyFileSync } from "node:fs";
import type { ArtifactSource, StoredFile } from "./artifact.ts";
import { canonical } from "../content/canonical.ts";
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
    private readonly files: WorkingCopy,
    private readonly journal: Journal<Change>,
    private readonly database: Database,
    private readonly changes: Changes,
  ) {}

  /** Opens or creates the catalogue; the caller holds the store's lock. */
  static async open(dir: string): Promise<Catalog> {
    const files = new WorkingCopy(dir);
    const database = await Database.open(files.path).catch((cause) => {
      throw damaged(files, cause);
    });
    const known = new Set<string>();
    const changes = new Changes(database, known);
    const catalog = new Catalog(files, new Journal(files.journal), database, changes);
    try {
      for (
        const { key } of await catalog.query("SELECT key FROM job UNION SELECT key FROM failure")
      ) {
        known.add(key as string);
      }
      await catalog.#replay();
      for (const { code } of await catalog.query("SELECT code FROM code")) {
        catalog.#codes.add(code as string);
      }
    } catch (cause) {
      database.close();
      files.discard();
      throw cause;
    }
    return catalog;
  }

  /** Takes in what a killed process left in the journal. */
  async #replay(): Promise<void> {
    const lost: number[] = [];
    // One transaction for all: each would wait for the disk, and a kill starts over anyhow.
    await this.database.transaction(async () => {
      for (const change of this.journal.changes((line) => lost.push(line))) {
        await this.changes.apply(change);
      }
    });
    if (!lost.length) return;
    const { journal } = this.files;
    const kept = `${journal}.damaged`;
    copyFileSync(journal, kept);
    console.error(
      `${journal} is damaged in line ${lost.join(", ")}; a copy is ${kept}. ` +
        `Everything else that it recorded is there; what is lost runs again.`,
    );
  }

  /** Never throws: what could not become the catalogue now stays in the journal, for the next command. */
  close(): void {
    const { database, journal, files } = this;
    database.close();
    journal.close();
    try {
      if (journal.isEmpty) files.forgetJournal();
      if (this.#behind) return;
      if (!journal.isEmpty || files.hasLog) files.replaceOriginal();
    } catch (cause) {
      const { message } = cause as Error;
      console.error(
        `${files.original} could not be written anew: ${message}\n  Nothing is lost: ` +
          `what is new is in ${files.journal}, and the next command tries again.`,
      );
    } finally {
      files.discard();
    }
  }

  query(...question: Parameters<Database["query"]>): Promise<Row[]> {
    return this.database.query(...question).catch((cause) => {
      throw /corrupt|checksum/i.test(cause.message) ? damaged(this.files, cause) : cause;
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
    let recorded = false;
    await this.database.transaction(async () => {
      await this.changes.apply(change);
      // Last: a change that the database refuses must not come back from the journal.
      this.journal.append(change);
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

/** The error for a file that the disk, not a kill, has damaged. */
function damaged({ original }: WorkingCopy, cause: Error): Error {
  return new Error(
    `The catalogue ${original} cannot be read: ${cause.message}\n  If it is damaged, put a copy that ` +
      `you have in its place, or move it away: the pipeline then runs all jobs again.`,
  );
}
