/**
 * @file The catalogue: what was computed from what, in one DuckDB file with one writer.
 *
 * Any SQL client reads `<store>/catalog.duckdb`; during a run, and after a kill, it holds what was there
 * before. Everything a finished job leaves is one change, in the journal before it counts, so a kill
 * loses a whole job or nothing. The database follows when it is asked, or closed: a change in the journal costs
 * a fraction of a millisecond, and in the database twenty.
 */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { Batch, checkChange } from "./batch.ts";
import { canonical } from "../content/canonical.ts";
import {
  adopt,
  catalogDamaged,
  catalogFiles,
  clearPlaces,
  restore,
  type Sources,
  sourcesOf,
  stampOf,
} from "./catalog_files.ts";
import { CatalogQuestions, REPLACED } from "./catalog_questions.ts";
import { aboutOf, type Change, rowsOf } from "./changes.ts";
import type {
  DoneJob,
  FailedJob,
  Machine,
  MovedInput,
  NodeRow,
  Observed,
  RunInfo,
} from "./changes.ts";
import { Database, type Row } from "./database.ts";
import { Journal } from "./journal.ts";
import { hashFile } from "./objects.ts";
import { WorkingCopy } from "./working_copy.ts";

/** So many rows wait for the database at most; those of curves are short. */
const WAITING = 200_000;

