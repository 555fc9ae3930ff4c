/** @file Runs whose output nobody takes any more: closed pipes, terminals that are gone, signals of theirs. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cli, type Demo, makeProbe } from "../pipeline/helpers.ts";
import type { Found } from "./campaign.ts";

const CLI = fileURLToPath(new URL("../../pipeline/cli.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

function command(demo: Demo, store: string): string {
  const words = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", `--config=${CONFIG}`, CLI];
  words.push("run", "--root", demo.root, "--store", store, "--no-publish", "--jobs", "2");
  return words.map(quote).join(" ");
}

interface Way {
  /** Of a POSIX shell; CODE is the file that the exit code of the run goes to, TTY a terminal that is closed in the middle. */
  script(run: string): string;
  /** The run goes on to its end; otherwise it stops in order. */
  goesOn: boolean;
  terminal?: true;
}

const code = `echo $? > "$CODE"`;
/** In a session of its own, whose terminal this is. */
const session = (run: string, before = "") =>
  `setsid -w sh -c ${
    quote(`${before} setsid -c true <"$TTY" 2>/dev/null; ${run} <"$TTY" >"$TTY" 2>&1; ${code}`)
  }`;

export const WAYS: Record<string, Way> = {
  "a reader that ends at once": { script: (run) => `(${run}; ${code}) | true`, goesOn: true },
  "a reader that ends after a line": {
    script: (run) => `(${run}; ${code}) | head -n 1`,
    goesOn: true,
  },
  "both outputs to a reader that ends": {
    script: (run) => `(${run} 2>&1; ${code}) 2>&1 | head -c 5`,
    goesOn: true,
  },
  "closed outputs": { script: (run) => `${run} >&- 2>&-; ${code}`, goesOn: true },
  "closed input and outputs": { script: (run) => `${run} <&- >&- 2>&-; ${code}`, goesOn: true },
  "errors to a reader that ends": {
    script: (run) => `(${run} 2>&1 >/dev/null; ${code}) | true`,
    goesOn: true,
  },
  "a terminal that is gone": {
    terminal: true,
    script: (run) => `${run} <"$TTY" >"$TTY" 2>&1; ${code}`,
    goesOn: true,
  },
  "a terminal that is gone, for errors": {
    terminal: true,
    script: (run) => `${run} 2>"$TTY" >/dev/null; ${code}`,
    goesOn: true,
  },
  "its own terminal that is gone, under nohup": {
    terminal: true,
    script: (run) => session(run, "trap '' HUP;"),
    goesOn: true,
  },
  "a hangup": {
    script: (run) =>
      `${run} >/dev/null 2>&1 & while [ ! -e "$LIVE" ]; do sleep 0.1; done; sleep 1; kill -HUP $!; wait $!; ${code}`,
    goesOn: false,
  },
};

/** Each way on a fresh store; afterwards everything is there, or what was stopped goes on. */
export async function closedTerminals(names: string[]): Promise<Found> {
  if (!names.length || Deno.build.os !== "linux") return { tries: 0, problems: [] };
  const ways = Object.entries(WAYS).filter(([name]) => names.includes(name));
  using demo = makeProbe(`
    const all = {};
    for (let id = 0; id < 4; id++) all["r" + id] = g.job("probe", { behave: "resume", id }, {}, "r" + id);
    return g.job("collect", { title: "t" }, all, "table");`);
  const problems: string[] = [];
  for (const [name, { script, goesOn, terminal }] of ways) {
    const store = join(demo.root, "store");
    const codeFile = join(demo.root, "code");
    using tty = terminal ? openTerminal() : undefined;
    const shell = new Deno.Command("sh", {
      args: ["-c", script(command(demo, store))],
      env: { CODE: codeFile, TTY: tty?.path ?? "", LIVE: join(store, "live.json"), TERM: "xterm" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    if (tty) {
      // In the middle of the run.
      for (let i = 0; i < 600 && !existsSync(join(store, "live.json")); i++) {
        await new Promise((go) => setTimeout(go, 50));
      }
      await new Promise((go) => setTimeout(go, 500));
      tty.hangUp();
    }
    await shell.status;
    const ended = existsSync(codeFile) ? (await Deno.readTextFile(codeFile)).trim() : "nothing";
    if (ended !== (goesOn ? "0" : "130")) problems.push(`${name}: the run ended with ${ended}`);
    const { code, out, ran } = await cli(demo, "run", "--store", store);
    if (code !== 0) problems.push(`${name}, again: ${out}`);
    if (goesOn && ran.length) problems.push(`${name}: ${ran} ran again`);
    rmSync(codeFile, { force: true });
    rmSync(store, { recursive: true });
  }
  return { tries: ways.length, problems };
}

/** A pseudo-terminal whose other end this process holds. */
function openTerminal() {
  const libc = Deno.dlopen("libc.so.6", {
    posix_openpt: { parameters: ["i32"], result: "i32" },
    grantpt: { parameters: ["i32"], result: "i32" },
    unlockpt: { parameters: ["i32"], result: "i32" },
    ptsname: { parameters: ["i32"], result: "pointer" },
    close: { parameters: ["i32"], result: "i32" },
  });
  // Not inherited by the run: a terminal is gone when nobody holds its other end.
  const [readAndWrite, notMine, closeOnExec] = [2, 0o400, 0o2000000];
  const end = libc.symbols.posix_openpt(readAndWrite | notMine | closeOnExec);
  libc.symbols.grantpt(end);
  libc.symbols.unlockpt(end);
  const path = Deno.UnsafePointerView.getCString(libc.symbols.ptsname(end)!);
  let open = true;
  const hangUp = () => {
    if (open) libc.symbols.close(end);
    open = false;
  };
  return {
    path,
    hangUp,
    [Symbol.dispose]() {
      hangUp();
      libc.close();
    },
  };
}
