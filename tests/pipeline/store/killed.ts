/** @file A catalogue whose process was killed, what a catalogue has, and what is said on the standard error. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import { dump } from "../fixtures/catalog.ts";

export function scratch() {
  const dir = mkdtempSync("/tmp/recovery-");
  const at = (name: string) => join(dir, name);
  return {
    dir,
    original: at("catalog.duckdb"),
    copy: at("catalog.work.duckdb"),
    next: at("catalog.next.duckdb"),
    journal: at("catalog.journal"),
    earlier: at("catalog.earlier.duckdb"),
    earlierJournal: at("catalog.earlier.journal"),
    sums: at("catalog.sums.json"),
    damaged: at("catalog.damaged.duckdb"),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}

/** What a catalogue leaves when it is closed; after the first time it has a copy of the one before. */
export const FIRST = ["catalog.duckdb", "catalog.earlier.journal", "catalog.sums.json"];
export const LATER = ["catalog.duckdb", "catalog.earlier.duckdb", ...FIRST.slice(1)];

/** The files of a catalogue in a folder. */
export function left(dir: string): string[] {
  return readdirSync(dir).filter((name) => name.startsWith("catalog.")).sort();
}

/** What is written to the standard error instead of that. */
export function errors() {
  const lines: string[] = [];
  const { error } = console;
  console.error = (line: string) => lines.push(line);
  return { lines, [Symbol.dispose]: () => void (console.error = error) };
}

export async function contents(dir: string): Promise<Record<string, string[]>> {
  const catalog = await Catalog.open(dir);
  try {
    return await dump(catalog);
  } finally {
    await catalog.close();
  }
}

/** Lets a process make every kind of change, and kills it. @returns what it had in its catalogue */
export async function killed(dir: string): Promise<Record<string, string[]>> {
  const program = fileURLToPath(new URL("../fixtures/catalog.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", program, dir],
    stdout: "piped",
  }).spawn();
  let out = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += chunk;
    if (out.endsWith("\n")) break;
  }
  child.kill("SIGKILL");
  assert.equal((await child.status).signal, "SIGKILL");
  return JSON.parse(out);
}
