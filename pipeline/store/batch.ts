/**
 * @file What several changes come to, made in the database at once: a statement and an appender cost the same for one row and for
 * thousands, and most of what thousands of single ones would cost is waiting for DuckDB's threads.
 */
import { canonical } from "../content/canonical.ts";
import type {
  Change,
  DoneJob,
  FailedJob,
  MetricPoint,
  MovedInput,
  NodeRow,
  Observed,
  RunInfo,
} from "./changes.ts";
import { checkRow, type Database, type Row, type TableName } from "./database.ts";

/** Tables of what jobs left, by the column `job_key`. */
const OF_JOBS = ["input", "file", "scalar", "observation", "metric", "program"] as const;

/** What the changes so far say about a key. */
interface Told {
  done?: { row: Row; job: DoneJob };
  failed?: { row: Row; curve: readonly MetricPoint[] };
}

/** @throws {TypeError} for a change with a value that its column cannot hold; it would make no sense of the journal either */
export function checkChange(change: Change): void {
  const batch = new Batch(new Set());
  batch.add(change);
  for (const [table, rows] of batch.rows()) for (const row of rows) checkRow(table, row);
}

/** Changes on their way to the database. */
export class Batch {
  /** Keys that lose all their rows. */
  #gone = new Set<string>();
  #told = new Map<string, Told>();
  /** Of these and the next, rows that are gone by then are none. */
  #damaged = new Set<string>();
  /** By job and name. */
  #moved = new Map<string, Map<string, MovedInput>>();
  /** By job; of those that are in the database. */
  #observed = new Map<string, Record<string, number>>();
  #machines = new Map<string, Row>();
  #runs = new Map<string, Row>();
  #codes = new Map<string, Row>();
  /** By profile and label. */
  #nodes = new Map<string, Map<string, Row>>();

  /** @param stored keys that may have rows in the database */
  constructor(private readonly stored: Set<string>) {}

  /** Each after those that it came after. */
  add(change: Change): void {
    switch (change.kind) {
      case "run":
        return this.#addRun(change.run, change.at);
      case "jobs":
        return this.#addJobs(change);
      case "inputs":
        return change.moved.forEach((moved) => this.#moveInput(moved));
      case "observed":
        return change.of.forEach((observed) => this.#observe(observed));
      case "forget":
        return change.keys.forEach((key) => this.#remove(key));
      case "damaged":
        return change.keys.forEach((key) => this.#setDamaged(key));
      case "nodes":
        return this.#addNodes(change.profile, change.nodes);
    }
  }

  #addRun({ id, profile, command, machine, commit }: RunInfo, started: number): void {
    this.#machines.set(machine.id, { ...machine });
    this.#runs.set(id, {
      id,
      profile,
      command,
      machine: machine.id,
      started,
      commit: commit ?? null,
    });
  }

  #addJobs(change: Extract<Change, { kind: "jobs" }>): void {
    const { run, done, failed, codes, nodes = [], machines = [], at } = change;
    // Two labels can lead to one key: their inputs turned out to be the same bytes.
    const jobs = new Map(done.map((job) => [job.key, job]));
    for (const key of new Set([...jobs.keys(), ...failed.map((f) => f.key)])) {
      // Also of a job that failed before, which has left its curve.
      this.#remove(key);
      this.#told.set(key, {});
    }
    for (const [key, job] of jobs) this.#told.get(key)!.done = { row: jobRow(run, job, at), job };
    for (const failure of failed) {
      const row = failureRow(run, failure, at);
      this.#told.get(failure.key)!.failed = { row, curve: failure.metrics ?? [] };
    }
    for (const { code, detail } of codes) this.#codes.set(code, { code, detail });
    for (const machine of machines) this.#machines.set(machine.id, { ...machine });
    this.#addNodes(run.profile, nodes);
  }

