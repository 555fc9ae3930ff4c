/**
 * @file The `parameters` of a sweep file: from YAML to distributions by dotted path.
 */
import { editDistance, nearestFirst } from "../../lib/nearest.ts";
import { checkKeys, type Fields, fieldsOf, finite, show } from "./checks.ts";
import { type Distribution, isBounded, KEYS, type Value } from "./distributions.ts";
import type { SweepText } from "./parse.ts";

/** No empty part, and none that JavaScript takes for something else. */
const NAME = /^(?!.*(?:\.\.|\.$|__proto__))[A-Za-z_][\w.-]*$/;

/** Of a parameter, whatever it is drawn from. */
const ALL_KEYS = ["distribution", ...new Set(Object.values(KEYS).flat())];

/** Nested `parameters` and dotted names mean the same. */
export function readParameters(
  text: SweepText,
  place: string[],
  prefix: string[],
  value: unknown,
  found: Map<string, Distribution>,
): void {
  const { path } = text;
  const where = place.join(".");
  if (value === undefined) throw new Error(`${path}: ${where} is missing.`);
  const fields = fieldsOf(value, path, where);
  if (!Object.keys(fields).length) throw new Error(`${path}: ${where} names no parameter.`);
  for (const [name, field] of Object.entries(fields)) {
    const at = [...place, name];
    if (!NAME.test(name)) {
      throw new Error(
        `${path}: ${where} names ${show(name)}; a parameter's name has letters, digits, _ and -, ` +
          `with dots between its parts.`,
      );
    }
    const inner = fieldsOf(field, path, at.join("."), `{ value: ${show(field)} }`);
    if ("parameters" in inner) {
      const beside = Object.keys(inner).find((key) => key !== "parameters");
      if (beside !== undefined && isParameter(inner[beside])) {
        throw new Error(
          `${path}: ${at.join(".")}: ${beside} stands beside parameters; move it into it.`,
        );
      }
      checkKeys(inner, ["parameters"], path, at.join("."));
      readParameters(text, [...at, "parameters"], [...prefix, name], inner.parameters, found);
      continue;
    }
    const full = [...prefix, name].join(".");
    if (found.has(full)) {
      throw new Error(`${path}: ${at.join(".")}: ${full} is set twice, nested and dotted.`);
    }
    found.set(full, distributionOf(text, at, inner));
  }
}

/** A parameter cannot be a value and a group. */
export function checkPaths(paths: string[], file: string): void {
  const known = new Set(paths);
  for (const inner of paths) {
    for (let dot = inner.indexOf("."); dot > 0; dot = inner.indexOf(".", dot + 1)) {
      const path = inner.slice(0, dot);
      if (!known.has(path)) continue;
      throw new Error(`${file}: parameters: ${path} has a value of its own and a part ${inner}.`);
    }
  }
}

function distributionOf(text: SweepText, place: string[], fields: Fields): Distribution {
  const { path } = text;
  const where = place.join(".");
  const fail = (message: string): never => {
    throw new Error(`${path}: ${where}${message}`);
  };
  const name = fields.distribution ?? guess(text, place, fields);
  if (name === undefined) {
    checkNesting(fields, path, place);
    // First what is misspelt: it may be the value.
    checkKeys(fields, ALL_KEYS, path, where);
    fail(
      `: says no value; give value, values, min and max, or a distribution ` +
        `(${Object.keys(KEYS).join(", ")}).`,
    );
  }
  // W&B has a name of its own for weighted categories.
  const weighted = name === "categorical_w_probabilities";
  const kind = weighted ? "categorical" : name;
  if (typeof kind !== "string" || !Object.hasOwn(KEYS, kind)) {
    const names = nearestFirst(String(kind), Object.keys(KEYS)).join(", ");
    return fail(`.distribution is ${show(name)}; allowed are ${names}.`);
  }
  const keys = KEYS[kind as Distribution["distribution"]];
  checkKeys(fields, ["distribution", ...keys], path, where, `${kind} takes`);
  const needed = (key: string): unknown =>
    fields[key] ?? fail(`.${key} is missing; ${kind} needs it.`);
  const number = (key: string, fallback?: number): number => {
    const value = fallback === undefined ? needed(key) : fields[key] ?? fallback;
    finite(value, path, `${where}.${key}`);
    return value as number;
  };
  if (kind === "constant") {
    if (!("value" in fields)) fail(".value is missing.");
    return { distribution: "constant", value: valueOf(fields.value, path, `${where}.value`) };
  }
  if (kind === "categorical") {
    const values = needed("values");
    if (weighted && fields.probabilities === undefined) {
      fail(".probabilities is missing; categorical_w_probabilities needs one number a value.");
    }
    return categoricalOf(fields, values, path, where);
  }
  const parts: Record<string, number> = {};
  for (const key of keys) {
    parts[key] = number(key, { q: 1, mu: 0, sigma: 1 }[key]);
  }
  if ("q" in parts && parts.q <= 0) fail(`.q is ${parts.q}; it must be above 0.`);
  if ("sigma" in parts && parts.sigma < 0) {
    fail(`.sigma is ${parts.sigma}; it must not be below 0.`);
  }
  if ("min" in parts && parts.min >= parts.max) {
    fail(`: min ${parts.min} is not below max ${parts.max}.`);
  }
  if (kind.endsWith("log_uniform_values") && parts.min <= 0) {
    fail(`.min is ${parts.min}; the logarithm needs values above 0.`);
  }
  if (kind === "int_uniform") {
    for (const key of ["min", "max"]) {
      if (!Number.isSafeInteger(parts[key])) {
        fail(`.${key} is ${parts[key]}; int_uniform needs whole numbers.`);
      }
    }
  }
  const distribution = { distribution: kind, ...parts } as Distribution;
  if (!isBounded(distribution)) {
    const exponents = kind.endsWith("log_uniform")
      ? ` min and max of ${kind} are exponents of e; ${kind}_values takes the values themselves.`
      : "";
    fail(`: ${kind} with ${show(parts)} draws more than a number can be.${exponents}`);
  }
  if (kind.endsWith("log_uniform")) text.notes.push(exponentsNote(where, kind, parts));
  return distribution;
}

