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

export type ToWorker = { type: "job"; spec: JobSpec } | { type: "abort" };

export type FromWorker =
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

/** Splits a stream of bytes into lines. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Pieces of a long line are joined once, when its end arrives.
  let pieces: string[] = [];
  for await (const chunk of stream) {
    const parts = decoder.decode(chunk, { stream: true }).split("\n");
    for (const part of parts.slice(0, -1)) {
      yield pieces.join("") + part;
      pieces = [];
    }
    pieces.push(parts.at(-1)!);
  }
  const rest = pieces.join("");
  if (rest) yield rest;
}
