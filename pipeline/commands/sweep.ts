/**
 * @file `deno task sweep FILE.yaml`: takes up the runs of a sweep that are not finished, and ranks all
 * that are. Calling it again continues it.
 */
import { resolve } from "node:path";
import { type Commit, gitCommit } from "../log/git.ts";
import { type JobStatus, Scheduler } from "../run/scheduler.ts";
import { lockStore } from "../store/lock.ts";
import { printRuns, summaryOf } from "../sweep/report.ts";
import {
  buildRuns,
  type Candidate,
  measureRun,
  nodesOf,
  recordOf,
  standing,
} from "../sweep/runs.ts";
import { readState, statePath, type SweepState, writeState } from "../sweep/state.ts";
import { candidatesOf, pointsFrom, readSweep, type Sweep, unitsOfRuns } from "../sweep/sweep.ts";
import { reaches } from "../sweep/table.ts";
import { openWorkspace, type Workspace } from "../workspace.ts";
import { execute, openFeed } from "./execute.ts";
import { recordLabels } from "../run/labels.ts";
import type { CommandOptions } from "./options.ts";
import { quote } from "../command_line.ts";

/** The file is written again after a change, at most this often. */
const WRITE_EVERY_MS = 1000;

export async function command(options: CommandOptions): Promise<number> {
  const sweep = readSweep(options.words[0]);
  const { config } = sweep;
  // With --json, standard output is for the JSON.
  const say = (line: string) => options.json ? console.error(line) : console.log(line);
  say(
    `Sweep ${config.id}${
      config.name ? ` (${config.name})` : ""
    }: ${config.method}, ${config.program}.`,
  );
  for (const note of config.notes) say(`${sweep.file}: ${note}`);
  if (options.sampled !== undefined) {
    const { sampleSweep } = await import("./sweep_sample.ts");
    return await sampleSweep(sweep, options.sampled, options, say);
  }
  const storeDir = resolve(options.root, options.store);
  const lock = await lockStore(storeDir, "sweep");
  try {
    const before = readState(storeDir, config.id);
    const known = before?.runs.length ?? 0;
    const indices = candidatesOf(sweep, known, options.count);
    let candidates: Candidate[] = [];
    const workspace = await openWorkspace(options, {
      labelSpace: sweep.space,
      build: async (root, plan) => {
        const { program, points, space, file } = sweep;
        const wanted = indices.map((index) => ({ index, parameters: points.at(index) }));
        const others = pointsFrom(sweep, indices.length);
        const built = await buildRuns(wanted, others, {
          ...{ root, plan, program, space, path: file },
          metric: sweep.metric.name,
        });
        candidates = built.candidates;
        return built.graph;
      },
    });
    try {
      return await new Invoked(sweep, options, workspace, candidates, before, say).run();
    } finally {
      await workspace.close();
    }
  } finally {
    lock.release();
  }
}

/** One call of the command. */
class Invoked {
  #failures = new Map<string, string>();
  #metrics = new Map<Candidate, Record<string, number>>();
  #statuses: ReadonlyMap<JobStatus["node"], JobStatus> = new Map();
  /** The runs that the sweep has after this call. */
  #mine: Candidate[] = [];
  #lastWrite = 0;
  #git: Commit | null = null;

  constructor(
    private readonly sweep: Sweep,
    private readonly options: CommandOptions,
    private readonly workspace: Workspace,
    private readonly candidates: Candidate[],
    private readonly before: SweepState | undefined,
    private readonly say: (line: string) => void,
  ) {}

  async run(): Promise<number> {
    const { workspace, options, say, sweep } = this;
    const scheduler = new Scheduler(nodesOf(this.candidates), workspace.resolver);
    const open = await scheduler.plan();
    this.#statuses = scheduler.statuses;
    // Without earlier calls there is nothing to leave out, and maybe no catalogue to ask.
    if (open && this.before && !options.retry) await this.#readFailures();
    const known = this.before?.runs.length ?? 0;
    await this.#measure(this.candidates.slice(0, known));
    const reached = this.#reached();
    const taken = this.#take(known, reached !== undefined);
    const total = sweep.points.count === undefined ? "" : ` of ${sweep.points.count}`;
    if (options.dryRun) {
      printRuns(this.#state, sweep, options.json);
      say(
        `${taken.length} runs would be taken up; the sweep would have ${this.#mine.length}${total}.`,
      );
      const refused = this.#mine.filter(({ problem }) => problem !== undefined).length;
      say(
        `Of each of these ${this.#mine.length} it was checked what can be known without data: ` +
          (refused ? `${refused} are not possible.` : "nothing is wrong."),
      );
      return refused ? 1 : 0;
    }
    if (options.estimate) return await this.#estimate(taken);
    const git = this.#git = gitCommit(workspace.root);
    say(
      git
        ? `Commit ${git.commit.slice(0, 12)}${git.dirty ? " and what is not committed" : ""}.`
        : `${workspace.root} is in no git repository: no commit is recorded.`,
    );
    if (reached) say(`Run ${reached.name} reached the target; nothing is started.`);
    this.#state.invocations.push({
      started: new Date().toISOString(),
      command: this.#command(),
      git,
      engine: options.engine,
    });
    this.#write();
    const stopped = await this.#execute(taken);
    await this.#measure(this.#mine);
    this.#write();
    const { runs } = this.#state;
    printRuns(this.#state, sweep, options.json);
    const path = statePath(workspace.storeDir, sweep.config.id);
    for (const line of summaryOf(runs, sweep, { total, path, retry: options.retry })) say(line);
    return stopped ? 130 : runs.some(({ state }) => state === "failed") ? 1 : 0;
  }

