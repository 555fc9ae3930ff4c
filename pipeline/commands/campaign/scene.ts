/**
 * @file Where a try happens: a checkout in a state that an undisturbed run has left, and what has to hold when the try is over.
 *
 * The standard is SQLite's: after every fault the state is the one before or the one after. So whatever a try did, the next run comes
 * to its end, leaves the artifacts, curves, tables and pages of a run that nobody disturbed, and a further one finds nothing to do.
 */
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockStore } from "../../store/lock.ts";
import { rehash } from "../verify.ts";
import { HOLD, makeCheckout, type Pipeline, SERIES, SERIES_OF, takeOver } from "./checkout.ts";
import { type Ended, type Running, start, type StartOptions, until } from "./commands.ts";
import { unmount } from "./disk.ts";
import { processesWith, signal } from "./processes.ts";
import { between, differences, type State, stateOf } from "./state.ts";

/** Options of every run: what they change must not depend on the number of cores. */
const RUN = ["--profile", "smoke", "--jobs", "2"];
/** An orphan may live so long. */
const ORPHAN_SECONDS = 5;

/**
 * States that tries begin with. `none`: nothing was run; `before`: all was; `after`: the input was edited and all was run again;
 * `killed`: instead of that, run until every job that the edit concerns was in the middle, and then killed.
 */
export type Base = "none" | "before" | "after" | "killed";

interface Undisturbed {
  state: State;
  /** From the start to the end, and from there on where publishing begins. */
  seconds: number;
  publishing: number;
}

/** Thrown when a run fails that nobody disturbs: then no try says anything. */
export class UndisturbedError extends Error {
  constructor(out: string) {
    super(`A run that nobody disturbed failed:\n${out}`);
  }
}

export class Stage {
  readonly root: string;
  #kept = new Map<Base, Undisturbed>();

  /** @param dir folder that is its own */
  constructor(readonly dir: string) {
    this.root = join(dir, "checkout");
  }

  /** A new copy of the project, and nobody left who works in an old one. */
  async open(pipeline: Pipeline): Promise<void> {
    await this.endAll();
    // Disks of a campaign that was killed.
    for (const folder of [".store", "reports"]) unmount(join(this.root, folder));
    rmSync(join(this.dir, "bases"), { recursive: true, force: true });
    makeCheckout(this.root, pipeline);
    this.#kept.clear();
  }

  /** What a base is, made when it is first asked for. @throws {Error} when an undisturbed run fails */
  async undisturbed(base: Base): Promise<Undisturbed> {
    const known = this.#kept.get(base);
    if (known) return known;
    let publishing = 0;
    let seconds = 0;
    const run = async () => {
      const running = start(this.root, "run", RUN);
      await until(() => running.said().includes(" jobs were done, "), running);
      const begun = performance.now();
      const ended = await running.ended;
      if (ended.code !== 0) throw new UndisturbedError(ended.out);
      publishing = (performance.now() - begun) / 1000;
      seconds = ended.seconds;
    };
    if (base === "none") takeOver(undefined, this.root);
    else await this.#begin(base === "before" ? "none" : "before");
    this.edit(base === "none" || base === "before" ? "before" : "after");
    if (base === "before" || base === "after") await run();
    if (base === "killed") await this.#kill();
    takeOver(this.root, join(this.dir, "bases", base));
    const made = { state: await stateOf(this.root), seconds, publishing };
    this.#kept.set(base, made);
    return made;
  }

  async #begin(base: Base): Promise<void> {
    await this.undisturbed(base);
    takeOver(join(this.dir, "bases", base), this.root);
  }

  /** Runs until one job is done and the others that can run wait in the middle, and kills everybody. */
  async #kill(): Promise<void> {
    writeFileSync(join(this.root, HOLD), "jobs wait while this is here");
    const run = start(this.root, "run", [...RUN.slice(0, -1), "4"]);
    const folder = join(this.root, ".store/checkpoints");
    const begun = () =>
      run.said().includes("chains/s6 (") && existsSync(folder) && readdirSync(folder).length === 3;
    if (!await until(begun, run)) throw new UndisturbedError(run.said());
    run.killGroup("SIGKILL");
    await run.ended;
    await this.endAll();
    rmSync(join(this.root, HOLD));
  }

  async begin(base: Base): Promise<Undisturbed> {
    const made = await this.undisturbed(base);
    takeOver(join(this.dir, "bases", base), this.root);
    return made;
  }

  edit(to: keyof typeof SERIES_OF): void {
    writeFileSync(join(this.root, SERIES), SERIES_OF[to]);
  }

  start(command: string, args: readonly string[] = [], options?: StartOptions): Running {
    return start(this.root, command, command === "run" ? RUN : args, options);
  }

  /** Kills whoever still works in the checkout. */
  async endAll(): Promise<void> {
    for (const pid of processesWith(this.root)) signal(pid, "SIGKILL");
    await until(() => processesWith(this.root).length === 0, undefined, ORPHAN_SECONDS);
  }
}

