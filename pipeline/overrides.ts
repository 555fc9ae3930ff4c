/**
 * @file `--set stage.parameter=value`: one parameter of every job of a stage, and of every other job that shares it.
 *
 * Parameters of one name are one fact wherever they stand: the task of `train` is the task of `evaluate`. A stage says which of its
 * parameters only happen to be called like another's (`own`). What stays false in spite of that is refused, see facts.ts.
 */
import type { ZodType } from "zod";
import { nearestFirst } from "../lib/nearest.ts";
import { canonical } from "./content/canonical.ts";
import type { Call, JobNode } from "./nodes.ts";
import { namesAt } from "./schema_names.ts";
import type { StagePart } from "./stage.ts";
import { UsageError } from "./usage_error.ts";

interface Override {
  text: string;
  stage: string;
  path: string[];
  value: unknown;
  used: boolean;
  /** Why the last experiment that has such jobs could not take it. */
  refused?: string;
}

/** An experiment cannot take an override: its table would say what is not so. */
export class Refused extends UsageError {
  override name = "Refused";
}

/** What the jobs of an experiment are asked for with the overrides. */
export interface Changed {
  /** By call, in the order of the grid. */
  jobs: { raw: object; texts: string[] }[];
  /** Overrides that some job takes. */
  texts: string[];
}

/** Paths of parameters, and why they are not to be set by themselves. */
export type Tied = Readonly<Record<string, string>>;

export class Overrides {
  #list: Override[];
  /** By override, whether a job of its stage has the last name of its path. */
  #known = new Set<string>();

  /**
   * @param assignments as given: "train.optimizer.lr=0.01"; values are JSON, else plain text
   * @throws {UsageError} for an assignment without stage, path or value
   */
  constructor(assignments: string[] = []) {
    this.#list = assignments.map((text) => {
      const match = /^([\w-]+)\.([^=]+)=(.*)$/s.exec(text);
      if (!match) {
        throw new UsageError(
          `--set ${text}: expected stage.parameter=value, for example --set train.steps=200.`,
        );
      }
      return {
        text,
        stage: match[1],
        path: match[2].split("."),
        value: parseValue(match[3]),
        used: false,
      };
    });
  }

  get empty(): boolean {
    return this.#list.length === 0;
  }

  /** Assignments as they were given. */
  get texts(): string[] {
    return this.#list.map(({ text }) => text);
  }

  /**
   * Looks at all jobs that there are without the overrides. Options of a part (a task, a layer) may have any name: where some of them
   * have the one that is set, it is meant for those.
   */
  learn(jobs: readonly JobNode[]): void {
    for (const override of this.#list) {
      if (jobs.some(({ params }) => has(params, override.path))) this.#known.add(override.text);
    }
  }

  /** The parameters of one job with the overrides of its stage, still to be validated. */
  apply(stage: StagePart, raw: object): object {
    const parsed = (stage.schema as ZodType).safeParse(raw);
    const params = parsed.success ? parsed.data : raw;
    const mine = this.#list.filter((o) => o.stage === stage.name && this.#takes(o, stage, params));
    for (const override of mine) override.used = true;
    return this.#with(raw, stage, mine);
  }

  /**
   * The parameters of all jobs of an experiment, still to be validated.
   * @param tied parameters that others of the experiment follow from
   * @throws {Refused} for these, and where jobs that are made from one another have different values of what is set
   * @throws {UsageError} for a name that the stage does not have
   */
  over(calls: readonly Call[], tied: Tied = {}): Changed {
    this.learn(calls.map(({ node }) => node));
    const wanted = new Map<JobNode, Override[]>();
    const used = new Set<string>();
    for (const override of this.#list) {
      const ofStage = calls.filter(({ node: { stage, params } }) =>
        stage.name === override.stage && this.#takes(override, stage, params)
      );
      if (!ofStage.length) continue;
      refuseTied(override, tied);
      const nodes = new Set([...ofStage, ...this.#sharers(override, ofStage[0], calls)]
        .map(({ node }) => node));
      this.#refuseSeveralValues(override, nodes);
      for (const node of nodes) wanted.set(node, [...wanted.get(node) ?? [], override]);
      used.add(override.text);
    }
    return {
      texts: [...used],
      jobs: calls.map(({ node, raw }) => {
        const mine = wanted.get(node) ?? [];
        return { raw: this.#with(raw, node.stage, mine), texts: mine.map(({ text }) => text) };
      }),
    };
  }

  /** An experiment has taken these. */
  taken(texts: readonly string[]): void {
    for (const override of this.#list) override.used ||= texts.includes(override.text);
  }

  /** An experiment cannot take these. */
  refuse(message: string): void {
    for (const override of this.#list) override.refused = message;
  }

  /** @throws {UsageError} when an override met no job that takes it */
  checkAllUsed(stages: string[]): void {
    for (const { text, stage, path, used, refused } of this.#list) {
      if (used) continue;
      const whole = path.length > 1 ? ` with "${path.slice(0, -1).join(".")}"` : "";
      if (!stages.includes(stage)) {
        const nearest = nearestFirst(stage, stages).join(", ");
        throw new UsageError(`--set ${text}: no stage "${stage}"; the stages are ${nearest}.`);
      }
      throw new UsageError(
        refused ?? `--set ${text}: the graph has no job of stage "${stage}"${whole}.`,
      );
    }
  }

  /** Jobs of other stages that have the same parameter. */
  #sharers(override: Override, { node: { stage } }: Call, calls: readonly Call[]): Call[] {
    const [name] = override.path;
    if (stage.own?.includes(name)) return [];
    return calls.filter(({ node: { stage: other, params } }) =>
      other.name !== stage.name && !other.own?.includes(name) && other.fixed === undefined &&
      (has(params, [name]) || namesOf(other, []).includes(name)) &&
      this.#takes(override, other, params, true)
    );
  }

  /**
   * True for a job that has what is set, or could have it.
   * @param shared of another stage, which may lack the name
   */
  #takes(override: Override, stage: StagePart, params: unknown, shared = false): boolean {
    const { path, text } = override;
    if (stage.fixed !== undefined) {
      throw new UsageError(
        `--set ${text}: the parameters of stage ${stage.name} are not to be set; ${stage.fixed}.`,
      );
    }
    // Part of something that this job does without, such as rollouts: to set it would make the job another one.
    const whole = path.slice(0, -1);
    if (!has(params, whole)) return !shared && this.#refuseUnknown(override, stage, params);
    if (has(params, path)) return true;
    const allowed = namesAt(stage.schema, whole);
    if (allowed === "any") return !this.#known.has(text);
    if (allowed === undefined) return !shared;
    if (allowed.includes(path.at(-1)!)) return true;
    return !shared && this.#refuseUnknown(override, stage, params);
  }

  /** @throws {UsageError} for the first name of the path that neither the job nor the schema has */
  #refuseUnknown({ path, text }: Override, stage: StagePart, params: unknown): false {
    for (const [i, name] of path.entries()) {
      const at = path.slice(0, i);
      const allowed = namesAt(stage.schema, at);
      if (has(params, path.slice(0, i + 1))) continue;
      const value = at.reduce<unknown>((v, key) => (v as Record<string, unknown>)[key], params);
      // Said by `assign`, with the value.
      if (typeof value !== "object" || value === null) return false;
      if (allowed === undefined || allowed === "any" || allowed.includes(name)) return false;
      const where = at.length ? `${stage.name}.${at.join(".")}` : `stage ${stage.name}`;
      throw new UsageError(
        `--set ${text}: ${where} has no parameter "${name}"; it has ` +
          `${nearestFirst(name, allowed).join(", ") || "none"} (params in ${stage.path}).`,
      );
    }
    return false;
  }

  /** @throws {Refused} */
  #refuseSeveralValues({ text, path }: Override, nodes: ReadonlySet<JobNode>): void {
    for (const node of nodes) {
      for (const earlier of ancestors(node)) {
        if (!nodes.has(earlier) || earlier.stage.name === node.stage.name) continue;
        if (!has(node.params, path) || !has(earlier.params, path)) continue;
        const [own, other] = [node, earlier].map(({ params }) => canonical(valueAt(params, path)));
        if (own === other) continue;
        throw new Refused(
          `--set ${text}: ${node.stage.name} ${node.label} has ${path.join(".")} ${own}, and ` +
            `${earlier.stage.name} ${earlier.label}, which it is made from, ${other}: one value cannot be for both.`,
        );
      }
    }
  }

  #with(raw: object, stage: StagePart, overrides: readonly Override[]): object {
    if (!overrides.length) return raw;
    const params = structuredClone(raw);
    for (const override of overrides) {
      assign(params as Record<string, unknown>, override);
      const parsed = (stage.schema as ZodType).safeParse(params);
      // A schema that is not strict drops names it does not know: that must not pass for success.
      if (parsed.success && !has(parsed.data, override.path)) {
        throw new UsageError(
          `--set ${override.text}: stage ${stage.name} has no parameter ` +
            `"${override.path.join(".")}"; see params in ${stage.path}.`,
        );
      }
    }
    return params;
  }
}