  /** Runs that are to be worked on; also settles which runs the sweep has. */
  #take(known: number, reached: boolean): Candidate[] {
    const { count = Infinity } = this.options;
    const taken: Candidate[] = [];
    for (const candidate of this.candidates) {
      const isNew = candidate.index >= known;
      if (isNew && (reached || taken.length >= count)) break;
      const { state } = this.#standing(candidate);
      this.#mine.push(candidate);
      const work = state === "open" || (isNew && state === "failed");
      if (work && !reached && taken.length < count) taken.push(candidate);
    }
    return taken;
  }

  async #estimate(taken: Candidate[]): Promise<number> {
    const { workspace, options, say, sweep } = this;
    const refused = taken.filter(({ problem }) => problem !== undefined);
    if (refused.length) {
      const [{ name, problem }] = refused;
      say(
        `${refused.length} of ${taken.length} runs are not possible and cost nothing, such as run ` +
          `${name}: ${problem}`,
      );
    }
    const { estimate } = await import("./estimate.ts");
    const title = `sweep ${sweep.config.id}`;
    return await estimate(workspace, nodesOf([...this.#done, ...taken]), { ...options, title });
  }

  get #done(): Candidate[] {
    return this.#mine.filter((c) => this.#standing(c).state === "done");
  }

  /** @returns true when the run was stopped */
  async #execute(taken: Candidate[]): Promise<boolean> {
    const { workspace, options, sweep, say } = this;
    const working = taken.filter(({ problem }) => problem === undefined);
    // Also what is done, so that its labels lead to it and gc keeps it.
    const done = this.#done;
    const scheduler = new Scheduler(nodesOf([...done, ...working]), workspace.resolver);
    const open = await scheduler.plan();
    const { project, entity } = sweep.config;
    const feed = await openFeed(workspace, scheduler, options.log, {
      units: unitsOfRuns([...done, ...working], sweep, options.engine, this.#git),
      project,
      entity,
    });
    let stopped = false;
    let reached: Candidate | undefined;
    this.#statuses = new Map([...this.#statuses, ...scheduler.statuses]);
    const ended = async () => {
      await this.#measure(working);
      if (reached || !(reached = this.#reached())) return;
      say(`Run ${reached.name} reached the target; no further job is started.`);
      scheduler.stop();
    };
    if (open) {
      stopped = await execute(workspace, scheduler, {
        title: sweep.space,
        command: this.#command(),
        jobs: options.jobs,
        slurm: options.slurm,
        feed,
        // One run after the other: what is finished early can be looked at early.
        inOrder: true,
        quiet: options.json,
        changed: (status) => {
          if (status.state === "running") return;
          if (sweep.metric.target !== undefined) ended().catch((error) => say(error.message));
          if (performance.now() - this.#lastWrite > WRITE_EVERY_MS) this.#write();
        },
        failed: ({ node, error }, view) =>
          view.say(
            `\n${node.stage.name} ${node.label} failed:\n  ${error!.replaceAll("\n", "\n  ")}\n`,
          ),
      });
    } else await recordLabels(workspace, scheduler);
    await feed?.close((node) => workspace.resolver.contentOf(node) !== undefined);
    return stopped && reached === undefined;
  }

  /** The metrics of runs that are done, which are read once. */
  async #measure(candidates: Candidate[]): Promise<void> {
    for (const candidate of candidates) {
      if (this.#metrics.has(candidate) || this.#standing(candidate).state !== "done") continue;
      this.#metrics.set(
        candidate,
        await measureRun(candidate, this.sweep.program, this.workspace),
      );
    }
  }

  #reached(): Candidate | undefined {
    return [...this.#metrics].find(([, metrics]) => reaches({ metrics }, this.sweep.metric))?.[0];
  }

  async #readFailures(): Promise<void> {
    const catalog = await this.workspace.catalog();
    for (const { key, message } of await catalog.query("SELECT key, message FROM failure")) {
      this.#failures.set(key as string, message as string);
    }
  }

  #standing(candidate: Candidate) {
    return standing(candidate, this.workspace, this.#statuses, this.#failures);
  }

  #invocations?: SweepState["invocations"];

  get #state(): SweepState {
    const { notes: _, ...config } = this.sweep.config;
    this.#invocations ??= [...this.before?.invocations ?? []];
    return {
      id: config.id,
      file: this.sweep.file,
      config,
      invocations: this.#invocations,
      runs: this.#mine.map((c) =>
        recordOf(c, this.#standing(c), this.#metrics.get(c) ?? {}, this.workspace)
      ),
    };
  }

  #write(): void {
    writeState(this.workspace.storeDir, this.#state);
    this.#lastWrite = performance.now();
  }

  #command(): string {
    const { engine, store, count } = this.options;
    const parts = [`deno task sweep ${quote(this.sweep.file)}`];
    if (engine !== "ort") parts.push(`--engine ${engine}`);
    if (store !== ".store") parts.push(`--store ${quote(store)}`);
    if (count !== undefined) parts.push(`--count ${count}`);
    return parts.join(" ");
  }
}
