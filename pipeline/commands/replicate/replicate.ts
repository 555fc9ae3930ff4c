/**
 * @file `deno task replicate`: makes published cells again, from nothing, and says which fall inside their intervals.
 *
 * A sample is drawn by a seed from all cells that are made of scores (sample.ts), or one cell is named. Their jobs run in a store of
 * their own, which knows no earlier result; the table is then made from them (stand_ins.ts). Exit code 1 if a cell falls outside, or
 * cannot be compared.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { quote } from "../../command_line.ts";
import { canonical, sha256 } from "../../content/canonical.ts";
import { describeCommit, gitCommit } from "../../log/git.ts";
import { ancestors } from "../../overrides.ts";
import { readPublished } from "../../publish/published.ts";
import type { PublishSource } from "../../publish/source.ts";
import { isCell, parseSummary, type Summary } from "../../results.ts";
import { formatSeconds } from "../../run/display.ts";
import { LocalExecutor } from "../../run/executors/local.ts";
import { machineInfo } from "../../run/machine.ts";
import { Scheduler } from "../../run/scheduler.ts";
import { makeFolder, writeFileAtomic } from "../../store/files.ts";
import { lockStore } from "../../store/lock.ts";
import { openWorkspace, type Workspace } from "../../workspace.ts";
import { execute } from "../execute.ts";
import type { CommandOptions } from "../options.ts";
import { VERSION } from "../../version.ts";
import { cellsOf, compare, find, hasInterval, nameOf, sameRow } from "./cells.ts";
import type { PublishedCell } from "./cells.ts";
import { countsOf, lineOf, type Replicated, type Report, reportText } from "./report.ts";
import { type Candidate, draw, madeFrom, type Sample } from "./sample.ts";
import { neededRuns, runsOf, standIns, type TableRun } from "./stand_ins.ts";

/** What is made again of one table. */
interface Wanted {
  family: string;
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
  const { wanted, families, seconds } = choose(workspace, published, options);
  const runs = wanted.flatMap(({ needed }) => needed.map(({ node }) => node));
  const nodes = [...new Set(runs.flatMap((node) => [...ancestors(node), node]))]
    .sort((a, b) => a.index - b.index);
  const cells = wanted.flatMap(({ cells }) => cells);
  if (!cells.length) {
    throw new Error(`--budget ${options.budget}: no cell is made in so few seconds.`);
  }
  if (options.estimate) {
    const { estimate } = await import("../estimate.ts");
    const title = `${cells.length} published cells`;
    return await estimate(workspace, nodes, { ...options, title });
  }
  for (const cell of cells) console.log(nameOf(cell));
  console.log(
    `${cells.length} cells, ${nodes.length} jobs, which took ${
      formatSeconds(seconds)
    } one after the other when they were published (--estimate measures what they take here).`,
  );
  const scheduler = new Scheduler(nodes, workspace.resolver);
  await scheduler.plan();
  const stopped = await execute(workspace, scheduler, {
    title: "replicate",
    command: "deno task replicate",
    jobs: options.jobs,
    failed: ({ node, error }, view) =>
      view.say(`${node.stage.name} ${node.label} failed: ${error}`),
  });
  if (stopped) return 130;
  const machine = machineInfo().description;
  console.log(`\nThis machine: ${machine}.`);
  const made: Replicated[] = [];
  for (const table of wanted) {
    const again = await remake(workspace, table).catch((error: Error) => error);
    for (const cell of table.cells) {
      const one = { ...judge(cell, again, published), family: table.family };
      made.push(one);
      console.log(`${one.cell}: ${lineOf(one)}\n  published on ${one.machine}`);
    }
  }
  console.log(`\n${countsOf(made)}.`);
  const { profile, seed, report } = options;
  if (report !== undefined) {
    const commit = describeCommit(gitCommit(workspace.root)) ?? "unknown";
    const about = { version: VERSION, commit, command: commandOf(options), machine, profile, seed };
    save(report, { ...about, jobs: nodes.length, seconds, families, cells: made });
  }
  return made.some(({ agreement }) => agreement === "outside" || agreement === "unknown") ? 1 : 0;
}

/** To repeat what was asked, in any checkout. */
function commandOf(options: CommandOptions): string {
  const { words, sample, budget, seed, profile, root, report } = options;
  const drawn = [`--sample ${sample}`, ...(budget === undefined ? [] : [`--budget ${budget}`])];
  return [
    `deno task replicate --profile ${profile}`,
    ...(words.length ? words.map(quote) : [...drawn, `--seed ${seed}`]),
    `--report ${quote(relative(resolve(root), report!))}`,
  ].join(" ");
}

