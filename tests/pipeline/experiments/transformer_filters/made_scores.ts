/**
 * @file Scores made by hand for the runs of the filtering experiments. What a run is, is read from its job's parameters,
 * never from its tags, so that a wrong tag shows.
 */
import assert from "node:assert/strict";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Cell, Row } from "../../../../pipeline/results.ts";
import { nameOf, type Tag, type Tags } from "../../../../pipeline/tags.ts";
import { judged } from "../../../../pipeline/experiments/transformer_filters/shared/systems.ts";
import { type Experiment, type Made, runsOf, type Table, tableOf } from "../grids.ts";
import { paramsOf } from "../spoken.ts";
import { interval } from "./interval.ts";

/** What a run is. */
export interface Kind {
  /** A baseline's scores hold the zero predictor and the filter; "far" ones are of rollouts. */
  what: "model" | "one step" | "rollout" | "near baseline" | "far baseline";
  /** File of lib/models, or "zero" or "kalman" of a baseline. */
  model: string;
  /** Of the model: taps, norm, patch, dModel, ... */
  options: Record<string, unknown>;
  /** In closed form. */
  solved: boolean;
  /** Training steps; 0 in closed form and for baselines. */
  steps: number;
  lambda: number;
  obs: number;
  structure: "diagonal" | "dense";
  condition: number;
  observation: "matched" | "redrawn";
  /** Key of the system that it is a result for. */
  system: number;
  /** Which of the systems that judge it is, from 0. */
  rank: number;
  /** Key of the initialisation of a model that was scored; 0 of others. */
  initialisation: number;
  /** Of a model the systems that it was trained on, of others the one that is scored. */
  systems: string;
}

/** Which of the scores of a run: all horizons together, aligned, or one horizon. */
export type Part = "overall" | "aligned" | number;

export const fields = [
  ...["ratio", "ratioError", "rawRatio", "zero", "rawZero", "gapClosed", "discrepancy"] as const,
  ...["leak", "sequences"] as const,
] as const;
export type Field = typeof fields[number];

/** The horizons of rollouts, as the method of the experiments states them. */
export const horizons = [2, 4, 8, 16, 32, 64];

/** A number between 0 and 1 for every text, unlike that of any other. */
function unit(text: string, state = 2166136261): number {
  for (let i = 0; i < text.length; i++) {
    state = Math.imul(state ^ text.charCodeAt(i), 16777619) >>> 0;
  }
  return mixed(mixed(state)) / 2 ** 32;
}

function mixed(state: number): number {
  return Math.imul(state ^ (state >>> 15), 2246822519) >>> 0;
}

const starts = new WeakMap<Kind, number>();

/** Numbers of which no two are alike: a table that reads a wrong one is wrong. */
export function distinct(kind: Kind, part: Part, field: string): number {
  const start = starts.get(kind) ?? Math.floor(unit(JSON.stringify(kind)) * 2 ** 32);
  starts.set(kind, start);
  const u = unit(`${part} ${field}`, start);
  if (field === "gapClosed") return u;
  if (field === "discrepancy" || field === "leak") return 2 * u - 1;
  if (field === "sequences") return 2 + Math.floor(1000 * u);
  return (field === "zero" || field === "rawZero" ? 2 : 1) + u;
}

/** What the runs hold. Each may leave a number to {@linkcode distinct} by returning undefined. */
export interface Making {
  /** Of runs that this refuses nothing is made. */
  keep?(kind: Kind): boolean;
  score?(kind: Kind, part: Part, field: Field): number | null | undefined;
  scalar?(kind: Kind, name: string): number | undefined;
}

/** One number of each of several runs, in the order of the systems, and the names of the runs. */
export interface Found {
  values: number[];
  runs: string[];
}

/** A table, and the numbers that it was made of. */
export class MadeTable {
  constructor(
    readonly table: Table,
    readonly kinds: ReadonlyMap<string, Kind>,
    private readonly making: Making,
  ) {}

  /** A score of the runs that agree with `where`, one for each system. */
  score(where: Partial<Kind>, part: Part, field: Field): Found {
    return this.#find(where, (kind) => {
      const model = where.model ?? kind.model;
      return scoreOf({ ...kind, model }, part, field, this.making)!;
    });
  }

  /** A scalar of the models that agree with `where`, one for each system. */
  scalar(where: Partial<Kind>, name: string): Found {
    return this.#find({ ...where, what: "model" }, (kind) => scalarOf(kind, name, this.making));
  }

  #find(where: Partial<Kind>, pick: (kind: Kind) => number): Found {
    const found = [...this.kinds].filter(([, kind]) => agrees(kind, where)).map(([run, kind]) => ({
      run,
      system: kind.system,
      value: pick(kind),
    })).sort((a, b) => a.system - b.system);
    const what = JSON.stringify(where);
    assert.ok(found.length, `no run is ${what}`);
    assert.equal(new Set(found.map((f) => f.system)).size, found.length, `${what} is ambiguous`);
    return { values: found.map((f) => f.value), runs: found.map((f) => f.run) };
  }
}

