/**
 * @file Runs jobs on the nodes of a SLURM cluster that share the disk with the store.
 *
 * Jobs wait in files (mailbox.ts), and arrays of tasks take them (task.ts): one array for all that is ready, another only where jobs
 * wait that no task is there for, because a controller starts about two tasks a second. What SLURM says is used for one thing: a task
 * that it no longer knows has lost its job, which then waits again and goes on from its checkpoint. Whether a job is done is seen
 * by its outcome and by the objects in the store.
 */
import { existsSync, statSync } from "node:fs";
import type { StagePermissions } from "../../../stage.ts";
import { Objects } from "../../../store/objects.ts";
import type { FromWorker, JobSpec } from "../../protocol.ts";
import type { Executor, JobHooks, Outcome } from "../executor.ts";
import type { Observed } from "../../../store/changes.ts";
import { Accounts } from "./accounts.ts";
import { Arrays } from "./arrays.ts";
import { Slurm, type TaskState } from "./commands.ts";
import { type EngineDevice, Mailbox } from "./mailbox.ts";
import { kindOf, type Needs } from "./needs.ts";

const LOOK_EVERY_MS = 250;
/** The controller has others to answer, too. */
const ASK_EVERY_MS = 2000;
/** Jobs that come one after the other go into one array: it is submitted when so long nothing happened, or it has waited so often. */
const GATHER_MS = 500;
const POSTPONED = 2;
/** Jobs that wait in files at the same time, where the run waits for them: more are no use to any cluster. */
const WAITING = 2000;
/** Tasks of a job that end without having saved anything of it, before it counts as failed. */
const ENDED_TASKS = 3;
/** A stopped task may take so long to be heard of, beside what its job gets. */
const STOP_MS = 3000;

export interface SlurmSetup {
  storeDir: string;
  /** Tasks at the same time. */
  tasks: number;
  needs(stage: string): Needs;
  /** Estimate for a job, by its label. */
  seconds(label: string): number;
  /** Of the engine, where it has one. */
  device?: EngineDevice;
  /** Leave jobs to their tasks, and do not wait for them. */
  detach: boolean;
  say(line: string): void;
}

interface Pending {
  spec: JobSpec;
  permissions: StagePermissions;
  hooks: JobHooks;
  kind: string;
  settle(outcome: Outcome): void;
  /** The task that works on it. */
  task?: string;
  /** Since its checkpoint was written last. */
  ended: number;
  checkpoint: number;
}

export class SlurmExecutor implements Executor {
  readonly queues = true;
  readonly capacity: number;
  readonly #mailbox: Mailbox;
  readonly #slurm: Slurm;
  readonly #objects: Objects;
  readonly #pending = new Map<string, Pending>();
  readonly #arrays: Arrays;
  readonly #heard = new Map<string, number>();
  readonly #accounts: Accounts;
  /** Jobs that some task has taken so far. */
  #taken = 0;
  /** When a job came, or went, last. */
  #movedAt = 0;
  /** Whether there are tasks for all that waits, as many as there may be. */
  #covered = false;
  #postponed = 0;
  /** What tasks of an earlier run work on. */
  readonly #before: ReadonlySet<string>;
  #stopping = false;
  #closed = false;
  #told = "";
  #looking: Promise<void>;
  #asking: Promise<void>;

