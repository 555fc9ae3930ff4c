/** @file The graphs that the real experiments ask for, and their tables from artifacts made by hand. */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Graph, type GraphBuilder, type JobNode, type JobRef } from "../../../pipeline/graph.ts";
import { canonical, sha256 } from "../../../pipeline/content/canonical.ts";
import { Fingerprints } from "../../../pipeline/keys/fingerprint.ts";
import { Packages } from "../../../pipeline/keys/packages.ts";
import { Overrides } from "../../../pipeline/overrides.ts";
import { loadPlan } from "../../../pipeline/plan.ts";
import { type Profile, profileOf } from "../../../pipeline/profiles.ts";
import { type Cell, type ExperimentMeta, isCell, isObserved } from "../../../pipeline/results.ts";
import type { Observed, Row } from "../../../pipeline/results.ts";
import { parseSummary, type Summary } from "../../../pipeline/results.ts";
import { type Params, run } from "../../../pipeline/stages/aggregate.ts";
import type { StageContext } from "../../../pipeline/stage.ts";
import type { Runs } from "../../../pipeline/table/runs.ts";
import { nameOf, type Tags } from "../../../pipeline/tags.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Made once for all files of tests; like any cache of a store it is good for as long as no source changes, and checked. */
async function realPlan() {
  const cache = join(tmpdir(), `plan-${process.getuid?.()}-${sha256(root).slice(0, 8)}`);
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const { packages, hashes } = new Fingerprints(root, cache, Packages.read(root));
  return await loadPlan(root, cache, packages, hashes, "ort");
}

/** The stages and experiments of the repository. */
export const plan = await realPlan();

/** What a module in pipeline/experiments exports. */
export interface Experiment {
  meta: ExperimentMeta;
  grid(g: GraphBuilder, profile: Profile): JobRef;
  summarize(runs: Runs): Summary;
}

const graphs = new Map<string, Graph>();

/** The graph of one experiment, validated by the real stages; the same one whenever it is asked for again. */
export function graphOf(
  { meta, grid }: Pick<Experiment, "meta" | "grid">,
  profile: string,
  set: string[] = [],
): Graph {
  const which = [meta.id, profile, ...set].join(" ");
  const known = graphs.get(which);
  if (known) return known;
  const overrides = new Overrides(set);
  const graph = new Graph(root, plan.stages, overrides);
  const path = plan.experiments.find((experiment) => experiment.meta.id === meta.id)!.path;
  graph.addExperiment({ meta, path, grid }, profileOf(profile));
  overrides.checkAllUsed(Object.keys(plan.stages));
  graphs.set(which, graph);
  return graph;
}

/** A run of the grid. */
export interface GridRun {
  tags: Tags;
  job: JobNode;
}

/** The runs of the aggregate job of a grid. */
export function runsOf(experiment: Experiment, profile: string): GridRun[] {
  const { inputs, params } = graphOf(experiment, profile).results.get(experiment.meta.id)!;
  return (params as Params).runs.map((tags) => ({ tags, job: inputs[nameOf(tags)] as JobNode }));
}

/** An artifact made by hand. */
export interface Made {
  tags: Tags;
  scores?: unknown;
  scalars?: Record<string, number>;
}

/** The table that the aggregate stage makes of these artifacts. */
export async function tableOf({ meta, summarize }: Experiment, made: Made[]): Promise<Table> {
  const inputs = Object.fromEntries(
    made.map(({ tags, scores, scalars = {} }) => [nameOf(tags), {
      files: scores === undefined ? [] : ["scores.json"],
      scalars,
      bytes: () => Promise.resolve(new TextEncoder().encode(JSON.stringify(scores))),
    }]),
  );
  const runs = made.map(({ tags }) => tags);
  // As a worker gets them.
  const params = JSON.parse(canonical({ experiment: meta.id, path: "-", runs }));
  const context = { params, inputs, modules: { experiment: { summarize } } };
  const { files } = await run(context as unknown as StageContext<Params>);
  return new Table(parseSummary(JSON.parse(files["summary.json"] as string), meta.id));
}

/** A summary that is asked by what its rows are about. */
export class Table {
  constructor(readonly summary: Summary) {}

  get outcome() {
    return this.summary.verdict.outcome;
  }

  /** Values of one column that names rows, from top to bottom, without repetitions. */
  names(column: string): unknown[] {
    return [...new Set(this.summary.rows.map((row) => row[column]))];
  }

  /** The one row with these labels. */
  row(labels: Row): Row {
    const found = this.summary.rows.filter((row) =>
      Object.entries(labels).every(([column, value]) => row[column] === value)
    );
    if (found.length !== 1) throw new Error(`${found.length} rows have ${JSON.stringify(labels)}.`);
    return found[0];
  }

  cell(labels: Row, column: string): Cell {
    const value = this.row(labels)[column];
    if (!isCell(value)) throw new Error(`No cell in ${column} of ${JSON.stringify(labels)}.`);
    return value;
  }

  observed(labels: Row, column: string): Observed {
    const value = this.row(labels)[column];
    if (!isObserved(value)) throw new Error(`${column} of ${JSON.stringify(labels)} is measured.`);
    return value;
  }
}