/** What a try has to work with, and where it says what went wrong. */
export class Scene {
  /** @param random uniform whole numbers below a bound */
  constructor(
    readonly stage: Stage,
    readonly random: (below: number) => number,
    readonly problems: string[] = [],
  ) {}

  get root(): string {
    return this.stage.root;
  }

  get store(): string {
    return join(this.root, ".store");
  }

  uniform(): number {
    return this.random(1e6) / 1e6;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random(list.length)];
  }

  /** A run that a try disturbs. */
  run(options?: StartOptions): Running {
    return this.stage.start("run", [], options);
  }

  async call(command: string, args: string[] = [], options?: StartOptions): Promise<Ended> {
    return await this.stage.start(command, args, options).ended;
  }

  /** Lets the checkout be as it was at a base. */
  begin(base: Base): Promise<Undisturbed> {
    return this.stage.begin(base);
  }

  problem(text: string): void {
    this.problems.push(text);
  }

  expect(holds: boolean, text: string, ended?: Ended): void {
    if (!holds) this.problem(ended ? `${text}; it ended with ${ended.code}:\n${ended.out}` : text);
  }

  /** A command that was disturbed ends with a summary or an error that was foreseen. */
  checkEnd(ended: Ended, codes: (number | null)[] = [0, 1]): void {
    this.expect(codes.includes(ended.code), `the exit code is none of ${codes}`, ended);
    const defect = /Uncaught|panicked|This is a defect of/.test(ended.out);
    this.expect(!defect, "it ended with a defect", ended);
    const explained = ended.code !== 1 ||
      /^error: |\d failed|\d skipped|lack data|jobs are damaged/m.test(ended.out);
    this.expect(explained, "it failed and does not say why", ended);
  }

  /** Directly after a fault: what was reported is there, and nothing is half of something. */
  async checkAfterFault(before: State, after: State, reported: readonly string[]): Promise<void> {
    try {
      const found = await stateOf(this.root);
      for (const label of reported) {
        const kept = found.jobs[label] === after.jobs[label];
        this.expect(kept, `${label} was reported as done, and is lost`);
      }
      for (const half of between(before, after, found)) this.problem(half);
    } catch (error) {
      this.problem(`the store cannot be read: ${(error as Error).message}`);
    }
  }

  /**
   * Runs to the end and compares with what nobody disturbed.
   *
   * @param spared labels that must not run again
   * @returns the run that came to its end
   */
  async finish(after: State, spared: readonly string[] | "all" = []): Promise<Ended> {
    const ended = await this.call("run");
    this.checkEnd(ended, [0]);
    const again = ended.ran.filter((label) => spared === "all" || spared.includes(label));
    this.expect(!again.length, `${again} ran again`, ended);
    const idle = await this.call("run");
    const quiet = idle.code === 0 && / 0 ran \(/.test(idle.out) && !/Published/.test(idle.out);
    this.expect(quiet, "a further run finds something to do", idle);
    try {
      for (const text of differences(after, await stateOf(this.root))) this.problem(text);
      const lock = await lockStore(this.store, "crash");
      try {
        const said: string[] = [];
        await rehash(this.store, (line) => said.push(line));
        // The last line is the summary.
        for (const line of said.slice(0, -1)) this.problem(`verify: ${line}`);
      } finally {
        lock.release();
      }
    } catch (error) {
      this.problem(`the store cannot be read: ${(error as Error).message}`);
    }
    await this.#orphans();
    return ended;
  }

  async #orphans(): Promise<void> {
    const left = () => processesWith(this.root);
    await until(() => !left().length, undefined, ORPHAN_SECONDS);
    this.expect(!left().length, `processes ${left()} live on`);
    await this.stage.endAll();
  }
}
