/** @file Do the singular values of a deep linear network follow the curves in closed form while it is trained? (deep-linear-networks, dynamics) */
import type { ModeCurves } from "../../../lib/dynamics/studies/mode_curves.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Run, Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, type Values } from "../../table/values.ts";
import { plotOver } from "../../table/verdict.ts";
import {
  judged,
  overSeeds,
  scalarOf,
  studyRuns,
  withinClause,
  withinEffect,
} from "./shared/studies.ts";

export const meta: ExperimentMeta = {
  id: "saxe-curves",
  title: "Singular values over training",
  question:
    "Do the singular values of a product of matrices follow the curves in closed form, and do they where it starts beside the teacher's frames?",
  hypothesis:
    "From balanced layers that are aligned with the teacher every singular value follows du/dt = N u^(2 - 2/N) (s - u) within 2 % of its target, at " +
    "every depth; from a random rotation of the same size the modes leave these curves by more than 10 %.",
  method:
    "White inputs, a teacher [3, 3] with the singular values 2, 1.5 and 1 in random frames, N layers whose product starts with three singular values of " +
    "0.05. **aligned**: in the teacher's frames. **rotated**: in random ones, of the same sign of the determinant. Gradient descent in float64 at 1 % of the " +
    "largest stable rate; time is rate times steps. The curves (Saxe, McClelland, Ganguli 2014, their N_l is N + 1) are computed by quadrature. The " +
    "deviation of a run is the largest difference of u_i' X v_i, of the teacher's singular vectors, from its curve at ten times, over its target. Pictured are the " +
    "singular values of the product, largest first, means over seeds.",
};

const targets = [2, 1.5, 1];
const starts = ["aligned", "rotated"] as const;

/** Tags: depth, start, seed. */
export const grid: Grid = (g, profile) => {
  const depths = profile.pick({ smoke: [2], quick: [2, 3, 8] });
  const seeds = profile.pick({
    smoke: judged.slice(0, 1),
    quick: judged.slice(0, 3),
    standard: judged,
  });
  const settings = depths.flatMap((depth) =>
    starts.map((start) => ({
      tags: { depth, start },
      options: { depth, targets, start: 0.05, frames: start },
    }))
  );
  return g.table(studyRuns(g, "mode_curves", settings, seeds));
};

/** Deviation allowed to aligned modes, and the least of rotated ones, of the target. */
const [near, far] = [0.02, 0.1];

interface Row {
  depth: number;
  start: string;
  target: number;
  time: number;
  measured: Values;
  theory: Values;
}

const columns: TableColumn<Row>[] = [
  {
    id: "setting",
    label: "setting",
    format: "text",
    of: ({ depth, start }) => `${depth} layers, ${start}`,
  },
  { id: "depth", label: "depth", of: ({ depth }) => depth },
  { id: "mode", label: "mode", format: "text", of: ({ target }) => `s = ${target}` },
  {
    id: "time",
    label: "time",
    note: "Learning rate times steps.",
    of: ({ time }) => Number(time.toPrecision(4)),
  },
  {
    id: "singular_value",
    label: "singular value",
    note: "Of the product, largest first.",
    of: ({ measured }) => cellOf(measured),
  },
  { id: "curve", label: "curve", of: ({ theory }) => cellOf(theory) },
];

const curvesOf = (run: Run) => run.json("scores.json") as ModeCurves;

/** The table: one row for each depth, start, mode and time. */
export function summarize(runs: Runs): Summary {
  const depths = runs.tagsOf("depth");
  const rows = depths.flatMap((depth) =>
    starts.flatMap((start): Row[] => {
      const these = runs.where({ depth, start });
      const { times } = curvesOf([...these][0]);
      return targets.flatMap((target, mode) =>
        times.map((time, t) => {
          const at = (list: "singularValues" | "theory") =>
            these.each("seed", (run) => curvesOf(run)[list][mode][t], `${list} ${mode} ${t}`);
          return {
            depth,
            start,
            target,
            time,
            measured: at("singularValues"),
            theory: at("theory"),
          };
        })
      );
    })
  );
  const deviation = (depth: number, start: string) => scalarOf(runs, { depth, start }, "deviation");
  const what = (depth: number, start: string) =>
    `deviation from the curve, ${depth} layers, ${start}`;
  const hypothesis = overSeeds([
    ...depths.map((depth) => withinClause(what(depth, "aligned"), near)),
    ...depths.map((depth) => ({
      what: `${what(depth, "rotated")}, over ${far}`,
      metric: what(depth, "rotated"),
      scale: "factor" as const,
    })),
  ]);
  const effects = [
    ...depths.map((depth) => withinEffect(deviation(depth, "aligned"), near, "log share of 2 %")),
    ...depths.map((depth) => {
      const effect = withinEffect(deviation(depth, "rotated"), far, "log share of 10 %");
      return negated(effect);
    }),
  ];
  const largest = (start: string) =>
    Math.max(...depths.flatMap((depth) => deviation(depth, start).values));
  const order = (depth: number) => cellOf(scalarOf(runs, { depth, start: "rotated" }, "ordered"));
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(hypothesis, effects),
    findings: [
      `Aligned with the teacher, no singular value is further from its curve than ${
        (100 * largest("aligned")).toPrecision(2)
      } % of its target; from rotated starts the largest deviation is ${
        (100 * largest("rotated")).toFixed(0)
      } %.`,
      `Of the pairs of modes from rotated starts the stronger one is learned first in ` +
      depths.map((depth) => `${(100 * order(depth).value).toFixed(0)} % (${depth} layers)`)
        .join(", ") +
      ".",
    ],
    plots: [
      plotOver(runs.tagsOf("seed").length, {
        id: "singular-values",
        title: "Singular values over training",
        caption: "Of the product, largest first.",
        x: { column: "time", label: "rate times steps" },
        y: { column: "singular_value", label: "singular value" },
        series: "mode",
        facet: "setting",
      }, "seed"),
      plotOver(runs.tagsOf("seed").length, {
        id: "curves",
        title: "The curves in closed form",
        caption: "From an aligned start of the same size.",
        x: { column: "time", label: "rate times steps" },
        y: { column: "curve", label: "singular value" },
        series: "mode",
        facet: "setting",
      }, "seed"),
    ],
  };
}

/** The same effect with the other sign. */
function negated<E extends ReturnType<typeof withinEffect>>(effect: E): E {
  return {
    ...effect,
    values: effect.values.map((value) => -value),
    terms: effect.terms.map((term) => ({ ...term, coefficient: -term.coefficient })),
  };
}
