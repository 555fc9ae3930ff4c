/**
 * @file `deno task leaderboard`: the published table at quick size, and one layer of the user's beside it.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { SequenceLayer } from "../../../lib/layers/sequence/sequence_layer.ts";
import { cells } from "../../experiments/leaderboard/leaderboard.ts";
import { type Entry, entryOf } from "../../experiments/leaderboard/shared/entries.ts";
import { shown, tasksOf as usualTasks } from "../../experiments/leaderboard/shared/shown.ts";
import { inOrder } from "../../experiments/leaderboard/shared/tasks.ts";
import { Graph, type JobNode } from "../../graph.ts";
import { describeCommit, gitCommit } from "../../log/git.ts";
import { nearestFirst } from "../../../lib/nearest.ts";
import { Overrides } from "../../overrides.ts";
import { type Profile, profileOf } from "../../profiles.ts";
import { publishSource } from "../../publish/catalog_source.ts";
import type { PublishSource } from "../../publish/source.ts";
import { Scheduler } from "../../run/scheduler.ts";
import { lockStore } from "../../store/lock.ts";
import { openWorkspace, type Workspace } from "../../workspace.ts";
import { quote } from "../../command_line.ts";
import { execute } from "../execute.ts";
import { recordLabels } from "../../run/labels.ts";
import type { CommandOptions } from "../options.ts";
import { boardText } from "./board_text.ts";
import { readReferences, type References, referencesPath, writeReferences } from "./references.ts";

const id = "leaderboard";
const module = "pipeline/experiments/leaderboard/leaderboard.ts";
const folder = "lib/layers/sequence";

/** What is to be run. */
interface Wanted {
  entries: readonly Entry[];
  tasks: readonly string[];
  /** Under which labels the jobs are recorded. */
  labelSpace: string;
  /** To repeat it. */
  command: string;
}

export async function command(options: CommandOptions): Promise<number> {
  const { layer, publish } = options.leaderboard!;
  if (layer !== undefined && publish) {
    throw new Error(
      "--layer and --publish: the published table is that of the layers it lists; leave one of them out.",
    );
  }
  const root = resolve(options.root);
  const profile = profileOf(options.profile);
  const path = referencesPath(profile.name);
  const tasks = tasksOf(root, profile, [...new Set(options.leaderboard!.tasks)]);
  if (layer === undefined && !publish) {
    const references = readReferences(root, options.profile);
    if (!references) {
      throw new Error(
        `There is no ${path}; make it: deno task leaderboard --publish${sized(profile)}.`,
      );
    }
    console.log(boardText(restrictedTo(references, tasks)));
    console.log(
      `\n${
        stamp(references, "Published")
      }\nA layer of yours beside these: deno task leaderboard --layer ${folder}/NAME.ts`,
    );
    return 0;
  }
  const wanted = publish
    ? referenceRun(profile, tasks)
    : await layerRun(root, profile, layer!, tasks);
  const made = await run(options, wanted);
  if (typeof made === "number") return made;
  const [{ summary, version }] = made.experiments;
  if (publish) {
    const commit = version.commit ?? describeCommit(gitCommit(root)) ?? "unknown";
    const machine = made.machines.map(({ description }) => description).join("; ");
    writeReferences(root, options.profile, { command: wanted.command, commit, machine, summary });
    console.log(`${boardText(summary)}\n\nPublished in ${path}.`);
    return 0;
  }
  const references = readReferences(root, options.profile);
  const rows = references ? restrictedTo(references, tasks).rows : [];
  console.log(`\n${boardText(summary, rows)}\n`);
  console.log(
    `* ${layer}. ` +
      (references
        ? stamp(references, "The others were published")
        : `There are no published references (${path}).`),
  );
  return 0;
}

function stamp({ commit, machine, command }: References, start: string): string {
  return `${start} at commit ${commit.slice(0, 12)}, by ${command} on ${machine}.`;
}

/** The table without the columns of other tasks. */
function restrictedTo({ summary }: References, tasks: readonly string[]) {
  const columns = summary.columns.filter(({ id }) =>
    !id.startsWith("gap_") || tasks.some((task) => id === `gap_${task}`)
  );
  return { ...summary, columns };
}

