/**
 * @file The graph of jobs that the experiments ask for.
 *
 * Parameters are validated here, once, with the defaults filled in. Two experiments that ask for the
 * same job (stage, parameters, inputs) share one node; it then has two labels.
 */
import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { ZodType } from "zod";
import { DataError } from "../lib/data/data_error.ts";
import { canonical, contentOf, sha256 } from "./content/canonical.ts";
import type { Overrides } from "./overrides.ts";
import type { Profile, ProfileName } from "./profiles.ts";
import type { ExperimentMeta } from "./results.ts";
import type { StagePart } from "./stage.ts";
import type { ModuleRef } from "./stage.ts";
import { nameOf, type Tags } from "./tags.ts";

/** What `job` and `file` hand out, to be named as an input of another job. */
export interface JobRef {
  readonly label: string;
}

/** A job and what it is to the experiment. */
export interface TaggedJob {
  tags: Tags;
  job: JobRef;
}

export interface GraphBuilder {
  readonly profile: Profile;
  /**
   * Asks for a job.
   *
   * @param stage file name in pipeline/stages without its extension
   * @param params what the stage's schema accepts; the defaults are filled in
   * @param inputs artifacts by the name that the stage knows them under
   * @param label tags or a readable name, unique within the experiment; "<stage>-<hash>" when left out
   * @throws {Error} when the stage is unknown, a parameter is wrong, or the label is taken
   */
  job(
    stage: string,
    params: object,
    inputs?: Record<string, JobRef>,
    label?: string | Tags,
  ): JobRef;
  /**
   * The aggregate job of the experiment: `summarize` gets these runs, in this order, and reads them by their tags.
   *
   * @throws {Error} when there are none, or when tags repeat
   */
  table(runs: readonly TaggedJob[]): JobRef;
  /**
   * A file of the user's (path from the root or absolute) as an input: its bytes are part of the
   * keys of the jobs that read it, as the single file of an artifact, under its own name.
   */
  file(path: string, label?: string): JobRef;
}

/** What an experiment asks for: the job that it ends in. */
export type Grid = (g: GraphBuilder, profile: Profile) => JobRef;

/** An experiment without its table. */
export interface ExperimentPart {
  meta: ExperimentMeta;
  path: string;
  grid: Grid;
}

export interface JobNode extends JobRef {
  kind: "job";
  index: number;
  labels: string[];
  stage: StagePart;
  params: unknown;
  modules: Record<string, ModuleRef>;
  inputs: Record<string, Node>;
  /** Experiments that ask for it, directly or as an input. */
  experiments: Set<string>;
}

export interface FileNode extends JobRef {
  kind: "file";
  /** Absolute. */
  path: string;
  name: string;
  sha256: string;
  bytes: number;
  content: string;
}

export type Node = JobNode | FileNode;

export class Graph {
  /** In an order in which every job comes after its inputs. */
  readonly jobs: JobNode[] = [];
  /** The aggregate job of each experiment. */
  readonly results = new Map<string, JobNode>();
  /** Experiments that this profile is too small for, and the smallest that they are part of. */
  readonly later = new Map<string, ProfileName>();
  /** Experiments that lack data of the user's, and what is wrong with them. */
  readonly unavailable = new Map<string, string>();
  readonly byLabel = new Map<string, JobNode>();
  #byIdentity = new Map<string, JobNode>();
  #files = new Map<string, FileNode>();

  constructor(
    readonly root: string,
    readonly stages: Record<string, StagePart>,
    readonly overrides: Overrides,
  ) {}

  /** Builds the part that an experiment asks for, where the profile is large enough for it. */
  addExperiment({ meta, path, grid }: ExperimentPart, profile: Profile): void {
    const { id, from = "smoke" } = meta;
    if (!profile.atLeast(from)) {
      this.later.set(id, from);
      return;
    }
    const before = this.jobs.length;
    try {
      this.add(id, grid, profile, path);
    } catch (error) {
      // By name: grids are bundled, with a class of their own.
      if ((error as Error).name !== "DataError") throw error;
      this.#takeBack(id, before);
      this.unavailable.set(id, (error as Error).message);
    }
  }

