/**
 * @file What a job has read beyond what its key covers: a file that is none of its modules and inputs could change, and the result
 * would stay as it is.
 *
 * Deno writes every question for a permission into a file (DENO_AUDIT_PERMISSIONS), also those that it denies; imports as URLs, all
 * else as paths.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isInside } from "./executors/confinement.ts";
import type { JobSpec } from "./protocol.ts";

export class Audit {
  /** @param path of the file; without one nothing is known and nothing said */
  constructor(private readonly path: string | undefined) {}

  /** A moment, for `since`. */
  now(): number {
    return this.path === undefined ? 0 : statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** What was asked to be read from one moment to another. */
  #between(from: number, to: number): string[] {
    if (this.path === undefined || to <= from) return [];
    const text = readPart(this.path, from, to);
    const values = new Set<string>();
    for (const line of text.split("\n")) {
      // Most lines are of other permissions.
      if (!line.includes('"permission":"read"')) continue;
      try {
        const { value } = JSON.parse(line);
        if (typeof value === "string") values.add(value);
      } catch { /* cut off, by a full disk */ }
    }
    return [...values];
  }

  /**
   * Files of the root or the store that a stage asked for and that its key does not cover.
   *
   * @param loading when its code was going to be loaded, `running` when that was done, `ended` when the stage was
   * @param mayRead what else it may read
   */
  undeclared(
    spec: JobSpec,
    mayRead: readonly string[],
    { loading, running, ended }: { loading: number; running: number; ended: number },
  ): string[] {
    // A pilot has no fingerprint, and what it leaves is recorded nowhere.
    if (!spec.codeFiles.length) return [];
    const { root, storeDir, inputDir, inputs } = spec;
    const code = new Set(spec.codeFiles.map((path) => join(root, path)));
    const stores = [storeDir, inputDir];
    const allowed = [
      ...mayRead,
      join(storeDir, "tmp"),
      join(storeDir, "checkpoints", spec.key),
    ];
    const objects = new Set(
      Object.values(inputs).flatMap(({ files }) => files.map(({ sha256 }) => sha256)),
    );
    const isDeclared = (path: string) => {
      if (allowed.some((at) => isInside(at, path))) return true;
      // Saving a checkpoint makes its name durable.
      if (path === join(storeDir, "checkpoints")) return true;
      const store = stores.find((at) => isInside(at, path));
      if (store === undefined) return !isInside(root, path);
      return objects.has(relative(join(store, "objects"), path).replace(/[/\\]/, ""));
    };
    const imported = (value: string) => value.startsWith("file:");
    const asked = [
      // The worker itself looks at the code that it loads.
      ...this.#between(loading, running).filter((value) =>
        imported(value) || !code.has(resolve(value))
      ),
      ...this.#between(running, ended),
    ];
    const found = asked.flatMap((value) => {
      const path = imported(value) ? fileURLToPath(value) : resolve(value);
      const fine = isDeclared(path) || (imported(value) && code.has(path));
      return fine ? [] : [isInside(root, path) ? relative(root, path) || "." : path];
    });
    return [...new Set(found)];
  }
}

/** The file grows with every job of the process, so only what is asked about is read. */
function readPart(path: string, from: number, to: number): string {
  const bytes = new Uint8Array(to - from);
  const file = openSync(path, "r");
  try {
    const count = readSync(file, bytes, 0, bytes.length, from);
    return new TextDecoder().decode(bytes.subarray(0, count));
  } finally {
    closeSync(file);
  }
}

/** Says how a file is declared. */
export function declareFile(path: string): string {
  return `A result whose key does not hold what it was made from would stay when that changes: declare the file as an ` +
    `input (in the experiment \`g.job(stage, params, { file: g.file(${
      JSON.stringify(path)
    }) })\`, in the ` +
    `stage \`await ctx.inputs.file.text(${
      JSON.stringify(basename(path))
    })\`), or import it as a module.`;
}