function agrees(kind: Kind, where: Partial<Kind>): boolean {
  const baseline = kind.what === "near baseline" || kind.what === "far baseline";
  return Object.entries(where).every(([name, value]) => {
    if (name === "options") {
      return Object.entries(value).every(([option, v]) => kind.options[option] === v);
    }
    // A baseline's run holds both of its predictors.
    return name === "model" && baseline || kind[name as keyof Kind] === value;
  });
}

/** A run of a grid, and what it is; of one that is timed, the tags of its model. */
interface Known {
  tags: Tags;
  name: string;
  is: Kind | { timed: [string, Tag][] };
}

/** By experiment and profile: tables are made of the same runs again and again. */
const known = new Map<string, Known[]>();

function knownRuns(experiment: Experiment, profile: string): Known[] {
  const id = `${experiment.meta.id} ${profile}`;
  const found = known.get(id) ?? runsOf(experiment, profile).map(({ tags, job }): Known => {
    const name = nameOf(tags);
    if (job.stage.name === "time") {
      const { result: _, ...model } = tags;
      return { tags, name, is: { timed: Object.entries(model) } };
    }
    const [system, ...others] = systemsOf(job);
    if (others.length === 0) assert.equal(tags.seed, system, `the seed of ${name}`);
    // Of models that were trained together, the tag says which.
    const own = others.length ? Number(tags.seed) : system;
    return { tags, name, is: { ...kindOf(job), system: own, rank: judged.indexOf(own) } };
  });
  known.set(id, found);
  return found;
}

/** The table of an experiment at a profile, from scores made by hand. */
export async function madeTable(
  experiment: Experiment,
  making: Making = {},
  profile = "standard",
): Promise<MadeTable> {
  const kinds = new Map<string, Kind>();
  const made: Made[] = [];
  const timed: { tags: Tags; model: [string, Tag][] }[] = [];
  for (const { tags, name, is } of knownRuns(experiment, profile)) {
    if ("timed" in is) {
      timed.push({ tags, model: is.timed });
      continue;
    }
    if (making.keep && !making.keep(is)) continue;
    kinds.set(name, is);
    made.push({ tags, ...artifact(is, making) });
  }
  // Of the models that were made.
  for (const { tags, model } of timed) {
    const its = (of: Tags) => model.every(([tag, value]) => of[tag] === value);
    if (made.some(({ tags }) => its(tags))) made.push({ tags, scalars: { steps: 7 } });
  }
  return new MadeTable(await tableOf(experiment, made), kinds, making);
}

/** Keys of the systems that a job is about. */
function systemsOf(job: JobNode): number[] {
  const { seeds, system } = paramsOf(job);
  return seeds?.map((seed: { system: number }) => seed.system) ?? [system.key];
}

function kindOf(node: JobNode): Omit<Kind, "system" | "rank"> {
  const p = paramsOf(node);
  const { lambda, obsDim: obs, structure, condition, observation, key } = p.system;
  const law = { lambda, obs, structure, condition, observation, initialisation: 0 };
  switch (node.stage.name) {
    case "reference": {
      const near = paramsOf(node.inputs.data).length === 256;
      const none = { model: "-", options: {}, solved: false, steps: 0 };
      return { what: near ? "near baseline" : "far baseline", ...none, ...law, systems: `${key}` };
    }
    case "train":
    case "fit": {
      const trained = p.seeds?.map((seed: { system: number }) => seed.system).join();
      const { name: model, options } = p.model;
      const steps = p.steps ?? 0;
      const solved = node.stage.name === "fit";
      return { what: "model", model, options, solved, steps, ...law, systems: trained ?? `${key}` };
    }
    case "evaluate": {
      const what = p.rollout ? "rollout" : "one step";
      const { seeds } = paramsOf(node.inputs.model);
      const initialisation = seeds?.[p.member].initialisation ?? 0;
      const made = kindOf(node.inputs.model as JobNode);
      return { ...made, ...law, what, initialisation, systems: `${key}` };
    }
    default:
      throw new Error(`No scores are known for the stage ${node.stage.name}.`);
  }
}

function scoreOf(kind: Kind, part: Part, field: Field, { score }: Making) {
  const given = score?.(kind, part, field);
  return given === undefined ? distinct(kind, part, field) : given;
}

