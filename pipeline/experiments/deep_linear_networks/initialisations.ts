/** @file From which starts does gradient descent reach least squares, by depth? (deep-linear-networks, dynamics) */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { tableOf } from "../../table/table.ts";
import { cellOf, mapped, minus, type Values } from "../../table/values.ts";
import { overSeeds, scalarOf, studyRuns } from "./shared/studies.ts";

/** Steps after which a rate is given up. */
const cap = 1000;

export const meta: ExperimentMeta = {
  id: "initialisations",
  title: "Initialisations of deep linear networks",
  question: "From which starts does gradient descent reach least squares, and how deep?",
  hypothesis:
    "Balanced and orthogonal layers whose determinant has the teacher's sign reach 1 % above least squares within 500 steps at 2, 8 and 32 layers; with the other sign they take more than five " +
    "times the steps at 8 and 32, as Xavier and He do, or never get there.",
  method:
    "Square teachers [8, 8] of condition 4 in random frames, white inputs, noise as strong as the signal: 1 % above least squares is 99 % of the way. Starts: balanced (singular " +
    "values of the product .25), independent orthogonal layers, Xavier, He, and the identity plus N(0, .01^2); **sign** says whether the determinant of the product has the teacher's sign " +
    "(a column of the first layer is reversed where it must be). Gradient descent in float64, for every start and seed at the best of four learning rates, .003, .03, .3 and .9 of " +
    `the largest that is stable at the optimum. A run that is not there after ${cap} steps at any of them is censored: it counts ${cap} steps, which makes ratios of steps lower bounds.`,
  from: "standard",
};

const depths = [2, 8, 32];
/** What is compared: initialisation and sign. */
const starts = {
  balanced: ["balanced", "same"],
  "balanced, other sign": ["balanced", "other"],
  orthogonal: ["orthogonal", "same"],
  "orthogonal, other sign": ["orthogonal", "other"],
  identity: ["identity", "same"],
  xavier: ["xavier", "same"],
  he: ["he", "same"],
} as const;
type Start = keyof typeof starts;

/** Tags: start, depth, seed. */
export const grid: Grid = (g) =>
  g.table(studyRuns(
    g,
    "initialisation",
    Object.entries(starts).flatMap(([start, [initialisation, sign]]) =>
      depths.map((depth) => ({
        tags: { start, depth },
        options: { initialisation, sign, depth, cap },
      }))
    ),
  ));

/** How many times the steps count as failing. */
const factor = Math.log(5);
/** Who must get there, and who must not, compared with whom. */
const reach: Start[] = ["balanced", "orthogonal"];
const fail: [Start, Start][] = [
  ["balanced, other sign", "balanced"],
  ["orthogonal, other sign", "orthogonal"],
  ["xavier", "balanced"],
  ["he", "balanced"],
];
const deep = [8, 32];

const hypothesis = overSeeds([
  ...reach.map((start) => ({
    what: `${cap} over steps, ${start}, least over depths`,
    metric: "log cap over steps",
    scale: "factor" as const,
    margin: Math.log(2),
  })),
  ...fail.map(([worse, better]) => ({
    what: `steps, ${worse} over ${better}, least of depths ${deep.join(" and ")}`,
    metric: "log steps",
    scale: "factor" as const,
    margin: factor,
  })),
]);

interface Row {
  start: Start;
  depth: number;
}

/** The table: one row for each start and depth. */
export function summarize(runs: Runs): Summary {
  const rows = (Object.keys(starts) as Start[]).flatMap((start): Row[] =>
    runs.where({ start }).tagsOf("depth").map((depth) => ({ start, depth }))
  );
  const scalar = ({ start, depth }: Row, name: string) => scalarOf(runs, { start, depth }, name);
  const logSteps = (start: Start, depth: number) =>
    mapped(scalar({ start, depth }, "steps"), Math.log, "log steps");
  /** For each seed the least over depths. */
  const least = (of: readonly Values[], metric: string) =>
    mapped(of[0], (_, i) => Math.min(...of.map(({ values }) => values[i])), metric);
  const share = ({ start, depth }: Row) => {
    const reached = scalar({ start, depth }, "reached").values;
    return reached.reduce((sum, x) => sum + x, 0) / reached.length;
  };
  const all = rows.filter((row) => share(row) === 1).length;
  const none = rows.filter((row) => share(row) === 0);
  return {
    ...tableOf(rows, [
      { id: "start", label: "start", format: "text", of: ({ start }) => start },
      { id: "depth", label: "depth", of: ({ depth }) => depth },
      {
        id: "steps_taken",
        label: "steps",
        note: `At the best of four rates; ${cap} where censored.`,
        of: (row) => cellOf(scalar(row, "steps")),
      },
      {
        id: "reached",
        label: "reached",
        note: "Share of seeds that got to 1 % before the cap.",
        of: (row) => cellOf(scalar(row, "reached")),
      },
      {
        id: "rate_share",
        label: "rate",
        note:
          "Best learning rate, as a share of the largest that is stable at the optimum; 0 where none got there.",
        of: (row) => cellOf(scalar(row, "share")),
      },
      {
        id: "end_excess",
        label: "excess",
        note:
          "Training loss over that of least squares, minus 1, at the end; the least of all rates where none got there.",
        of: (row) => cellOf(scalar(row, "excess")),
      },
    ]),
    verdict: verdictOf(hypothesis, [
      ...reach.map((start) =>
        plainEffect(least(
          depths.map((depth) =>
            mapped(scalar({ start, depth }, "steps"), (steps) => Math.log(cap / steps))
          ),
          "log cap over steps, least over depths",
        ))
      ),
      ...fail.map(([worse, better]) =>
        plainEffect(least(
          deep.map((depth) => minus(logSteps(worse, depth), logSteps(better, depth))),
          "log ratio of steps, least over depths",
        ))
      ),
    ]),
    findings: [
      `${all} of ${rows.length} starts reach 1 % above least squares from all seeds, ${none.length} from none: ` +
      `${none.map(({ start, depth }) => `${start} at ${depth} layers`).join(", ") || "-"}.`,
    ],
    plots: [{
      id: "steps",
      title: "Steps to 1 % above least squares by depth",
      caption: `At the best of four rates, means over seeds; ${cap} is the cap.`,
      x: { column: "depth", label: "depth", scale: "log" },
      y: { column: "steps_taken", label: "steps", scale: "log" },
      series: "start",
      marks: ["line", "dot"],
      rules: [{ y: cap, label: "cap" }],
    }],
  };
}
