/**
 * @file `program: filtering`: one model on one state-space system, scored against the Kalman filter.
 *
 * The jobs are those of the filtering experiments, with the same seeds for the same purposes, so the data
 * and baselines of an experiment are done here too. Experiments tune the learning rate; here it is given.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import {
  rolledAtOnce,
  scoredAtOnce,
  scoredSeed,
  seedsOf,
} from "../../experiments/transformer_filters/shared/filtering.ts";
import {
  horizons as usualHorizons,
  warmup,
} from "../../experiments/transformer_filters/shared/settings.ts";
import type { GraphBuilder, JobRef } from "../../graph.ts";
import type { ArtifactReaderSync } from "../../stage.ts";
import type { Parameters } from "../points.ts";
import type { Program } from "./program.ts";

const positive = z.number().positive();
const count = z.number().int().min(1);

/** Everything that a filtering sweep can set. */
const schema = z.strictObject({
  /** Names the system, the initialisation and the data. */
  seed: z.number().int().nonnegative().default(0),
  /** The name of a file in lib/models, and that model's options. */
  model: z.looseObject({ name: z.string().default("transformer") }).prefault({}),
  system: z.strictObject({
    lambda: z.number().gt(0).lt(1).default(0.9),
    structure: z.enum(["diagonal", "dense"]).optional(),
    condition: z.number().min(1).optional(),
    obsDim: count.default(2),
    latentDim: count.optional(),
    observation: z.enum(["matched", "redrawn"]).optional(),
    sigma: positive.optional(),
  }).prefault({}),
  train: z.strictObject({
    steps: count.default(120),
    warmup: z.number().int().min(0).default(20),
    batch: count.optional(),
    length: z.number().int().min(2).optional(),
    learningRate: positive.default(3e-3),
    weightDecay: z.number().min(0).optional(),
    clipNorm: positive.optional(),
  }).prefault({}),
  evaluate: z.strictObject({
    sequences: z.number().int().min(2).default(256),
    length: z.number().int().min(2).default(256),
    rollout: z.boolean().default(false),
    horizons: z.array(count).min(1).default(usualHorizons),
  }).prefault({}).refine(
    ({ length, horizons }) => length >= warmup + Math.max(...horizons),
    `length must be at least ${warmup} observations of warm-up and the furthest horizon`,
  ),
});

type Run = z.infer<typeof schema>;

const metrics = ["gapClosed", "ratio", "loss", "parameters", "tokens", "zero"];
const rolloutMetric = /^rollout\/(gapClosed|ratio|h\d+)$/;

export const filtering: Program = {
  name: "filtering",
  metric: { name: "gapClosed", goal: "maximize" },
  metrics: [...metrics, "rollout/gapClosed", "rollout/ratio", "rollout/h2 (any horizon)"],
  hasMetric: (name) => metrics.includes(name) || rolloutMetric.test(name),
  parse: (parameters, root) => parse(parameters, root),
  measures: (run) => measures(run as Run),
  jobs: (g, run) => jobs(g, run as Run),
  logged: { train: "", "one-step": "", rollout: "rollout" },
  measure,
};

async function parse(parameters: Parameters, root: string): Promise<Run> {
  const result = schema.safeParse(parameters);
  if (!result.success) throw new Error(explain(result.error, parameters));
  const run = result.data;
  const { name, ...options } = run.model;
  const folder = join(root, "lib/models");
  const path = join(folder, `${name}.ts`);
  if (!/^\w+$/.test(name) || !existsSync(path)) {
    const isModel = (file: string) =>
      /^export function configure\b/m.test(readFileSync(join(folder, file), "utf8"));
    const known = readdirSync(folder).filter(isModel).map((file) => file.replace(/\.ts$/, ""));
    throw new Error(
      `model.name is "${name}"; models are files of lib/models: ${known.join(", ")}.`,
    );
  }
  const { configure } = await import(pathToFileURL(path).href);
  if (typeof configure !== "function") {
    throw new Error(`model.name is "${name}", which is no sequence model: it has no configure.`);
  }
  configure(options, run.system.obsDim);
  return run;
}

function measures({ evaluate: { rollout, horizons } }: Run): string[] {
  if (!rollout) return metrics;
  const ofRollout = ["gapClosed", "ratio", ...horizons.map((h) => `h${h}`)];
  return [...metrics, ...ofRollout.map((name) => `rollout/${name}`)];
}

function jobs(g: GraphBuilder, run: Run): Record<string, JobRef> {
  const { seed, train, evaluate: { sequences, length, rollout, horizons } } = run;
  const { name, ...options } = run.model;
  const model = { name, options };
  const system = { key: seed, ...run.system };
  const data = g.job(
    "generate",
    { system, dataSeed: scoredSeed(seed), sequences, length },
    {},
    "data",
  );
  const seeds = [seedsOf(seed)];
  const trained = g.job("train", { model, system: run.system, seeds, ...train }, {}, "train");
  const evaluate = (label: string, more: object) =>
    g.job("evaluate", { model, system, ...more }, { model: trained, data }, label);
  return {
    data,
    train: trained,
    "one-step": evaluate("one-step", { batch: scoredAtOnce(name) }),
    ...(rollout
      ? { rollout: evaluate("rollout", { batch: rolledAtOnce, rollout: { warmup, horizons } }) }
      : {}),
    baseline: g.job("baseline", { system, horizons }, { data }, "baseline"),
  };
}

function measure(artifacts: Record<string, ArtifactReaderSync>): Record<string, number> {
  const { lastLoss: loss, parameters, tokens } = artifacts.train.scalars;
  const { ratio, gapClosed } = artifacts["one-step"].scalars;
  const { zero } = artifacts.baseline.json("scores.json");
  const found: Record<string, number> = {
    ...{ gapClosed, ratio, loss, parameters, tokens },
    zero: zero.oneStep.zero,
  };
  const { rollout } = artifacts;
  if (rollout) {
    const { byHorizon, horizons } = rollout.json("scores.json");
    found["rollout/gapClosed"] = rollout.scalars.gapClosed;
    found["rollout/ratio"] = rollout.scalars.ratio;
    for (const [i, h] of (horizons as number[]).entries()) {
      found[`rollout/h${h}`] = byHorizon[i].ratio;
    }
  }
  return found;
}

/** The first thing that is wrong, by the name that the sweep file has for it. */
function explain({ issues: [issue] }: z.ZodError, parameters: Parameters): string {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const at = path.reduce((s: z.ZodType | undefined, part) => shapeOf(s)?.[part], schema);
    const name = [...path, issue.keys[0]].join(".");
    const allowed = Object.keys(shapeOf(at)!).map((key) => [...path, key].join("."));
    return `no parameter "${name}"; allowed are ${allowed.join(", ")}.`;
  }
  const value = path.reduce<unknown>(
    (v, part) => (v as Parameters | undefined)?.[part],
    parameters,
  );
  return `${path.join(".")} is ${JSON.stringify(value)}: ${issue.message}.`;
}

function shapeOf(type: z.ZodType | undefined): Record<string, z.ZodType> | undefined {
  let inner: unknown = type;
  while (inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault) inner = inner.unwrap();
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}
