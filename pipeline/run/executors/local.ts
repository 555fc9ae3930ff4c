/**
 * @file A pool of worker processes on this machine.
 *
 * A process is reused for jobs that need the same permissions, because loading an engine takes longer
 * than many jobs. A process that dies takes only its own job along.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder, PROCESS } from "../../store/files.ts";
import {
  decodeLines,
  encodeLine,
  type FromWorker,
  isFromWorker,
  type JobSpec,
  lines,
} from "../protocol.ts";
import type { StagePermissions } from "../../stage.ts";
import { Confinements, environmentOf, OWN_FOLDERS, realPath } from "./confinement.ts";
import type { Executor, JobHooks, Outcome } from "./executor.ts";

const WORKER = fileURLToPath(new URL("../worker.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
const STDERR_LINES = 30;
/** Characters of a message that is none of the job's. */
const SHOWN = 1000;
/** A process that is asked to end has so long, and is killed then: it may be busy, and hear nothing. */
const PATIENCE_MS = 3000;

let started = 0;

export class LocalExecutor implements Executor {
  #workers = new Set<Worker>();
  #confinements = new Confinements();
  #stopping = false;

  constructor(readonly capacity: number) {}

  async run(asked: JobSpec, permissions: StagePermissions, hooks: JobHooks): Promise<Outcome> {
    if (this.#stopping) return { ok: false, message: "The run was stopped.", aborted: true };
    const [root, storeDir, inputDir] = [asked.root, asked.storeDir, asked.inputDir].map(realPath);
    const spec = { ...asked, root, storeDir, inputDir };
    const { flags, mayRead } = this.#confinements.of(spec, permissions);
    const kind = flags.join(" ");
    let worker = [...this.#workers].find((w) => w.idle && w.kind === kind);
    if (!worker) {
      this.#retireOne();
      // A process may not look at the store itself, as making a folder in it does.
      for (const name of OWN_FOLDERS) makeFolder(join(storeDir, name));
      worker = new Worker(kind, flags, environmentOf(permissions), root, join(storeDir, "tmp"));
      this.#workers.add(worker);
      worker.exited.then(() => this.#workers.delete(worker!));
    }
    return await worker.run(spec, mayRead, hooks);
  }

  abort(graceMs: number): void {
    this.#stopping = true;
    for (const worker of this.#workers) worker.abort();
    const timer = setTimeout(() => {
      for (const worker of this.#workers) worker.kill();
    }, graceMs);
    Deno.unrefTimer(timer);
  }

  async close(): Promise<void> {
    this.#stopping = true;
    const all = [...this.#workers];
    for (const worker of all) worker.end();
    const timer = setTimeout(() => {
      for (const worker of all) worker.kill();
    }, PATIENCE_MS);
    await Promise.all(all.map((w) => w.exited));
    clearTimeout(timer);
  }

  /** Idle processes of another kind hold memory that the next job may need. */
  #retireOne(): void {
    if (this.#workers.size < this.capacity) return;
    [...this.#workers].find((w) => w.idle)?.end();
  }
}

class Worker {
  idle = true;
  readonly exited: Promise<void>;
  #process: Deno.ChildProcess;
  #input: WritableStreamDefaultWriter<Uint8Array>;
  #stderr: string[] = [];
  #audit: string;
  #key?: string;
  #hooks?: JobHooks;
  #settle?: (outcome: Outcome) => void;
  #aborted = false;
  #dead = false;

  constructor(
    readonly kind: string,
    flags: string[],
    environment: Record<string, string>,
    root: string,
    temporaryDir: string,
  ) {
    this.#audit = join(temporaryDir, `reads-${PROCESS}-${started++}`);
    const config = ["--quiet", "--no-prompt", `--config=${CONFIG}`];
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", ...config, ...flags, WORKER, String(Deno.pid), this.#audit],
      cwd: root,
      env: { ...environment, DENO_AUDIT_PERMISSIONS: this.#audit },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.exited = this.#live();
  }

  run(spec: JobSpec, mayRead: string[], hooks: JobHooks): Promise<Outcome> {
    this.idle = false;
    this.#key = spec.key;
    this.#hooks = hooks;
    return new Promise((settle) => {
      this.#settle = settle;
      this.#send({ type: "job", spec, mayRead });
    });
  }

  abort(): void {
    this.#aborted = true;
    if (this.idle) this.end();
    else this.#send({ type: "abort" });
  }

  /** The worker ends by itself when its input ends. */
  end(): void {
    this.idle = false;
    this.#input.close().catch(() => {});
  }

  kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It was gone already.
    }
  }

  #send(message: Parameters<typeof encodeLine>[0]): void {
    const bytes = new TextEncoder().encode(encodeLine(message));
    // A broken pipe means that the process died, which #live reports.
    this.#input.write(bytes).catch(() => {});
  }

  async #live(): Promise<void> {
    const errors = (async () => {
      for await (const line of lines(this.#process.stderr)) {
        this.#stderr.push(line);
        if (this.#stderr.length > STDERR_LINES) this.#stderr.shift();
      }
    })().catch(() => {});
    let trouble: string | undefined;
    try {
      for await (const line of lines(this.#process.stdout)) this.#hear(line);
    } catch (cause) {
      trouble = `What the worker process said could not be understood: ${
        (cause as Error).message
      }.`;
      this.kill();
    }
    // Nothing can be heard of it any more, so it is of no use.
    const timer = setTimeout(() => this.kill(), PATIENCE_MS);
    await errors;
    const status = await this.#process.status;
    clearTimeout(timer);
    rmSync(this.#audit, { force: true });
    this.#input.abort().catch(() => {});
    this.#dead = true;
    this.#finish({
      ok: false,
      message: trouble ?? this.#lastWords(status),
      aborted: this.#aborted,
    });
  }

  #hear(line: string): void {
    for (const message of decodeLines<FromWorker>(line)) {
      if (typeof message === "string") this.#hooks?.log(message);
      else if (isFromWorker(message) && message.key === this.#key) this.#heed(message);
      // Printed by whatever runs in the process.
      else this.#hooks?.log(JSON.stringify(message).slice(0, SHOWN));
    }
  }

  #heed(message: FromWorker): void {
    if (message.type === "log") this.#hooks?.log(message.line);
    else if (message.type === "progress") this.#hooks?.progress(message.done, message.total);
    else if (message.type === "metrics") this.#hooks?.metrics?.(message.points);
    else if (message.type === "done") this.#finish({ ok: true, result: message.result });
    else {
      const { message: text, aborted, metrics } = message;
      this.#finish({ ok: false, message: text, aborted, ...(metrics && { metrics }) });
    }
  }

  #finish(outcome: Outcome): void {
    const settle = this.#settle;
    this.#settle = this.#hooks = this.#key = undefined;
    if (this.#aborted) this.end();
    else this.idle = !this.#dead;
    settle?.(outcome);
  }

  #lastWords(status: Deno.CommandStatus): string {
    const how = status.signal
      ? `was killed by ${status.signal}` +
        (status.signal === "SIGKILL" ? " (the system does that when memory runs out)" : "")
      : `ended with exit code ${status.code}`;
    const said = this.#stderr.join("\n").trim();
    return `The worker process ${how} before the job was done.${said ? `\n${said}` : ""}`;
  }
}
