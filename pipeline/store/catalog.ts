/**
 * @file The catalogue: what was computed from what, in one DuckDB file with one writer.
 *
 * Any SQL client reads `<store>/catalog.duckdb`; during a run, and after a kill, it holds what was there
 * before. Everything a finished job leaves is one change, in the journal before it counts, so a kill
 * loses a whole job or nothing.
 */
import { copyFileSync } from "node:fs";
import type { ArtifactSource, StoredFile } from "./artifact.ts";
import { canonical } from "../keys/canonical.ts";
import { Database, type Row } from "./database.ts";
import type { CodeDetail } from "../keys/fingerprint.ts";
import type { Ingredients } from "../keys/ingredients.ts";
import { Journal } from "./journal.ts";
import { WorkingCopy } from "./working_copy.ts";

/** A point of a training curve. */
export type MetricPoint = [name: string, step: number, value: number];

/** Everything that enters the catalogue when a job succeeds. */
export interface DoneJob {
  key: string;
  label: string;
  ingredients: Ingredients;
  codeDetail?: CodeDetail;
  content: string;
  artifact: ArtifactSource;
  inputs: { name: string; key: string | null; content: string }[];
  seconds: number;
  observations: Record<string, number>;
  metrics: MetricPoint[];
}

export interface FailedJob {
  key: string;
  label: string;
  message: string;
}

/** Where the label of a job leads; `doneKey` is the last key that succeeded, for `why`. */
export interface NodeRow {
  label: string;
  key: string;
  doneKey: string | null;
}

export interface RunInfo {
  id: string;
  profile: string;
  command: string;
  machine: { id: string; description: string };
}

/**
 * What can happen to a catalogue. Each says all there is to say about what it changes: making it again
 * changes nothing, and neither does making all of a journal again.
 */
type Change =
  | { kind: "run"; run: RunInfo; at: number }
  | {
    kind: "jobs";
    run: RunInfo;
    done: DoneJob[];
    failed: FailedJob[];
    codes: { code: string; detail: string }[];
    at: number;
  }
  | { kind: "inputs"; moved: MovedInput[] }
  | { kind: "forget"; keys: string[] }
  | { kind: "damaged"; keys: string[] }
  | { kind: "nodes"; profile: string; nodes: NodeRow[] };

export interface MovedInput {
  key: string;
  name: string;
  input: string;
}

export class Catalog {
  /** Keys that may have rows. */
  #known = new Set<string>();
  #codes = new Set<string>();
  /** The database lacks a change that the journal has. */
  #behind = false;

  private constructor(
    private readonly files: WorkingCopy,
    private readonly journal: Journal<Change>,
    private readonly database: Database,
  ) {}

  /** Opens or creates the catalogue; the caller holds the store's lock. */
  static async open(dir: string): Promise<Catalog> {
    const files = new WorkingCopy(dir);
    const database = await Database.open(files.path).catch((cause) => {
      throw damaged(files, cause);
    });
    const catalog = new Catalog(files, new Journal(files.journal), database);
    try {
      for (const { key } of await catalog.query("SELECT key FROM job")) {
        catalog.#known.add(key as string);
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
        await this.#apply(change);
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
      await this.#apply(change);
      // Last: a change that the database refuses must not come back from the journal.
      this.journal.append(change);
      recorded = true;
    }).catch((cause) => {
      this.#behind ||= recorded;
      throw cause;
    });
  }

