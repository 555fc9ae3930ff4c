/**
 * @file What a job costs, and how the cost of a whole job follows from that of its pilot.
 */
import type { Pilot } from "./pilot.ts";

export interface Cost {
  /** Wall time of the job alone, without loading its code. */
  seconds: number;
  /** Seconds of all its threads. */
  cpuSeconds: number;
  /** Peak resident memory of the process in bytes. */
  memory: number;
  /** Bytes of the artifact. */
  disk: number;
}

/** A job that was run and measured. */
export interface Measurement extends Cost {
  /** Seconds of loading its code, which a worker does once. */
  load: number;
  /** Seconds of one unit; undefined when the stage reported none. */
  unit?: number;
  observed: Record<string, number>;
}

/** @param seconds the job's duration, with loading its code */
export function measurement(
  seconds: number,
  observed: Record<string, number>,
  files: { bytes: number }[],
): Measurement {
  const load = observed["load seconds"] ?? 0;
  return {
    seconds: Math.max(0, seconds - load),
    cpuSeconds: observed["cpu seconds"] ?? NaN,
    memory: observed["peak memory bytes"] ?? NaN,
    disk: files.reduce((sum, { bytes }) => sum + bytes, 0),
    load,
    unit: observed["unit seconds"],
    observed,
  };
}

/**
 * The whole job: what the pilot took besides its units, and every unit.
 *
 * @throws {Error} when the pilot reported no units and is smaller than the job
 */
export function extrapolate(measured: Measurement, { units, of, disk, memory }: Pilot): Cost {
  const { unit } = measured;
  if (unit === undefined && of !== units) {
    throw new Error(
      `the stage reported no units: it must call ctx.progress or ctx.tick`,
    );
  }
  const seconds = unit === undefined || of === units
    ? measured.seconds
    : Math.max(0, measured.seconds - units * unit) + of * unit;
  return {
    seconds,
    // Threads beside the first are as busy in the whole job as in the pilot.
    cpuSeconds: measured.seconds > 0
      ? seconds * measured.cpuSeconds / measured.seconds
      : measured.cpuSeconds,
    memory: measured.memory + (memory?.(measured.observed) ?? 0),
    disk: measured.disk + (disk ?? 0),
  };
}

/** @throws {RangeError} for no costs */
export function meanCost(costs: Cost[]): Cost {
  if (!costs.length) throw new RangeError("No costs, so no mean.");
  const mean = (of: (cost: Cost) => number) =>
    costs.reduce((sum, cost) => sum + of(cost), 0) / costs.length;
  return {
    seconds: mean((c) => c.seconds),
    cpuSeconds: mean((c) => c.cpuSeconds),
    memory: Math.max(...costs.map((c) => c.memory)),
    disk: mean((c) => c.disk),
  };
}
