/** @file What do optimisers make of depth that adds nothing? (deep-linear-networks, optimisers) */
import { largestStableRate } from "../../../lib/dynamics/step_laws.ts";
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, TaggedJob } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Run, Runs } from "../../table/runs.ts";
import { tableOf } from "../../table/table.ts";
import { cellOf, minus, type Values } from "../../table/values.ts";
import { judged, overSeeds } from "./shared/studies.ts";

/** Steps after which a run is given up. */
const cap = 1000;

export const meta: ExperimentMeta = {
  id: "optimisers",
  title: "Optimisers by depth",
  question:
    "How many steps and seconds do optimisers take to 1 % above least squares when layers are added that add nothing?",
  hypothesis:
    "Gradient descent takes more than twice the steps at 64 layers that it takes at 2, each at a tuned rate; at 64 layers Adam, Muon and Shampoo take fewer steps than it does.",
  method:
    "Teachers [8, 8] of condition 4 and inputs whose covariance has condition 10, both in random frames; noise as strong as the signal, so that 1 % above least squares is 99 % of the way. " +
    "Balanced layers start with the singular values of the product at .25 and the teacher's sign of the determinant. Constant rates, exact gradients, float32, N layers. Five rates are tried for every " +
    "optimiser at every depth: gradient descent at .5 to 2.2 times the predicted 2 / (p N s^(2 - 2/N)), with a heavy ball of .9 at .05 to 1 times it, Adam, Muon and Shampoo at .5, .25, .12, .06 and .03 " +
    "over N. That whose slower run on two other problems is there first is used for the ten that count; **edge** says that it was the first or the last. Shampoo's exponents are -1/4, its roots Newton's " +
    `iteration in the graph. A run that is not there after ${cap} steps is censored: it counts ${cap} steps. Seconds are those of ten problems in one program, each a tenth.`,
  from: "standard",
};

const depths = [1, 2, 8, 64];
const course = { width: 8, condition: 4, inputs: 10 };
const tuningSeeds = [0, 1];

/** Module, options and the rates that are tried, at a depth. */
const optimisers = {
  "gradient descent": {
    ...{ name: "sgd", options: {} },
    rates: (depth: number) => [0.5, 0.9, 1.25, 1.6, 2.2].map((share) => share * limitOf(depth)),
  },
  momentum: {
    ...{ name: "sgd", options: { momentum: 0.9 } },
    rates: (depth: number) => [0.05, 0.1, 0.2, 0.5, 1].map((share) => share * limitOf(depth)),
  },
  Adam: { name: "adam", options: {}, rates: byDepth },
  Muon: { name: "muon", options: {}, rates: byDepth },
  Shampoo: { name: "shampoo", options: {}, rates: byDepth },
};
type OptimiserId = keyof typeof optimisers;

/** 2 / (p N s^(2 - 2/N)), p the largest eigenvalue of the inputs' covariance, s the teacher's largest singular value. */
function limitOf(depth: number): number {
  const { width, condition, inputs } = course;
  const s = Math.sqrt(condition);
  const optimum = { rows: width, columns: width, largest: s, smallest: 1 / s };
  return largestStableRate(optimum, depth, Math.sqrt(inputs));
}

/** Steps whose size the rate says: one layer's over N changes the product about as much as one of a single layer. */
function byDepth(depth: number): number[] {
  return [0.5, 0.25, 0.12, 0.06, 0.03].map((rate) => rate / depth);
}

/** Tags: optimiser, depth. */
export const grid: Grid = (g) =>
  g.table(
    Object.entries(optimisers).flatMap(([optimiser, { name, options, rates }]) =>
      depths.map((depth): TaggedJob => {
        const tags = { optimiser, depth };
        const params = {
          ...{ optimiser: { name, options }, course: { ...course, depth } },
          ...{ rates: rates(depth), tuningSeeds, seeds: judged, cap },
        };
        return { tags, job: g.job("optimise", params, {}, tags) };
      })
    ),
  );

/** What is compared with gradient descent at the largest depth. */
const others: OptimiserId[] = ["Adam", "Muon", "Shampoo"];

