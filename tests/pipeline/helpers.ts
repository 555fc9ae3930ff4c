/**
 * @file A copy of the demonstration pipeline that a test may edit, and the real command line on it.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "../../pipeline/cli.ts";

const FIXTURES = fileURLToPath(new URL("./fixtures/demo", import.meta.url));
const CLI = fileURLToPath(new URL("../../pipeline/cli.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

export interface Demo {
  root: string;
  /** Replaces text in a file; the text must be there. */
  edit(path: string, from: string, to: string): void;
  write(path: string, text: string): void;
  [Symbol.dispose](): void;
}

export function makeDemo(): Demo {
  const root = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "demo-"));
  cpSync(FIXTURES, root, { recursive: true });
  const write = (path: string, text: string) => writeFileSync(join(root, path), text);
  write(
    "deno.json",
    JSON.stringify({
      imports: { zod: "npm:zod@4.6.7", "onnxruntime-node": "npm:onnxruntime-node@1.30.0" },
    }),
  );
  return {
    root,
    write,
    edit(path, from, to) {
      const before = readFileSync(join(root, path), "utf8");
      if (!before.includes(from)) throw new Error(`${path} does not contain ${from}`);
      write(path, before.replace(from, to));
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A demo whose only experiment runs the probe stage, and perhaps others, as `grid` says. */
export function makeProbe(grid: string): Demo {
  const demo = makeDemo();
  demo.write(
    "pipeline/experiments/index.ts",
    `export const experiments = ["pipeline/experiments/probes.ts"];`,
  );
  demo.write(
    "pipeline/experiments/probes.ts",
    `export const meta = { id: "probes" };\nexport function grid(g, profile) {\n${grid}\n}\n`,
  );
  return demo;
}

export interface Ended {
  code: number;
  out: string;
  /** Labels that ran, sorted. */
  ran: string[];
  seconds: number;
}

export interface Started {
  pid: number;
  ended: Promise<Ended>;
  kill(signal: Deno.Signal): void;
  /** Waits until the output contains a text. */
  says(text: string): Promise<void>;
}

export interface StartOptions {
  /** Words before the command: another program that runs it. */
  prefix?: readonly string[];
}

/** Starts `cli.ts` with these arguments on a demo, as a process. */
export function start(
  demo: Demo,
  command: string,
  ...rest: string[] | [StartOptions, ...string[]]
): Started {
  const [first, ...others] = rest;
  const { prefix = [] } = typeof first === "object" ? first : {};
  const args = (typeof first === "string" ? rest : others) as string[];
  const [program, ...before] = [...prefix, Deno.execPath()];
  const begun = performance.now();
  const publish = command === "run" ? ["--no-publish"] : [];
  const child = new Deno.Command(program, {
    args: [
      ...before,
      ...["run", "-A", "--quiet", "--no-check", `--config=${CONFIG}`, CLI, command],
      // No test gives these again: an option twice is refused.
      ...["--root", demo.root, ...publish, ...args],
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let out = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) out += decoder.decode(chunk, { stream: true });
  };
  const ended = (async () => {
    await Promise.all([collect(child.stdout), collect(child.stderr)]);
    const { code } = await child.status;
    return endedWith(code, out, begun);
  })();
  return {
    pid: child.pid,
    ended,
    kill: (signal) => child.kill(signal),
    async says(text) {
      for (let i = 0; !out.includes(text); i++) {
        if (i > 6000) throw new Error(`"${text}" was not said:\n${out}`);
        await new Promise((go) => setTimeout(go, 10));
      }
    },
  };
}

function endedWith(code: number, out: string, begun: number): Ended {
  const ran = out.split("\n").flatMap((line) =>
    /^\[\d+\/\d+\] \S+ (\S+) \([\d.]+ s\)$/.exec(line)?.[1] ?? []
  );
  return { code, out, ran: ran.sort(), seconds: (performance.now() - begun) / 1000 };
}

/** Runs a command to its end. */
export function cli(demo: Demo, command: string, ...args: string[]): Promise<Ended> {
  return start(demo, command, ...args).ended;
}

/**
 * The same in this process, which is where its modules, the database and the bundler are loaded already: a fraction of the time. One
 * after the other; jobs have processes of their own all the same.
 */
export async function call(demo: Demo, command: string, ...args: string[]): Promise<Ended> {
  const begun = performance.now();
  const said: string[] = [];
  const { log, error } = console;
  console.log = console.error = (...words: unknown[]) => void said.push(`${words.join(" ")}\n`);
  try {
    const publish = command === "run" ? ["--no-publish"] : [];
    const code = await main([command, "--root", demo.root, ...publish, ...args]);
    return endedWith(code, said.join(""), begun);
  } finally {
    Object.assign(console, { log, error });
  }
}
