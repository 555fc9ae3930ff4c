/**
 * @file From the YAML of a sweep file to a sweep: every key is known, every value is of its kind, and
 * equal sweeps have equal ids.
 *
 * The format is that of W&B's sweep files. What is accepted and has no meaning here says so in
 * `notes`; what would change the runs and cannot be done is an error.
 */
import { canonical, sha256 } from "../content/canonical.ts";
import { nearestFirst } from "../../lib/nearest.ts";
import { checkKeys, type Fields, fieldsOf, finite, show, stringOf } from "./checks.ts";
import type { Distribution } from "./distributions.ts";
import { checkPaths, isParameter, readParameters } from "./parameters.ts";
import type { SweepText } from "./parse.ts";

export interface Metric {
  name: string;
  goal: "minimize" | "maximize";
  /** No new run is started once one is at least as good. */
  target?: number;
}

export interface SweepConfig {
  /** sha256 prefix of what determines the runs: program, method and parameters. */
  id: string;
  program: string;
  method: "grid" | "random";
  metric?: Metric;
  /** By dotted path, in the order of the names: W&B's order of a grid, the last changing fastest. */
  parameters: [path: string, distribution: Distribution][];
  runCap?: number;
  name?: string;
  description?: string;
  project?: string;
  entity?: string;
  /** Lines about keys that were accepted and do nothing. */
  notes: string[];
}

const TOP = [
  ...["program", "method", "parameters", "metric", "name", "description", "project", "entity"],
  ...["run_cap", "command", "controller"],
] as const;
/** Keys of a metric that say what a search by earlier results takes for runs without one. */
const IMPUTE = ["impute", "impute_while_running"] as const;
/** Keys of W&B that would change which runs there are, or when they end. */
const REFUSED: Record<string, string> = {
  early_terminate: "runs always go to their end here, because a shortened run is another result",
  scheduler: "no other optimiser is asked",
  metrics: "runs are ranked by one metric; use metric",
  job: "W&B Launch is not used; use program",
  image_uri: "W&B Launch is not used; use program",
};
const ID_LENGTH = 12;

/** @throws {Error} for anything that the file must not say, with the place and what is allowed */
export function parseSweep(text: SweepText): SweepConfig {
  const { path } = text;
  const fail = (message: string): never => {
    throw new Error(`${path}: ${message}`);
  };
  const top = fieldsOf(
    text.value ?? fail("is empty; a sweep needs method and parameters."),
    path,
    "",
  );
  for (const [key, why] of Object.entries(REFUSED)) {
    if (key in top) {
      fail(
        `${key} is not supported: ${why}. Remove it; allowed are ${
          nearestFirst(key, TOP).join(", ")
        }.`,
      );
    }
  }
  // Files that a W&B tool wrote carry these two.
  const { apiVersion: _version, kind: _kind, ...rest } = top;
  const shared = Object.keys(rest).filter((key) =>
    !(TOP as readonly string[]).includes(key) && text.anchored.has(key)
  );
  for (const key of shared) delete rest[key];
  const stray = Object.keys(rest).find((key) =>
    !(TOP as readonly string[]).includes(key) && isParameter(rest[key])
  );
  if (stray !== undefined) {
    fail(`${stray} stands at the top; a parameter belongs under parameters: { ${stray}: … }.`);
  }
  checkKeys(rest, TOP, path, "");
  const parameters = new Map<string, Distribution>();
  readParameters(text, ["parameters"], [], top.parameters, parameters);
  const sorted = [...parameters].sort(([a], [b]) => a < b ? -1 : 1);
  checkPaths(sorted.map(([name]) => name), path);
  const program = stringOf(top, "program", path) ??
    fail("program is missing: the name of what is swept, for example program: filtering.");
  const method = methodOf(top.method, path);
  const metric = metricOf(top.metric, path);
  const notes = [
    ...text.notes,
    ...shared.map((key) => `${key} is ignored where it stands: only its anchors are used.`),
    ...noteCommand(top.command, program, path),
    ...noteController(top.controller, path),
    ...IMPUTE.filter((key) => key in (top.metric as Fields ?? {})).map((key) =>
      `metric.${key} is ignored: no ${method} run depends on what others measured.`
    ),
  ];
  return {
    id: sha256(canonical({ program, method, parameters: Object.fromEntries(sorted) }))
      .slice(0, ID_LENGTH),
    program,
    method,
    metric,
    parameters: sorted,
    runCap: capOf(top.run_cap, path),
    name: stringOf(top, "name", path),
    description: stringOf(top, "description", path),
    project: stringOf(top, "project", path),
    entity: stringOf(top, "entity", path),
    notes,
  };
}

function methodOf(method: unknown, path: string): "grid" | "random" {
  if (method === "grid" || method === "random") return method;
  const why = method === "bayes"
    ? "bayes is not supported, because each of its runs depends on the results of others"
    : method === undefined
    ? "is missing"
    : `is ${show(method)}`;
  throw new Error(`${path}: method ${why}; allowed are grid and random.`);
}

function metricOf(value: unknown, path: string): Metric | undefined {
  if (value === undefined) return undefined;
  const metric = fieldsOf(value, path, "metric");
  checkKeys(metric, ["name", "goal", "target", ...IMPUTE], path, "metric");
  const name = stringOf(metric, "name", path, "metric.");
  if (!name) throw new Error(`${path}: metric.name is missing.`);
  const goal = metric.goal ?? "minimize";
  if (goal !== "minimize" && goal !== "maximize") {
    throw new Error(`${path}: metric.goal is ${show(goal)}; allowed are minimize and maximize.`);
  }
  const target = metric.target;
  if (target !== undefined) finite(target, path, "metric.target");
  return { name, goal, target: target as number | undefined };
}

function capOf(cap: unknown, path: string): number | undefined {
  if (cap === undefined) return undefined;
  if (!Number.isSafeInteger(cap) || (cap as number) < 1) {
    throw new Error(`${path}: run_cap is ${show(cap)}; expected a whole number of at least 1.`);
  }
  return cap as number;
}

function noteController(controller: unknown, path: string): string[] {
  if (controller === undefined) return [];
  fieldsOf(controller, path, "controller", "{ type: local }");
  return ["controller is ignored: the sweep runs on this machine."];
}

/**
 * W&B starts a script by this list. Here nothing is started by it, so it may say how, but not with
 * which arguments: those would be lost.
 */
function noteCommand(command: unknown, program: string, path: string): string[] {
  if (command === undefined) return [];
  if (!Array.isArray(command)) {
    throw new Error(`${path}: command is ${show(command)}; expected a list.`);
  }
  const at = command.findIndex((word) => word === "${program}" || word === program);
  const lost = command.slice(at + 1).find((word) => !/^\$\{\w+\}$/.test(String(word)));
  if (at >= 0 && lost !== undefined) {
    throw new Error(
      `${path}: command passes ${
        show(lost)
      }, which would be lost: runs are jobs of this pipeline. ` +
        `Make it a parameter with a value.`,
    );
  }
  return ["command is ignored: runs are jobs of this pipeline, nothing is started by it."];
}
