/**
 * @file The DuckDB file behind the catalogue: its tables, and how statements reach it.
 *
 * A connection does one thing at a time, so questions and transactions each have one and queue up.
 */
import type {
  DuckDBAppender,
  DuckDBConnection,
  DuckDBInstance,
  DuckDBValue,
} from "@duckdb/node-api";
import { dirname } from "node:path";
import { duckdbPath } from "./duckdb_path.ts";
import { makeFolder } from "./files.ts";

/**
 * Column types; `node` says which key a label led to, `code` what a fingerprint is made of, `base` a key without its rules, and in
 * `program` one without its programs (pipeline/keys/programs.ts); `same_as` is the job that made what this one left.
 */
const TABLES = {
  run: {
    id: "VARCHAR",
    profile: "VARCHAR",
    command: "VARCHAR",
    machine: "VARCHAR",
    started: "TIMESTAMPTZ",
    commit: "VARCHAR",
  },
  machine: { id: "VARCHAR", description: "VARCHAR" },
  job: {
    key: "VARCHAR",
    stage: "VARCHAR",
    label: "VARCHAR",
    params: "VARCHAR",
    code: "VARCHAR",
    packages: "VARCHAR",
    engine: "VARCHAR",
    engine_version: "VARCHAR",
    content: "VARCHAR",
    status: "VARCHAR",
    seconds: "DOUBLE",
    run: "VARCHAR",
    machine: "VARCHAR",
    finished: "TIMESTAMPTZ",
    base: "VARCHAR",
    rules: "VARCHAR",
    deno: "VARCHAR",
  },
  input: {
    job_key: "VARCHAR",
    name: "VARCHAR",
    job_key_of_input: "VARCHAR",
    content: "VARCHAR",
  },
  file: { job_key: "VARCHAR", name: "VARCHAR", sha256: "VARCHAR", bytes: "BIGINT" },
  scalar: { job_key: "VARCHAR", name: "VARCHAR", value: "DOUBLE" },
  observation: { job_key: "VARCHAR", name: "VARCHAR", value: "DOUBLE" },
  metric: { job_key: "VARCHAR", name: "VARCHAR", step: "DOUBLE", value: "DOUBLE" },
  program: { job_key: "VARCHAR", base: "VARCHAR", digests: "VARCHAR", same_as: "VARCHAR" },
  code: { code: "VARCHAR", detail: "VARCHAR" },
  node: { profile: "VARCHAR", label: "VARCHAR", key: "VARCHAR", done_key: "VARCHAR" },
  failure: {
    key: "VARCHAR",
    label: "VARCHAR",
    profile: "VARCHAR",
    message: "VARCHAR",
    run: "VARCHAR",
    finished: "TIMESTAMPTZ",
  },
} as const;

export type TableName = keyof typeof TABLES;
const NAMES = Object.keys(TABLES) as TableName[];

/** Name and columns of a table, for SQL. */
function definition(name: TableName): string {
  const list = Object.entries(TABLES[name]).map(([column, type]) => `"${column}" ${type}`);
  return `${name} (${list.join(", ")})`;
}

export type Row = Record<string, DuckDBValue>;

