/**
 * @file From what a stage returns to files of an object store, and back.
 */
import { canonical } from "../content/canonical.ts";
import { type Objects } from "./objects.ts";
import { decodeTensors, encodeTensors } from "./safetensors.ts";
import type { ArtifactFile, ArtifactReader, ArtifactReaderSync, StageResult } from "../stage.ts";

/** Part of every key; to be raised when the same result would be stored as other bytes. */
export const ARTIFACT_FORMAT = 1;

/** A file of an artifact, as the catalogue lists it. */
export interface StoredFile {
  name: string;
  sha256: string;
  bytes: number;
}

/** What a reader needs; a file of the user's has its own path instead of an object. */
export interface ArtifactSource {
  files: StoredFile[];
  scalars: Record<string, number>;
  /** Set for `g.file`: where the bytes are. */
  path?: string;
}

/**
 * Stores every file of a result, in the order of the names.
 *
 * @throws {Error} for a result that is not what a stage may return
 */
export function storeResult(objects: Objects, result: StageResult): ArtifactSource {
  if (typeof result?.files !== "object" || result.files === null) {
    throw new Error(`run must return { files, scalars? }, not ${canonical(result ?? null)}.`);
  }
  const files = Object.keys(result.files).sort().map((name) => {
    if (!/^[\w][\w.=-]*$/.test(name)) {
      throw new Error(`"${name}" cannot name a file of an artifact: use letters, digits, . - _ =`);
    }
    const bytes = encode(name, result.files[name]);
    return { name, sha256: objects.write(bytes), bytes: bytes.length };
  });
  const scalars: Record<string, number> = {};
  // Sorted like the files: whoever reads them must not see another order when they come from the catalogue.
  for (const name of Object.keys(result.scalars ?? {}).sort()) {
    const value = result.scalars![name];
    if (typeof value !== "number") {
      throw new Error(`Scalar "${name}" is ${JSON.stringify(value)}; a scalar is a number.`);
    }
    scalars[name] = value;
  }
  return { files, scalars };
}

function encode(name: string, file: ArtifactFile): Uint8Array {
  if (typeof file === "string") return new TextEncoder().encode(file);
  if (file instanceof Uint8Array) return file;
  if (typeof file === "object" && file !== null) {
    if ("tensors" in file) return encodeTensors(file.tensors);
    if ("json" in file) return new TextEncoder().encode(JSON.stringify(file.json, null, 1) + "\n");
  }
  throw new Error(`File "${name}" must be bytes, text, { tensors } or { json }.`);
}

/**
 * @param load gives the checked bytes of a file
 * @param what names the artifact in errors
 */
export function readerSync(
  source: ArtifactSource,
  load: (file: StoredFile) => Uint8Array,
  what: string,
): ArtifactReaderSync {
  const bytes = (name: string) => {
    const file = source.files.find((f) => f.name === name);
    if (!file) {
      const known = source.files.map((f) => f.name).join(", ") || "none";
      throw new Error(`${what} has no file "${name}"; its files: ${known}.`);
    }
    return load(file);
  };
  const text = (name: string) => new TextDecoder().decode(bytes(name));
  return {
    files: source.files.map((f) => f.name),
    scalars: source.scalars,
    bytes,
    text,
    json: (name) => JSON.parse(text(name)),
    tensors: (name) => decodeTensors(bytes(name)),
  };
}

/** The same, for `run`: a later reader may fetch from elsewhere, so everything is awaited. */
export function readerAsync(sync: ArtifactReaderSync): ArtifactReader {
  return {
    files: sync.files,
    scalars: sync.scalars,
    // deno-lint-ignore require-await -- an error must reject, not throw
    bytes: async (name) => sync.bytes(name),
    // deno-lint-ignore require-await -- as above
    text: async (name) => sync.text(name),
    // deno-lint-ignore require-await -- as above
    json: async (name) => sync.json(name),
    // deno-lint-ignore require-await -- as above
    tensors: async (name) => sync.tensors(name),
  };
}
