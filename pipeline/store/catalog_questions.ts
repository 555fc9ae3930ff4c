/** @file Questions about single jobs that the catalogue answers. */
import type { ArtifactSource, StoredFile } from "./artifact.ts";
import type { DoneJob, NodeRow } from "./changes.ts";
import type { Row } from "./database.ts";
import type { CodeDetail, Ingredients } from "../content/ingredients.ts";

type Values = Record<string, string>;

/** Stands for what a job left that was done before, which may have had any programs. */
export const REPLACED = "replaced";

/** What the catalogue says of single jobs, however it comes to its rows. */
export abstract class CatalogQuestions {
  /** Any question, of all that was recorded. */
  abstract query(sql: string, values?: Values): Promise<Row[]>;

  /** A question about some keys, or bases of programs, alone: what was recorded of others need not be in the database for it. */
  protected abstract queryAbout(about: string[], sql: string, values?: Values): Promise<Row[]>;

  /** True for a key of which nothing was ever recorded. */
  protected abstract isNew(key: string): boolean;

  /** Files and scalars of a job. */
  async artifact(key: string): Promise<ArtifactSource> {
    return (await this.artifacts([key])).get(key)!;
  }

  /** Files and scalars of jobs, by key: asked once for all of them. */
  async artifacts(keys: string[]): Promise<Map<string, ArtifactSource>> {
    const rows = (table: string, columns: string) =>
      this.queryAbout(
        keys,
        `SELECT job_key, ${columns} FROM ${table} WHERE job_key IN ` +
          `(SELECT unnest(from_json($keys, '["VARCHAR"]'))) ORDER BY name`,
        { keys: JSON.stringify(keys) },
      );
    const found = new Map<string, ArtifactSource>(
      keys.map((key) => [key, { files: [], scalars: {} }]),
    );
    for (const { job_key, ...file } of await rows("file", "name, sha256, bytes")) {
      found.get(job_key as string)!.files.push(file as unknown as StoredFile);
    }
    for (const { job_key, name, value } of await rows("scalar", "name, value")) {
      found.get(job_key as string)!.scalars[name as string] = value as number;
    }
    return found;
  }

  /** What a job that is done left, how long that took, and where. */
  async outcome(
    key: string,
  ): Promise<Pick<DoneJob, "artifact" | "seconds" | "observations" | "metrics" | "machine">> {
    const rows = (table: string, columns: string) =>
      this.queryAbout([key], `SELECT ${columns} FROM ${table} WHERE job_key = $key`, { key });
    const [job] = await this.queryAbout(
      [key],
      "SELECT seconds, machine FROM job WHERE key = $key",
      {
        key,
      },
    );
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
    const rows = await this.queryAbout(
      [base, REPLACED],
      "SELECT job_key, digests FROM program WHERE base = $base ORDER BY same_as IS NULL",
      { base },
    );
    return rows.map((row) => ({ key: row.job_key as string, digests: row.digests as string }));
  }

  /** The job that made what this one left, where it ended because its programs were that one's. */
  async sameAs(key: string): Promise<string | undefined> {
    const [row] = await this.queryAbout([key], "SELECT same_as FROM program WHERE job_key = $key", {
      key,
    });
    return row?.same_as as string | null ?? undefined;
  }

  /** Why a job failed; undefined for one that did not. */
  async failure(key: string): Promise<string | undefined> {
    if (this.isNew(key)) return undefined;
    const [row] = await this.queryAbout([key], "SELECT message FROM failure WHERE key = $key", {
      key,
    });
    return row?.message as string | undefined;
  }

  /** True for a job whose objects were found damaged, and that did not run since. */
  async isDamaged(key: string): Promise<boolean> {
    if (this.isNew(key)) return false;
    const [row] = await this.queryAbout([key], "SELECT status FROM job WHERE key = $key", { key });
    return row?.status === "damaged";
  }

  /** What a job's key was made of; undefined when the job is not in the catalogue. */
  async ingredients(key: string): Promise<Ingredients | undefined> {
    if (this.isNew(key)) return undefined;
    const [job] = await this.queryAbout([key], "SELECT * FROM job WHERE key = $key", { key });
    if (!job) return undefined;
    const inputs = await this.queryAbout(
      [key],
      "SELECT name, content FROM input WHERE job_key = $key",
      { key },
    );
    return {
      stage: job.stage as string,
      code: job.code as string,
      packages: JSON.parse(job.packages as string),
      params: JSON.parse(job.params as string),
      inputs: Object.fromEntries(inputs.map((i) => [i.name, i.content as string])),
      ...(job.deno === null ? {} : { deno: job.deno as string }),
      ...(job.rules === null ? {} : { rules: JSON.parse(job.rules as string) }),
      ...(job.engine === null
        ? {}
        : { engine: { name: job.engine as string, version: job.engine_version as string } }),
    };
  }

  /** Of what a code fingerprint was made; undefined for one that no job had. */
  async codeDetail(code: string): Promise<CodeDetail | undefined> {
    const [row] = await this.query("SELECT detail FROM code WHERE code = $code", { code });
    return row ? JSON.parse(row.detail as string) : undefined;
  }

  /** Where labels of a profile led last, by label. */
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
