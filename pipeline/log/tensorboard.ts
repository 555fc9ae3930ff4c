/**
 * @file `--log tensorboard`: event files at `<store>/tensorboard/<group>/<run>/`, for
 * `tensorboard --logdir <store>/tensorboard`.
 *
 * A file is appended to while its run goes on, so a kill leaves a readable prefix. A run that starts
 * again replaces its file: it tells its curve from the beginning, also when it resumes from a
 * checkpoint. A small file beside it says which work is there to its end.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { MetricPoint } from "../store/changes.ts";
import type { LoggedRun, RunEnd, Sink, SinkOptions } from "./sink.ts";
import { type Event, eventRecord } from "./tfevents.ts";

/** Holds what a run's numbers came from once all of them are in the event file. */
const COMPLETE = "complete.sha256";

export class TensorBoardSink implements Sink {
  readonly name = "tensorboard";
  #folder: string;
  #files = new Map<string, number>();
  #lastStep = new Map<string, number>();

  constructor({ storeDir }: Pick<SinkOptions, "storeDir">, private readonly clock = Date.now) {
    this.#folder = join(storeDir, "tensorboard");
  }

  started(run: LoggedRun): void {
    const folder = this.#folderOf(run);
    mkdirSync(folder, { recursive: true });
    for (const name of [COMPLETE, ...eventFiles(folder)]) {
      rmSync(join(folder, name), { force: true });
    }
    const seconds = Math.floor(this.clock() / 1000);
    const file = `events.out.tfevents.${seconds}.${hostname()}`;
    this.#files.set(run.id, openSync(join(folder, file), "a"));
    this.#lastStep.set(run.id, 0);
    this.#write(run, 0, [{ fileVersion: "brain.Event:2" }, { hparams: flat(run.config) }]);
  }

  metrics(run: LoggedRun, points: MetricPoint[]): void {
    for (const [name, step, value] of points) {
      this.#lastStep.set(run.id, Math.max(step, this.#lastStep.get(run.id) ?? 0));
      this.#write(run, step, [{ scalar: { tag: name, value } }]);
    }
  }

  /** At the step where the curves ended. */
  scalars(run: LoggedRun, values: Record<string, number>): void {
    const step = this.#lastStep.get(run.id) ?? 0;
    const events = Object.entries(values).map(([tag, value]) => ({ scalar: { tag, value } }));
    this.#write(run, step, events);
  }

  finished(run: LoggedRun, end: RunEnd): void {
    const file = this.#files.get(run.id);
    if (file === undefined) return;
    this.#write(run, 0, [{ end: end === "done" ? "success" : "failure" }]);
    closeSync(file);
    this.#files.delete(run.id);
    if (end === "done") writeFileSync(join(this.#folderOf(run), COMPLETE), run.work());
  }

  /** Also when what is there broke off, or comes from other code. */
  lacks(run: LoggedRun): boolean {
    const folder = this.#folderOf(run);
    const complete = join(folder, COMPLETE);
    return !existsSync(complete) || !eventFiles(folder).length ||
      readFileSync(complete, "utf8") !== run.work();
  }

  close(): Promise<void> {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
    return Promise.resolve();
  }

  #folderOf(run: LoggedRun): string {
    return join(this.#folder, ...[run.group, ...run.name.split("/")].map(safe));
  }

  #write(run: LoggedRun, step: number, events: Event[]): void {
    const file = this.#files.get(run.id);
    if (file === undefined) return;
    const seconds = this.clock() / 1000;
    for (const event of events) {
      const bytes = eventRecord(seconds, Math.max(0, Math.trunc(step)), event);
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    }
  }
}

function eventFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith("events.out.tfevents."));
}

/** A name of one folder, nothing that leads elsewhere. */
function safe(part: string): string {
  const name = part.replaceAll(/[^\w.=,+@ -]/g, "_");
  return /^\.*$/.test(name) ? `_${name}` : name;
}

/** Parameters by dotted name; what is no number, text or truth value is spelt as JSON. */
function flat(value: object, prefix = ""): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]): [string, string | number | boolean][] => {
      const path = prefix + name;
      if (field === undefined || field === null) return [];
      if (typeof field === "object" && !Array.isArray(field)) {
        return Object.entries(flat(field, `${path}.`));
      }
      return [[path, typeof field === "object" ? JSON.stringify(field) : field]];
    }),
  );
}