function scalarOf(kind: Kind, name: string, { scalar }: Making): number {
  const given = scalar?.(kind, name);
  if (given !== undefined) return given;
  if (name === "edge" || kind.solved && (name === "steps" || name === "tokens")) return 0;
  // One number for all that were trained alike.
  return distinct({ ...kind, system: 0, rank: 0, systems: "" }, "overall", name);
}

function artifact(kind: Kind, making: Making): Omit<Made, "tags"> {
  if (kind.what === "model") {
    const searched = ["Tokens", "Loss", "LossAtHalf", "LossAtTwice"].map((name) => `tuning${name}`);
    const names = [
      ...["parameters", "tokens", "steps"],
      ...(kind.solved ? ["excess"] : ["learningRate", "edge", ...searched]),
    ];
    const scalars = names.map((name) => [name, scalarOf(kind, name, making)]);
    return { scalars: Object.fromEntries(scalars) };
  }
  const of = (kind: Kind, part: Part) =>
    Object.fromEntries(fields.map((field) => [field, scoreOf(kind, part, field, making)]));
  if (kind.what === "one step" || kind.what === "rollout") {
    const [overall, aligned] = [of(kind, "overall"), of(kind, "aligned")];
    return { scores: { overall, aligned, byHorizon: horizons.map((h) => of(kind, h)) } };
  }
  const end = (model: string) => {
    const one = { ...kind, model };
    return { oneStep: of(one, "overall"), rollout: horizons.map((h) => of(one, h)) };
  };
  return { scores: { kalman: end("kalman"), zero: end("zero") } };
}

/**
 * A cell is the mean of one value for each system, with its 95 % interval unless all are the same or they are only two, and cites
 * the runs that hold them.
 */
export function assertCell(cell: Cell, { values, runs }: Found, what: string) {
  const close = (a: number | undefined, b: number) =>
    assert.ok(Math.abs(a! - b) <= 1e-9 * Math.max(1, Math.abs(b)), `${what}: ${a} is not ${b}`);
  assert.equal(cell.n, values.length, what);
  assert.deepEqual(cell.runs.toSorted(), runs.toSorted(), what);
  if (values.every((value) => value === values[0])) {
    close(cell.value, values[0]);
    assert.deepEqual([cell.low, cell.high], [undefined, undefined], what);
    return;
  }
  const { mean, low, high } = interval(values);
  close(cell.value, mean);
  if (values.length < 3) {
    return assert.deepEqual([cell.low, cell.high], [undefined, undefined], what);
  }
  close(cell.low, low);
  close(cell.high, high);
}

/** The same of something computed from one or more numbers of each system. */
export function computed(of: (...x: number[]) => number, ...found: Found[]): Found {
  return {
    values: found[0].values.map((_, i) => of(...found.map(({ values }) => values[i]))),
    runs: [...new Set(found.flatMap(({ runs }) => runs))],
  };
}

/** A row has these cells, and no other. */
export function assertRow(table: Table, labels: Row, expected: Record<string, Found>) {
  const measured = Object.entries(table.row(labels))
    .filter(([, value]) => typeof value === "object" && "value" in value).map(([id]) => id);
  const what = JSON.stringify(labels);
  assert.deepEqual(measured.sort(), Object.keys(expected).sort(), what);
  for (const [column, found] of Object.entries(expected)) {
    assertCell(table.cell(labels, column), found, `${column} of ${what}`);
  }
}

/** The columns on a search for a learning rate, of models that were trained. */
export function ratesOf(made: MadeTable, where: Partial<Kind>): Record<string, Found> {
  const of = (name: string) => made.scalar(where, name);
  const higher = (name: string) => computed((a, b) => a - b, of(name), of("tuningLoss"));
  return {
    learning_rate: of("learningRate"),
    half_rate: higher("tuningLossAtHalf"),
    twice_rate: higher("tuningLossAtTwice"),
    tuning_tokens: of("tuningTokens"),
  };
}

/**
 * Scores of models one step ahead that leave so much of a gap open. Gaps differ a hundredfold between systems, which is nothing to
 * a ratio of open fractions.
 */
export function leavingOpen(
  open: (kind: Kind) => number | undefined,
  keep?: Making["keep"],
  parts: readonly Part[] = ["overall"],
): Making {
  const gap = ({ rank }: Kind) => 0.01 * 1.25 ** rank;
  return {
    ...(keep ? { keep } : {}),
    score(kind, part, field) {
      if (kind.what !== "one step" || !parts.includes(part)) return;
      const left = open(kind);
      if (left === undefined) return;
      if (field === "zero") return 1 + gap(kind);
      if (field === "ratio") return 1 + left * gap(kind);
      if (field === "gapClosed") return 1 - left;
    },
  };
}

/** Something that differs between systems, with a mean of 0 over all of them: from -.05 to .05. */
export const little = ({ rank }: Kind) => ((rank * 7) % 20 - 9.5) / 190;