  #addNodes(profile: string, nodes: NodeRow[]): void {
    if (!nodes.length) return;
    let labels = this.#nodes.get(profile);
    if (!labels) this.#nodes.set(profile, labels = new Map());
    for (const { label, key, doneKey } of nodes) {
      labels.set(label, { profile, label, key, done_key: doneKey });
    }
  }

  #remove(key: string): void {
    this.#told.delete(key);
    this.#observed.delete(key);
    if (this.stored.has(key)) this.#gone.add(key);
  }

  #setDamaged(key: string): void {
    const told = this.#told.get(key);
    if (told?.done) told.done.row.status = "damaged";
    else this.#damaged.add(key);
  }

  #observe({ key, observations }: Observed): void {
    const told = this.#told.get(key);
    if (told?.done) {
      const { job } = told.done;
      told.done.job = { ...job, observations: { ...job.observations, ...observations } };
    } else if (this.stored.has(key) && !this.#gone.has(key)) {
      this.#observed.set(key, { ...this.#observed.get(key), ...observations });
    }
  }

  #moveInput(moved: MovedInput): void {
    const { key, name, input } = moved;
    const told = this.#told.get(key);
    if (told?.done) {
      const { job } = told.done;
      const inputs = job.inputs.map((own) => own.name === name ? { ...own, key: input } : own);
      told.done.job = { ...job, inputs };
    } else {
      const names = this.#moved.get(key);
      if (names) names.set(name, moved);
      else this.#moved.set(key, new Map([[name, moved]]));
    }
  }

  /** Makes all of it, what goes first and what is new last; part of a transaction. */
  async write(database: Database): Promise<void> {
    for (const table of OF_JOBS) await database.remove(table, "job_key", this.#gone);
    for (const table of ["job", "failure"] as const) {
      await database.remove(table, "key", this.#gone);
    }
    await database.remove("machine", "id", this.#machines.keys());
    await database.remove("run", "id", this.#runs.keys());
    await database.remove("code", "code", this.#codes.keys());
    for (const [profile, labels] of this.#nodes) {
      await database.remove("node", "label", labels.keys(), { profile });
    }
    await database.executeFor(
      "UPDATE job SET status = 'damaged' FROM given WHERE job.key = given.key",
      { key: "VARCHAR" },
      [...this.#damaged].map((key) => ({ key })),
    );
    await database.executeFor(
      "UPDATE input SET job_key_of_input = given.input FROM given " +
        "WHERE input.job_key = given.key AND input.name = given.name",
      { key: "VARCHAR", name: "VARCHAR", input: "VARCHAR" },
      [...this.#moved.values()].flatMap((names) => [...names.values()].map((m) => ({ ...m }))),
    );
    await this.#writeObserved(database);
    for (const [table, rows] of this.rows()) await database.append(table, rows);
  }

  /** In place of what was observed under the same names. */
  async #writeObserved(database: Database): Promise<void> {
    const rows = [...this.#observed].flatMap(([job_key, observations]) =>
      Array.from(pairs(observations), (row) => ({ job_key, ...row }))
    );
    const columns = { job_key: "VARCHAR", name: "VARCHAR", value: "DOUBLE" };
    await database.executeFor(
      "DELETE FROM observation USING given " +
        "WHERE observation.job_key = given.job_key AND observation.name = given.name",
      columns,
      rows,
    );
    // Not of a job that was forgotten.
    await database.executeFor(
      "INSERT INTO observation SELECT job_key, name, value FROM given " +
        "WHERE job_key IN (SELECT key FROM job)",
      columns,
      rows,
    );
  }

  /** Call when the transaction has ended. */
  written(): void {
    for (const key of this.#told.keys()) this.stored.add(key);
  }

  /** Rows that are new. */
  *rows(): Generator<[TableName, Iterable<Row>]> {
    yield ["machine", this.#machines.values()];
    yield ["run", this.#runs.values()];
    yield ["code", this.#codes.values()];
    for (const labels of this.#nodes.values()) yield ["node", labels.values()];
    const told = [...this.#told];
    yield ["job", told.flatMap(([, { done }]) => done ? [done.row] : [])];
    yield ["failure", told.flatMap(([, { failed }]) => failed ? [failed.row] : [])];
    for (const table of OF_JOBS) yield [table, rowsOfJobs(table, told)];
  }
}

/** One after the other: all points of all curves are too many to be rows at the same time. */
function* rowsOfJobs(table: (typeof OF_JOBS)[number], told: [string, Told][]): Generator<Row> {
  for (const [job_key, { done, failed }] of told) {
    for (const row of done ? ROWS[table](done.job) : []) yield { job_key, ...row };
    if (table !== "metric" || !failed) continue;
    for (const point of failed.curve) yield { job_key, ...metricRow(point) };
  }
}

const metricRow = ([name, step, value]: MetricPoint): Row => ({ name, step, value });

function* pairs(record: Record<string, number>): Generator<Row> {
  for (const [name, value] of Object.entries(record)) yield { name, value };
}

function* metricRows(points: readonly MetricPoint[]): Generator<Row> {
  for (const point of points) yield metricRow(point);
}

const ROWS: Record<(typeof OF_JOBS)[number], (job: DoneJob) => Iterable<Row>> = {
  input: ({ inputs }) =>
    inputs.map(({ name, key, content }) => ({ name, job_key_of_input: key, content })),
  file: ({ artifact }) => artifact.files.map((file) => ({ ...file })),
  scalar: ({ artifact }) => pairs(artifact.scalars),
  observation: ({ observations }) => pairs(observations),
  metric: ({ metrics }) => metricRows(metrics),
  program: ({ program }) =>
    program
      ? [{ base: program.base, digests: program.digests, same_as: program.sameAs ?? null }]
      : [],
};

function failureRow(run: RunInfo, { key, label, message }: FailedJob, finished: number): Row {
  return { key, label, profile: run.profile, message, run: run.id, finished };
}

function jobRow(
  run: RunInfo,
  { key, label, base, ingredients, content, seconds, machine = run.machine.id }: DoneJob,
  at: number,
): Row {
  const { stage, params, code, packages, deno, engine, rules } = ingredients;
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
    machine,
    finished: at,
    base: rules ? base ?? null : null,
    rules: rules ? canonical(rules) : null,
    deno: deno ?? null,
  };
}
