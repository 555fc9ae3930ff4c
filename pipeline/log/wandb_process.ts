/**
 * @file The process that talks to Weights & Biases through its SDK: reads runs and points from stdin,
 * one JSON object a line, and says on stdout what went wrong.
 *
 * A process of its own, because the SDK takes hold of the one it runs in: its handlers of SIGINT and
 * beforeExit end the process, errors of the server are thrown where nobody can catch them, and a
 * missing key is asked for on the terminal. Here all of that can only end this process.
 */
import { lines } from "../run/protocol.ts";

export type ToWandb =
  | { type: "start"; id: string; name: string; project: string; entity?: string; config: unknown }
  | { type: "log"; id: string; step: number; data: Record<string, number | string> }
  | { type: "finish"; id: string; code: number };

/** `done`: everything was handed over; the process ends by itself. */
export type FromWandb = { problem: string } | { done: number };

/**
 * No literal, so that no type check, bundle or cold install of the pipeline downloads it; nobody who
 * does not log to W&B has it.
 */
export const WANDB_SDK = "npm:@wandb/sdk@0.5.1";

/** Time for the last requests, more than the coordinator waits. */
const LAST_REQUESTS_MS = 10_000;

/** Rows that are kept while a run waits for its first answer. */
const MOST_WAITING = 100_000;

/** The part of the SDK that is used. */
interface Run {
  log(data: Record<string, unknown>, step?: number): void;
  finish(code?: number): Promise<void>;
}

function say(message: FromWandb): void {
  try {
    Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(message) + "\n"));
  } catch {
    Deno.exit(1); // Nobody listens any more.
  }
}

const problem = (reason: unknown) => {
  const text = reason instanceof Error ? reason.message : String(reason);
  say({ problem: text.split("\n")[0].slice(0, 300) });
};

async function main(): Promise<void> {
  // The coordinator decides when this ends, also after Ctrl-C.
  Deno.addSignalListener("SIGINT", () => {});
  for (const event of ["error", "unhandledrejection"] as const) {
    globalThis.addEventListener(event, (raised) => {
      raised.preventDefault();
      problem((raised as ErrorEvent).error ?? (raised as PromiseRejectionEvent).reason);
    });
  }
  // The SDK reports lost requests on the console and goes on.
  for (const level of ["log", "info", "debug"] as const) console[level] = () => {};
  for (const level of ["warn", "error"] as const) {
    console[level] = (...words: unknown[]) => {
      const error = words.find((word) => word instanceof Error);
      problem(error ?? words.map(String).join(" "));
    };
  }
  const { default: wandb } = await import(WANDB_SDK);
  const runs = new Map<string, Promise<Run>>();
  const ending: Promise<unknown>[] = [];
  let waiting = 0;
  for await (const line of lines(Deno.stdin.readable)) {
    const message = JSON.parse(line) as ToWandb;
    const { id } = message;
    if (message.type === "start") {
      const { name, project, entity, config } = message;
      runs.set(id, wandb.init({ id, name, project, entity, config }));
      runs.get(id)!.catch(problem);
    } else if (message.type === "log") {
      if (waiting === MOST_WAITING) problem("W&B does not answer; points are dropped");
      if (waiting >= MOST_WAITING) continue;
      waiting++;
      runs.get(id)?.then((run) => run.log(message.data, message.step), () => {})
        .finally(() => waiting--);
    } else {
      ending.push(runs.get(id)!.then((run) => run.finish(message.code), () => {}));
      runs.delete(id);
    }
  }
  // Also when the coordinator was killed and nobody is left to insist.
  setTimeout(() => Deno.exit(1), LAST_REQUESTS_MS);
  // What was never finished was stopped.
  for (const run of runs.values()) ending.push(run.then((r) => r.finish(255), () => {}));
  await Promise.allSettled(ending);
  say({ done: ending.length });
  Deno.exit(0);
}

if (import.meta.main) await main().catch((reason) => (problem(reason), Deno.exit(1)));
