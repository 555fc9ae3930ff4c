/**
 * @file How a coordinator and the tasks of SLURM arrays hand jobs to each other: by files of the store, which lies on a disk that all
 * nodes share.
 *
 *     <store>/slurm/waiting/<kind>/<order>-<key>   a job that no task has taken yet; kinds need other resources
 *     <store>/slurm/claimed/<task>/<order>-<key>   one that a task works on: the same file, renamed, so that one task gets it
 *     <store>/slurm/claimed/<task>/node            where it runs
 *     <store>/slurm/outcomes/<key>                 what became of it
 *     <store>/slurm/said/<task>                    what its jobs say while they run, line by line
 *     <store>/slurm/stop                           every task is to stop; how many milliseconds jobs have for a checkpoint
 *     <store>/slurm/log/<task>.log                 what the task itself has printed
 *
 * Nothing here says that a job is done but its outcome, and that only with its objects in the store: what SLURM believes of a task does
 * not count. Two tasks may well work on one job, after a controller's lapse; they leave the same bytes.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { EngineName } from "../../../../lib/engine/engines.ts";
import type { StagePermissions } from "../../../stage.ts";
import type { Machine } from "../../../store/changes.ts";
import { writeFileAtomic } from "../../../store/files.ts";
import {
  decodeLine,
  encodeLine,
  type FromWorker,
  isFromWorker,
  type JobSpec,
} from "../../protocol.ts";
import type { Outcome } from "../executor.ts";

/** What a task is given. */
export interface Order {
  spec: JobSpec;
  permissions: StagePermissions;
  /** What the key says that the job runs on; absent where that is the same everywhere. */
  device?: EngineDevice;
}

export interface EngineDevice {
  engine: EngineName;
  device: string;
}

/** A job that a task works on. */
export interface Claim {
  task: string;
  /** Of its file. */
  name: string;
  key: string;
}

/** Where a job ran: on what, and in which task. */
export interface Origin {
  machine: Machine;
  task: string;
}

/** What became of a job. */
export interface Delivered {
  /** Absent in stores of an earlier version. */
  task?: string;
  outcome: Outcome;
}

const keyOf = (name: string) => name.slice(name.indexOf("-") + 1);
const isOrder = (name: string) => /^\d+-[0-9a-f]{64}$/.test(name);

export class Mailbox {
  readonly dir: string;
  #serial = 0;

  constructor(storeDir: string) {
    this.dir = join(storeDir, "slurm");
  }

