/** @file The jobs of a model: at a given rate or at one that is found, trained from all seeds in one program and each scored. */
import type { GraphBuilder, JobRef, TaggedJob } from "./graph.ts";
import type { Part } from "./parts.ts";
import type { Runs } from "./table/runs.ts";
import type { Values } from "./table/values.ts";
import type { Tags } from "./tags.ts";

/** A model and the layers that it is a stack of. */
export interface ModelParts {
  readonly model: Part;
  readonly layers?: readonly Part[];
}

/** One training. */
export interface Course {
  readonly task: Part;
  /** Sequences in a step. */
  readonly batch: number;
  readonly steps: number;
  readonly warmup: number;
  /** One is taken as it is; of several the best is found, on a seed of its own. */
  readonly rates: readonly number[];
  /** Steps after which half of the rates is left, and after which the best is chosen. */
  readonly rungs?: readonly [number, number];
  /** How a model is scored. */
  readonly protocol?: Record<string, unknown>;
  /** Instance of the task of a seed; 0 where there is one text. */
  readonly instanceOf?: (seed: number) => number;
  /** What is trained on: the tokens of a text; none where a task draws its own. */
  readonly data?: JobRef;
  /** What is scored on, of a seed. */
  readonly scoredOn: (seed: number) => JobRef;
}

/** How often a search may move from the best of the rates to half or twice of it. */
const moves = 3;
/** Of the search for a rate: none of those that are judged. */
const tuningSeed = 90;

const seedOf = ({ instanceOf = () => 0 }: Course, seed: number) => ({
  instance: instanceOf(seed),
  initialisation: seed,
  data: 1000 + seed,
});

/** @returns with the tags given, `seed`, and `result`: "training" or "score". */
export function trainedRuns(
  g: GraphBuilder,
  { model, layers = [] }: ModelParts,
  course: Course,
  seeds: readonly number[],
  tags: Tags,
): TaggedJob[] {
  const { task, batch, steps, warmup, rates, rungs, protocol = {}, data, scoredOn } = course;
  const parts = { task, model, layers };
  const common = { ...parts, batch, warmup, weightDecay: 0 };
  const inputs: Record<string, JobRef> = data ? { data } : {};
  const search = () =>
    g.job(
      "tune",
      { ...common, seeds: [seedOf(course, tuningSeed)], rates, rungs, moves, floor: 0.05 },
      inputs,
      { ...tags, result: "tuning" },
    );
  const [learningRate, ...others] = rates;
  const trained = g.job(
    "train",
    {
      ...{ ...common, seeds: seeds.map((seed) => seedOf(course, seed)), steps },
      ...(others.length ? {} : { learningRate }),
    },
    { ...(others.length ? { tuned: search() } : {}), ...inputs },
    { ...tags, result: "training" },
  );
  return seeds.flatMap((seed, index): TaggedJob[] => {
    const own = { ...tags, seed, result: "score" };
    const { instance } = seedOf(course, seed);
    const params = { ...parts, instance, index, batch: 64, protocol };
    const scored = g.job("evaluate", params, { model: trained, data: scoredOn(seed) }, own);
    return [{ tags: { ...tags, seed, result: "training" }, job: trained }, {
      tags: own,
      job: scored,
    }];
  });
}

/** The losses of one model, by seed. */
export const lossesOf = (runs: Runs, tags: Tags): Values =>
  runs.where({ ...tags, result: "score" }).each("seed", ({ scalars }) => scalars.loss, "nats");

/** The rates that it was trained at. */
export const ratesOf = (runs: Runs, tags: Tags): Values =>
  runs.where({ ...tags, result: "training" })
    .each("seed", ({ scalars }) => scalars.learningRate, "learningRate");

/** Whether half or twice the rate was still better when the search ended. */
export const edgesOf = (runs: Runs, tags: Tags): Values =>
  runs.where({ ...tags, result: "training" }).each(
    "seed",
    ({ scalars }) => scalars.edge ?? 0,
    "edge",
  );