/** @throws {Refused} for a path that leads to such a parameter, or into it */
function refuseTied({ text, path }: Override, tied: Tied): void {
  const own = `${path.join(".")}.`;
  for (const [other, why] of Object.entries(tied)) {
    if (!own.startsWith(`${other}.`) && !`${other}.`.startsWith(own)) continue;
    throw new Refused(`--set ${text}: other parameters follow from ${other}: ${why}.`);
  }
}

/** All jobs that one is made from. */
export function ancestors(node: JobNode): Set<JobNode> {
  const found = new Set<JobNode>();
  const stack: JobNode[] = [node];
  for (let at; (at = stack.pop());) {
    for (const input of Object.values(at.inputs)) {
      if (input.kind !== "job" || found.has(input)) continue;
      found.add(input);
      stack.push(input);
    }
  }
  return found;
}

/** Names of the schema at a path; none where it allows any, or does not say. */
function namesOf(stage: StagePart, path: readonly string[]): readonly string[] {
  const names = namesAt(stage.schema, path);
  return names === undefined || names === "any" ? [] : names;
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function assign(params: Record<string, unknown>, { path, value, text }: Override): void {
  let at = params;
  for (const [i, name] of path.slice(0, -1).entries()) {
    at[name] ??= {};
    if (typeof at[name] !== "object") {
      throw new UsageError(
        `--set ${text}: ${path.slice(0, i + 1).join(".")} is ${JSON.stringify(at[name])}, ` +
          `which has no parts.`,
      );
    }
    at = at[name] as Record<string, unknown>;
  }
  at[path.at(-1)!] = value;
}

export function has(value: unknown, path: readonly string[]): boolean {
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return false;
    value = (value as Record<string, unknown>)[name];
  }
  return true;
}

/** The value at a path that is there. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce((v, name) => (v as Record<string, unknown>)[name], value);
}
