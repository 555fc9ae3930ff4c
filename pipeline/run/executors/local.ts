/**
 * @file A pool of worker processes on this machine.
 *
 * A process is reused for jobs that need the same permissions, because loading an engine takes longer
 * than many jobs. A process that dies takes only its own job along.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeLines, encodeLine, type FromWorker, type JobSpec, lines } from "../protocol.ts";
import type { StagePermissions } from "../../stage.ts";
import type { Executor, JobHooks, Outcome } from "./executor.ts";

export interface LocalOptions {
  root: string;
  storeDir: string;
  capacity: number;
}

const WORKER = fileURLToPath(new URL("../worker.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
const STDERR_LINES = 30;

export class LocalExecutor implements Executor {
  readonly capacity: number;
  #workers = new Set<Worker>();
  #stopping = false;

  constructor(private readonly options: LocalOptions) {
    this.capacity = options.capacity;
  }

  async run(spec: JobSpec, permissions: StagePermissions, hooks: JobHooks): Promise<Outcome> {
    if (this.#stopping) return { ok: false, message: "The run was stopped.", aborted: true };
    const flags = permissionFlags(permissions, this.options);
    const kind = flags.join(" ");
    let worker = [...this.#workers].find((w) => w.idle && w.kind === kind);
    if (!worker) {
      this.#retireOne();
      worker = new Worker(kind, flags, this.options.root);
      this.#workers.add(worker);
      worker.exited.then(() => this.#workers.delete(worker!));
    }
    return await worker.run(spec, hooks);
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
    await Promise.all(all.map((w) => w.exited));
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
  #hooks?: JobHooks;
  #settle?: (outcome: Outcome) => void;
  #aborted = false;
  #dead = false;

  constructor(readonly kind: string, flags: string[], root: string) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", `--config=${CONFIG}`, ...flags, WORKER],
      cwd: root,
      // One core a job; libraries that look at neither would start a thread for each core.
      env: { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.exited = this.#live();
  }

  run(spec: JobSpec, hooks: JobHooks): Promise<Outcome> {
    this.idle = false;
    this.#hooks = hooks;
    return new Promise((settle) => {
      this.#settle = settle;
      this.#send({ type: "job", spec });
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
    })();
    for await (const line of lines(this.#process.stdout)) this.#hear(line);
    await errors;
    const status = await this.#process.status;
    this.#input.abort().catch(() => {});
    this.#dead = true;
    this.#finish({ ok: false, message: this.#lastWords(status), aborted: this.#aborted });
  }

  #hear(line: string): void {
    for (const message of decodeLines<FromWorker>(line)) this.#heed(message);
  }

  #heed(message: FromWorker | string): void {
    if (typeof message === "string") this.#hooks?.log(message);
    else if (message.type === "log") this.#hooks?.log(message.line);
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
    this.#settle = this.#hooks = undefined;
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

/**
 * A worker reads what it likes and writes only inside the store and where its stage says; it starts
 * no process and, unless its stage says so, reaches no network and loads no native code.
 */
function permissionFlags(wanted: StagePermissions, { root, storeDir }: LocalOptions): string[] {
  const write = [
    ...["objects", "tmp", "checkpoints"].map((d) => join(storeDir, d)),
    ...(wanted.write ?? []).map((path) => resolve(root, path)),
  ];
  const flags = ["--allow-read", "--allow-env", "--allow-sys", `--allow-write=${write.join(",")}`];
  if (wanted.ffi) flags.push("--allow-ffi");
  if (wanted.net === true) flags.push("--allow-net");
  else if (wanted.net?.length) flags.push(`--allow-net=${wanted.net.join(",")}`);
  return flags;
}
