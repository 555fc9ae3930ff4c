/**
 * @file Reads a sweep file: YAML to plain values, as W&B's own reader takes it, with errors that name the file and the place.
 */
import { readFileSync } from "node:fs";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
} from "yaml";
import { scalarTags, Unusable } from "./scalars.ts";

export interface SweepText {
  /** As given, for messages. */
  path: string;
  value: unknown;
  /** Lines about what is read as something else than it looks like. */
  notes: string[];
  /** Keys at the top that hold what is used elsewhere, by an anchor and an alias. */
  anchored: ReadonlySet<string>;
  /** How the scalar at a path is spelt: YAML's 1.0 and 1 are one number, but W&B tells them apart. */
  sourceAt(path: (string | number)[]): string | undefined;
}

/** Nobody writes more by hand. */
const MOST_BYTES = 1_000_000;

/** Uses of aliases, those in what they stand for included; more is a file that grows without end. */
const MOST_ALIASES = 10_000;

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
  if (bytes.length > MOST_BYTES) {
    throw new Error(
      `${path} has ${bytes.length} bytes; a sweep file has at most ${MOST_BYTES}. Is it the right file?`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${path} is no UTF-8 text; save it in that encoding.`);
  }
  return parseSweepText(text, path);
}

/** @throws {Error} when it is no YAML, or what a sweep cannot say */
export function parseSweepText(text: string, path: string): SweepText {
  const notes = new Set<string>();
  const counter = new LineCounter();
  const document: Document = parseDocument(text, {
    prettyErrors: true,
    logLevel: "error",
    lineCounter: counter,
    // Whatever version the file names, as PyYAML does.
    version: "1.1",
    schema: "failsafe",
    merge: true,
    customTags: scalarTags((source, meaning) =>
      notes.add(`${source} is read as ${meaning}, as W&B does (YAML 1.1); quote it for a text.`)
    ),
    // Told below, by line; this asks of every pair of keys.
    uniqueKeys: false,
  });
  // A warning is about something that YAML lets pass and that is not what was meant: an unknown tag.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) {
    const said = problem.message.trim();
    throw new Error(
      `${path} is no valid YAML: ${
        said.replace("Maximum call stack size exceeded", "nested too deeply")
      }`,
    );
  }
  const aliases = resolved(document, path);
  checkScalars(document, path, counter, aliases);
  for (const note of duplicateKeys(document, counter)) notes.add(note);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (cause) {
    throw new Error(`${path} is no valid YAML: ${(cause as Error).message}`);
  }
  return {
    path,
    value,
    notes: [...notes],
    anchored: anchoredKeys(document, aliases),
    sourceAt(at) {
      let node: unknown = document.contents;
      for (const key of at) node = partOf(node, key, aliases);
      node = meant(node, aliases);
      return isScalar(node) ? node.source : undefined;
    },
  };
}

/** What each alias stands for: asking one at a time would go through the file for each. */
type Aliases = ReadonlyMap<unknown, unknown>;

/** An alias is what it stands for. */
function meant(node: unknown, aliases: Aliases): unknown {
  return isAlias(node) ? aliases.get(node) : node;
}

/** The value of a key, also of one that is merged in; of several the last. */
function partOf(collection: unknown, key: string | number, aliases: Aliases): unknown {
  const node = meant(collection, aliases);
  if (isSeq(node)) return node.items[Number(key)];
  if (!isMap(node)) return undefined;
  const named = (pair: Pair) => isScalar(pair.key) ? pair.key.value : undefined;
  const own = node.items.findLast((pair) => named(pair) === key);
  if (own) return own.value;
  for (const { value } of node.items.filter((pair) => typeof named(pair) === "symbol")) {
    const merged = meant(value, aliases);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const found = partOf(source, key, aliases);
      if (found !== undefined) return found;
    }
  }
}

function anchoredKeys(document: Document, aliases: Aliases): Set<string> {
  const used = new Set(aliases.values());
  const keys = new Set<string>();
  for (const { key, value } of isMap(document.contents) ? document.contents.items : []) {
    const look = (_key: unknown, node: unknown) => void (used.has(node) && keys.add(String(key)));
    if (isNode(value)) visit(value, { Map: look, Seq: look, Scalar: look });
  }
  return keys;
}

/** @throws {Error} for an alias of nothing, or of what it is part of, which would have no end */
function resolved(document: Document, path: string): Aliases {
  const anchors = new Map<string, unknown>();
  const aliases = new Map<unknown, unknown>();
  visit(document, {
    Node(_key, node, within) {
      if (!isAlias(node)) {
        if ("anchor" in node && node.anchor) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source);
      const problem = target === undefined
        ? `Unresolved alias: there is no &${node.source} before *${node.source}`
        : within.includes(target as typeof within[number])
        ? `*${node.source} is part of &${node.source}`
        : undefined;
      if (problem) throw new Error(`${path} is no valid YAML: ${problem}.`);
      aliases.set(node, target);
    },
  });
  return aliases;
}

/** Of keys that a map has twice PyYAML takes the last. */
function duplicateKeys(document: Document, counter: LineCounter): string[] {
  const notes: string[] = [];
  visit(document, {
    Map(_key, { items }) {
      const seen = new Map<string, number>();
      for (const { key } of items) {
        if (!isScalar(key) || typeof key.value !== "string") continue;
        const { line } = counter.linePos(key.range![0]);
        const before = seen.get(key.value);
        seen.set(key.value, line);
        if (before === undefined) continue;
        notes.push(
          `${key.value} is given twice, in lines ${before} and ${line}; the last counts, as for W&B.`,
        );
      }
    },
  });
  return notes;
}

/** @throws {Error} for values and keys that are no JSON */
function checkScalars(
  document: Document,
  path: string,
  counter: LineCounter,
  aliases: Aliases,
): void {
  const refuse = (offset: number, problem: string): never => {
    const { line, col } = counter.linePos(offset);
    throw new Error(`${path}: line ${line}, column ${col}: ${problem}.`);
  };
  visit(document, {
    Pair(_key, pair) {
      const key = meant(pair.key, aliases);
      if (!isScalar(key)) {
        const { range } = (pair.key ?? {}) as { range?: [number, number, number] };
        return refuse(range?.[0] ?? 0, "a key is a list or has keys itself; expected a name");
      }
      // The key of a merge is a symbol.
      if (["string", "number", "symbol"].includes(typeof key.value)) return;
      refuse(
        key.range![0],
        `the key ${key.source || "(empty)"} is read as ${
          key.value instanceof Unusable ? `a ${key.value.what}` : key.value
        }, as W&B does (YAML 1.1); quote it: "${key.source ?? ""}"`,
      );
    },
    Scalar(role, { value, range }) {
      if (role === "key" || !(value instanceof Unusable)) return;
      const { source, what, advice } = value;
      refuse(range![0], `${source} is a ${what}, which cannot be a parameter: ${advice}`);
    },
  });
}