/** W&B says the same of these names: who writes 0.0001 and 0.1 hardly means 1.0001 to 1.105. */
function exponentsNote(where: string, kind: string, { min, max }: Record<string, number>): string {
  const sign = kind.startsWith("inv") ? -1 : 1;
  const [low, high] = [sign * min, sign * max].sort((a, b) => a - b)
    .map((x) => Number(Math.exp(x).toPrecision(5)));
  return `${where}: min and max of ${kind} are exponents of e, so it draws from ${low} to ${high}; ` +
    `${kind}_values takes the values themselves.`;
}

/** @throws {Error} for a group of parameters without the word that W&B asks for */
function checkNesting(fields: Fields, path: string, place: string[]): void {
  const inner = Object.keys(fields).find((key) => {
    if (ALL_KEYS.includes(key)) return false;
    if (typeof fields[key] === "object" && fields[key] !== null) return true;
    return editDistance(key, nearestFirst(key, ALL_KEYS)[0]) > Math.ceil(key.length / 2.5);
  });
  if (inner === undefined) return;
  const value = fields[inner];
  const isGroup = typeof value === "object" && value !== null && !Array.isArray(value);
  const shown = isGroup ? "…" : `{ value: ${show(value)} }`;
  throw new Error(
    `${path}: ${place.join(".")} has ${inner} in it without "parameters:"; write ` +
      `${place.at(-1)}: { parameters: { ${inner}: ${shown} } }.`,
  );
}

/** True for keys and values of which at least one is a distribution's. */
export function isParameter(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return "parameters" in value || ALL_KEYS.some((key) => Object.hasOwn(value, key));
}

/** As W&B does: whole bounds mean whole numbers, and 1.0 is not whole. */
function guess(text: SweepText, place: string[], fields: Fields): string | undefined {
  if ("value" in fields) return "constant";
  if ("values" in fields || "probabilities" in fields) return "categorical";
  if (!("min" in fields) || !("max" in fields)) return undefined;
  const whole = (key: string) =>
    Number.isSafeInteger(fields[key]) && !/[.eE]/.test(text.sourceAt([...place, key]) ?? "");
  return whole("min") && whole("max") ? "int_uniform" : "uniform";
}

function categoricalOf(fields: Fields, values: unknown, path: string, where: string): Distribution {
  if (!Array.isArray(values) || !values.length) {
    throw new Error(
      `${path}: ${where}.values is ${show(values)}; expected a list that is not empty.`,
    );
  }
  const checked = values.map((value, i) => valueOf(value, path, `${where}.values.${i}`));
  const { probabilities } = fields;
  if (probabilities === undefined) return { distribution: "categorical", values: checked };
  const place = `${path}: ${where}.probabilities`;
  if (!Array.isArray(probabilities) || probabilities.length !== values.length) {
    throw new Error(
      `${place} is ${show(probabilities)}; expected ${values.length} numbers, one a value.`,
    );
  }
  for (const [i, p] of probabilities.entries()) {
    finite(p, path, `${where}.probabilities.${i}`);
    if (p < 0) throw new Error(`${place}.${i} is ${p}; it must not be below 0.`);
  }
  // As near as W&B wants it (numpy.isclose): 0.33333, three times.
  const sum = probabilities.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - 1) > 1.001e-5) throw new Error(`${place} add up to ${sum}, not to 1.`);
  return { distribution: "categorical", values: checked, probabilities };
}

/** Whatever YAML can say, as long as it can be part of a key. */
function valueOf(value: unknown, path: string, where: string): Value {
  if (typeof value === "number") finite(value, path, where);
  else if (Array.isArray(value)) value.forEach((v, i) => valueOf(v, path, `${where}.${i}`));
  else if (typeof value === "object" && value !== null) {
    for (const [name, v] of Object.entries(fieldsOf(value, path, where))) {
      valueOf(v, path, `${where}.${name}`);
    }
  } else if (value !== null && !["string", "boolean"].includes(typeof value)) {
    throw new Error(`${path}: ${where} is a ${typeof value}, which cannot be a parameter.`);
  }
  return value as Value;
}
