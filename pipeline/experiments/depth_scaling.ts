/**
 * @file Does depth help a network without nonlinearities to forecast? (deep-linear-networks, experiment 1.1)
 */
import datasets from "../../data/datasets.json" with { type: "json" };
import { meanInterval, pairedInterval } from "../../lib/analysis/intervals.ts";
import type { GraphBuilder, JobRef } from "../graph.ts";
import type { Profile } from "../profiles.ts";
import type { Cell, ExperimentMeta, Row, Summary } from "../results.ts";
import type { ArtifactReaderSync } from "../stage.ts";

export const meta: ExperimentMeta = {
  id: "depth-scaling",
  title: "Depth scaling of linear forecasters",
  question: "What does depth add to a forecaster that stays linear?",
  hypothesis:
    "Nothing once it has converged: whatever its depth, a linear network whose widths leave " +
    "every matrix in reach computes one matrix, and lands on the least-squares forecaster.",
  method:
    "Windows of `lookback` rows predict the next `horizon` rows, one map shared by all channels; " +
    "values are standardised with training statistics; every stride-1 window of the test rows is scored. " +
    "**OLS** is ridge regression (1e-5) in closed form in float64, **OLS-IN** the same with instance " +
    "normalisation. **deep-linear-N** is a product of N matrices of width min(lookback, horizon), from a " +
    "balanced initialisation, trained by full-batch Adam on the exact training loss and collapsed in " +
    "float64 to one matrix. `excess` is its training loss over that of OLS: convergence is judged there, " +
    "because an unfinished fit can pass a test-set check by luck.\n\n" +
    "Intervals are 95 % by batch means: the test period is cut into consecutive blocks of `horizon` " +
    "forecast origins. One initialisation each; a converged network does not depend on it.",
  command: "deno task pipeline --only depth-scaling",
};

type Entry = typeof datasets[number] & {
  path?: string;
  split?: string;
  season?: number;
  [field: string]: unknown;
};
const readFields = ["date", "columns", "ignore", "missing", "order", "duplicates"];

interface Task {
  dataset: string;
  lookback: number;
  horizons: number[];
  /** Depths of the networks at the first horizon; the other horizons have the closed forms only. */
  depths: number[];
  steps: number;
}

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  // ETTh1 has to be downloaded or mirrored, so the default profile leaves it out where neither is promised.
  const reachable = Boolean(Deno.env.get("DEEP_LINEAR_MIRROR"));
  const packaged: Task[] = profile.pick({
    smoke: [{
      dataset: "seattle-weather",
      lookback: 30,
      horizons: [7],
      depths: [1, 3],
      steps: 200,
    }],
    quick: [
      {
        dataset: "seattle-weather",
        lookback: 60,
        horizons: [14],
        depths: [1, 10, 50],
        steps: 1500,
      },
      { dataset: "sp500-daily", lookback: 60, horizons: [20], depths: [1, 10, 50], steps: 1500 },
    ],
  });
  const etth1: Task[] = profile.pick({
    smoke: [],
    quick: reachable
      ? [{
        dataset: "etth1",
        lookback: 336,
        horizons: [96, 192, 336, 720],
        depths: [1, 10],
        steps: 1500,
      }]
      : [],
    standard: [96, 192, 336, 720].map((h) => ({
      dataset: "etth1",
      lookback: 336,
      horizons: [h],
      // What fifty layers take grows steeply with the horizon.
      depths: h === 96 ? [1, 10, 50] : [1, 10],
      steps: h > 192 ? 4000 : 3000,
    })),
  });
  const inputs: Record<string, JobRef> = {};
  for (const task of [...packaged, ...etth1]) {
    const entry = (datasets as Entry[]).find((e) => e.id === task.dataset)!;
    const { split = "70/10/20", season, drop_constant: dropConstant = false } = entry;
    // A local file may change under its name, so its bytes are part of the key.
    const local: Record<string, JobRef> = entry.path ? { file: g.file(`data/${entry.path}`) } : {};
    const data = g.job("download", { entry }, local, `${task.dataset}/download`);
    const read = Object.fromEntries(readFields.flatMap((f) => f in entry ? [[f, entry[f]]] : []));
    task.horizons.forEach((horizon, i) => {
      const run = (id: string, model: string, options: object = {}) => {
        const name = `${task.dataset}/lookback=${task.lookback}/horizon=${horizon}/${id}`;
        const { dataset, lookback } = task;
        inputs[name] = g.job(
          "forecast",
          { dataset, model, options, read, split, season, dropConstant, lookback, horizon },
          { data },
          name,
        );
      };
      run("repeat-last", "repeat_last");
      run("seasonal-naive", "seasonal_naive");
      run("ols", "ols");
      run("ols-in", "ols_in");
      for (const depth of i === 0 ? task.depths : []) {
        run(`deep-linear-${depth}`, "deep_linear", { depth, steps: task.steps, tolerance: 1e-4 });
      }
    });
  }
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/depth_scaling.ts" },
    inputs,
    "table",
  );
}

interface Scores {
  test: { mse: number; mae: number; windows: number };
  blocks: number[];
  fit: { excess?: number; trainingLoss?: number };
}

/** Excess training loss over least squares at which a network counts as converged. */
const converged = 1e-3;
/** Largest difference of test errors that counts as none. */
const same = 1e-3;

