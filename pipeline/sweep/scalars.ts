/**
 * @file The plain scalars of YAML 1.1 by the patterns of PyYAML's safe loader, which reads sweep files for W&B: 010 is 8,
 * 1_000 is 1000, 1:30 is 90, yes is true, 0o10 and 08 are text.
 *
 * One pattern is not PyYAML's: numbers such as 1e-3, without a dot or without a sign in the exponent. PyYAML calls them text; W&B
 * writes that text unquoted into the sweep that it keeps, and reads a number from there.
 */
import type { ScalarTag } from "yaml";

/** A scalar as it is written and what it means, where that may surprise. */
export type Remark = (source: string, meaning: string) => void;

const BOOL = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INT_BINARY = /^[-+]?0b[01_]+$/;
const INT_OCTAL = /^[-+]?0[0-7_]+$/;
const INT_DECIMAL = /^[-+]?(?:0|[1-9][0-9_]*)$/;
const INT_HEX = /^[-+]?0x[0-9a-fA-F_]+$/;
const INT_SEXAGESIMAL = /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/;
const FLOAT_SEXAGESIMAL = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/;
const FLOAT_INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/;
const FLOAT_NAN = /^\.(?:nan|NaN|NAN)$/;
const FLOAT_BARE = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$/;
const DATE =
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;

/** A value of YAML that JSON has not, and that a sweep cannot have. */
export class Unusable {
  /** @param what completes "… is a": "date" */
  constructor(readonly source: string, readonly what: string, readonly advice: string) {}
}

interface Reader {
  name: "null" | "bool" | "int" | "float" | "timestamp";
  pattern: RegExp;
  read(source: string): unknown;
  /** The value is not what the text looks like to most people. */
  surprising?: true;
}

/** Of several that fit, the first counts. */
const READERS: Reader[] = [
  { name: "null", pattern: NULL, read: () => null },
  { name: "bool", pattern: BOOL, read: (s) => /^(?:yes|true|on)$/i.test(s) },
  { name: "int", pattern: INT_BINARY, read: (s) => integer(s, "0b"), surprising: true },
  { name: "int", pattern: INT_DECIMAL, read: (s) => integer(s, "") },
  { name: "int", pattern: INT_OCTAL, read: (s) => integer(s, "0o"), surprising: true },
  { name: "int", pattern: INT_HEX, read: (s) => integer(s, "0x") },
  { name: "int", pattern: INT_SEXAGESIMAL, read: sexagesimal, surprising: true },
  { name: "float", pattern: FLOAT, read: (s) => Number(s.replaceAll("_", "")) },
  { name: "float", pattern: FLOAT_BARE, read: Number },
  { name: "float", pattern: FLOAT_SEXAGESIMAL, read: sexagesimal, surprising: true },
  { name: "float", pattern: FLOAT_INFINITE, read: (s) => s.startsWith("-") ? -Infinity : Infinity },
  { name: "float", pattern: FLOAT_NAN, read: () => NaN },
  {
    name: "timestamp",
    pattern: DATE,
    read: (s) => new Unusable(s, "date", `write "${s}" for a text`),
  },
];

/**
 * Tags for the schema `failsafe`.
 * @param remark hears of numbers that are not what they look like.
 */
export function scalarTags(remark: Remark): ScalarTag[] {
  const resolved = ({ read, surprising }: Reader, source: string) => {
    const value = read(source);
    if (surprising && typeof value === "number") remark(source, String(value));
    return value;
  };
  const tagOf = (name: string) => `tag:yaml.org,2002:${name}`;
  const implicit = READERS.map((reader): ScalarTag => ({
    tag: tagOf(reader.name),
    default: true,
    test: reader.pattern,
    resolve: (source) => resolved(reader, source),
  }));
  // What is tagged need not look like it: !!float 1, !!int "2".
  const explicit = [...new Set(READERS.map(({ name }) => name))].map((name): ScalarTag => ({
    tag: tagOf(name),
    resolve(source, onError) {
      const names = name === "float" ? ["int", "float"] : [name];
      const reader = READERS.find((r) => names.includes(r.name) && r.pattern.test(source));
      if (reader) return resolved(reader, source);
      onError(`${JSON.stringify(source)} is no ${name}`);
      return source;
    },
  }));
  return [...implicit, ...explicit];
}

/** Exact, or {@linkcode Unusable}: another number than the written one would be another run. */
function integer(source: string, prefix: string): number | Unusable {
  const [sign, digits] = signed(source);
  const bare = prefix === "0b" || prefix === "0x" ? digits.slice(2) : digits;
  const value = BigInt(prefix + (bare || "0"));
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return sign * Number(value) || 0;
  const advice =
    `whole numbers are exact up to ${Number.MAX_SAFE_INTEGER}; write ${source}.0 for ` +
    `the nearest number, or "${source}" for a text`;
  return new Unusable(source, "whole number with more digits than a number holds", advice);
}

/** Base 60: 1:30 is 90. */
function sexagesimal(source: string): number {
  const [sign, digits] = signed(source);
  return sign * digits.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
}

function signed(source: string): [sign: 1 | -1, digits: string] {
  const plain = source.replaceAll("_", "");
  return [plain.startsWith("-") ? -1 : 1, plain.replace(/^[-+]/, "")];
}
