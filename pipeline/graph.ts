/**
 * @file The graph of jobs that the experiments ask for.
 *
 * Parameters are validated here, once, with the defaults filled in. Two experiments that ask for the
 * same job (stage, parameters, inputs) share one node; it then has two labels.
 */
import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { nearestFirst } from "../lib/nearest.ts";
import { DataError } from "../lib/data/data_error.ts";
import { canonical, contentOf, sha256 } from "./content/canonical.ts";
import { type Asked, disagreement, falsified } from "./facts.ts";
import { type Changed, Overrides, Refused, type Tied } from "./overrides.ts";
import type { Call, FileNode, JobNode, JobRef, Node } from "./nodes.ts";
import { parseParams } from "./parse_params.ts";
import type { Profile, ProfileName } from "./profiles.ts";
import type { ExperimentMeta } from "./results.ts";
import type { StagePart } from "./stage.ts";
import { nameOf, type Tags } from "./tags.ts";

export type { Call, FileNode, JobNode, JobRef, Node };

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
  /** Parameters that the grid makes others from, which `--set` alone would leave behind, and why. */
  tied?: Tied;
}

export class Graph {
  /** In an order in which every job comes after its inputs. */
  readonly jobs: JobNode[] = [];
  /** The aggregate job of each experiment. */
  readonly results = new Map<string, JobNode>();
  /** Experiments that this profile is too small for, and the smallest that they are part of. */
  readonly later = new Map<string, ProfileName>();
  /** Experiments that lack data of the user's, and what is wrong with them. */
  readonly unavailable = new Map<string, string>();
  /** Experiments that cannot take the overrides, and why. */
  readonly refused = new Map<string, string>();
  readonly byLabel = new Map<string, JobNode>();
  #byIdentity = new Map<string, JobNode>();
  #files = new Map<string, FileNode>();

  constructor(
    readonly root: string,
    readonly stages: Record<string, StagePart>,
    readonly overrides: Overrides,
  ) {}

  /** That jobs read, as they are now. */
  get files(): Iterable<FileNode> {
    return this.#files.values();
  }

