/**
 * @file `deno task replicate`: makes published cells again, from nothing, and says which fall inside their intervals.
 *
 * A sample is drawn by a seed from all cells that are made of scores, or one cell is named. Their jobs run in a store of their own,
 * which knows no earlier result; the table is then made from them (stand_ins.ts). Exit code 1 if a cell falls outside, or
 * cannot be compared.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { canonical, sha256 } from "../../content/canonical.ts";
import { ancestors } from "../../overrides.ts";
import { readPublished } from "../../publish/published.ts";
import type { PublishSource } from "../../publish/source.ts";
import { type Cell, isCell, parseSummary, type Summary } from "../../results.ts";
import { formatSeconds } from "../../run/display.ts";
import { LocalExecutor } from "../../run/executors/local.ts";
import { machineInfo } from "../../run/machine.ts";
import { Scheduler } from "../../run/scheduler.ts";
import { makeFolder } from "../../store/files.ts";
import { lockStore } from "../../store/lock.ts";
import { openWorkspace, type Workspace } from "../../workspace.ts";
import { execute, workEstimate } from "../execute.ts";
import type { CommandOptions } from "../options.ts";
import { type Agreement, cellsOf, compare, draw, find, labelsOf, nameOf } from "./cells.ts";
import type { PublishedCell } from "./cells.ts";
import { neededRuns, runsOf, standIns, type TableRun } from "./stand_ins.ts";

/** What is made again of one table. */
interface Wanted {
  cells: PublishedCell[];
  all: TableRun[];
  needed: TableRun[];
}

