/**
 * @file The process that runs jobs, one at a time: reads specs from stdin, answers on stdout.
 *
 * It writes objects and checkpoints, never the catalogue. When the coordinator dies its stdin ends,
 * and so does the worker, at the latest by its watchdog. Started by an executor; not meant to be run by hand.
 */
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { readerAsync, readerSync, storeResult } from "../store/artifact.ts";
import { checkFinite } from "../store/finite.ts";
import { checkpointOf } from "../store/checkpoints.ts";
import type { MetricPoint } from "../store/changes.ts";
import { sha256 } from "../content/canonical.ts";
import { hashFile, Objects } from "../store/objects.ts";
import { Audit, declareFile } from "./audit.ts";
import { Clock } from "./clock.ts";
import { MetricStream } from "./metric_stream.ts";
import {
  decodeLine,
  encodeLine,
  type FromWorker,
  type JobResult,
  type JobSpec,
  lines,
  type News,
  type ToWorker,
} from "./protocol.ts";
import { endWithParent } from "./watchdog.ts";
import { systemError } from "../system_errors.ts";
import type { Compile } from "../../lib/engine/types.ts";
import type { StageContext, StageModule } from "../stage.ts";

/** As each code file was when this process loaded it: a module is loaded once, whatever comes. */
const seen = new Map<string, string>();

let abort = new AbortController();
/** Of the job that runs, or ran last. */
let current = "";
const [parent, auditFile] = Deno.args;
const audit = new Audit(auditFile);

function send(news: News, key = current): void {
  const message: FromWorker = { key, ...news };
  const bytes = new TextEncoder().encode(encodeLine(message));
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  } catch {
    Deno.exit(1); // Nobody listens any more.
  }
}

async function main(): Promise<void> {
  endWithParent(Number(parent));
  // Ctrl-C, and the end of a terminal, reach the whole process group; when a worker stops is for the coordinator to say.
  for (const signal of ["SIGINT", "SIGHUP"] as const) Deno.addSignalListener(signal, () => {});
  for (const level of ["log", "info", "debug", "warn", "error"] as const) {
    console[level] = (...words: unknown[]) =>
      send({ type: "log", line: words.map(text).join(" ") });
  }
  // Work rejected behind a stage's back must not take the process and its other jobs along silently.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    send({ type: "log", line: `Unhandled rejection: ${explain(event.reason)}` });
  });
  let running = Promise.resolve();
  for await (const line of lines(Deno.stdin.readable)) {
    const message = decodeLine<ToWorker>(line);
    if (typeof message === "string") continue;
    if (message.type === "abort") abort.abort(new Error("The run was stopped."));
    // Not awaited: the loop has to go on to hear an abort.
    else running = running.then(() => runJob(message.spec, message.mayRead));
  }
  Deno.exit(0);
}

/** Ends a job whose programs an earlier one had. */
class SamePrograms extends Error {
  constructor(readonly key: string) {
    super(`the programs of job ${key} have the same bytes`);
  }
}

/** A job has read what its key does not hold. */
class UndeclaredRead extends Error {
  override name = "UndeclaredRead";
  constructor(spec: JobSpec, paths: string[]) {
    super(
      `${spec.stage.path} reads ${
        paths.join(", ")
      }, and neither its modules nor its inputs hold that. ` +
        declareFile(paths[0]),
    );
  }
}

async function runJob(spec: JobSpec, mayRead: string[]): Promise<void> {
  abort = new AbortController();
  current = spec.key;
  const metrics: MetricPoint[] = [];
  try {
    send({ type: "done", result: await perform(spec, mayRead, metrics) }, spec.key);
  } catch (error) {
    // The curve of a training that diverged is what shows why.
    const curve = metrics.length ? { metrics } : {};
    const { aborted } = abort.signal;
    send({ type: "failed", message: explain(error), aborted, ...curve }, spec.key);
  }
}

