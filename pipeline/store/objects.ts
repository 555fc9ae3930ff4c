/**
 * @file Where artifacts lie: one file for each distinct content, named by its sha256.
 *
 *     <store>/objects/ab/cdef…   content, read-only by convention
 *     <store>/tmp/               files that are being written; whatever is left there is garbage
 *     <store>/checkpoints/<key>  what a long job saved last; removed when it succeeds
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../content/canonical.ts";
import { writeFileDurable } from "./files.ts";

export class Objects {
  readonly temporaryDir: string;

  constructor(readonly dir: string) {
    this.temporaryDir = join(dir, "tmp");
  }

  path(hash: string): string {
    return join(this.dir, "objects", hash.slice(0, 2), hash.slice(2));
  }

  /**
   * Stores bytes durably and returns their sha256. An object that exists is written again: it may be
   * there because its bytes went bad.
   */
  write(bytes: Uint8Array): string {
    const hash = sha256(bytes);
    // A folder would not give way to it.
    if (statSync(this.path(hash), { throwIfNoEntry: false })?.isDirectory()) this.quarantine(hash);
    writeFileDurable(this.path(hash), bytes, this.temporaryDir);
    return hash;
  }

  /** @throws {Error} when the object is missing or its bytes are not those of its name */
  read(hash: string, what: string): Uint8Array {
    let bytes: Uint8Array;
    try {
      // Not readFileSync: a stage should get a plain array, and a Buffer slices differently.
      bytes = Deno.readFileSync(this.path(hash));
    } catch (cause) {
      throw new Error(
        `${what}: object ${hash.slice(0, 12)} is missing from ${this.dir}; run the pipeline again.`,
        { cause },
      );
    }
    if (sha256(bytes) !== hash) {
      throw new Error(
        `${what}: object ${hash.slice(0, 12)} is damaged (${this.path(hash)}); ` +
          `run "deno task verify", then "deno task pipeline" to repair it.`,
      );
    }
    return bytes;
  }

  /** Hashes of all objects: 256 directory listings are far quicker than a stat for each object. */
  list(): Set<string> {
    const found = new Set<string>();
    for (const folder of this.folders()) {
      for (const { name, isFile } of Deno.readDirSync(join(this.dir, "objects", folder))) {
        // Whatever else lies there is somebody else's.
        if (isFile && /^[0-9a-f]{62}$/.test(name)) found.add(folder + name);
      }
    }
    return found;
  }

  /** Names of the folders that they lie in. */
  folders(): string[] {
    const base = join(this.dir, "objects");
    if (!existsSync(base)) return [];
    return [...Deno.readDirSync(base)].flatMap(({ name, isDirectory }) =>
      isDirectory && /^[0-9a-f]{2}$/.test(name) ? [name] : []
    );
  }

  /** Whether anything lies in the place of an object. */
  has(hash: string): boolean {
    return existsSync(this.path(hash));
  }

  size(hash: string): number {
    return statSync(this.path(hash), { throwIfNoEntry: false })?.size ?? 0;
  }

  remove(hash: string): void {
    rmSync(this.path(hash), { force: true });
  }

  /** Takes a damaged object out of the way, so that its job counts as not done. */
  quarantine(hash: string): string {
    const to = join(this.temporaryDir, `damaged-${hash}`);
    mkdirSync(this.temporaryDir, { recursive: true });
    rmSync(to, { recursive: true, force: true });
    renameSync(this.path(hash), to);
    return to;
  }

  checkpointPath(key: string): string {
    return join(this.dir, "checkpoints", key);
  }
}

/** What is read at once; one for all files, since most of thousands are far smaller than it. */
let piece: Uint8Array<ArrayBuffer> | undefined;

/** sha256 of a file read in pieces; undefined when it is not there, or cannot be read, as a folder cannot. */
export function hashFile(path: string): string | undefined {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch {
    return undefined;
  }
  try {
    const hash = createHash("sha256");
    piece ??= new Uint8Array(1 << 20);
    for (let n; (n = file.readSync(piece)) !== null;) hash.update(piece.subarray(0, n));
    return hash.digest("hex");
  } catch {
    return undefined;
  } finally {
    file.close();
  }
}
