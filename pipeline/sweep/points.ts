/**
 * @file Which runs a sweep has: the points of a grid in W&B's order, or random draws that are a
 * function of the sweep and the number of the run, so that a continued sweep draws the same ones.
 */
import { createHash } from "node:crypto";
import type { SweepConfig } from "./config.ts";
import { type Axis, axisOf, draw, type Value } from "./distributions.ts";

export type Parameters = { [name: string]: Value };

/** A grid beyond this is a mistake unless run_cap says otherwise. */
const LARGEST_GRID = 10_000;

export interface Points {
  /** Undefined when there is no end: a random sweep without run_cap. */
  count?: number;
  /** Parameters of a run, nested. */
  at(index: number): Parameters;
}

/** @throws {Error} for a grid over something that cannot be counted, or over too much */
export function pointsOf(config: SweepConfig, path: string): Points {
  return config.method === "grid" ? gridPoints(config, path) : randomPoints(config);
}

function gridPoints({ parameters, runCap }: SweepConfig, path: string): Points {
  const axes = parameters.map(([name, distribution]): [string, Axis] => {
    const axis = axisOf(distribution);
    if (axis) return [name, axis];
    const what = "probabilities" in distribution
      ? "values with probabilities"
      : distribution.distribution;
    throw new Error(
      `${path}: ${name}: a grid cannot go through ${what}; use value, values, whole min and max ` +
        `(int_uniform), q_uniform, or method: random.`,
    );
  });
  const all = axes.reduce((product, [, axis]) => product * axis.count, 1);
  if (runCap === undefined && all > LARGEST_GRID) {
    throw new Error(
      `${path}: the grid has ${all} runs (${
        axes.filter(([, a]) => a.count > 1).map(([n, a]) => `${n}: ${a.count}`).join(", ")
      }); give fewer values, or a run_cap to take only the first.`,
    );
  }
  return {
    count: Math.min(all, runCap ?? Infinity),
    at(index) {
      const point: Parameters = {};
      for (const [name, axis] of axes.toReversed()) {
        assign(point, name, axis.at(index % axis.count));
        index = Math.floor(index / axis.count);
      }
      return point;
    },
  };
}

function randomPoints({ id, parameters, runCap }: SweepConfig): Points {
  return {
    count: runCap,
    at(index) {
      const point: Parameters = {};
      for (const [name, distribution] of parameters) {
        assign(point, name, draw(distribution, uniforms(`${id} ${index} ${name}`)));
      }
      return point;
    },
  };
}

/** Two independent uniform numbers in (0, 1), 48 bits each, from what names them. */
export function uniforms(name: string): [number, number] {
  const bytes = createHash("sha256").update(name).digest();
  const at = (from: number) => (bytes.readUIntBE(from, 6) + 0.5) / 2 ** 48;
  return [at(0), at(6)];
}

function assign(point: Parameters, path: string, value: Value): void {
  const parts = path.split(".");
  let at = point;
  for (const part of parts.slice(0, -1)) {
    if (!Object.hasOwn(at, part)) at[part] = {};
    at = at[part] as Parameters;
  }
  at[parts.at(-1)!] = value;
}
