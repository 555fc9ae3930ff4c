/**
 * @file A table from a part of its runs. A cell cites the runs that it is made of; the others only have to be there, so that
 * `summarize` finds what it looks for: a run that was made again, of the same kind and with as many equal tags as can be, stands in
 * for each of them. What comes of those is looked at by nobody.
 */
import { canonical } from "../../content/canonical.ts";
import type { JobNode } from "../../graph.ts";
import type { Tags } from "../../tags.ts";

export interface TableRun {
  name: string;
  tags: Tags;
  node: JobNode;
}

/** The runs of a table, by the job that makes it. */
export function runsOf(table: JobNode): TableRun[] {
  const { runs } = table.params as { runs?: Tags[] };
  const names = Object.keys(table.inputs);
  if (runs?.length !== names.length) {
    throw new Error(`${table.label} is made by the stage ${table.stage.name}, which has no runs.`);
  }
  return names.map((name, i) => ({ name, tags: runs[i], node: table.inputs[name] as JobNode }));
}

/**
 * The runs to be made: those that are cited, and of each kind that has none among them the one that is most like them.
 * @throws {Error} for a name that the table does not have
 */
export function neededRuns(all: readonly TableRun[], cited: readonly string[]): TableRun[] {
  const needed = cited.map((name) => {
    const run = all.find((run) => run.name === name);
    if (!run) throw new Error(`today's table has no run ${name}`);
    return run;
  });
  const kinds = new Set(needed.map(kindOf));
  for (const run of all) {
    const kind = kindOf(run);
    if (kinds.has(kind)) continue;
    kinds.add(kind);
    needed.push(nearest(all.filter((other) => kindOf(other) === kind), needed[0].tags));
  }
  return needed;
}

/** For each run the one that is taken for it: itself, if it was made. */
export function standIns(
  all: readonly TableRun[],
  made: readonly TableRun[],
): Map<TableRun, TableRun> {
  return new Map(all.map((run) => {
    if (made.includes(run)) return [run, run];
    const likely = made.filter((other) => kindOf(other) === kindOf(run));
    return [run, nearest(likely, run.tags)];
  }));
}

/** Which models are compared makes no other kind. */
const COMPARED = /^(model|engine|layer .*)$/;
const kinds = new WeakMap<JobNode, string>();

/** What decides which scores a run has: its stage, what that is asked about (a task, a study), and which parameters it is given. */
function kindOf({ node }: TableRun): string {
  let kind = kinds.get(node);
  if (kind === undefined) {
    const { stage, modules, params } = node;
    const asked = Object.entries(modules).filter(([role]) => !COMPARED.test(role));
    kind = canonical([stage.name, Object.fromEntries(asked), Object.keys(params as object).sort()]);
    kinds.set(node, kind);
  }
  return kind;
}

function nearest(runs: readonly TableRun[], tags: Tags): TableRun {
  const equal = (run: TableRun) =>
    Object.entries(tags).filter(([tag, value]) => run.tags[tag] === value).length;
  return runs.reduce((best, run) => equal(run) > equal(best) ? run : best);
}
