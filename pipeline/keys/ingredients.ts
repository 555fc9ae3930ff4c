/**
 * @file The key of a job, and how two of them differ.
 */
import { hash } from "node:crypto";
import { ARTIFACT_FORMAT } from "../store/artifact.ts";
import { canonical } from "../content/canonical.ts";
import type { CodeDetail, Ingredients } from "../content/ingredients.ts";

/**
 * The sha256 of the ingredients, and the format of artifacts, as `canonical` spells them: field by field here, because thousands of
 * jobs share most of them.
 *
 * @param spelt the parameters as `canonical` spells them, for who has that
 */
export function keyOf(
  { code, deno, engine, inputs, packages, params, rules, stage, ...others }: Ingredients,
  spelt = canonical(params),
): string {
  // A new ingredient that had no place here would be in no key.
  others satisfies Record<string, never>;
  return hash(
    "sha256",
    `{"code":${canonical(code)}` +
      (deno === undefined ? "" : `,"deno":${canonical(deno)}`) +
      (engine === undefined ? "" : `,"engine":${canonical(engine)}`) +
      `,"format":${ARTIFACT_FORMAT},"inputs":${canonical(inputs)},"packages":${shared(packages)}` +
      (params === undefined ? "" : `,"params":${spelt}`) +
      (rules === undefined ? "" : `,"rules":${shared(rules)}`) +
      `,"stage":${canonical(stage)}}`,
  );
}

/** The key without the rules, which are known when a job has run. */
export function baseOf({ rules: _, ...rest }: Ingredients, spelt?: string): string {
  return keyOf(rest, spelt);
}

/** Spellings of records that many jobs have; none of them is changed when it is made. */
const spellings = new WeakMap<object, string>();

function shared(value: object): string {
  let spelt = spellings.get(value);
  if (spelt === undefined) spellings.set(value, spelt = canonical(value));
  return spelt;
}

export interface Change {
  ingredient: "code" | "rule" | "parameter" | "input" | "engine" | "package" | "Deno" | "stage";
  /** Which one, with both values. */
  text: string;
}

/** Looks up the hashes by function of a code fingerprint, when they are still known. */
export type DetailOf = (code: string) => CodeDetail | undefined;

/** Every ingredient in which `now` differs from `before`. Empty when the keys are equal. */
export function compare(before: Ingredients, now: Ingredients, detailOf: DetailOf): Change[] {
  const changes: Change[] = [];
  const note = (ingredient: Change["ingredient"], text: string) =>
    changes.push({ ingredient, text });
  if (before.stage !== now.stage) note("stage", `${before.stage} -> ${now.stage}`);
  if (before.code !== now.code) {
    note("code", `${before.code.slice(0, 12)} -> ${now.code.slice(0, 12)}`);
    for (const line of compareCode(detailOf(before.code), detailOf(now.code))) note("code", line);
  }
  for (const [rule, code] of Object.entries(now.rules ?? {})) {
    const was = before.rules?.[rule];
    // Of a job whose code changed, nobody knows yet which rules it will use.
    if (was !== undefined && was !== code) {
      note("rule", `${rule}: ${was.slice(0, 12)} -> ${code.slice(0, 12)}`);
    }
  }
  for (const line of differences(before.params, now.params, "")) note("parameter", line);
  for (const line of differences(shorten(before.inputs), shorten(now.inputs), "")) {
    note("input", line);
  }
  for (const line of differences(before.engine, now.engine, "engine")) note("engine", line);
  for (const line of differences(before.packages, now.packages, "")) note("package", line);
  if (before.deno !== now.deno) {
    note("Deno", `${before.deno ?? "(not recorded)"} -> ${now.deno ?? "(not recorded)"}`);
  }
  return changes;
}

function compareCode(before?: CodeDetail, now?: CodeDetail): string[] {
  if (!before || !now) return [];
  const lines: string[] = [];
  for (const path of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (!before[path]) lines.push(`${path}: now reached`);
    else if (!now[path]) lines.push(`${path}: no longer reached`);
    else {
      for (const name of new Set([...Object.keys(before[path]), ...Object.keys(now[path])])) {
        const [a, b] = [before[path][name], now[path][name]];
        if (a !== b) lines.push(`${path}: ${name} ${a ?? "(not reached)"} -> ${b ?? "(gone)"}`);
      }
    }
  }
  return lines;
}

/** Leaves that differ, as "path: old -> new". */
function differences(before: unknown, now: unknown, path: string): string[] {
  if (canonical(before) === canonical(now)) return [];
  if (isRecord(before) && isRecord(now)) {
    // Names may contain dots, so they are compared one level at a time, never split.
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((name) =>
      differences(before[name], now[name], path ? `${path}.${name}` : name)
    );
  }
  if (isList(before) && isList(now)) return listDifferences(before, now, path);
  return [`${path || "(all)"}: ${show(before)} -> ${show(now)}`];
}

/** Of many records, as the tags of a table's runs are, only those that one of the lists lacks. */
function listDifferences(before: unknown[], now: unknown[], path: string): string[] {
  const [was, is] = [before, now].map((list) => new Set(list.map(canonical)));
  const lines = [
    ...[...was].filter((text) => !is.has(text)).map((text) => `${path}: no longer ${text}`),
    ...[...is].filter((text) => !was.has(text)).map((text) => `${path}: now ${text}`),
  ];
  if (lines.length === 0) return [`${path}: in another order, or not as often`];
  const shown = lines.slice(0, LISTED);
  return lines.length > LISTED ? [...shown, `${path}: ${lines.length - LISTED} more`] : shown;
}

/** Records of a list that are told one by one. */
const LISTED = 10;

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRecord);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return value === undefined ? "(none)" : canonical(value);
}

function shorten(inputs: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([n, hash]) => [n, hash.slice(0, 12)]));
}
