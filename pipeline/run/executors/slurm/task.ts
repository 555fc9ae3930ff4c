/**
 * @file A task of a SLURM array: takes jobs of one kind, one after the other, and gives them to a worker on its node. Started by
 * `sbatch` in the folder of the store; not meant to be run by hand.
 *
 * It ends when for a while no job waits, and when SLURM asks it to: before the time limit, or because somebody cancels it. The job that
 * it had then waits again, with the checkpoint that it has saved.
 */
import { hostname } from "node:os";
import process from "node:process";
import { machineInfo } from "../../machine.ts";
import type { FromWorker, News } from "../../protocol.ts";
import type { Outcome } from "../executor.ts";
import { LocalExecutor } from "../local.ts";
import type { EngineStatus } from "../../../../lib/engine/available.ts";
import type { EngineName } from "../../../../lib/engine/engines.ts";
import { type Claim, type EngineDevice, Mailbox } from "./mailbox.ts";

/** So long it waits for a job: those behind what runs elsewhere come soon, and a node is not to be kept for nothing. */
const PATIENCE_MS = 15_000;
const LOOK_EVERY_MS = 500;
/** A worker may die of the same signal as its task, and a moment before. */
const SIGNAL_MS = 1000;

class Task {
  readonly #mailbox: Mailbox;
  readonly #executor = new LocalExecutor(1);
  readonly #machine = machineInfo();
  /** SLURM wants the place back. */
  #leaving = false;
  /** The user wants a stop. */
  #stopping = false;
  #progressAt = -Infinity;
  readonly #engines: Partial<Record<EngineName, Promise<EngineStatus>>> = {};

  constructor(storeDir: string, private readonly kind: string, private readonly name: string) {
    this.#mailbox = new Mailbox(storeDir);
  }

  /** @param graceMs that a job has when SLURM asks the task to end */
  async run(graceMs: number): Promise<void> {
    this.#mailbox.introduce(this.name, process.env.SLURMD_NODENAME ?? hostname());
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => {
        this.#leaving = true;
        this.#executor.abort(graceMs);
      });
    }
    const looking = setInterval(() => {
      const grace = this.#mailbox.stopping();
      if (grace === undefined || this.#stopping) return;
      this.#stopping = true;
      this.#executor.abort(grace);
    }, LOOK_EVERY_MS);
    let idleSince = performance.now();
    while (!this.#leaving && !this.#stopping && performance.now() - idleSince < PATIENCE_MS) {
      if (await this.#work()) idleSince = performance.now();
      else await sleep(LOOK_EVERY_MS);
    }
    clearInterval(looking);
    await this.#executor.close();
  }

  /** @returns false when no job waits */
  async #work(): Promise<boolean> {
    const mailbox = this.#mailbox;
    const taken = mailbox.claim(this.kind, this.name);
    if (!taken) return false;
    const { claim, order: { spec, permissions, device } } = taken;
    const say = (news: News) =>
      mailbox.say(this.name, { key: claim.key, ...news } satisfies FromWorker);
    const outcome = await this.#wrongDevice(device) ??
      await this.#executor.run(spec, permissions, {
        log: (line) => say({ type: "log", line }),
        metrics: (points) => say({ type: "metrics", points }),
        progress: (done, total) => {
          const now = performance.now();
          if (now - this.#progressAt < LOOK_EVERY_MS && done < total) return;
          this.#progressAt = now;
          say({ type: "progress", done, total });
        },
      });
    await this.#end(claim, outcome);
    return true;
  }

  /** A job's key names the GPU that it runs on. */
  async #wrongDevice(expected?: EngineDevice): Promise<Outcome | undefined> {
    if (!expected) return undefined;
    const { engine, device } = expected;
    const { probeEngine } = await import("../../../../lib/engine/available.ts");
    const found = await (this.#engines[engine] ??= probeEngine(engine));
    if (found.device === device) return undefined;
    const message = `The jobs of this run are of ${device}, and ${hostname()} has ${
      found.device ?? found.problem ?? "none"
    } for ${engine}. Choose nodes that are alike, such as by --sbatch=--constraint=NAME.`;
    return { ok: false, message, aborted: false };
  }

  async #end(claim: Claim, outcome: Outcome): Promise<void> {
    const mailbox = this.#mailbox;
    if (!outcome.ok) await sleep(SIGNAL_MS);
    if (!outcome.ok && this.#leaving && !this.#stopping) {
      mailbox.giveBack(this.kind, claim);
      return;
    }
    mailbox.deliver(claim.key, outcome, { machine: this.#machine, task: this.name });
    mailbox.release(claim);
  }
}

const sleep = (ms: number) => new Promise((go) => setTimeout(go, ms));

if (import.meta.main) {
  const [kind, grace] = Deno.args;
  const { SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID } = process.env;
  await new Task(Deno.cwd(), kind, `${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}`)
    .run(Number(grace));
  Deno.exit(0);
}
