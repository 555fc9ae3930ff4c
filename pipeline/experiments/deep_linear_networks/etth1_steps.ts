/** @file Can the steps of a deep linear network on a real series be predicted without running one? (deep-linear-networks, dynamics) */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { seriesOf } from "../../series.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, type Values } from "../../table/values.ts";
import { overSeeds, scalarOf, studyRuns, withinClause, withinEffect } from "./shared/studies.ts";

export const meta: ExperimentMeta = {
  id: "etth1-steps",
  title: "Steps to least squares on ETTh1, predicted",
  question: "Can the steps of gradient descent on a real series be predicted without its layers?",
  hypothesis:
    "The flow of the product, integrated without the layers, says within 10 % how many steps gradient descent takes on ETTh1 until the training loss is 1 % above " +
    "least squares, at depths 1, 2 and 4.",
  method:
    "Windows of 24 rows of ETTh1 and the 6 rows after them, standardised, one map shared by all channels, the exact training loss. Layers start balanced, the singular " +
    "values of their product at .25, in frames random by seed. Gradient descent in float64 at half of 2 / (p N s^(2 - 2/N)), p the largest eigenvalue of the windows' " +
    "covariance and s the largest singular value of the least-squares map. The flow dX/dt = -sum_p (X X')^((p-1)/N) dE/dX (X'X)^((N-p)/N) starts from the same product; its " +
    "time over the learning rate is the prediction. No law in condition numbers is claimed: that of the windows' covariance says nothing of when 1 % is reached. A run that " +
    "is not there after 20,000 steps counts as 20,000, and as not reached.",
  from: "standard",
};

const depths = [1, 2, 4];

/** Tags: depth, seed. */
export const grid: Grid = (g) => {
  const { task, download } = seriesOf("etth1", { lookback: 24, horizon: 6 });
  const data = download(g, { result: "download" });
  const settings = depths.map((depth) => ({
    tags: { depth },
    options: { task: task.options, depth, cap: 20_000 },
  }));
  return g.table(studyRuns(g, "forecast_steps", settings, undefined, { data }));
};

/** Largest relative error of a prediction. */
const tolerance = 0.1;

/** The table: one row for each depth. */
export function summarize(runs: Runs): Summary {
  const found = runs.tagsOf("depth");
  const scalar = (depth: number, name: string) => scalarOf(runs, { depth }, name);
  /** Of a run that was cut off nothing is known: an error of 1. */
  const error = (depth: number): Values => {
    const [steps, reached] = ["steps", "reached"].map((name) => scalar(depth, name).values);
    return mapped(
      scalar(depth, "predicted"),
      (predicted, i) => reached[i] === 1 ? Math.abs(predicted / steps[i] - 1) : 1,
      "relative error",
    );
  };
  const column = (
    id: string,
    label: string,
    of: (depth: number) => Values,
    note?: string,
  ): TableColumn<number> => ({ id, label, ...(note ? { note } : {}), of: (d) => cellOf(of(d)) });
  const one = cellOf(scalar(found[0], "steps")).value;
  return {
    ...tableOf(found, [
      { id: "depth", label: "depth", of: (depth) => depth },
      column("steps_taken", "steps", (depth) => scalar(depth, "steps"), "Of gradient descent."),
      column("predicted", "predicted steps", (depth) => scalar(depth, "predicted")),
      column("prediction_error", "relative error", error, "1 where a run was cut off."),
      column(
        "reached",
        "reached",
        (depth) => scalar(depth, "reached"),
        "Share of runs before the cap.",
      ),
    ]),
    verdict: verdictOf(
      overSeeds(
        found.map((depth) =>
          withinClause(`relative error of the steps, depth ${depth}`, tolerance)
        ),
      ),
      found.map((depth) => withinEffect(error(depth), tolerance, "log share of 10 %")),
    ),
    findings: [
      `On ETTh1 the flow predicts the steps to 1 % above least squares to ${
        (100 * Math.max(...found.flatMap((depth) => error(depth).values))).toPrecision(2)
      } % or better at depths ${found.join(", ")}.`,
      `Depth costs steps there: ` +
      found.slice(1).map((depth) =>
        `${(cellOf(scalar(depth, "steps")).value / one).toPrecision(2)} times those of depth ${
          found[0]
        } at depth ${depth}`
      ).join(", ") + ", each at half of the largest rate that is safe for it.",
    ],
    plots: [{
      id: "steps",
      title: "Steps to 1 % above least squares on ETTh1",
      caption: "Means over starts; the prediction lies under the measurement.",
      x: { column: "depth", label: "depth", scale: "log" },
      y: { column: "steps_taken", label: "steps", scale: "log" },
      marks: ["line", "dot"],
    }],
  };
}