const rule =
  "Networks count as converged when their training loss exceeds that of OLS by at most " +
  "0.1 %. Supported if every converged network's test MSE lies within .001 of OLS, refuted if any does " +
  "not, undecided if none has converged.";

export function summarize(runs: Record<string, ArtifactReaderSync>): Summary {
  const parsed = Object.keys(runs).map((name) => {
    const [, dataset, lookback, horizon, model] = /^(.+)\/lookback=(\d+)\/horizon=(\d+)\/(.+)$/
      .exec(name)!;
    const scores = runs[name].json("scores.json") as Scores;
    return { name, dataset, lookback: Number(lookback), horizon: Number(horizon), model, scores };
  });
  const order = ["repeat-last", "seasonal-naive", "ols", "ols-in"];
  const rank = (model: string) =>
    order.includes(model) ? order.indexOf(model) : order.length + Number(model.split("-").at(-1));
  parsed.sort((a, b) =>
    a.dataset.localeCompare(b.dataset) || a.lookback - b.lookback || a.horizon - b.horizon ||
    rank(a.model) - rank(b.model)
  );
  const partner = (run: typeof parsed[number], model: string) =>
    parsed.find((r) =>
      r.dataset === run.dataset && r.lookback === run.lookback && r.horizon === run.horizon &&
      r.model === model
    )!;

  const networks: { run: typeof parsed[number]; difference: number; excess: number }[] = [];
  const rows = parsed.map((run): Row => {
    const { name, dataset, lookback, horizon, model, scores } = run;
    const { test, blocks, fit } = scores;
    const cell = (value: number): Cell => ({ value, n: test.windows, runs: [name] });
    const spread = blocks.length > 1 ? meanInterval(blocks) : undefined;
    const half = spread ? (spread.high! - spread.low!) / 2 : undefined;
    const row: Row = {
      setting: `${dataset}, ${lookback} to ${horizon}`,
      lookback,
      horizon,
      model,
      mse: half === undefined
        ? cell(test.mse)
        : { ...cell(test.mse), low: test.mse - half, high: test.mse + half },
      mae: cell(test.mae),
    };
    const ols = partner(run, "ols");
    const paired = blocks.length > 1 ? pairedInterval(blocks, ols.scores.blocks) : undefined;
    const difference = test.mse - ols.scores.test.mse;
    const pairedRuns = model === "ols" ? [name] : [name, ols.name];
    if (model !== "ols") {
      const wide = paired ? (paired.high! - paired.low!) / 2 : undefined;
      row.over_ols = wide === undefined
        ? { value: difference, runs: pairedRuns }
        : { value: difference, low: difference - wide, high: difference + wide, runs: pairedRuns };
    }
    if (fit.excess !== undefined) {
      row.excess = { value: fit.excess, runs: [name] };
      networks.push({ run, difference, excess: fit.excess });
    }
    return row;
  });

  const finished = networks.filter((n) => n.excess <= converged);
  const worst = finished.reduce((max, n) => Math.max(max, Math.abs(n.difference)), 0);
  const outcome = finished.length === 0 ? "undecided" : worst <= same ? "supported" : "refuted";
  const shown = (x: number) => x.toPrecision(2);
  const settings = new Set(parsed.map((r) => `${r.dataset} ${r.horizon}`)).size;
  const best = parsed.filter((r) => r.model === "ols").map((ols) => {
    const naive = ["repeat-last", "seasonal-naive"].map((m) => partner(ols, m).scores.test.mse);
    return ols.scores.test.mse < Math.min(...naive);
  });
  return {
    columns: [
      { id: "setting", label: "setting", format: "text" },
      { id: "lookback", label: "lookback" },
      { id: "horizon", label: "horizon" },
      { id: "model", label: "model", format: "text" },
      {
        id: "mse",
        label: "MSE",
        format: "fixed3",
        better: "lower",
        note: "On standardised values, mean over windows, horizon and channels.",
      },
      { id: "mae", label: "MAE", format: "fixed3", better: "lower" },
      {
        id: "over_ols",
        label: "MSE - OLS",
        format: "fixed3",
        note: "Difference of test MSE from OLS, with its paired interval over blocks.",
      },
      {
        id: "excess",
        label: "excess training loss",
        note: "Training loss over that of OLS.",
      },
    ],
    rows,
    verdict: {
      outcome,
      rule,
      reason:
        `${finished.length} of ${networks.length} networks converged; the largest difference of their ` +
        `test MSE from OLS is ${shown(worst)}.`,
    },
    findings: [
      `${finished.length} of ${networks.length} deep linear networks (up to ${
        Math.max(...networks.map((n) => Number(n.run.model.split("-").at(-1))))
      } layers) reached the training loss of least squares within 0.1 %; their test MSE then differs from ` +
      `it by at most ${shown(worst)}.`,
      `Least squares beats both naive forecasts in ${
        best.filter(Boolean).length
      } of ${settings} settings.`,
    ],
    plots: [{
      id: "mse",
      title: "Test MSE by forecaster",
      caption: "Bars are 95 % intervals by batch means over the test period.",
      x: { column: "setting", label: "dataset, lookback to horizon", scale: "band" },
      y: { column: "mse", label: "MSE" },
      series: "model",
      marks: ["dot", "interval"],
    }],
  };
}
