/** @file The graphs that the real experiments ask for, and their tables from artifacts made by hand. */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Graph, type GraphBuilder, type JobNode, type JobRef } from "../../../pipeline/graph.ts";
import { Fingerprints } from "../../../pipeline/keys/fingerprint.ts";
import { Packages } from "../../../pipeline/keys/packages.ts";
import { Overrides } from "../../../pipeline/overrides.ts";
import { loadPlan } from "../../../pipeline/plan.ts";
import { type Profile, profileOf } from "../../../pipeline/profiles.ts";
import { type Cell, type ExperimentMeta, isCell, isObserved } from "../../../pipeline/results.ts";
import type { Observed, Row } from "../../../pipeline/results.ts";
import { parseSummary, type Summary } from "../../../pipeline/results.ts";
import { run } from "../../../pipeline/stages/aggregate.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

async function realPlan() {
  const cache = Deno.makeTempDirSync({ prefix: "plan-" });
  try {
    const { packages, hashes } = new Fingerprints(root, cache, Packages.read(root));
    return await loadPlan(root, cache, packages, hashes);
  } finally {
    rmSync(cache, { recursive: true });
  }
}

/** The stages and experiments of the repository. */
export const plan = await realPlan();

/** What a module in pipeline/experiments exports. */
export interface Experiment {
  meta: ExperimentMeta;
  grid(g: GraphBuilder, profile: Profile): JobRef;
  // deno-lint-ignore no-explicit-any -- whatever the aggregate stage hands over
  summarize(runs: any): Summary | Promise<Summary>;
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
  graph.add(meta.id, grid, profileOf(profile));
  overrides.checkAllUsed(Object.keys(plan.stages));
  graphs.set(which, graph);
  return graph;
}

/** Run name to the job behind it, as the aggregate job of a grid has them. */
export function runsOf(experiment: Experiment, profile: string): [string, JobNode][] {
  const { inputs } = graphOf(experiment, profile).results.get(experiment.meta.id)!;
  return Object.entries(inputs) as [string, JobNode][];
}

/** An artifact made by hand. */
export interface Made {
  scores?: unknown;
  scalars?: Record<string, number>;
}

/** The table that the aggregate stage makes of these artifacts, by run name. */
export async function tableOf(
  { meta, summarize }: Experiment,
  made: Record<string, Made>,
): Promise<Table> {
  const inputs = Object.fromEntries(
    Object.entries(made).map(([name, { scores, scalars = {} }]) => [name, {
      files: scores === undefined ? [] : ["scores.json"],
      scalars,
      bytes: () => Promise.resolve(new TextEncoder().encode(JSON.stringify(scores))),
    }]),
  );
  const params = { experiment: meta.id, path: "-" };
  const context = { params, inputs, modules: { experiment: { summarize } } };
  const { files } = await run(context as unknown as Parameters<typeof run>[0]);
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
