/**
 * @file `program: filtering`: one model on one state-space system, scored against the Kalman filter.
 *
 * The jobs are those of the filtering experiments, with the same seeds for the same purposes, so the data
 * and references of an experiment are done here too. Experiments tune the learning rate; here it is given.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { SequenceLayer } from "../../../lib/layers/sequence/sequence_layer.ts";
import type { LayerChoice, Model, ModelModule, SequenceModel } from "../../../lib/models/model.ts";
import { distributionFields } from "../../../lib/tasks/filtering/distribution.ts";
import {
  rolledAtOnce,
  scoredAtOnce,
} from "../../experiments/transformer_filters/shared/filtering.ts";
import { scoredSeed, seedOf } from "../../experiments/transformer_filters/shared/seeds.ts";
import {
  horizons as usualHorizons,
  warmup,
} from "../../experiments/transformer_filters/shared/settings.ts";
import type { GraphBuilder, JobRef } from "../../graph.ts";
import { modulesBeside } from "../../modules.ts";
import { nearestFirst } from "../../../lib/nearest.ts";
import { type Part, partModules, partSchema } from "../../parts.ts";
import {
  type Architecture,
  filteringTask,
  isPreset,
  preset,
  type PresetName,
  presetNames,
  presetOptions,
} from "../../presets.ts";
import type { ArtifactReaderSync } from "../../stage.ts";
import type { Parameters } from "../points.ts";
import { checkPatches, checkSystem } from "./filtering_checks.ts";
import type { Program } from "./program.ts";

/** Training is in float32, where a smaller number is 0 and a larger one is infinite. */
const positive = z.number().min(1.2e-38).max(3.4e38);
const count = z.number().int().min(1);

/** Everything that a filtering sweep can set. */
const schema = z.strictObject({
  /** Names the system, the initialisation and the data. */
  seed: z.number().int().nonnegative().default(0),
  /** A name of presets.ts or of a file in lib/models, and its options; of a stack also its layers, as names or {name, options}. */
  model: z.looseObject({ name: z.string().default("transformer") }).prefault({}),
  system: z.strictObject(distributionFields()).prefault({}),
  train: z.strictObject({
    steps: count.default(120),
    warmup: z.number().int().min(0).default(20),
    batch: count.optional(),
    length: z.number().int().min(2).default(256),
    learningRate: positive.default(3e-3),
    weightDecay: z.number().min(0).max(3.4e38).optional(),
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

type Run = Omit<z.infer<typeof schema>, "model"> & Architecture;

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
  const { model: { name, ...options }, ...run } = result.data;
  if (isPreset(name)) checkPreset(name, options);
  const architecture = isPreset(name) ? preset(name, options) : named(name, options);
  const { system, seed } = run;
  checkSystem(seed, system);
  checkPatches(await configured(architecture, system.obsDim, root) as SequenceModel, run, warmup);
  return { ...run, ...architecture };
}

function checkPreset(name: PresetName, options: Record<string, unknown>): void {
  const allowed = presetOptions(name);
  const unknown = Object.keys(options).find((key) => !allowed.includes(key));
  if (unknown === undefined) return;
  const near = nearestFirst(unknown, allowed).map((key) => `model.${key}`).join(", ");
  throw new Error(`no parameter "model.${unknown}" of a ${name}; allowed are ${near}.`);
}

/** A file of lib/models, with the layers that the options list. */
function named(name: string, { layers = [], ...options }: Record<string, unknown>): Architecture {
  const part = partSchema("a file in lib/layers/sequence");
  const listed = z.array(z.union([part, z.string().transform((name) => ({ name, options: {} }))]))
    .safeParse(layers);
  if (listed.success) return { model: { name, options }, layers: listed.data };
  throw new Error(
    `model.layers is ${
      JSON.stringify(layers)
    }: expected names of files in lib/layers/sequence, or {name, options} each.`,
  );
}

/** The model, which checks its options. */
async function configured(
  { model, layers }: Architecture,
  channels: number,
  root: string,
): Promise<Model> {
  const modules = partModules({ task: filteringTask({}, 2), model, layers });
  const load = async (key: string, what: string, { name }: Part, others = "") => {
    const { path, exports: [wanted] } = modules[key];
    const { folder, names } = modulesBeside(root, path.replace(name, "any"), [wanted]);
    if (!names.includes(name)) {
      const near = nearestFirst(name, names).join(", ");
      throw new Error(`${what} is "${name}"; ${folder} has ${near}${others}.`);
    }
    return (await import(pathToFileURL(join(root, path)).href))[wanted];
  };
  const module: ModelModule = await load(
    "model",
    "model.name",
    model,
    `; or ${nearestFirst(model.name, presetNames).join(", ")}`,
  );
  const choices: LayerChoice[] = [];
  for (const part of layers) {
    const layer: SequenceLayer = await load(`layer ${part.name}`, "a layer of model.layers", part);
    choices.push({ ...part, layer });
  }
  return module.configure(model.options, {
    signature: { kind: "series", channels },
    layers: choices,
  });
}

function measures({ evaluate: { rollout, horizons } }: Run): string[] {
  if (!rollout) return metrics;
  const ofRollout = ["gapClosed", "ratio", ...horizons.map((h) => `h${h}`)];
  return [...metrics, ...ofRollout.map((name) => `rollout/${name}`)];
}

function jobs(g: GraphBuilder, run: Run): Record<string, JobRef> {
  const { seed: instance, system, model, layers } = run;
  const { sequences, length, rollout, horizons } = run.evaluate;
  const { length: trainedOn, ...train } = run.train;
  const task = filteringTask(system, length);
  const free = { rollout: { warmup, horizons } };
  const data = g.job(
    "generate",
    { task, instance, data: scoredSeed(system, instance), sequences },
    {},
    "data",
  );
  const seeds = [seedOf(system, instance)];
  const trained = g.job(
    "train",
    { task: filteringTask(system, trainedOn), model, layers, seeds, ...train },
    {},
    "train",
  );
  const evaluate = (label: string, more: object) =>
    g.job("evaluate", { task, model, layers, instance, ...more }, { model: trained, data }, label);
  const bounds = { task, reference: { name: "bounds" }, instance, protocol: free };
  return {
    data,
    train: trained,
    "one-step": evaluate("one-step", { batch: scoredAtOnce(run) }),
    ...(rollout ? { rollout: evaluate("rollout", { batch: rolledAtOnce, protocol: free }) } : {}),
    bounds: g.job("reference", bounds, { data }, "bounds"),
  };
}

function measure(artifacts: Record<string, ArtifactReaderSync>): Record<string, number> {
  const { lastLoss: loss, parameters, tokens } = artifacts.train.scalars;
  const { loss: ratio, gapClosed } = artifacts["one-step"].scalars;
  const { floor: zero } = artifacts.bounds.scalars;
  const found: Record<string, number> = { gapClosed, ratio, loss, parameters, tokens, zero };
  const { rollout } = artifacts;
  if (rollout) {
    const { byHorizon, horizons } = rollout.json("scores.json");
    found["rollout/gapClosed"] = rollout.scalars.gapClosed;
    found["rollout/ratio"] = rollout.scalars.loss;
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
    const near = nearestFirst(issue.keys[0], Object.keys(shapeOf(at)!));
    const allowed = near.map((key) => [...path, key].join("."));
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