export async function command(options: CommandOptions): Promise<number> {
  const folder = join(resolve(options.root), "reports", options.profile);
  const published = await readPublished(folder);
  if (!published) {
    throw new Error(`${folder} holds no published results; choose another --profile.`);
  }
  const store = resolve(options.root, options.store);
  makeFolder(store);
  const scratch = mkdtempSync(join(store, "replicate-"));
  const lock = await lockStore(scratch, "replicate");
  try {
    const workspace = await openWorkspace({ ...options, store: scratch });
    try {
      return await replicate(workspace, published, options);
    } finally {
      await workspace.close();
    }
  } finally {
    lock.release();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function replicate(
  workspace: Workspace,
  published: PublishSource,
  options: CommandOptions,
): Promise<number> {
  const wanted = choose(workspace, published, options);
  const runs = wanted.flatMap(({ needed }) => needed.map(({ node }) => node));
  const nodes = [...new Set(runs.flatMap((node) => [...ancestors(node), node]))]
    .sort((a, b) => a.index - b.index);
  if (options.estimate) {
    const { estimate } = await import("../estimate.ts");
    const title = `${wanted.flatMap(({ cells }) => cells).length} published cells`;
    return await estimate(workspace, nodes, { ...options, title });
  }
  const scheduler = new Scheduler(nodes, workspace.resolver);
  await scheduler.plan();
  const work = await workEstimate(workspace);
  const seconds = nodes.reduce((sum, node) => sum + work.seconds(node), 0);
  for (const { cells } of wanted) cells.forEach((cell) => console.log(nameOf(cell)));
  console.log(
    `${nodes.length} jobs, roughly ${
      formatSeconds(seconds / options.jobs)
    } by counting their steps (--estimate measures).`,
  );
  const stopped = await execute(workspace, scheduler, {
    title: "replicate",
    command: "deno task replicate",
    jobs: options.jobs,
    failed: ({ node, error }, view) =>
      view.say(`${node.stage.name} ${node.label} failed: ${error}`),
  });
  if (stopped) return 130;
  const counts: Record<Agreement | "unknown", number> = {
    ...{ bytes: 0, inside: 0, outside: 0, open: 0, unknown: 0 },
  };
  console.log(`\nThis machine: ${machineInfo().description}.`);
  for (const table of wanted) {
    const again = await remake(workspace, table).catch((error: Error) => error);
    for (const cell of table.cells) {
      const [agreement, text] = describe(cell, again, published);
      counts[agreement]++;
      console.log(`${nameOf(cell)}: ${text}\n  published on ${machinesOf(cell, published)}`);
    }
  }
  const { bytes, inside, outside, open, unknown } = counts;
  const parts = [`${bytes} equal to the last bit`, `${inside} inside their intervals`];
  if (open) parts.push(`${open} without an interval`);
  if (unknown) parts.push(`${unknown} that could not be compared`);
  console.log(`\n${parts.join(", ")}, ${outside} outside.`);
  return outside || unknown ? 1 : 0;
}

/** @throws {Error} where a cell that is named, or as many as are asked for, cannot be made again */
function choose(
  { graph }: Workspace,
  published: PublishSource,
  { words, sample, seed }: CommandOptions,
): Wanted[] {
  const tables = published.experiments.flatMap((experiment) => {
    const result = graph.results.get(experiment.meta.id);
    // Another grid is another table.
    const known = result && Object.keys(experiment.runs).every((run) => run in result.inputs);
    if (known && Array.isArray((result.params as { runs?: unknown }).runs)) {
      return [{ result, cells: cellsOf(experiment) }];
    }
    console.error(`${experiment.meta.id} is left out: its grid is another today.`);
    return [];
  });
  const cells = tables.flatMap(({ cells }) => cells);
  const chosen = new Set(words.length ? [find(cells, words[0])] : draw(cells, sample, seed));
  return tables.flatMap(({ result, cells }) => {
    const mine = cells.filter((cell) => chosen.has(cell));
    if (!mine.length) return [];
    const all = runsOf(result);
    const cited = [...new Set(mine.flatMap(({ cell }) => cell.runs))];
    return [{ cells: mine, all, needed: neededRuns(all, cited) }];
  });
}

/** The table of an experiment from the runs that were made. @throws {Error} where one failed, or the table needs others */
async function remake(workspace: Workspace, { cells, all, needed }: Wanted): Promise<Summary> {
  const { graph, root, storeDir, resolver, objects } = workspace;
  const node = graph.results.get(cells[0].experiment)!;
  const lacking = needed.find((run) => resolver.contentOf(run.node) === undefined);
  if (lacking) throw new Error(`its job ${lacking.node.label} did not run`);
  const catalog = await workspace.catalog();
  const key = (run: TableRun) => resolver.keys.get(run.node)!;
  const artifacts = await catalog.artifacts([...new Set(needed.map(key))]);
  const taken = standIns(all, needed);
  const inputs = Object.fromEntries(
    all.map((run) => [run.name, artifacts.get(key(taken.get(run)!))!]),
  );
  const executor = new LocalExecutor(1);
  try {
    const { stage, label, modules, params } = node;
    const outcome = await executor.run(
      {
        ...{ key: sha256(`replicate ${label}`), label, root, storeDir, inputDir: storeDir },
        stage: { name: stage.name, path: stage.path },
        ...{ modules, inputs, params: JSON.parse(canonical(params)), threads: 1, codeFiles: [] },
      },
      stage.permissions,
      { log() {}, progress() {} },
    );
    if (!outcome.ok) throw new Error(outcome.message.split("\n")[0]);
    const [file] = outcome.result.artifact.files;
    const text = new TextDecoder().decode(objects.read(file.sha256, label));
    return parseSummary(JSON.parse(text), label);
  } finally {
    await executor.close();
  }
}

function describe(
  { experiment, row, column, cell }: PublishedCell,
  again: Summary | Error,
  { experiments }: PublishSource,
): [Agreement | "unknown", string] {
  if (again instanceof Error) return ["unknown", `cannot be compared: ${again.message}`];
  const before = experiments.find(({ meta }) => meta.id === experiment)!.summary.rows[row];
  const now = again.rows[row];
  const made = now?.[column];
  const labels = (values: object) => labelsOf(values as typeof before);
  if (!now || !isCell(made) || labels(before) !== labels(now)) {
    return ["unknown", `cannot be compared: row ${row + 1} of today's table is another`];
  }
  const agreement = compare(cell, made);
  const words: Record<Agreement, string> = {
    bytes: "equal to the last bit",
    inside: "inside the interval",
    outside: "OUTSIDE the interval",
    open: "no interval to be in",
  };
  return [
    agreement,
    `${words[agreement]}: ${show(cell)} was published, ${made.value} is what came`,
  ];
}

const show = ({ value, low, high }: Cell) =>
  low === undefined ? String(value) : `${value} [${low}, ${high}]`;

/** Where the jobs of a cell ran. */
function machinesOf(
  { experiment, cell }: PublishedCell,
  { experiments, jobs, machines }: PublishSource,
): string {
  const { runs } = experiments.find(({ meta }) => meta.id === experiment)!;
  const keys = new Set(cell.runs.map((run) => runs[run]));
  const ids = new Set(jobs.filter(({ key }) => keys.has(key)).map(({ machine }) => machine));
  const known = machines.filter(({ id }) => ids.has(id)).map(({ description }) => description);
  return known.join("; ") || "a machine that was not recorded";
}
