/**
 * @file `--log wandb`: hands runs and curves to the process that talks to Weights & Biases
 * (wandb_process.ts), and never waits for it.
 *
 * What that process cannot take in time is dropped: the catalogue has every point. One line says that
 * something did not arrive, and why.
 */
import { fileURLToPath } from "node:url";
import { lines } from "../run/protocol.ts";
import type { MetricPoint } from "../store/changes.ts";
import type { LoggedRun, RunEnd, Sink, SinkOptions } from "./sink.ts";
import type { FromWandb, ToWandb } from "./wandb_process.ts";

const PROCESS = fileURLToPath(new URL("./wandb_process.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
/** Bytes on their way to the process; beyond that points are dropped. */
const QUEUE_BYTES = 8 * 2 ** 20;
/** Time for the last requests once the jobs are done. */
const PATIENCE_MS = 5000;

type Data = Record<string, number | string>;

interface OpenRun {
  /** Points of one step are one row of W&B; the row is sent when the next step begins. */
  row?: { step: number; data: Data };
  /** W&B takes rows in ascending order only. */
  sent: number;
}

export class WandbSink implements Sink {
  readonly name = "wandb";
  #options: SinkOptions;
  /** Host and port; undefined when nothing is to be sent. */
  #server?: string;
  #process?: Deno.ChildProcess;
  #input?: WritableStreamDefaultWriter<Uint8Array>;
  #runs = new Map<string, OpenRun>();
  #queued = 0;
  #warned = false;
  #ended: Promise<unknown> = Promise.resolve();
  #heard: Promise<void> = Promise.resolve();
  #done = false;

  constructor(options: SinkOptions, private readonly patienceMs = PATIENCE_MS) {
    this.#options = options;
    const mode = env("WANDB_MODE") ?? "online";
    if (mode !== "online") {
      this.#warn(
        `WANDB_MODE=${mode}: nothing is sent, and the SDK keeps nothing for later; the catalogue ` +
          `has every curve`,
      );
      return;
    }
    const url = env("WANDB_BASE_URL") ?? "https://api.wandb.ai";
    if (URL.canParse(url)) this.#server = new URL(url).host;
    else this.#warn(`WANDB_BASE_URL=${url} is no URL; nothing is sent`);
  }

  /** Not before there is something to send. */
  #open(server: string): void {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-prompt", "--no-lock", `--config=${CONFIG}`],
        // It reads ~/.netrc for the key, and writes nothing.
        ...["--allow-env", "--allow-sys", "--allow-read", `--allow-net=${server}`, PROCESS],
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#ended = this.#process.status;
    this.#heard = this.#hear(this.#process);
  }

  started(run: LoggedRun): void {
    if (this.#server === undefined) return;
    if (!this.#process) this.#open(this.#server);
    this.#runs.set(run.id, { sent: -1 });
    const { project = env("WANDB_PROJECT") ?? "deep-linear-ts" } = this.#options;
    const { entity = env("WANDB_ENTITY") } = this.#options;
    const name = `${run.group}/${run.name}`;
    const config = { group: run.group, ...run.config };
    this.#send({ type: "start", id: idOf(run), name, project, entity, config });
  }

  metrics(run: LoggedRun, points: MetricPoint[]): void {
    const open = this.#runs.get(run.id);
    if (!open) return;
    for (const [name, step, value] of points) {
      if (open.row?.step !== step) {
        this.#flush(run, open);
        open.row = { step, data: {} };
      }
      open.row.data[name] = finite(value);
    }
  }

  scalars(run: LoggedRun, values: Record<string, number>): void {
    const open = this.#runs.get(run.id);
    if (!open) return;
    this.#flush(run, open);
    const pairs = Object.entries(values).map(([name, value]) => [name, finite(value)]);
    open.row = { step: open.sent + 1, data: Object.fromEntries(pairs) };
    this.#flush(run, open);
  }

  finished(run: LoggedRun, end: RunEnd): void {
    const open = this.#runs.get(run.id);
    if (!open) return;
    this.#flush(run, open);
    this.#send({ type: "finish", id: idOf(run), code: { done: 0, failed: 1, stopped: 255 }[end] });
    this.#runs.delete(run.id);
  }

  /** What was done before is not sent: it may be a thousand runs. */
  lacks(): boolean {
    return false;
  }

  async close(): Promise<void> {
    if (!this.#process) return;
    this.#input?.close().catch(() => {});
    const timer = setTimeout(() => {
      this.#warn(`W&B did not answer within ${this.patienceMs / 1000} s; the last curves may lack`);
      try {
        this.#process!.kill("SIGKILL");
      } catch {
        // It ended in this moment.
      }
    }, this.patienceMs);
    await this.#ended;
    clearTimeout(timer);
    await this.#heard;
  }

  #flush(run: LoggedRun, open: OpenRun): void {
    if (!open.row) return;
    const { step, data } = open.row;
    open.sent = Math.max(Math.trunc(step), open.sent + 1);
    this.#send({ type: "log", id: idOf(run), step: open.sent, data });
    open.row = undefined;
  }

  #send(message: ToWandb): void {
    if (!this.#input) return;
    const bytes = new TextEncoder().encode(JSON.stringify(message) + "\n");
    if (message.type === "log" && this.#queued + bytes.length > QUEUE_BYTES) {
      this.#warn("W&B takes the points more slowly than they come; some are not sent");
      return;
    }
    this.#queued += bytes.length;
    // A broken pipe means that the process ended, which #hear reports.
    this.#input.write(bytes).catch(() => {}).finally(() => this.#queued -= bytes.length);
  }

  async #hear(process: Deno.ChildProcess): Promise<void> {
    for await (const line of lines(process.stdout)) {
      try {
        const said = JSON.parse(line) as FromWandb;
        if ("done" in said) this.#done = true;
        else this.#warn(said.problem);
      } catch {
        // A package printed something.
      }
    }
    await process.status;
    this.#input = undefined;
    if (!this.#done) this.#warn("the process that talks to W&B ended before its time");
  }

  /** Everything after the first is a consequence of it, or the same again. */
  #warn(reason: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.warn(`--log wandb: ${reason.replace(/\.$/, "")}. The jobs go on.`);
  }
}

/** Set to nothing is not set. */
function env(name: string): string | undefined {
  return Deno.env.get(name) || undefined;
}

/** W&B allows letters, digits, - and _, and knows a run that comes again by this. */
function idOf({ id }: LoggedRun): string {
  return id.replaceAll(/[^\w-]/g, "-").slice(0, 64);
}

/** JSON has no NaN; W&B knows these words. */
function finite(value: number): number | string {
  return Number.isFinite(value)
    ? value
    : Number.isNaN(value)
    ? "NaN"
    : value > 0
    ? "Infinity"
    : "-Infinity";
}