  /** Part of a transaction. */
  #apply(change: Change): Promise<void> {
    switch (change.kind) {
      case "run":
        return this.#addRun(change.run, change.at);
      case "jobs":
        return this.#addJobs(change);
      case "inputs":
        return this.#moveInputs(change.moved);
      case "forget":
        return this.#removeJobs(change.keys);
      case "damaged":
        return this.#setDamaged(change.keys);
      case "nodes":
        return this.#setNodes(change.profile, change.nodes);
    }
  }

  async #addRun(run: RunInfo, started: number): Promise<void> {
    const { id, profile, command, machine } = run;
    await this.database.execute("DELETE FROM machine WHERE id = $id", { id: machine.id });
    await this.database.append("machine", [{ ...machine }]);
    await this.database.execute("DELETE FROM run WHERE id = $id", { id });
    await this.database.append("run", [{ id, profile, command, machine: machine.id, started }]);
  }

  async #addJobs({ run, done, failed, codes, at }: Extract<Change, { kind: "jobs" }>) {
    // Two labels can lead to one key: their inputs turned out to be the same bytes.
    const jobs = [...new Map(done.map((job) => [job.key, job])).values()];
    for (const { key } of [...jobs, ...failed]) {
      if (this.#known.has(key)) await this.#forget(key);
      await this.database.execute("DELETE FROM failure WHERE key = $key", { key });
    }
    await this.database.append("job", jobs.map((job) => jobRow(job, run, at)));
    const rows = <T>(of: (job: DoneJob) => T[], row: (item: T) => Row) =>
      jobs.flatMap((job) => of(job).map((item) => ({ job_key: job.key, ...row(item) })));
    await this.database.append(
      "input",
      rows(
        (j) => j.inputs,
        (i) => ({ name: i.name, job_key_of_input: i.key, content: i.content }),
      ),
    );
    await this.database.append("file", rows((j) => j.artifact.files, (f) => ({ ...f })));
    const pairs = ([name, value]: [string, number]) => ({ name, value });
    await this.database.append("scalar", rows((j) => Object.entries(j.artifact.scalars), pairs));
    await this.database.append("observation", rows((j) => Object.entries(j.observations), pairs));
    await this.database.append(
      "metric",
      rows((j) => j.metrics, ([name, step, value]) => ({ name, step, value })),
    );
    for (const { code } of codes) {
      await this.database.execute("DELETE FROM code WHERE code = $code", { code });
    }
    await this.database.append("code", codes);
    await this.database.append(
      "failure",
      failed.map((job) => ({ ...job, profile: run.profile, run: run.id, finished: at })),
    );
    for (const { key } of jobs) this.#known.add(key);
  }

  async #moveInputs(moved: MovedInput[]): Promise<void> {
    for (const { key, name, input } of moved) {
      await this.database.execute(
        "UPDATE input SET job_key_of_input = $input WHERE job_key = $key AND name = $name",
        { key, name, input },
      );
    }
  }

  /** Removes every row of a job. */
  async #forget(key: string): Promise<void> {
    for (const table of ["input", "file", "scalar", "observation", "metric"]) {
      await this.database.execute(`DELETE FROM ${table} WHERE job_key = $key`, { key });
    }
    await this.database.execute("DELETE FROM job WHERE key = $key", { key });
  }

  async #removeJobs(keys: string[]): Promise<void> {
    for (const key of keys) await this.#forget(key);
  }

  async #setDamaged(keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.database.execute("UPDATE job SET status = 'damaged' WHERE key = $key", { key });
    }
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

  async #setNodes(profile: string, nodes: NodeRow[]): Promise<void> {
    // One statement for all of them: a run may move thousands of labels.
    await this.database.execute(
      "DELETE FROM node WHERE profile = $profile AND " +
        "list_contains(from_json($labels, '[\"VARCHAR\"]'), label)",
      { profile, labels: JSON.stringify(nodes.map((n) => n.label)) },
    );
    await this.database.append(
      "node",
      nodes.map((n) => ({ profile, label: n.label, key: n.key, done_key: n.doneKey })),
    );
  }
}

/** The error for a file that the disk, not a kill, has damaged. */
function damaged({ original }: WorkingCopy, cause: Error): Error {
  return new Error(
    `The catalogue ${original} cannot be read: ${cause.message}\n  If it is damaged, put a copy that ` +
      `you have in its place, or move it away: the pipeline then runs all jobs again.`,
  );
}

function jobRow({ key, label, ingredients, content, seconds }: DoneJob, run: RunInfo, at: number) {
  const { stage, params, code, packages, engine } = ingredients;
  return {
    key,
    stage,
    label,
    params: canonical(params),
    code,
    packages: canonical(packages),
    engine: engine?.name ?? null,
    engine_version: engine?.version ?? null,
    content,
    status: "done",
    seconds,
    run: run.id,
    machine: run.machine.id,
    finished: at,
  };
}