/** @param path of the two files without their endings */
function save(path: string, report: Report): void {
  const base = path.replace(/\.(md|json)$/, "");
  writeFileAtomic(`${base}.json`, JSON.stringify(report, null, 1) + "\n");
  writeFileAtomic(`${base}.md`, reportText(report));
  console.log(`The table is in ${base}.md.`);
}

/** @throws {Error} where a cell that is named, or as many as are asked for, cannot be made again */
function choose(
  { graph, plan }: Workspace,
  published: PublishSource,
  { words, sample, seed, budget }: CommandOptions,
): { wanted: Wanted[]; families: Report["families"]; seconds: number } {
  const all = madeFrom(published);
  const tables = published.experiments.flatMap((experiment) => {
    const { id } = experiment.meta;
    const result = graph.results.get(id);
    // Another grid is another table.
    const known = result && Object.keys(experiment.runs).every((run) => run in result.inputs);
    if (!known || !Array.isArray((result.params as { runs?: unknown }).runs)) {
      console.error(`${id} is left out: its grid is another today.`);
      return [];
    }
    const family = basename(dirname(plan.experiments.find(({ meta }) => meta.id === id)!.path));
    const runs = runsOf(result);
    const keyOf = ({ name }: TableRun) => experiment.runs[name] ?? [];
    const candidates = cellsOf(experiment).map((cell): Candidate => ({
      ...{ cell, family },
      jobs: () => all(neededRuns(runs, cell.cell.runs).flatMap(keyOf)),
    }));
    return [{ family, runs, candidates }];
  });
  const everything = tables.flatMap(({ candidates }) => candidates);
  const took = new Map(published.jobs.map(({ key, seconds }) => [key, seconds ?? 0]));
  const seconds = (job: string) => took.get(job) ?? 0;
  const drawable = everything.filter(({ cell }) => hasInterval(cell));
  const chosen: Sample = words.length
    ? only(everything, words[0], seconds)
    : draw(drawable, { count: sample, seed, budget, seconds });
  const families = [...Map.groupBy(drawable, ({ family }) => family)].map(([family, own]) => ({
    ...{ family, cells: own.length, dear: chosen.dear.get(family) ?? 0 },
  }));
  const wanted = tables.flatMap(({ family, runs, candidates }) => {
    const cells = candidates.filter((one) => chosen.taken.includes(one)).map(({ cell }) => cell);
    if (!cells.length) return [];
    const cited = [...new Set(cells.flatMap(({ cell }) => cell.runs))];
    return [{ family, cells, all: runs, needed: neededRuns(runs, cited) }];
  });
  return { wanted, families, seconds: chosen.seconds };
}

/** The cell of a name. */
function only(
  candidates: readonly Candidate[],
  name: string,
  seconds: (job: string) => number,
): Sample {
  const cell = find(candidates.map(({ cell }) => cell), name);
  const one = candidates.find((candidate) => candidate.cell === cell)!;
  const took = [...one.jobs()].reduce((sum, job) => sum + seconds(job), 0);
  return { taken: [one], dear: new Map(), seconds: took };
}

/** The table of an experiment from the runs that were made. @throws {Error} where one failed, or the table needs others */
async function remake(workspace: Workspace, { cells, all, needed }: Wanted): Promise<Summary> {
  const { graph, root, storeDir, resolver, objects, fingerprints } = workspace;
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
    const { files } = await fingerprints.of(stage.path, modules);
    const outcome = await executor.run(
      {
        ...{ key: sha256(`replicate ${label}`), label, root, storeDir, inputDir: storeDir },
        stage: { name: stage.name, path: stage.path },
        ...{ modules, inputs, params: JSON.parse(canonical(params)), threads: 1 },
        codeFiles: Object.keys(files),
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

function judge(
  published: PublishedCell,
  again: Summary | Error,
  source: PublishSource,
): Omit<Replicated, "family"> {
  const { experiment, row, column, cell } = published;
  const { value, low, high } = cell;
  const told = {
    ...{ cell: nameOf(published), published: { value, low, high } },
    machine: machinesOf(published, source),
  };
  const unknown = (problem: string) => ({ ...told, agreement: "unknown" as const, problem });
  if (again instanceof Error) return unknown(again.message);
  const { rows } = source.experiments.find(({ meta }) => meta.id === experiment)!.summary;
  const now = sameRow(rows[row], row, again.rows);
  const made = now?.[column];
  if (!isCell(made)) return unknown(`today's table has no row with the labels of row ${row + 1}`);
  return { ...told, agreement: compare(cell, made), again: made.value };
}

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