export class Database {
  #asking: Promise<unknown> = Promise.resolve();
  #working: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly instance: DuckDBInstance,
    /** For statements; `reader` is for questions, which may come while a transaction is open. */
    private readonly writer: DuckDBConnection,
    private readonly reader: DuckDBConnection,
  ) {}

  /** Opens or creates the file with all tables. @throws {Error} when it is damaged or in use */
  static async open(path: string): Promise<Database> {
    makeFolder(dirname(path));
    return await Database.#connect(duckdbPath(path), async (run) => {
      for (const name of NAMES) await run(`CREATE TABLE IF NOT EXISTS ${definition(name)}`);
      // Of a catalogue that an earlier version made; columns are appended in the order of the tables above.
      await run('ALTER TABLE run ADD COLUMN IF NOT EXISTS "commit" VARCHAR');
      for (const column of ["base", "rules", "deno"]) {
        await run(`ALTER TABLE job ADD COLUMN IF NOT EXISTS ${column} VARCHAR`);
      }
    });
  }

  /**
   * The tables of a file that is only read, which others may replace meanwhile; empty ones without a file.
   *
   * @param changing they can be changed, in memory
   * @throws {Error} when the file is damaged
   */
  static read(path: string | undefined, changing: boolean): Promise<Database> {
    return Database.#connect(":memory:", async (run) => {
      if (path) {
        const quoted = path.replaceAll("'", "''");
        await run(`ATTACH '${quoted}' AS file (READ_ONLY)`);
      }
      for (const name of NAMES) {
        const filled = path && await run(
          `SELECT 1 FROM duckdb_tables() WHERE database_name = 'file' AND table_name = '${name}'`,
        );
        if (changing || !filled) {
          await run(`CREATE TABLE ${definition(name)}`);
          if (filled) await run(`INSERT INTO ${name} BY NAME SELECT * FROM file.${name}`);
          continue;
        }
        // A file of an earlier version lacks columns.
        await run(`CREATE TABLE no_${definition(name)}`);
        const all = `SELECT * FROM no_${name} UNION ALL BY NAME SELECT * FROM file.${name}`;
        await run(`CREATE VIEW ${name} AS ${all}`);
      }
    });
  }

  /** @param prepare is given a way to run statements, which says whether there were rows */
  static async #connect(
    path: string,
    prepare: (run: (sql: string) => Promise<boolean>) => Promise<void>,
  ): Promise<Database> {
    // Loaded here and not above: it takes longer than most commands that do without.
    const { DuckDBInstance } = await import("@duckdb/node-api");
    const instance = await DuckDBInstance.create(path, { threads: "2" });
    try {
      const writer = await instance.connect();
      await prepare(async (sql) => (await writer.runAndReadAll(sql)).currentRowCount > 0);
      return new Database(instance, writer, await instance.connect());
    } catch (cause) {
      instance.closeSync();
      throw cause;
    }
  }

  /** Reads every row of every table. @throws {Error} when one cannot be read */
  async readAll(): Promise<void> {
    for (const name of NAMES) await this.query(`SELECT bit_xor(hash(${name})) FROM ${name}`);
  }

  close(): void {
    this.reader.closeSync();
    this.writer.closeSync();
    this.instance.closeSync();
  }

  /** Rows as objects; numbers of BIGINT columns come as numbers. */
  async query(sql: string, values?: Record<string, DuckDBValue>): Promise<Row[]> {
    const asked = this.#asking.then(() => this.reader.runAndReadAll(sql, values));
    this.#asking = asked.catch(() => {});
    const rows = (await asked).getRowObjects();
    for (const row of rows) {
      for (const [name, value] of Object.entries(row)) {
        if (typeof value === "bigint") row[name] = Number(value);
      }
    }
    return rows;
  }

  /** Runs the statements of `work` as one transaction. */
  transaction(work: () => Promise<void>): Promise<void> {
    const worked = this.#working.then(() => this.#transact(work));
    this.#working = worked.catch(() => {});
    return worked;
  }

  async #transact(work: () => Promise<void>): Promise<void> {
    await this.writer.run("BEGIN");
    try {
      await work();
      await this.writer.run("COMMIT");
    } catch (cause) {
      await this.writer.run("ROLLBACK").catch(() => {});
      throw cause;
    }
  }

  async execute(sql: string, values?: Record<string, DuckDBValue>): Promise<void> {
    await this.writer.run(sql, values);
  }

  /**
   * Runs a statement that reads the table `given`.
   *
   * @param columns of that table, with their types
   */
  async executeFor(sql: string, columns: Record<string, string>, rows: Row[]): Promise<void> {
    if (!rows.length) return;
    const given =
      `WITH given AS (SELECT unnest(from_json($rows, $type), recursive := true)) ${sql}`;
    await this.execute(given, {
      rows: JSON.stringify(rows, (_name, v) => typeof v === "string" ? v.toWellFormed() : v),
      type: JSON.stringify([columns]),
    });
  }

  /** Removes the rows whose column has one of these values; of `where` those alone that are so. */
  async remove(
    table: TableName,
    column: string,
    values: Iterable<string>,
    where: Record<string, string> = {},
  ): Promise<void> {
    // As it is stored, and as JSON must be.
    const list = Array.from(values, (value) => value.toWellFormed());
    if (!list.length) return;
    const conditions = Object.keys(where).map((name) => ` AND "${name}" = $${name}`).join("");
    // One statement for all of them: there may be thousands.
    await this.execute(
      `DELETE FROM ${table} WHERE "${column}" IN ` +
        `(SELECT unnest(from_json($values, '["VARCHAR"]')))${conditions}`,
      { values: JSON.stringify(list), ...where },
    );
  }

  /** Appends rows; columns that a row lacks are NULL. */
  async append(table: TableName, rows: Iterable<Row>): Promise<void> {
    const { DuckDBTimestampTZValue } = await import("@duckdb/node-api");
    const columns = Object.entries(TABLES[table]);
    let appender: DuckDBAppender | undefined;
    for (const row of rows) {
      appender ??= await this.writer.createAppender(table);
      for (const [column, type] of columns) {
        const value = row[column];
        if (value === undefined || value === null) appender.appendNull();
        else if (type === "VARCHAR") appender.appendVarchar(value as string);
        else if (type === "DOUBLE") appender.appendDouble(numberOf(value));
        else if (type === "BIGINT") appender.appendBigInt(BigInt(value as number));
        else {
          appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(value as number) * 1000n));
        }
      }
      appender.endRow();
    }
    appender?.closeSync();
  }
}

/** What JSON has no number for comes from the journal as text. */
const SPELT: Record<string, number> = { NaN, Infinity, "-Infinity": -Infinity };

function numberOf(value: DuckDBValue): number {
  return typeof value === "string" ? SPELT[value] : value as number;
}

const FITS: Record<string, (value: unknown) => boolean> = {
  VARCHAR: (value) => typeof value === "string",
  DOUBLE: (value) => typeof value === "number" || Object.hasOwn(SPELT, value as string),
  BIGINT: Number.isSafeInteger,
  // In microseconds.
  TIMESTAMPTZ: (value) => Number.isSafeInteger(value) && Math.abs(value as number) < 2 ** 43,
};

/** @throws {TypeError} for a value that its column cannot hold */
export function checkRow(table: TableName, row: Row): void {
  for (const [column, type] of Object.entries(TABLES[table])) {
    const value = row[column];
    if (value === undefined || value === null || FITS[type](value)) continue;
    throw new TypeError(`${column} of the table ${table} is a ${type}, not ${show(value)}.`);
  }
}

const show = (value: unknown) => typeof value === "string" ? JSON.stringify(value) : String(value);