  /** Builds the part that an experiment asks for, where the profile is large enough for it. */
  addExperiment({ meta, path, grid, tied }: ExperimentPart, profile: Profile): void {
    const { id, from = "smoke" } = meta;
    if (!profile.atLeast(from)) {
      this.later.set(id, from);
      return;
    }
    const before = this.jobs.length;
    try {
      this.add(id, grid, profile, path, tied);
    } catch (error) {
      const { name, message } = error as Error;
      if (error instanceof Refused) {
        this.overrides.refuse(message);
        this.refused.set(id, message);
      } // By name: grids are bundled, with a class of their own.
      else if (name === "DataError") this.unavailable.set(id, message);
      else throw error;
      this.#takeBack(id, before);
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
   * @throws {Refused} where the overrides would make the table say what is not so
   */
  add(
    experiment: string,
    grid: Grid,
    profile: Profile,
    path = "",
    tied: Tied = {},
  ): void {
    const calls: Call[] = [];
    const plain = this.overrides.empty
      ? undefined
      : new Graph(this.root, this.stages, new Overrides())
        .#ask(experiment, grid, profile, path, { calls });
    const set = plain && this.overrides.over(calls, tied);
    const asked = this.#ask(experiment, grid, profile, path, { set });
    const problem = disagreement(asked.stating);
    const wrong = problem ?? (plain && falsified(plain, asked));
    if (wrong && set?.texts.length) {
      throw new Refused(
        `${
          options(set.texts)
        }: experiment ${experiment} cannot take it: ${wrong}. Choose other experiments with ` +
          `--only, or change its grid${path && ` in ${path}`}.`,
      );
    }
    if (wrong) throw new Error(`Experiment ${experiment}: ${wrong}.`);
    if (set) this.overrides.taken(set.texts);
    this.results.set(experiment, asked.result);
    mark(asked.result, experiment);
  }

  /**
   * @param set parameters to be taken instead of those that the grid gives, call by call
   * @param calls gets every call; of thousands of jobs they are kept for who wants them only
   */
  #ask(
    experiment: string,
    grid: Grid,
    profile: Profile,
    path: string,
    { set, calls }: { set?: Changed; calls?: Call[] },
  ): Asked {
    let count = 0;
    const stating = new Set<JobNode>();
    const tagged: { tags: Tags; node: JobNode }[] = [];
    const job: GraphBuilder["job"] = (stage, given, inputs = {}, label) => {
      const changed = set?.jobs[count++];
      const name = typeof label === "object" ? nameOf(label) : label;
      const raw = changed?.raw ?? given;
      const node = this.#job(experiment, stage, raw, inputs, name, changed?.texts);
      calls?.push({ node, raw: given });
      if (node.stage.facts) stating.add(node);
      if (typeof label === "object") tagged.push({ tags: label, node });
      return node;
    };
    const builder: GraphBuilder = {
      profile,
      job,
      table: (runs) => {
        tagged.push(...runs.map(({ tags, job }) => ({ tags, node: job as JobNode })));
        const { inputs, params } = tableOf(experiment, path, runs);
        return job("aggregate", params, inputs, "table");
      },
      file: (path, label) => this.#file(path, label),
    };
    const result = grid(builder, profile) as Node | undefined;
    if (result?.kind !== "job") {
      throw new Error(
        `Experiment ${experiment}: grid must return the aggregate job that g.job gave it.`,
      );
    }
    return { stating, tagged, result };
  }

  #job(
    experiment: string,
    stageName: string,
    raw: object,
    inputs: Record<string, JobRef>,
    name?: string,
    set: readonly string[] = UNCHANGED,
  ): JobNode {
    const stage: StagePart | undefined = this.stages[stageName];
    // Said of few jobs, and there are many thousands.
    const where = () =>
      `${set.length ? `${options(set)}. ` : ""}Experiment ${experiment}, job ${name ?? stageName}`;
    if (!stage) {
      const known = nearestFirst(stageName, Object.keys(this.stages)).join(", ");
      throw new Error(
        `${where()}: no stage "${stageName}" in pipeline/stages; there are ${known}.`,
      );
    }
    const nodes = inputs as Record<string, Node>;
    let from = "";
    for (const input of Object.keys(nodes).sort()) {
      const node: Node | undefined = nodes[input];
      if (node?.kind !== "job" && node?.kind !== "file") {
        throw new Error(
          `${where()}: input "${input}" is no job; pass what g.job or g.file returned.`,
        );
      }
      from += `${from && ","}${canonical(input)}:${canonical(identityOf(node))}`;
    }
    const params = parseParams(stage, raw, where);
    const spelt = canonical(params);
    const identity = `[${canonical(stageName)},${spelt},{${from}}]`;
    const label = `${experiment}/${name ?? `${stageName}-${sha256(identity).slice(0, 8)}`}`;
    const taken = this.byLabel.get(label);
    const same = this.#byIdentity.get(identity);
    if (taken && taken !== same) {
      throw new Error(
        `${where()}: the label "${label}" already names another ${taken.stage.name} job.`,
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
      spelt,
      identity,
      modules: stage.modules?.(params) ?? NO_MODULES,
      inputs: nodes,
      experiments: NONE,
      set,
    };
    this.jobs.push(node);
    this.#byIdentity.set(identity, node);
    this.byLabel.set(label, node);
    return node;
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

function tableOf(experiment: string, path: string, runs: readonly TaggedJob[]) {
  const inputs: Record<string, JobRef> = {};
  for (const { tags, job } of runs) {
    const name = nameOf(tags);
    if (name in inputs) {
      throw new Error(`Experiment ${experiment}: two runs have the tags ${name}.`);
    }
    inputs[name] = job;
  }
  return { inputs, params: { experiment, path, runs: runs.map(({ tags }) => tags) } };
}

const options = (texts: readonly string[]) => texts.map((text) => `--set ${text}`).join(" ");

function whyNot(cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  if (code === "ENOENT" || code === "ENOTDIR") return "there is none";
  return code === "EISDIR" ? "it is a folder" : message;
}

/** Nodes are shared, so the position of an input in the graph identifies it. */
function identityOf(node: Node): string {
  return node.kind === "file" ? node.path : `#${node.index}`;
}

/** Of a job that no experiment has asked for yet. */
const NONE: ReadonlySet<string> = new Set();
/** Of thousands of jobs. */
const UNCHANGED: readonly string[] = [];
const NO_MODULES: JobNode["modules"] = Object.freeze({});

function mark(result: JobNode, experiment: string): void {
  // Thousands of jobs are of the same experiments, and share one set of them.
  const grown = new Map<ReadonlySet<string>, ReadonlySet<string>>();
  const stack: Node[] = [result];
  for (let node; (node = stack.pop());) {
    if (node.kind === "file" || node.experiments.has(experiment)) continue;
    let set = grown.get(node.experiments);
    if (!set) grown.set(node.experiments, set = new Set([...node.experiments, experiment]));
    node.experiments = set;
    for (const input of Object.values(node.inputs)) stack.push(input);
  }
}
