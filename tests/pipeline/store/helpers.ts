/** @file A folder for one test, and what it says on the standard error. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "../../../pipeline/store/catalog.ts";

export function scratch() {
  const dir = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "store-"));
  return {
    dir,
    at: (...names: string[]) => join(dir, ...names),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}

/** A catalogue that is closed with the scope, and rows of it as lists. */
export async function opened(dir: string) {
  const catalog = await Catalog.open(dir);
  const rows = async (sql: string) =>
    (await catalog.query(sql)).map((row) => Object.values(row).map((v) => v as unknown));
  return { catalog, rows, [Symbol.asyncDispose]: () => catalog.close() };
}

/** Runs a module's text as a process of its own. @returns its output, and a way to end it */
export function program(text: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", text],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  return {
    pid: child.pid,
    /** Waits until it has written something. */
    said: async () => (await reader.read()).value ?? "",
    async kill(signal: Deno.Signal) {
      child.kill(signal);
      await child.status;
      await reader.cancel();
    },
    async ended() {
      const { code } = await child.status;
      await reader.cancel();
      return code;
    },
  };
}
