/**
 * @file One coordinator a store. The lock belongs to an open file, so the system frees it when its
 * holder dies, however it dies; the file's text only says who that was.
 */
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { makeFolder } from "./files.ts";
import { giveWay } from "./give_way.ts";

export interface Holder {
  pid: number;
  host: string;
  command: string;
}

/** Thrown when another process uses the store. */
export class StoreBusyError extends Error {
  override name = "StoreBusyError";
  constructor(readonly dir: string, readonly holder: Holder) {
    super(
      `The store ${dir} is in use by "${holder.command}" (pid ${holder.pid} on ${holder.host}). ` +
        `Wait for it, stop it with "kill ${holder.pid}", or use another store with --store.`,
    );
  }
}

/** Somebody who only looks whether the store is in use holds the lock for an instant; it is worth waiting for. */
const PATIENCE_MS = 1000;

/** Takes the store's lock for this process. @throws {StoreBusyError} */
export async function lockStore(dir: string, command: string): Promise<{ release(): void }> {
  makeFolder(dir);
  const path = join(dir, "lock");
  giveWay(path, "file");
  const file = await Deno.open(path, { create: true, read: true, write: true });
  const start = performance.now();
  while (!await file.tryLock(true)) {
    if (performance.now() - start > PATIENCE_MS) {
      file.close();
      throw new StoreBusyError(dir, readHolder(path) ?? { pid: 0, host: "?", command: "?" });
    }
    await new Promise((resume) => setTimeout(resume, 20));
  }
  const holder: Holder = { pid: Deno.pid, host: hostname(), command };
  file.truncateSync();
  file.writeSync(new TextEncoder().encode(JSON.stringify(holder) + "\n"));
  return {
    release() {
      file.truncateSync();
      file.close();
    },
  };
}

/** Who uses the store, if anybody does. Nothing is written, and whoever wants the lock hardly notices. */
export async function holderOf(dir: string): Promise<Holder | undefined> {
  const path = join(dir, "lock");
  if (!existsSync(path)) return undefined;
  using file = await Deno.open(path);
  if (await file.tryLock(false)) return undefined;
  return readHolder(path) ?? { pid: 0, host: "?", command: "?" };
}

/** True for the error of a store that this process may only read. */
export function isReadOnly(error: unknown): boolean {
  return ["EACCES", "EPERM", "EROFS"].includes(
    (error as { code?: string } | undefined)?.code ?? "",
  );
}

/** Undefined in the instant between taking the lock and signing it. */
function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch {
    return undefined;
  }
}