/** @param metrics is filled while the job runs. */
async function perform(
  spec: JobSpec,
  mayRead: string[],
  metrics: MetricPoint[],
): Promise<JobResult> {
  const start = performance.now();
  const loading = audit.now();
  const objects = new Objects(spec.storeDir);
  const stored = new Objects(spec.inputDir);
  const { stage, modules: { engine, ...modules } } = await load(spec);
  const loaded = performance.now();
  const running = audit.now();
  const spentBefore = process.cpuUsage();
  const stream = spec.stream &&
    new MetricStream(metrics, (points) => send({ type: "metrics", points }));
  const observations: Record<string, number> = {};
  const rules = new Set<string>();
  const digests: (string | undefined)[] = [];
  let programs: string | undefined;
  const inputs = Object.fromEntries(
    Object.entries(spec.inputs).map(([name, source]) => {
      const what = `Input "${name}" of ${spec.label}`;
      const load = source.path === undefined
        ? (file: { name: string; sha256: string }) =>
          stored.read(file.sha256, `${what}, ${file.name}`)
        : (file: { sha256: string }) => readUserFile(source.path!, file.sha256);
      return [name, readerAsync(readerSync(source, load, what))];
    }),
  );
  let lastProgress = -Infinity;
  const clock = new Clock();
  const context: StageContext = {
    params: spec.params,
    inputs,
    modules,
    get compile(): Compile {
      if (engine) {
        return async (fn, args) => {
          // In the order of the calls; and those that the stage has named before were not all.
          const place = digests.push(undefined) - 1;
          programs = undefined;
          const program = await engine.compile(fn, args, { threads: spec.threads });
          for (const rule of program.report.rules) rules.add(rule);
          digests[place] = program.report.digest;
          return program;
        };
      }
      throw new Error(
        `${spec.stage.path} reads ctx.compile, so it must export usesEngine = true: the engine is ` +
          `part of the key only then.`,
      );
    },
    programsCompiled() {
      if (digests.includes(undefined)) return;
      programs = sha256(digests.join("\n"));
      const key = spec.known?.[programs];
      if (key) throw new SamePrograms(key);
    },
    log: (line) => send({ type: "log", line }),
    progress(done, total) {
      clock.progress(done);
      const now = performance.now();
      if (now - lastProgress < 100 && done < total) return;
      lastProgress = now;
      send({ type: "progress", done, total });
    },
    tick: (name, count) => clock.tick(name, count),
    metric(name, step, value) {
      metrics.push([name, step, value]);
      if (stream) stream.grew();
    },
    observe: (name, value) => void (observations[name] = value),
    checkpoint: checkpointOf(objects, spec, metrics),
    signal: abort.signal,
  };
  let sameAs: string | undefined;
  const result = await (async () => await stage.run(context))().catch((error) => {
    if (!(error instanceof SamePrograms)) throw error;
    sameAs = error.key;
    return { files: {} };
  });
  const read = audit.undeclared(spec, mayRead, { loading, running, ended: audit.now() });
  if (read.length) throw new UndeclaredRead(spec, read);
  recheckInputs(spec, stored);
  checkFinite(result);
  const artifact = storeResult(objects, result);
  // Of the process so far: it may have run other jobs before.
  observations["peak memory bytes"] = process.resourceUsage().maxRSS * 1024;
  observations["load seconds"] = (loaded - start) / 1000;
  const { user, system } = process.cpuUsage(spentBefore);
  observations["cpu seconds"] = (user + system) / 1e6;
  return {
    artifact,
    seconds: (performance.now() - start) / 1000,
    observations: { ...clock.observations(), ...observations },
    metrics,
    rules: [...rules].sort(),
    ...(programs && { programs }),
    ...(sameAs && { sameAs }),
    codeSeen: Object.fromEntries(spec.codeFiles.map((path) => [path, seen.get(path)!])),
  };
}

/** Imports the code of a job and notes what the files held at that moment. */
async function load(spec: JobSpec) {
  const full = (path: string) => join(spec.root, path);
  const fresh = spec.codeFiles.filter((path) => !seen.has(path));
  const look = () => fresh.map((path) => hashFile(full(path)) ?? "missing");
  const before = look();
  const stage: StageModule = await import(pathToFileURL(full(spec.stage.path)).href);
  // deno-lint-ignore no-explicit-any -- whatever the named modules export
  const modules: Record<string, any> = {};
  for (const [name, { path, exports }] of Object.entries(spec.modules)) {
    const module = await import(pathToFileURL(full(path)).href);
    const missing = exports.find((e) => !(e in module));
    if (missing) throw new Error(`${path} does not export ${missing}, which ${name} needs.`);
    // Only what the fingerprint covers may be used.
    modules[name] = Object.fromEntries(exports.map((e) => [e, module[e]]));
  }
  const after = look();
  for (const [i, path] of fresh.entries()) {
    seen.set(path, before[i] === after[i] ? before[i] : "changed while it was loaded");
  }
  return { stage, modules };
}

/** A file that changed under a running job must not end up as the source of its result. */
function recheckInputs(spec: JobSpec, objects: Objects): void {
  for (const [name, { files, path }] of Object.entries(spec.inputs)) {
    for (const file of files) {
      const at = path ?? objects.path(file.sha256);
      if (hashFile(at) === file.sha256) continue;
      throw new Error(
        `Input "${name}" (${at}) changed while the job ran; run "deno task verify", then the ` +
          `pipeline again.`,
      );
    }
  }
}

function readUserFile(path: string, expected: string): Uint8Array {
  const bytes = Deno.readFileSync(path);
  if (sha256(bytes) !== expected) {
    throw new Error(`${path} changed after the run had started; run the pipeline again.`);
  }
  return bytes;
}

/** What to do about a permission that a worker does not have. */
function whyRefused(kind: string, what: string): string {
  switch (kind) {
    case "read":
      return `Jobs read their modules and inputs only. ${declareFile(what)}`;
    case "run":
      return "Jobs start no processes.";
    case "sys":
      return "What a job leaves does not depend on the machine; only native code may ask about it (permissions.ffi).";
    case "write":
    case "net":
    case "ffi": {
      const wanted = kind === "ffi" ? "true" : JSON.stringify([what]);
      return `Jobs may do this only where their stage says so: export const permissions = { ${kind}: ${wanted} }.`;
    }
    default:
      return "Jobs may not do this.";
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : Deno.inspect(value);
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  if (error instanceof UndeclaredRead) return `${error.name}: ${error.message}`;
  const known = systemError(error);
  if (known) return `${known}\n${stack}`;
  const refused = /^Requires (\w+) access to "?([^"]*)/.exec(error.message);
  if (refused) return `${stack}\n${whyRefused(refused[1], refused[2])}`;
  return error.cause === undefined ? stack : `${stack}\nCaused by: ${explain(error.cause)}`;
}

if (import.meta.main) await main();