/** @throws {Error} for a name that is no folder of lib/tasks with a task in it. */
function tasksOf(root: string, profile: Profile, names: readonly string[]): readonly string[] {
  const folder = join(root, "lib/tasks");
  const there = readdirSync(folder).filter((name) => existsSync(join(folder, name, `${name}.ts`)));
  for (const name of names) {
    if (there.includes(name)) continue;
    throw new Error(
      `--task ${name}: no such task; the tasks are ${nearestFirst(name, there).join(", ")}.`,
    );
  }
  return names.length ? inOrder(names) : usualTasks(profile);
}

/** The option that says another size than the usual one. */
const sized = ({ name }: Profile) => name === "quick" ? "" : ` --profile ${name}`;

function referenceRun(profile: Profile, tasks: readonly string[]): Wanted {
  if (tasks !== usualTasks(profile)) {
    throw new Error("--publish and --task: the published table has all tasks; leave --task out.");
  }
  const command = `deno task leaderboard --publish${sized(profile)}`;
  return { entries: shown(profile).entries, tasks, labelSpace: "leaderboard", command };
}

/** @throws {Error} for a file that is no sequence layer, or lies where jobs do not find it. */
async function layerRun(
  root: string,
  profile: Profile,
  file: string,
  tasks: readonly string[],
): Promise<Wanted> {
  const full = resolve(file);
  const name = basename(full, ".ts");
  if (!existsSync(full)) throw new Error(`--layer ${file}: there is no such file.`);
  if (relative(root, full) !== `${folder}/${name}.ts` || !/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new Error(
      `--layer ${file}: a layer is a file of ${folder}, its name lower-case letters, digits and underscores; ` +
        `put it there, such as ${folder}/mine.ts.`,
    );
  }
  let loaded: { layer?: Partial<SequenceLayer> };
  try {
    loaded = await import(pathToFileURL(full).href);
  } catch (cause) {
    throw new Error(`--layer ${file} cannot be loaded.`, { cause });
  }
  const lacking = (["about", "configure", "init", "initialState", "cell"] as const)
    .filter((part) => loaded.layer?.[part] === undefined);
  if (lacking.length) {
    throw new Error(
      `--layer ${file}: ${
        loaded.layer ? `its \`layer\` lacks ${lacking.join(", ")}` : "it exports no `layer`"
      }; ` +
        `${folder}/sequence_layer.ts says what a layer is.`,
    );
  }
  const chosen = tasks !== usualTasks(profile)
    ? tasks.map((task) => ` --task ${task}`).join("")
    : "";
  return {
    entries: [entryOf(name)],
    tasks,
    labelSpace: `leaderboard-${name}`,
    command: `deno task leaderboard --layer ${quote(file)}${chosen}${sized(profile)}`,
  };
}

/** Runs what is not done. @returns the table, or the exit code of a run that did not end. */
async function run(options: CommandOptions, wanted: Wanted): Promise<PublishSource | number> {
  const lock = await lockStore(resolve(options.root, options.store), "leaderboard");
  try {
    const workspace = await openWorkspace(options, {
      labelSpace: wanted.labelSpace,
      build(root, plan) {
        const graph = new Graph(root, plan.stages, new Overrides());
        graph.add(
          id,
          (g) => cells(g, wanted.entries, wanted.tasks),
          profileOf(options.profile),
          module,
        );
        return graph;
      },
    });
    try {
      const nodes = workspace.graph.jobs;
      return await runNodes(workspace, nodes, options, wanted) ??
        await publishSource(workspace, options, wanted.labelSpace);
    } finally {
      await workspace.close();
    }
  } finally {
    lock.release();
  }
}

/** @returns the exit code where not all jobs are done. */
async function runNodes(
  workspace: Workspace,
  nodes: JobNode[],
  options: CommandOptions,
  { command, labelSpace }: Wanted,
): Promise<number | undefined> {
  const scheduler = new Scheduler(nodes, workspace.resolver);
  if (!await scheduler.plan()) return void await recordLabels(workspace, scheduler);
  const stopped = await execute(workspace, scheduler, {
    title: labelSpace,
    command,
    jobs: options.jobs,
    failed: ({ node, error }, view) =>
      view.say(
        `\n${node.stage.name} ${node.label} failed:\n  ${error!.replaceAll("\n", "\n  ")}\n`,
      ),
  });
  if (stopped) {
    console.log("Stopped; what was finished is kept. Run the same command to go on.");
    return 130;
  }
  const states = [...scheduler.statuses.values()].map(({ state }) => state);
  return states.some((state) => state === "failed" || state === "skipped") ? 1 : undefined;
}