const hypothesis: Hypothesis = overSeeds([
  {
    what: "steps of gradient descent, 64 layers over 2",
    metric: "log steps",
    scale: "factor",
    margin: Math.log(2),
  },
  ...others.map((optimiser) => ({
    what: `steps at 64 layers, gradient descent over ${optimiser}`,
    metric: "log steps",
    scale: "factor" as const,
  })),
]);

/** What stage optimise leaves, by seed. */
interface Scores {
  steps: number[];
  reached: number[];
}

/** Numbers of one run, one for each seed that judges. */
function bySeed(
  run: Run,
  of: "steps" | "reached",
  metric: string,
  change = (value: number) => value,
): Values {
  const values = (run.json("scores.json") as Scores)[of].map(change);
  const runs = values.map(() => run.name);
  const terms = [{ coefficient: 1, metric, runs, values, parts: judged }];
  return { tag: "seed", at: judged, values, runs, terms };
}

/** The table: one row for each optimiser and depth. */
export function summarize(runs: Runs): Summary {
  const rows = runs.tagsOf<OptimiserId>("optimiser").flatMap((optimiser) =>
    runs.tagsOf("depth").map((depth) => ({
      optimiser,
      depth,
      run: runs.where({ optimiser, depth }).one(),
    }))
  );
  const logSteps = (optimiser: OptimiserId, depth: number) =>
    bySeed(runs.where({ optimiser, depth }).one(), "steps", "log steps", Math.log);
  const deepest = Math.max(...depths);
  const descent = logSteps("gradient descent", deepest);
  const censored = rows.filter(({ run }) => run.scalars.reached < 1);
  const meanAt = (optimiser: OptimiserId, depth: number) =>
    runs.where({ optimiser, depth }).one().scalars.steps.toFixed(0);
  return {
    ...tableOf(rows, [
      { id: "optimiser", label: "optimiser", format: "text", of: ({ optimiser }) => optimiser },
      { id: "depth", label: "depth", of: ({ depth }) => depth },
      {
        id: "steps_taken",
        label: "steps",
        note: `To 1 % above least squares; ${cap} where censored.`,
        of: ({ run }) => cellOf(bySeed(run, "steps", "steps")),
      },
      {
        id: "reached",
        label: "reached",
        note: "Share of problems that got to 1 % before the cap.",
        of: ({ run }) => cellOf(bySeed(run, "reached", "reached")),
      },
      {
        id: "seconds",
        label: "seconds",
        format: "seconds",
        note: "Of all steps of one problem, in a program of ten.",
        of: ({ run }) => ({
          observed: { name: "step seconds", times: "steps" },
          runs: [run.name],
        }),
      },
      {
        id: "rate",
        label: "rate",
        note: "Tuned on two other problems.",
        of: ({ run }) => ({ value: run.scalars.rate, runs: [run.name] }),
      },
      {
        id: "edge",
        label: "edge",
        note: "1: the first or the last of the rates was the best.",
        of: ({ run }) => ({ value: run.scalars.edge, runs: [run.name] }),
      },
    ]),
    verdict: verdictOf(hypothesis, [
      plainEffect(minus(descent, logSteps("gradient descent", 2))),
      ...others.map((optimiser) => plainEffect(minus(descent, logSteps(optimiser, deepest)))),
    ]),
    findings: [
      `Steps to 1 % above least squares from ${depths[0]} to ${deepest} layers: ` +
      (Object.keys(optimisers) as OptimiserId[]).map((optimiser) =>
        `${optimiser} ${depths.map((depth) => meanAt(optimiser, depth)).join(", ")}`
      ).join("; ") +
      `; ${censored.length} of ${rows.length} have runs that were cut off at ${cap}.`,
    ],
    plots: [{
      id: "steps",
      title: "Steps to 1 % above least squares by depth",
      caption: `At tuned rates, means over ten problems; ${cap} is the cap.`,
      x: { column: "depth", label: "depth", scale: "log" },
      y: { column: "steps_taken", label: "steps", scale: "log" },
      series: "optimiser",
      marks: ["line", "dot"],
      rules: [{ y: cap, label: "cap" }],
    }],
  };
}