  private constructor(private readonly setup: SlurmSetup) {
    const { storeDir, detach } = setup;
    this.capacity = detach ? Infinity : WAITING;
    this.#mailbox = new Mailbox(storeDir);
    this.#slurm = new Slurm(storeDir);
    this.#objects = new Objects(storeDir);
    this.#accounts = new Accounts(this.#slurm);
    this.#arrays = new Arrays(this.#slurm, this.#mailbox, setup.tasks, {
      ...{ say: setup.say, detached: detach },
      refuse: (kind, message) => this.#refuse(kind, message),
      seconds: (kind) =>
        [...this.#pending.values()]
          .filter((pending) => pending.kind === kind && pending.task === undefined)
          .map(({ spec }) => setup.seconds(spec.label)),
    });
    // What is to be done is asked for again; what runs goes on.
    this.#mailbox.withdrawAll();
    this.#mailbox.goOn();
    this.#before = new Set(this.#mailbox.claims().map(({ key }) => key));
    this.#looking = this.#every(LOOK_EVERY_MS, () => this.#look());
    this.#asking = this.#every(ASK_EVERY_MS, () => this.#ask());
  }

  /** @param stages of the jobs that will come @throws {SlurmError} where SLURM would refuse a task for one of them */
  static async open(setup: SlurmSetup, stages: Iterable<string>): Promise<SlurmExecutor> {
    const slurm = new Slurm(setup.storeDir);
    const kinds = new Map([...stages].map((stage) => {
      const needs = setup.needs(stage);
      return [kindOf(needs), needs];
    }));
    for (const needs of kinds.values()) await slurm.check(needs, needs.minutes ?? 1);
    return new SlurmExecutor(setup);
  }

  run(spec: JobSpec, permissions: StagePermissions, hooks: JobHooks): Promise<Outcome> {
    if (this.#stopping) return Promise.resolve(stopped());
    const needs = this.setup.needs(spec.stage.name);
    const kind = kindOf(needs);
    this.#arrays.add(kind, needs);
    this.#moved();
    return new Promise((settle) => {
      const pending: Pending = {
        ...{ spec, permissions, hooks, kind, settle },
        ended: 0,
        checkpoint: this.#checkpointOf(spec.key),
      };
      this.#pending.set(spec.key, pending);
      // A run before this one may have left it running, or done.
      const isThere = this.#before.has(spec.key) || this.#mailbox.isDelivered(spec.key);
      if (!isThere) this.#put(pending);
    });
  }

  abort(graceMs: number): void {
    this.#stopping = true;
    if (this.setup.detach) return this.#leave("left running");
    this.#mailbox.withdrawAll();
    this.#mailbox.stop(graceMs);
    for (const pending of this.#pending.values()) {
      if (pending.task === undefined) this.#settle(pending, stopped());
    }
    const insist = async () => {
      await this.#cancel(() => true);
      for (const pending of this.#pending.values()) this.#settle(pending, stopped());
    };
    const timer = setTimeout(insist, graceMs && graceMs + STOP_MS);
    Deno.unrefTimer(timer);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#looking, this.#asking]);
    if (this.setup.detach && this.#mailbox.waitingKeys().length + this.#mailbox.claims().length) {
      return;
    }
    // Tasks that work for nobody here, but for a later run, are left alone.
    const busy = new Set(this.#mailbox.claims().map(({ task }) => task));
    await this.#cancel(({ task }) => this.#stopping || !busy.has(task));
    this.#mailbox.tidy(busy);
  }

  accounts(): Promise<Observed[]> {
    return this.#accounts.observed(!this.setup.detach, this.setup.say);
  }

  async #cancel(which: (task: TaskState) => boolean): Promise<void> {
    const tasks = await this.#slurm.tasks().catch(() => []);
    await this.#slurm.cancel(tasks.filter(which).map(({ task }) => task));
  }

  async #every(ms: number, work: () => void | Promise<void>): Promise<void> {
    while (!this.#closed) {
      try {
        await work();
      } catch (error) {
        // The disk, or the controller, may answer next time; a job that waits for it has an end all the same: Ctrl-C.
        this.#sayOnce(`SLURM: ${(error as Error).message}`);
      }
      for (let waited = 0; waited < ms && !this.#closed; waited += 50) await sleep(50);
    }
  }

  /** What the files say. */
  #look(): void {
    for (const key of this.#mailbox.delivered()) {
      const pending = this.#pending.get(key);
      if (pending) this.#collect(pending);
    }
    const claims = new Map(this.#mailbox.claims().map((claim) => [claim.key, claim]));
    for (const [key, pending] of this.#pending) {
      const task = claims.get(key)?.task;
      if (task !== undefined && task !== pending.task) {
        pending.task = task;
        this.#taken++;
        pending.hooks.started?.(this.#mailbox.placeOf(task));
      }
    }
    this.#listen();
    for (const [key, pending] of this.#pending) {
      if (pending.task !== undefined && !claims.has(key)) this.#lost(pending);
    }
    const isQuiet = performance.now() - this.#movedAt > 2 * GATHER_MS;
    if (this.setup.detach && this.#covered && isQuiet) this.#leave("left to SLURM");
  }

  #listen(): void {
    for (const task of this.#mailbox.speakers()) {
      const { messages, next } = this.#mailbox.listen(task, this.#heard.get(task) ?? 0);
      this.#heard.set(task, next);
      for (const message of messages) this.#pass(message, task);
    }
  }

  #pass(message: FromWorker, task: string): void {
    const pending = this.#pending.get(message.key);
    if (pending?.task !== task) return;
    if (message.type === "log") pending.hooks.log(message.line);
    if (message.type === "progress") pending.hooks.progress(message.done, message.total);
    if (message.type === "metrics") pending.hooks.metrics?.(message.points);
  }

  #collect(pending: Pending): void {
    const { key } = pending.spec;
    const { outcome, task } = this.#mailbox.collect(key) ?? {};
    const isWhole = outcome?.ok &&
      outcome.result.artifact.files.every(({ sha256 }) => this.#objects.has(sha256));
    // Of another run's end, or of objects that are gone since: as if it had not been.
    const isOld = !outcome || (outcome.ok ? !isWhole : outcome.aborted && !this.#stopping);
    if (!isOld) {
      this.#taken++;
      if (outcome.ok && task !== undefined) this.#accounts.did(task, key);
      this.#settle(pending, outcome);
    } else if (!this.#stopping) {
      pending.task = undefined;
      this.#put(pending);
    } else this.#settle(pending, stopped());
  }

  /** Its task has let go of it. */
  #lost(pending: Pending): void {
    const { spec: { key }, kind, hooks } = pending;
    // Between two looks an outcome may have come.
    if (this.#mailbox.isDelivered(key)) return this.#collect(pending);
    const task = pending.task!;
    pending.task = undefined;
    if (this.#stopping) return this.#settle(pending, stopped());
    const checkpoint = this.#checkpointOf(key);
    if (checkpoint !== pending.checkpoint) pending.ended = 0;
    pending.checkpoint = checkpoint;
    pending.ended++;
    const where = this.#mailbox.placeOf(task);
    if (pending.ended < ENDED_TASKS) {
      const isThere = this.#mailbox.waitingKeys().includes(key);
      if (!isThere) this.#put(pending);
      hooks.queued?.(`its task ended (SLURM ${where}); it waits for another`);
      return;
    }
    for (const name of this.#mailbox.waiting(kind)) {
      if (name.endsWith(key)) this.#mailbox.withdraw(kind, name);
    }
    const stage = pending.spec.stage.name;
    const said = this.#mailbox.lastWords(task);
    this.#settle(pending, {
      ok: false,
      aborted: false,
      message:
        `${ENDED_TASKS} tasks ended before the job had saved anything, the last was SLURM ${where}. Give it more time ` +
        `(--time ${stage}=MINUTES) or memory (--mem ${stage}=GIBIBYTES"G").${said && `\n${said}`}`,
    });
  }

  /** What SLURM says: gives back what its dead had, and submits. */
  async #ask(): Promise<void> {
    if (this.#stopping || !this.#pending.size) return;
    const claimed = this.#mailbox.claims();
    const tasks = await this.#slurm.tasks();
    const alive = new Set(tasks.map(({ task }) => task));
    // Claims from before the question: who has taken one since is not in the answer.
    for (const claim of claimed) {
      if (alive.has(claim.task)) continue;
      const pending = this.#pending.get(claim.key);
      if (pending && !this.#mailbox.isDelivered(claim.key)) {
        this.#mailbox.giveBack(pending.kind, claim);
      } else this.#mailbox.release(claim);
    }
    const isQuiet = performance.now() - this.#movedAt > GATHER_MS;
    if (!isQuiet && this.#postponed++ < POSTPONED) return;
    this.#postponed = 0;
    if (!this.#stopping) await this.#arrays.submit(tasks, this.#taken);
    this.#covered = true;
  }

  /** Nothing of a kind can run. */
  #refuse(kind: string, message: string): void {
    for (const name of this.#mailbox.waiting(kind)) this.#mailbox.withdraw(kind, name);
    for (const pending of this.#pending.values()) {
      if (pending.kind !== kind || pending.task !== undefined) continue;
      this.#settle(pending, { ok: false, message, aborted: false });
    }
  }

  #leave(message: string): void {
    for (const pending of this.#pending.values()) {
      this.#settle(pending, { ok: false, message, aborted: true });
    }
  }

  #put({ kind, spec, permissions }: Pending): void {
    const device = spec.modules.engine && this.setup.device;
    this.#mailbox.put(kind, { spec, permissions, ...(device && { device }) });
  }

  #settle(pending: Pending, outcome: Outcome): void {
    this.#pending.delete(pending.spec.key);
    this.#moved();
    pending.settle(outcome);
  }

  #moved(): void {
    this.#movedAt = performance.now();
    this.#covered = false;
  }

  #checkpointOf(key: string): number {
    const path = this.#objects.checkpointPath(key);
    return existsSync(path) ? statSync(path).mtimeMs : 0;
  }

  #sayOnce(line: string): void {
    if (line === this.#told) return;
    this.#told = line;
    this.setup.say(line);
  }
}

const stopped = (): Outcome => ({ ok: false, message: "The run was stopped.", aborted: true });
const sleep = (ms: number) => new Promise((go) => setTimeout(go, ms));