/** The tables, and what has happened to them since they were written. */
export class Catalog extends CatalogQuestions {
  #codes = new Set<string>();
  /** Changes that the journal has and the database lacks. */
  #waiting: Change[] = [];
  #rows = 0;
  /** What these changes say something about; undefined when it is too much to tell. */
  #about: Set<string> | undefined = new Set();
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly dir: string,
    private readonly database: Database,
    /** Keys that may have rows. */
    private readonly stored: Set<string>,
    /** Absent in one that is only read. */
    private readonly writing?: { files: WorkingCopy; journal: Journal<Change> },
  ) {
    super();
  }

  /**
   * Opens or creates the catalogue; the caller holds the store's lock. One that is damaged is made again first, from the copy
   * before it and what was recorded since.
   *
   * @param sum the sha256 of the catalogue, for who has just looked
   * @throws {Error} when that is damaged too
   */
  static async open(dir: string, sum?: string): Promise<Catalog> {
    clearPlaces(dir);
    const files = new WorkingCopy(dir);
    const sources = await trusted(dir, sourcesOf(dir, sum));
    if (sources.damaged) {
      restore(dir, sources);
      const { original, damaged } = catalogFiles(dir);
      const kept = existsSync(damaged) ? ` The damaged file is kept as ${damaged}.` : "";
      console.error(
        `${original} was damaged or missing; it was made again from the copy before it and the ` +
          `journal${
            sources.lossy
              ? ", which is damaged too: what is lost runs again"
              : ", and nothing is lost"
          }.${kept}`,
      );
    } else if (sources.unchecked) sources.sum = adopt(dir);
    files.copy(sources.sum!);
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
    const stored = new Set<string>();
    const catalog = new Catalog(dir, database, stored, writing);
    for (
      const { key } of await catalog.query("SELECT key FROM job UNION SELECT key FROM failure")
    ) stored.add(key as string);
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
      let batch = new Batch(this.stored);
      let rows = 0;
      const write = async () => {
        await batch.write(this.database);
        batch.written();
        batch = new Batch(this.stored);
        rows = 0;
      };
      for (const change of journal.changes((line) => lost.push(line))) {
        batch.add(change);
        if ((rows += rowsOf(change)) > WAITING) await write();
      }
      await write();
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

  /** Never rejects: what could not become the catalogue now stays in the journal, for the next command. */
  async close(): Promise<void> {
    if (!this.writing) return this.database.close();
    const { files, journal } = this.writing;
    const { original } = catalogFiles(this.dir);
    try {
      await this.#write().finally(() => {
        this.database.close();
        journal.close();
      });
      if (journal.isEmpty) rmSync(journal.path, { force: true });
      else files.replaceOriginal();
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
    await this.#write();
    await this.database.readAll().catch((cause) => {
      throw catalogDamaged(this.dir, cause);
    });
  }

  async query(...question: Parameters<Database["query"]>): Promise<Row[]> {
    await this.#write();
    return await this.#ask(...question);
  }

  protected async queryAbout(
    about: string[],
    ...question: Parameters<Database["query"]>
  ): Promise<Row[]> {
    const recent = this.#about;
    if (!recent || about.some((key) => recent.has(key))) await this.#write();
    return await this.#ask(...question);
  }

  protected isNew(key: string): boolean {
    return !this.stored.has(key) && this.#about?.has(key) === false;
  }

  #ask(...question: Parameters<Database["query"]>): Promise<Row[]> {
    return this.database.query(...question).catch((cause) => {
      throw /corrupt|checksum/i.test(cause.message) ? catalogDamaged(this.dir, cause) : cause;
    });
  }

  async startRun(run: RunInfo): Promise<void> {
    await this.#change({ kind: "run", run, at: Date.now() });
  }

  /**
   * Records jobs that succeeded and jobs that failed, and where labels lead now: all or nothing.
   *
   * @param machines that jobs ran on, besides the run's
   */
  async commit(
    run: RunInfo,
    done: DoneJob[],
    failed: FailedJob[] = [],
    nodes: NodeRow[] = [],
    machines: Machine[] = [],
  ): Promise<void> {
    if (!done.length && !failed.length) return;
    // Hundreds of jobs have the same code; its detail is told once.
    const details = new Map(done.map((job) => [job.ingredients.code, job.codeDetail ?? {}]));
    const codes = [...details].filter(([code]) => !this.#codes.has(code))
      .map(([code, detail]) => ({ code, detail: canonical(detail) }));
    const jobs = done.map((job) => ({ ...job, codeDetail: undefined }));
    const at = Date.now();
    await this.#change({
      ...{ kind: "jobs", run, done: jobs, failed, codes, at },
      ...(nodes.length && { nodes }),
      ...(machines.length && { machines }),
    });
    for (const { code } of codes) this.#codes.add(code);
  }

  /** Lets inputs of jobs lead to other jobs that left the same content. */
  async moveInputs(moved: MovedInput[]): Promise<void> {
    if (moved.length) await this.#change({ kind: "inputs", moved });
  }

  /** Records what became known of jobs when they were recorded already; of others nothing. */
  async observe(of: Observed[]): Promise<void> {
    if (of.length) await this.#change({ kind: "observed", of });
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

  /** On the disk when it resolves. @throws {Error} for a change that nobody could read again, or that the disk refuses */
  async #change(change: Change): Promise<void> {
    if (!this.writing) throw new Error(`The catalogue of ${this.dir} was opened to be read only.`);
    checkChange(change);
    this.writing.journal.append(change);
    this.#wait(change);
    if (this.#rows <= WAITING) return;
    // It counts all the same where the database cannot take it: who asks or closes is told. Until then as many more may wait.
    await this.#write().catch(() => void (this.#rows = 0));
  }

  #wait(change: Change): void {
    this.#waiting.push(change);
    const about = aboutOf(change);
    if (!about) this.#about = undefined;
    about?.forEach((key) => this.#about?.add(key));
    if (about?.some((key) => this.stored.has(key))) this.#about?.add(REPLACED);
    this.#rows += rowsOf(change);
  }

  /** Makes in the database what waits. */
  #write(): Promise<void> {
    const written = this.#writing.then(async () => {
      const changes = [...this.#waiting];
      if (!changes.length) return;
      const batch = new Batch(this.stored);
      for (const change of changes) batch.add(change);
      await this.database.transaction(() => batch.write(this.database));
      batch.written();
      const later = this.#waiting.splice(0, this.#waiting.length).slice(changes.length);
      this.#about = new Set();
      this.#rows = 0;
      for (const change of later) this.#wait(change);
    });
    this.#writing = written.catch(() => {});
    return written;
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
    const sum = hashFile(earlier);
    return { base: earlier, sum, journals: [earlierJournal, journal], damaged: original };
  }
}