  /** @param kind of resources @returns the name of the file */
  put(kind: string, order: Order): string {
    const name = `${String(this.#serial++).padStart(8, "0")}-${order.spec.key}`;
    writeFileAtomic(this.#at("waiting", kind, name), JSON.stringify(order));
    return name;
  }

  /** Says where a task runs. */
  introduce(task: string, node: string): void {
    mkdirSync(this.#at("claimed", task), { recursive: true });
    writeFileSync(this.#at("claimed", task, "node"), node);
  }

  /** A task and its node, in words. */
  placeOf(task: string): string {
    try {
      return `${task} on ${readFileSync(this.#at("claimed", task, "node"), "utf8")}`;
    } catch {
      return task;
    }
  }

  /** Names of the files of one kind, what was put first first. */
  waiting(kind: string): string[] {
    return list(this.#at("waiting", kind)).filter(isOrder).sort();
  }

  /** Keys of all that waits. */
  waitingKeys(): string[] {
    return list(this.#at("waiting")).flatMap((kind) => this.waiting(kind)).map(keyOf);
  }

  /** Takes back what no task has taken. */
  withdrawAll(): void {
    rmSync(this.#at("waiting"), { recursive: true, force: true });
  }

  /** @returns whether it was still there */
  withdraw(kind: string, name: string): boolean {
    return removed(this.#at("waiting", kind, name));
  }

  /** The first job of a kind for a task; undefined where none waits. */
  claim(kind: string, task: string): { claim: Claim; order: Order } | undefined {
    for (const name of this.waiting(kind)) {
      const mine = this.#at("claimed", task, name);
      // A coordinator removes the folders of tasks that have no job.
      mkdirSync(this.#at("claimed", task), { recursive: true });
      try {
        renameSync(this.#at("waiting", kind, name), mine);
        const order = JSON.parse(readFileSync(mine, "utf8")) as Order;
        return { claim: { task, name, key: keyOf(name) }, order };
      } catch (error) {
        // Another was quicker.
        if ((error as { code?: string }).code !== "ENOENT") throw error;
      }
    }
    return undefined;
  }

  claims(): Claim[] {
    return list(this.#at("claimed")).flatMap((task) =>
      list(this.#at("claimed", task)).filter(isOrder)
        .map((name) => ({ task, name, key: keyOf(name) }))
    );
  }

  /** Lets others have a job that a task cannot end. @returns whether the task still had it */
  giveBack(kind: string, { task, name }: Claim): boolean {
    mkdirSync(this.#at("waiting", kind), { recursive: true });
    try {
      renameSync(this.#at("claimed", task, name), this.#at("waiting", kind, name));
      return true;
    } catch {
      return false;
    }
  }

  release({ task, name }: Claim): void {
    removed(this.#at("claimed", task, name));
  }

  /** What became of a job, for whoever is interested in it, now or later. */
  deliver(key: string, outcome: Outcome, { machine, task }: Origin): void {
    const message: FromWorker = outcome.ok
      ? { key, type: "done", result: outcome.result }
      : { ...outcome, key, type: "failed" };
    writeFileAtomic(
      this.#at("outcomes", key),
      `${JSON.stringify({ ...machine, task })}\n${encodeLine(message)}`,
    );
  }

  delivered(): string[] {
    return list(this.#at("outcomes")).filter((name) => /^[0-9a-f]{64}$/.test(name));
  }

  isDelivered(key: string): boolean {
    return existsSync(this.#at("outcomes", key));
  }

  /** Takes an outcome away; undefined where there is none, or none that can be understood. */
  collect(key: string): Delivered | undefined {
    const path = this.#at("outcomes", key);
    if (!existsSync(path)) return undefined;
    try {
      const [origin, line] = readFileSync(path, "utf8").split("\n");
      const { task, ...machine } = JSON.parse(origin);
      const message = decodeLine<FromWorker>(line);
      if (!isFromWorker(message) || message.key !== key) return undefined;
      if (message.type === "done") {
        return { task, outcome: { ok: true, result: message.result, machine } };
      }
      if (message.type !== "failed") return undefined;
      const { message: text, aborted, metrics } = message;
      return { task, outcome: { ok: false, message: text, aborted, ...(metrics && { metrics }) } };
    } catch {
      return undefined; // Not as it was written; the job runs again.
    } finally {
      removed(path);
    }
  }

  /** Tells the coordinator something about a job that runs. */
  say(task: string, message: FromWorker): void {
    mkdirSync(this.#at("said"), { recursive: true });
    appendFileSync(this.#at("said", task), encodeLine(message));
  }

  /** Tasks that have said something. */
  speakers(): string[] {
    return list(this.#at("said"));
  }

  /** What a task has said from a byte on, in whole lines. @returns where the next call goes on */
  listen(task: string, from: number): { messages: FromWorker[]; next: number } {
    const bytes = readFrom(this.#at("said", task), from);
    const end = bytes.lastIndexOf(0x0a) + 1;
    const messages = new TextDecoder().decode(bytes.subarray(0, end)).split("\n")
      .map((line) => decodeLine<FromWorker>(line)).filter(isFromWorker);
    return { messages, next: from + end };
  }

  /** Removes what is left of tasks that have no job. */
  tidy(busy: ReadonlySet<string>): void {
    for (const folder of ["said", "claimed"]) {
      for (const task of list(this.#at(folder))) {
        if (!busy.has(task)) rmSync(this.#at(folder, task), { recursive: true, force: true });
      }
    }
  }

  stop(graceMs: number): void {
    mkdirSync(this.dir, { recursive: true });
    writeFileSync(this.#at("stop"), String(graceMs));
  }

  goOn(): void {
    removed(this.#at("stop"));
  }

  /** Milliseconds that jobs have; undefined where nobody wants a stop. */
  stopping(): number | undefined {
    try {
      return Number(readFileSync(this.#at("stop"), "utf8"));
    } catch {
      return undefined;
    }
  }

  /** The last lines that a task has printed, which is where Deno, or the node, says what is wrong. */
  lastWords(task: string, lines = 8): string {
    try {
      return readFileSync(this.#at("log", `${task}.log`), "utf8").trim().split("\n").slice(-lines)
        .join("\n");
    } catch {
      return "";
    }
  }

  /** Where tasks print. */
  logs(): string {
    mkdirSync(this.#at("log"), { recursive: true });
    return this.#at("log");
  }

  #at(...names: string[]): string {
    return join(this.dir, ...names);
  }
}

/** Whether tasks may still write into a store, which so is not to be tidied. */
export function awaitsTasks(storeDir: string): boolean {
  const mailbox = new Mailbox(storeDir);
  return mailbox.claims().length > 0 || mailbox.waitingKeys().length > 0;
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function removed(path: string): boolean {
  try {
    rmSync(path);
    return true;
  } catch {
    return false;
  }
}

function readFrom(path: string, from: number): Uint8Array {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return new Uint8Array();
  }
  try {
    const pieces: Uint8Array[] = [];
    for (let at = from;;) {
      const piece = new Uint8Array(1 << 16);
      const count = readSync(file, piece, 0, piece.length, at);
      if (!count) break;
      pieces.push(piece.subarray(0, count));
      at += count;
    }
    return new Uint8Array(Buffer.concat(pieces));
  } finally {
    closeSync(file);
  }
}
