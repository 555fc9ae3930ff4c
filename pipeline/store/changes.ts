/**
 * @file What can happen to a catalogue, and what each change does to its tables.
 *
 * Each change says all there is to say about what it changes: making it again changes nothing, and
 * neither does making all of a journal again.
 */
import { canonical } from "../content/canonical.ts";
import type { CodeDetail } from "../content/ingredients.ts";
import type { Ingredients } from "../content/ingredients.ts";
import type { ArtifactSource } from "./artifact.ts";
import type { Database, Row } from "./database.ts";

/** A point of a training curve. */
export type MetricPoint = [name: string, step: number, value: number];

/** Everything that enters the catalogue when a job succeeds. */
export interface DoneJob {
  key: string;
  label: string;
  ingredients: Ingredients;
  /** The key without the rules, for jobs that have some. */
  base?: string;
  /**
   * The digests of its programs, and the key of all else that it is made of (pipeline/keys/programs.ts); `sameAs` is the job whose
   * artifact it has, where it ended when its programs turned out to be that one's.
   */
  program?: { base: string; digests: string; sameAs?: string };
  codeDetail?: CodeDetail;
  content: string;
  artifact: ArtifactSource;
  inputs: { name: string; key: string | null; content: string }[];
  seconds: number;
  observations: Record<string, number>;
  metrics: MetricPoint[];
  /** That these are of, where it is not the run's. */
  machine?: string;
}

export interface FailedJob {
  key: string;
  label: string;
  message: string;
  /** As far as its curve came; absent in journals of earlier versions. */
  metrics?: MetricPoint[];
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
  /** Of the project, with "-dirty" where files differ from it; absent outside git, and in journals of earlier versions. */
  commit?: string;
}

export type Change =
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

/** Makes changes in a database. */
export class Changes {
  /** @param known keys that may have rows */
  constructor(private readonly database: Database, private readonly known: Set<string>) {}

  /** Part of a transaction. */
  apply(change: Change): Promise<void> {
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
    const { id, profile, command, machine, commit = null } = run;
    await this.database.execute("DELETE FROM machine WHERE id = $id", { id: machine.id });
    await this.database.append("machine", [{ ...machine }]);
    await this.database.execute("DELETE FROM run WHERE id = $id", { id });
    await this.database.append("run", [
      { id, profile, command, machine: machine.id, started, commit },
    ]);
  }

  async #addJobs({ run, done, failed, codes, at }: Extract<Change, { kind: "jobs" }>) {
    // Two labels can lead to one key: their inputs turned out to be the same bytes.
    const jobs = [...new Map(done.map((job) => [job.key, job])).values()];
    for (const { key } of [...jobs, ...failed]) {
      // Also of a job that failed before, which has left its curve.
      if (this.known.has(key)) await this.#forget(key);
      await this.database.execute("DELETE FROM failure WHERE key = $key", { key });
    }
    await this.database.append("job", jobs.map((job) => jobRow(run, job, at)));
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
    await this.database.append(
      "program",
      rows(
        (j) => j.program ? [j.program] : [],
        ({ base, digests, sameAs = null }) => ({ base, digests, same_as: sameAs }),
      ),
    );
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
      failed.map(({ key, label, message }) => (
        { key, label, profile: run.profile, message, run: run.id, finished: at }
      )),
    );
    const curves = new Map(failed.map(({ key, metrics = [] }) => [key, metrics]));
    await this.database.append(
      "metric",
      [...curves].flatMap(([key, points]) =>
        points.map(([name, step, value]) => ({ job_key: key, name, step, value }))
      ),
    );
    for (const { key } of [...jobs, ...failed]) this.known.add(key);
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
    for (const table of ["input", "file", "scalar", "observation", "metric", "program"]) {
      await this.database.execute(`DELETE FROM ${table} WHERE job_key = $key`, { key });
    }
    await this.database.execute("DELETE FROM job WHERE key = $key", { key });
  }

  async #removeJobs(keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.#forget(key);
      await this.database.execute("DELETE FROM failure WHERE key = $key", { key });
    }
  }

  async #setDamaged(keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.database.execute("UPDATE job SET status = 'damaged' WHERE key = $key", { key });
    }
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

function jobRow(
  run: RunInfo,
  { key, label, base, ingredients, content, seconds, machine = run.machine.id }: DoneJob,
  at: number,
) {
  const { stage, params, code, packages, engine, rules } = ingredients;
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
  };
}
