/**
 * @file The catalogue: what was computed from what, in one DuckDB file with one writer.
 *
 * Any SQL client reads `<store>/catalog.duckdb`; during a run, and after a kill, it holds what was there
 * before. Everything a finished job leaves enters in one change, first the journal and then the
 * working copy, so a kill loses a whole job or nothing.
 */
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

/** What can happen to a catalogue. To make one again changes nothing: a kill may leave some that are in already. */
type Change =
  | { kind: "run"; run: RunInfo; at: number }
  | { kind: "jobs"; run: RunInfo; done: DoneJob[]; failed: FailedJob[]; at: number }
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
  #known = new Set<string>();
  #codes = new Set<string>();
  #changed = false;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly files: WorkingCopy,
    private readonly journal: Journal<Change>,
    private readonly database: Database,
  ) {}

  /** Opens or creates the catalogue; the caller holds the store's lock. */
  static async open(dir: string): Promise<Catalog> {
    const files = new WorkingCopy(dir);
    const journal = new Journal<Change>(files.journal);
    const database = await Database.open(files.path).catch((cause) => {
      throw new Error(
        `The catalogue ${files.original} cannot be opened: ${cause.message}. If it is damaged, move it ` +
          `and ${files.journal} away: results stay in the store, and the pipeline computes what it no longer knows of.`,
      );
    });
    const catalog = new Catalog(files, journal, database);
    try {
      for (const { key } of await catalog.query("SELECT key FROM job")) {
        catalog.#known.add(key as string);
      }
      for (const { code } of await catalog.query("SELECT code FROM code")) {
        catalog.#codes.add(code as string);
      }
      catalog.#changed = files.hasLog || !journal.isEmpty;
      for (const change of journal.changes()) await catalog.#apply(change);
    } catch (cause) {
      database.close();
      files.discard();
      throw cause;
    }
    return catalog;
  }

  close(): void {
    this.database.close();
    this.journal.close();
    if (this.#changed) this.files.replaceOriginal();
    else this.files.discard();
  }

  query(...question: Parameters<Database["query"]>): Promise<Row[]> {
    return this.database.query(...question);
  }

  startRun(run: RunInfo): Promise<void> {
    return this.#change({ kind: "run", run, at: Date.now() });
  }

  /** Records jobs that succeeded and jobs that failed, all or none. */
  commit(run: RunInfo, done: DoneJob[], failed: FailedJob[] = []): Promise<void> {
    return this.#change({ kind: "jobs", run, done, failed, at: Date.now() });
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

  /** First on the disk, then in the database; in neither when the database refuses. One at a time. */
  #change(change: Change): Promise<void> {
    const made = this.#changing.then(() =>
      this.journal.attempt(async () => {
        this.#changed = true;
        this.journal.append(change);
        await this.#apply(change);
      })
    );
    this.#changing = made.catch(() => {});
    return made;
  }

  #apply(change: Change): Promise<void> {
    switch (change.kind) {
      case "run":
        return this.#addRun(change.run, change.at);
      case "jobs":
        return this.#addJobs(change.run, change.done, change.failed, change.at);
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
    const has = async (table: string, id: string) =>
      (await this.query(`SELECT id FROM ${table} WHERE id = $id`, { id })).length > 0;
    const [knownMachine, knownRun] = [await has("machine", machine.id), await has("run", id)];
    await this.database.transaction(async () => {
      if (!knownMachine) await this.database.append("machine", [{ ...machine }]);
      if (knownRun) return;
      await this.database.append("run", [{ id, profile, command, machine: machine.id, started }]);
    });
  }

  async #addJobs(
    run: RunInfo,
    done: DoneJob[],
    failed: FailedJob[],
    finished: number,
  ): Promise<void> {
    // Two labels can lead to one key: their inputs turned out to be the same bytes.
    const jobs = [...new Map(done.map((job) => [job.key, job])).values()];
    const again = [...jobs, ...failed].filter((job) => this.#known.has(job.key));
    const codes = new Map(
      jobs.filter((j) => !this.#codes.has(j.ingredients.code))
        .map((j) => [j.ingredients.code, j.codeDetail]),
    );
    await this.database.transaction(async () => {
      for (const { key } of again) await this.#forget(key);
      for (const { key } of [...jobs, ...failed]) {
        await this.database.execute("DELETE FROM failure WHERE key = $key", { key });
      }
      await this.database.append("job", jobs.map((job) => jobRow(job, run, finished)));
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
      await this.database.append(
        "code",
        [...codes].map(([code, detail]) => ({ code, detail: canonical(detail ?? {}) })),
      );
      await this.database.append(
        "failure",
        failed.map((job) => ({ ...job, profile: run.profile, run: run.id, finished })),
      );
    });
    for (const { key } of done) this.#known.add(key);
    for (const code of codes.keys()) this.#codes.add(code);
  }

  async #moveInputs(moved: MovedInput[]): Promise<void> {
    await this.database.transaction(async () => {
      for (const { key, name, input } of moved) {
        await this.database.execute(
          "UPDATE input SET job_key_of_input = $input WHERE job_key = $key AND name = $name",
          { key, name, input },
        );
      }
    });
  }

  /** Removes every row of a job; part of a transaction. */
  async #forget(key: string): Promise<void> {
    for (const table of ["input", "file", "scalar", "observation", "metric"]) {
      await this.database.execute(`DELETE FROM ${table} WHERE job_key = $key`, { key });
    }
    await this.database.execute("DELETE FROM job WHERE key = $key", { key });
  }

  async #removeJobs(keys: string[]): Promise<void> {
    await this.database.transaction(async () => {
      for (const key of keys) await this.#forget(key);
    });
    for (const key of keys) this.#known.delete(key);
  }

  async #setDamaged(keys: string[]): Promise<void> {
    await this.database.transaction(async () => {
      for (const key of keys) {
        await this.database.execute("UPDATE job SET status = 'damaged' WHERE key = $key", { key });
      }
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
    await this.database.transaction(async () => {
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
    });
  }
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