  /** An experiment that cannot be built leaves nothing. */
  #takeBack(experiment: string, before: number): void {
    const gone = new Set(this.jobs.splice(before));
    for (const [identity, node] of this.#byIdentity) {
      if (gone.has(node)) this.#byIdentity.delete(identity);
    }
    for (const [label, node] of this.byLabel) {
      if (!label.startsWith(`${experiment}/`)) continue;
      this.byLabel.delete(label);
      node.labels = node.labels.filter((own) => own !== label);
    }
  }

  /**
   * Builds the part that a grid asks for.
   * @param path module whose `summarize` makes the table
   */
  add(
    experiment: string,
    grid: Grid,
    profile: Profile,
    path = "",
  ): void {
    const builder: GraphBuilder = {
      profile,
      job: (stage, params, inputs = {}, label) => {
        const name = typeof label === "object" ? nameOf(label) : label;
        return this.#job(experiment, stage, params, inputs, name);
      },
      table: (runs) => this.#table(experiment, path, runs),
      file: (path, label) => this.#file(path, label),
    };
    const result = grid(builder, profile) as Node | undefined;
    if (result?.kind !== "job") {
      throw new Error(
        `Experiment ${experiment}: grid must return the aggregate job that g.job gave it.`,
      );
    }
    this.results.set(experiment, result);
    mark(result, experiment);
  }

  #job(
    experiment: string,
    stageName: string,
    raw: object,
    inputs: Record<string, JobRef>,
    name?: string,
  ): JobNode {
    const stage = this.stages[stageName];
    const where = `Experiment ${experiment}, job ${name ?? stageName}`;
    if (!stage) {
      const known = Object.keys(this.stages).join(", ");
      throw new Error(`${where}: no stage "${stageName}" in pipeline/stages; there are ${known}.`);
    }
    for (const [input, ref] of Object.entries(inputs)) {
      const kind = (ref as Node | undefined)?.kind;
      if (kind !== "job" && kind !== "file") {
        throw new Error(
          `${where}: input "${input}" is no job; pass what g.job or g.file returned.`,
        );
      }
    }
    const nodes = inputs as Record<string, Node>;
    const params = parseParams(stage, this.overrides.apply(stage, raw), where);
    const identity = canonical([
      stageName,
      params,
      Object.fromEntries(Object.entries(nodes).map(([n, i]) => [n, identityOf(i)])),
    ]);
    const label = `${experiment}/${name ?? `${stageName}-${sha256(identity).slice(0, 8)}`}`;
    const taken = this.byLabel.get(label);
    const same = this.#byIdentity.get(identity);
    if (taken && taken !== same) {
      throw new Error(
        `${where}: the label "${label}" already names another ${taken.stage.name} job.`,
      );
    }
    if (same) {
      if (!taken) same.labels.push(label);
      this.byLabel.set(label, same);
      return same;
    }
    const node: JobNode = {
      kind: "job",
      index: this.jobs.length,
      label,
      labels: [label],
      stage,
      params,
      modules: stage.modules?.(params) ?? {},
      inputs: nodes,
      experiments: new Set(),
    };
    this.jobs.push(node);
    this.#byIdentity.set(identity, node);
    this.byLabel.set(label, node);
    return node;
  }

  #table(experiment: string, path: string, runs: readonly TaggedJob[]): JobNode {
    const inputs: Record<string, JobRef> = {};
    for (const { tags, job } of runs) {
      const name = nameOf(tags);
      if (name in inputs) {
        throw new Error(`Experiment ${experiment}: two runs have the tags ${name}.`);
      }
      inputs[name] = job;
    }
    const params = { experiment, path, runs: runs.map(({ tags }) => tags) };
    return this.#job(experiment, "aggregate", params, inputs, "table");
  }

  #file(path: string, label = path): FileNode {
    const full = join(path.startsWith("/") ? "" : this.root, path);
    const known = this.#files.get(full);
    if (known) return known;
    let data: Uint8Array;
    try {
      data = readFileSync(full);
    } catch (cause) {
      throw new DataError({ file: full }, `the input file cannot be read: ${whyNot(cause)}.`, {
        cause,
      });
    }
    const name = basename(full);
    const hash = sha256(data);
    const node: FileNode = {
      kind: "file",
      label,
      path: full,
      name,
      sha256: hash,
      bytes: statSync(full).size,
      content: contentOf({ [name]: hash }, {}),
    };
    this.#files.set(full, node);
    return node;
  }
}

function whyNot(cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  if (code === "ENOENT" || code === "ENOTDIR") return "there is none";
  return code === "EISDIR" ? "it is a folder" : message;
}

/** Nodes are shared, so the position of an input in the graph identifies it. */
function identityOf(node: Node): string {
  return node.kind === "file" ? node.path : `#${node.index}`;
}

function mark(result: JobNode, experiment: string): void {
  const stack: Node[] = [result];
  for (let node; (node = stack.pop());) {
    if (node.kind === "file" || node.experiments.has(experiment)) continue;
    node.experiments.add(experiment);
    stack.push(...Object.values(node.inputs));
  }
}

function parseParams(stage: StagePart, raw: object, where: string): unknown {
  const schema = stage.schema as ZodType;
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const lines = result.error.issues.slice(0, 5).map((issue) => {
    const path = issue.path.map(String);
    const at = path.length ? path.join(".") : "(parameters)";
    const found = path.reduce<unknown>(
      (v, key) => (v as Record<string, unknown> | null | undefined)?.[key],
      raw,
    );
    const value = issue.path.length ? ` is ${JSON.stringify(found) ?? "missing"}` : "";
    return `  ${at}${value}: ${issue.message}`;
  });
  throw new Error(
    `${where}: wrong parameters for stage ${stage.name} (${stage.path}):\n${lines.join("\n")}`,
  );
}
