/** @file By how much does depth multiply the steps of gradient descent? (deep-linear-networks, dynamics) */
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
  id: "step-laws",
  title: "Steps of gradient descent by depth",
  question: "By how much does depth multiply the steps of gradient descent near the optimum?",
  hypothesis:
    "On white inputs the asymptotic rate at a balanced optimum is that of the condition number (s_1 / s_k)^(2 - 2/N) for square maps and N times it for " +
    "rectangular ones, within 10 %, at every depth; steps of .97 of 2 / (N s_1^(2 - 2/N)) converge and steps of 1.03 of it do not.",
  method:
    "Teachers [6, 6] of condition 2 and 8 and [9, 4] of condition 2, singular values evenly spaced as logarithms around 1, frames random by seed. Layers start at a " +
    "balanced factorisation of the teacher with Gaussian noise of 1e-4 / sqrt(N) on every entry, so that the theory of the optimum applies. The rate of the " +
    "distance |X - X*| is measured between the 8th and the 16th e-fold that the law predicts, at .4 of the largest stable learning rate; stability over 300 " +
    "steps. In float64. The laws say nothing of the way to the optimum, nor of inputs that are not white.",
  from: "standard",
};

const shapes = {
  "square, condition 2": { rows: 6, columns: 6, condition: 2, depths: [1, 2, 4, 16, 64] },
  "square, condition 8": { rows: 6, columns: 6, condition: 8, depths: [1, 2, 4, 16, 64] },
  "rectangular, condition 2": { rows: 9, columns: 4, condition: 2, depths: [2, 4, 16] },
} as const;
type Shape = keyof typeof shapes;

/** Tags: map, depth, seed. */
export const grid: Grid = (g) =>
  g.table(studyRuns(
    g,
    "step_law",
    Object.entries(shapes).flatMap(([map, { depths, ...teacher }]) =>
      depths.map((depth) => ({ tags: { map, depth }, options: { ...teacher, depth } }))
    ),
  ));

/** Largest relative error of a rate, and the growth (or its inverse) of a distance that counts. */
const [tolerance, growth] = [0.1, Math.log(10)];

const hypothesis = overSeeds([
  ...Object.keys(shapes).map((map) =>
    withinClause(`relative error of the rate, ${map}`, tolerance)
  ),
  ...["growth at 1.03", "shrinkage at .97"].map((what) => ({
    what: `${what} of the largest stable rate, least of all settings`,
    metric: what,
    scale: "factor" as const,
    margin: growth,
  })),
]);

interface Row {
  map: Shape;
  depth: number;
}

/** The table: one row for each map and depth. */
export function summarize(runs: Runs): Summary {
  const rows = runs.tagsOf<Shape>("map").flatMap((map): Row[] =>
    runs.where({ map }).tagsOf("depth").map((depth) => ({ map, depth }))
  );
  const scalar = (row: Row, name: string) => scalarOf(runs, { ...row }, name);
  const ratio = (row: Row): Values => {
    const predicted = scalar(row, "predicted");
    return mapped(
      scalar(row, "measured"),
      (measured, i) => measured / predicted.values[i],
      "ratio",
    );
  };
  const column = (
    id: string,
    label: string,
    of: (row: Row) => Values,
    note?: string,
  ): TableColumn<Row> => ({ id, label, ...(note ? { note } : {}), of: (row) => cellOf(of(row)) });
  const errorOf = (map: Shape) =>
    worst(
      rows.filter((row) => row.map === map)
        .map((row) => mapped(ratio(row), (value) => Math.abs(value - 1))),
      "largest relative error of the rate",
    );
  const least = (name: string, sign: number, metric: string) =>
    mapped(
      worst(rows.map((row) => mapped(scalar(row, name), (value) => -sign * value)), metric),
      (value) => -value,
      metric,
    );
  const maps = Object.keys(shapes) as Shape[];
  const errors = maps.map(errorOf);
  return {
    ...tableOf(rows, [
      { id: "map", label: "map", format: "text", of: ({ map }) => map },
      { id: "depth", label: "depth", of: ({ depth }) => depth },
      column(
        "predicted",
        "predicted rate",
        (row) => scalar(row, "predicted"),
        "-log of what is left of the distance after a step.",
      ),
      column("measured", "measured rate", (row) => scalar(row, "measured")),
      column("measured_ratio", "measured over predicted", ratio),
      column(
        "efolds",
        "steps for e",
        (row) => mapped(scalar(row, "measured"), (rate) => 1 / rate, "steps for e"),
        "Steps that shrink the distance by e, at .4 of the largest stable rate.",
      ),
      column(
        "above",
        "log growth at 1.03",
        (row) => scalar(row, "above"),
        "Of the distance, over 300 steps.",
      ),
      column("below", "log growth at .97", (row) => scalar(row, "below")),
    ]),
    verdict: verdictOf(hypothesis, [
      ...errors.map((error) => withinEffect(error, tolerance, "log share of 10 %")),
      plainEffect(least("above", 1, "least growth at 1.03")),
      plainEffect(least("below", -1, "least shrinkage at .97")),
    ]),
    findings: maps.map((map, i) =>
      `${map[0].toUpperCase()}${map.slice(1)}: the asymptotic rate is within ${
        (100 * Math.max(...errors[i].values)).toPrecision(2)
      } % of the law at depths ${shapes[map].depths.join(", ")}.`
    ),
    plots: [{
      id: "steps",
      title: "Steps by depth",
      caption: "Steps that shrink the distance to the optimum by e.",
      x: { column: "depth", label: "depth", scale: "log" },
      y: { column: "efolds", label: "steps for e", scale: "log" },
      series: "map",
      marks: ["line", "dot"],
    }],
  };
}
