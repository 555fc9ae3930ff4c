/** @file Is the natural gradient of a deep linear network blind to its depth? (deep-linear-networks, optimisers) */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, type Values } from "../../table/values.ts";
import {
  overSeeds,
  scalarOf,
  studyRuns,
  withinClause,
  withinEffect,
  worst,
} from "./shared/studies.ts";

export const meta: ExperimentMeta = {
  id: "natural-gradient",
  title: "Natural gradient by depth",
  question:
    "Is the natural gradient of a deep linear network blind to depth and condition, and where does it fail?",
  hypothesis:
    "Natural-gradient steps of rate eta shrink the distance to least squares by 1 - eta a step within 1 % of its logarithm, at 2, 8 and 32 layers, in the form of least norm (rectangular and square) and " +
    "in the block-diagonal form; from a rotated start of a square map they miss that by over 10 % just where the segment from start to optimum has a singular matrix on it.",
  method:
    "Teachers of condition 4, inputs whose covariance has condition 10, eta = .05, 200 steps in float64, balanced starts with all singular values 1. **least norm** solves for the smallest dW that moves the product, to " +
    "first order, by -eta (X - X*); **block-diagonal** lets every layer do its N-th part (Bernacchia, Lengyel, Hennequin 2018; K-FAC with the exact Fisher is N times it, a unit test). **aligned** starts have the teacher's " +
    "frames, **rotated** ones random frames. **end-to-end** is the control: the same step on the matrix itself, without layers. It is preconditioned to least squares, and an optimiser that undoes the depth can do no better " +
    "than to be it. Where layers have become singular and there is no step to take, the run ends there and its contraction counts as it stands, per 200 steps.",
  from: "standard",
};

const depths = [2, 8, 32];
const variants = {
  "least norm, [6, 4], rotated": { rows: 6, columns: 4, method: "minimum norm", frames: "rotated" },
  "least norm, [4, 4], aligned": { rows: 4, columns: 4, method: "minimum norm", frames: "aligned" },
  "block-diagonal, [4, 4], aligned": {
    ...{ rows: 4, columns: 4, method: "block-diagonal", frames: "aligned" },
  },
  "least norm, [4, 4], rotated": { rows: 4, columns: 4, method: "minimum norm", frames: "rotated" },
  "end-to-end, [4, 4], rotated": { rows: 4, columns: 4, method: "end-to-end", frames: "rotated" },
};
type Variant = keyof typeof variants;
const [control, rotated]: Variant[] = [
  "end-to-end, [4, 4], rotated",
  "least norm, [4, 4], rotated",
];
const lawful = (Object.keys(variants) as Variant[])
  .filter((variant) => variant !== control && variant !== rotated);

/** Tags: variant, depth, seed. */
export const grid: Grid = (g) =>
  g.table(studyRuns(
    g,
    "natural_gradient",
    Object.entries(variants).flatMap(([variant, options]) =>
      depths.map((depth) => ({ tags: { variant, depth }, options: { ...options, depth } }))
    ),
  ));

/** Relative error of a logarithm that the law allows, and one that counts as a failure. */
const [tolerance, failure] = [0.01, 0.1];

const hypothesis = overSeeds([
  ...lawful.map((variant) =>
    withinClause(`relative error of the contraction, ${variant}`, tolerance)
  ),
  {
    what:
      `1 where the law fails just where the segment is singular, else -1, ${rotated}, mean over depths`,
    metric: "agreement",
    scale: "plain",
    // Nine of ten.
    margin: 0.8,
  },
]);

interface Row {
  variant: Variant;
  depth: number;
}

/** The table: one row for each variant and depth. */
export function summarize(runs: Runs): Summary {
  const rows = runs.tagsOf<Variant>("variant").flatMap((variant) =>
    runs.tagsOf("depth").map((depth): Row => ({ variant, depth }))
  );
  const scalar = (row: Row, name: string) => scalarOf(runs, { ...row }, name);
  const error = (row: Row): Values => {
    const predicted = scalar(row, "predicted").values;
    return mapped(
      scalar(row, "contraction"),
      (found, i) => Math.abs(found / predicted[i] - 1),
      "relative error",
    );
  };
  const agreements = depths.map((depth) => {
    const crosses = scalar({ variant: rotated, depth }, "crosses").values;
    return error({ variant: rotated, depth }).values
      .map((value, i) => (value > failure) === (crosses[i] === 1) ? 1 : -1);
  });
  const agreement = mapped(
    scalar({ variant: rotated, depth: depths[0] }, "crosses"),
    (_, i) => agreements.reduce((sum, values) => sum + values[i], 0) / depths.length,
    "agreement",
  );
  const column = (
    id: string,
    label: string,
    of: (row: Row) => Values,
    note?: string,
  ): TableColumn<Row> => ({ id, label, ...(note ? { note } : {}), of: (row) => cellOf(of(row)) });
  const errors = lawful.map((variant) =>
    worst(depths.map((depth) => error({ variant, depth })), "largest relative error")
  );
  const failed = rows.filter(({ variant }) => variant === rotated)
    .map((row) => error(row).values.filter((value) => value > failure).length);
  const singular = scalar({ variant: rotated, depth: depths[0] }, "crosses").values
    .filter((crossing) => crossing === 1).length;
  return {
    ...tableOf(rows, [
      { id: "variant", label: "variant", format: "text", of: ({ variant }) => variant },
      { id: "depth", label: "depth", of: ({ depth }) => depth },
      column("predicted", "predicted rate", (row) => scalar(row, "predicted"), "-log(1 - eta)."),
      column(
        "measured",
        "measured rate",
        (row) => scalar(row, "contraction"),
        "-log of what is left of the distance after a step, mean over 200.",
      ),
      column("prediction_error", "relative error", error),
      column(
        "steps_taken",
        "steps",
        (row) => scalar(row, "toTarget"),
        "To 1 % above least squares; 200 where that was not reached.",
      ),
      column(
        "crosses",
        "singular segment",
        (row) => scalar(row, "crosses"),
        "Share of seeds whose segment from start to optimum has a singular matrix on it.",
      ),
      column(
        "lost",
        "no step left",
        (row) => scalar(row, "lost"),
        "Share of seeds that ended at singular layers.",
      ),
    ]),
    verdict: verdictOf(hypothesis, [
      ...errors.map((values) => withinEffect(values, tolerance, "log share of 1 %")),
      plainEffect(agreement),
    ]),
    findings: [
      `Natural-gradient steps keep to their law within ${
        (100 * Math.max(...errors.flatMap(({ values }) => values))).toPrecision(2)
      } % at ${depths.join(", ")} layers, whatever the condition of inputs and map.`,
      `From rotated starts of square maps ${singular} of ${agreement.values.length} segments are singular, and ${
        failed.join(", ")
      } runs miss the law at ${depths.join(", ")} layers.`,
    ],
    plots: [{
      id: "steps",
      title: "Natural-gradient steps to 1 % above least squares",
      caption: "Means over seeds.",
      x: { column: "depth", label: "depth", scale: "log" },
      y: { column: "steps_taken", label: "steps" },
      series: "variant",
      marks: ["line", "dot"],
    }],
  };
}
