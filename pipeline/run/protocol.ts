/**
 * @file What the coordinator and a worker say to each other: one JSON object a line.
 *
 * Lines of the protocol start with a record separator, so that whatever a library prints on the same
 * stream reads as a log line and breaks nothing.
 */
import type { ArtifactSource } from "../store/artifact.ts";
import type { MetricPoint } from "../store/changes.ts";
import type { ModuleRef } from "../stage.ts";

/** Everything a worker needs; it sees neither graph nor catalogue. */
export interface JobSpec {
  key: string;
  label: string;
  root: string;
  /** Store that objects and checkpoints are written to. */
  storeDir: string;
  /** Store that inputs are read from: another one when `verify` runs a job again. */
  inputDir: string;
  stage: { name: string; path: string };
  modules: Record<string, ModuleRef>;
  params: unknown;
  inputs: Record<string, ArtifactSource>;
  /** Of the engine, for stages that use one. */
  threads: number;
  /** Keys of earlier jobs that differ in their programs at most, by the digests of these; a job that finds its own there ends. */
  known?: Record<string, string>;
  /** Somebody wants the points of curves while the job runs. */
  stream?: boolean;
  /** Source files that the fingerprint was made from. */
  codeFiles: string[];
}

export type ToWorker =
  /** `mayRead` are files and folders that are in no key, and which the job may read all the same. */
  | { type: "job"; spec: JobSpec; mayRead: string[] }
  | { type: "abort" };

/** `key` is that of the job which it is about: a process has several, one after the other. */
export type FromWorker = { key: string } & News;

export type News =
  | { type: "log"; line: string }
  | { type: "progress"; done: number; total: number }
  /** Points of curves that were not sent before; only for specs with `stream`. */
  | { type: "metrics"; points: MetricPoint[] }
  | { type: "done"; result: JobResult }
  /** With the whole curve up to there, as with a result. */
  | { type: "failed"; message: string; aborted: boolean; metrics?: MetricPoint[] };

export interface JobResult {
  artifact: ArtifactSource;
  seconds: number;
  observations: Record<string, number>;
  metrics: MetricPoint[];
  /** sha256 of the digests of its programs, where these are all that the stage compiled. */
  programs?: string;
  /** The earlier job that had the same programs: what that one left counts, and what is here is empty. */
  sameAs?: string;
  /** Rules that its programs used, see lib/engine/table.ts. */
  rules: string[];
  /** sha256 of each code file as the worker found it when it loaded the code. */
  codeSeen: Record<string, string>;
}

const MARK = "\x1e";

/** JSON has no NaN and no infinity, and curves of diverging runs are full of them. */
export function encodeLine(message: ToWorker | FromWorker): string {
  return MARK +
    JSON.stringify(
      message,
      (_key, value) =>
        typeof value === "number" && !Number.isFinite(value) ? { $number: String(value) } : value,
    ) +
    "\n";
}

/** The message of a line, or the line itself when it is not of the protocol. */
export function decodeLine<T extends ToWorker | FromWorker>(line: string): T | string {
  if (!line.startsWith(MARK)) return line;
  try {
    return JSON.parse(
      line.slice(1),
      (_key, value) => value?.$number === undefined ? value : Number(value.$number),
    );
  } catch {
    return line; // Somebody else's, or cut off by the end of its process.
  }
}

/** As `decodeLine`, where something else may have been printed before it without a line's end. */
export function decodeLines<T extends ToWorker | FromWorker>(line: string): (T | string)[] {
  // No message has the mark inside: JSON escapes it.
  const [before, ...marked] = line.split(MARK);
  const printed = before || !marked.length ? [before] : [];
  return [...printed, ...marked.map((rest) => decodeLine<T>(MARK + rest))];
}

/** Characters after which text that has no end of line is a line all the same; and which no message has. */
const LONGEST = { text: 2 ** 20, message: 2 ** 28 };

/**
 * Splits a stream of bytes into lines; text that goes on and on without an end into pieces.
 * @throws {RangeError} for a message without end
 */
export async function* lines(
  stream: ReadableStream<Uint8Array>,
  longest = LONGEST,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Pieces of a long line are joined once, when its end arrives.
  let pieces: string[] = [];
  let length = 0;
  let isMessage = false;
  for await (const chunk of stream) {
    const parts = decoder.decode(chunk, { stream: true }).split("\n");
    for (const part of parts.slice(0, -1)) {
      yield pieces.join("") + part;
      pieces = [];
      length = 0;
    }
    const rest = parts.at(-1)!;
    pieces.push(rest);
    if (length === 0) isMessage = rest.startsWith(MARK);
    length += rest.length;
    if (isMessage && length > longest.message) {
      throw new RangeError(`a message of more than ${longest.message} characters`);
    }
    if (isMessage || length <= longest.text) continue;
    const text = pieces.join("");
    // What begins here may be a message, which is not to be cut.
    const end = text.lastIndexOf(MARK);
    yield end < 0 ? text : text.slice(0, end);
    pieces = end < 0 ? [] : [text.slice(end)];
    length = end < 0 ? 0 : text.length - end;
    isMessage = end >= 0;
  }
  const rest = pieces.join("");
  if (rest) yield rest;
}

/** Whether what a process printed as a message is one: whatever runs in it may print there, too. */
export function isFromWorker(message: unknown): message is FromWorker {
  if (!isRecord(message) || typeof message.key !== "string") return false;
  switch (message.type) {
    case "log":
      return typeof message.line === "string";
    case "progress":
      return isNumber(message.done) && isNumber(message.total);
    case "metrics":
      return isCurve(message.points);
    case "done":
      return isResult(message.result);
    case "failed":
      return typeof message.message === "string" && typeof message.aborted === "boolean" &&
        (message.metrics === undefined || isCurve(message.metrics));
    default:
      return false;
  }
}

function isResult(result: unknown): boolean {
  if (!isRecord(result) || !isRecord(result.artifact)) return false;
  const { artifact: { files, scalars }, seconds, observations, metrics, rules, codeSeen } = result;
  const optional = [result.programs, result.sameAs];
  return isNumber(seconds) && isRecordOf(scalars, isNumber) && isRecordOf(observations, isNumber) &&
    isRecordOf(codeSeen, isText) && isCurve(metrics) &&
    Array.isArray(rules) && rules.every(isText) &&
    optional.every((text) => text === undefined || isText(text)) &&
    Array.isArray(files) &&
    files.every((file) =>
      isRecord(file) && isText(file.name) && isNumber(file.bytes) && isText(file.sha256) &&
      /^[0-9a-f]{64}$/.test(file.sha256)
    );
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const isText = (value: unknown): value is string => typeof value === "string";

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isRecordOf = (value: unknown, holds: (item: unknown) => boolean) =>
  isRecord(value) && Object.values(value).every(holds);

const isCurve = (points: unknown) =>
  Array.isArray(points) &&
  points.every((point) =>
    Array.isArray(point) && point.length === 3 && isText(point[0]) && isNumber(point[1]) &&
    isNumber(point[2])
  );
