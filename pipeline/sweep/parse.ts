/**
 * @file Reads a sweep file: YAML to plain values, with errors that name the file and the place.
 */
import { readFileSync } from "node:fs";
import { type Document, isAlias, isCollection, isScalar, parseDocument, visit } from "yaml";

export interface SweepText {
  /** As given, for messages. */
  path: string;
  value: unknown;
  /** How the scalar at a path is spelt: YAML's 1.0 and 1 are one number, but W&B tells them apart. */
  sourceAt(path: (string | number)[]): string | undefined;
}

/** @throws {Error} when the file cannot be read, is no UTF-8 or no YAML */
export function readSweepFile(path: string): SweepText {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const { code } = cause as { code?: string };
    const why = code === "ENOENT" ? "there is no such file" : (cause as Error).message;
    throw new Error(`The sweep file ${path} cannot be read: ${why}.`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${path} is no UTF-8 text; save it in that encoding.`);
  }
  return parseSweepText(text, path);
}

export function parseSweepText(text: string, path: string): SweepText {
  const document: Document = parseDocument(text, { prettyErrors: true, logLevel: "error" });
  // A warning is about something that YAML lets pass and that is not what was meant: an unknown tag.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new Error(`${path} is no valid YAML: ${problem.message.trim()}`);
  checkAliases(document, path);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new Error(`${path} is no valid YAML: ${(cause as Error).message}`);
  }
  return {
    path,
    value,
    sourceAt(at) {
      // An alias has the spelling of what it stands for.
      const meant = (node: unknown) => isAlias(node) ? node.resolve(document) : node;
      let node = meant(document.contents);
      for (const key of at) node = meant(isCollection(node) ? node.get(key, true) : undefined);
      return isScalar(node) ? node.source : undefined;
    },
  };
}

/** @throws {Error} for an alias of what it is part of, which would have no end */
function checkAliases(document: Document, path: string): void {
  visit(document, {
    Alias(_key, alias, within) {
      const target = alias.resolve(document);
      if (target === undefined || !within.includes(target)) return;
      throw new Error(`${path} is no valid YAML: *${alias.source} is part of &${alias.source}.`);
    },
  });
}
