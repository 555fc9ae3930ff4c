/** @file Which arrays are submitted: one for all that waits, and another only where jobs wait that no task is there for. */
import { Slurm, SlurmError, type TaskState } from "./commands.ts";
import type { Mailbox } from "./mailbox.ts";
import { inWords, type Needs } from "./needs.ts";

/** Of an array, where the cluster says nothing else (MaxArraySize is 1001). */
const LARGEST_ARRAY = 1000;
/** Arrays that end without having taken a job, before those that wait count as failed. */
const IDLE_ARRAYS = 3;

/** Jobs that can do with the same task. */
interface Kind {
  needs: Needs;
  /** Arrays in a row that took nothing. */
  idle: number;
  /** What had been taken when the last was submitted. */
  takenBefore: number;
  last?: string;
}

export interface ArrayHooks {
  /** Nobody waits for what is submitted. */
  detached: boolean;
  say(line: string): void;
  /** Estimates for the jobs of a kind that wait. */
  seconds(kind: string): number[];
  /** Nothing of this kind can run. */
  refuse(kind: string, message: string): void;
}

export class Arrays {
  readonly #kinds = new Map<string, Kind>();

  /** @param atMost tasks at the same time */
  constructor(
    private readonly slurm: Slurm,
    private readonly mailbox: Mailbox,
    private readonly atMost: number,
    private readonly hooks: ArrayHooks,
  ) {}

  add(kind: string, needs: Needs): void {
    if (!this.#kinds.has(kind)) this.#kinds.set(kind, { needs, idle: 0, takenBefore: -1 });
  }

  /**
   * Submits what is missing.
   *
   * @param tasks as SLURM has just told
   * @param taken jobs that some task has taken so far
   * @throws {SlurmError} that passes
   */
  async submit(tasks: readonly TaskState[], taken: number): Promise<void> {
    const busy = new Set(this.mailbox.claims().map(({ task }) => task));
    let room = this.atMost - tasks.length;
    for (const [kind, state] of this.#kinds) {
      const waiting = this.mailbox.waiting(kind).length;
      const own = tasks.filter((task) => task.kind === kind);
      const free = own.filter(({ task }) => !busy.has(task)).length;
      // Where nobody comes back soon, no kind is left without a task.
      const least = this.hooks.detached && !own.length ? 1 : 0;
      const wanted = Math.min(waiting - free, Math.max(room, least), LARGEST_ARRAY);
      if (wanted <= 0) continue;
      state.idle = !own.length && state.takenBefore === taken ? state.idle + 1 : 0;
      state.takenBefore = taken;
      room -= wanted;
      if (state.idle < IDLE_ARRAYS) await this.#submit(kind, state, wanted);
      else this.hooks.refuse(kind, this.#uselessness(state.last!));
    }
  }

  async #submit(kind: string, state: Kind, tasks: number): Promise<void> {
    const { needs } = state;
    const minutes = needs.minutes ?? limit(this.hooks.seconds(kind), tasks);
    try {
      const logs = this.mailbox.logs();
      state.last = await this.slurm.submit(kind, { needs, minutes, tasks, logs });
      const count = `${tasks} ${tasks === 1 ? "task" : "tasks"}`;
      this.hooks.say(`SLURM: array ${state.last}, ${count} of ${inWords(needs, minutes)}.`);
    } catch (error) {
      if (!(error instanceof SlurmError) || error.passing) throw error;
      this.hooks.refuse(kind, error.message);
    }
  }

  #uselessness(last: string): string {
    const said = this.mailbox.lastWords(`${last}_0`) || "(nothing)";
    return `${IDLE_ARRAYS} arrays ended without taking a job. Do ${this.mailbox.dir} and ` +
      `${Deno.execPath()} exist on the nodes? The last one said:\n${said}`;
  }
}

/** Minutes that the longest of what waits, and a fair share of all of it, keep well below. */
export function limit(seconds: readonly number[], tasks: number): number {
  const longest = seconds.reduce((most, of) => Math.max(most, of), 0);
  const sum = seconds.reduce((all, of) => all + of, 0);
  return Math.ceil((3 * longest + 1.5 * sum / tasks) / 60) + 10;
}
