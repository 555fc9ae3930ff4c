/** @file A task of a leaderboard that foundation models are compared on, by one matrix. */
import published from "../../../data/published/fev_ett_1h.json" with { type: "json" };
import { shownMean } from "../../table/values.ts";
import type { GraphBuilder, Grid, TaggedJob } from "../../graph.ts";
import type { Cell, ExperimentMeta, Summary, Verdict } from "../../results.ts";
import { seriesOf } from "../../series.ts";
import type { Run, Runs } from "../../table/runs.ts";
import type { Tags } from "../../tags.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { trainingOf } from "./shared/forecasting.ts";

/** Of the task. */
const [season, horizon, windows] = [24, 168, 20];
const levels = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/** One to four weeks. */
const lookbacks = [168, 336, 504, 672];
/** Of the deep linear network: the horizon's. */
const lookback = lookbacks[0];
const depth = 4;
/** Rows that the published naive forecasts measured their spread on. */
const recent = 1000;

/** Largest relative difference of a naive score from the published one that is rounding: theirs are computed in single precision. */
const reproduced = 1e-8;
/** Excess training loss over least squares at which the network counts as converged. */
const converged = 1e-3;

export const meta: ExperimentMeta = {
  id: "fev-ett",
  title: "One matrix among foundation models (fev-bench, ETT_1H)",
  question: "Where does a linear map stand on a leaderboard of pretrained forecasters?",
  hypothesis:
    "Ahead of every model that was trained or fitted on this task: its MASE is lower than that of PatchTST, TFT, DeepAR, gradient " +
    "boosting and the statistical models that fev-bench publishes.",
  method:
    "The task `ETT_1H` of [fev-bench](https://github.com/autogluon/fev) (arXiv 2509.26468): both stations of ETT, seven channels " +
    "each, 168 hours ahead, 20 consecutive windows at the end of the series. **MASE** is the absolute error over that of the " +
    "seasonal naive forecast within the history, **SQL** the quantile loss over the same, for quantiles .1 to .9; skill is " +
    "1 - MASE / MASE of the seasonal naive forecast. The published numbers are those of the benchmark's own files " +
    `(commit ${published.commit.slice(0, 7)}).\n\n` +
    "**ridge** is one matrix in closed form for all 14 channels, fitted once on what precedes the first window, on windows about " +
    "their mean, in standard deviations of each channel. The **tuned** one, which is judged, chose its lookback among one to four " +
    "weeks on the 20 windows before the first one; the others are shown as they are. **deep-linear** is a product of " +
    `${depth} matrices, trained by Adam on the exact training loss and collapsed to one. Quantiles are those of the errors that least ` +
    "squares, fitted on the first three quarters of the history, makes on the last one, by channel and hour ahead, in standard " +
    "deviations of the window.\n\n" +
    "The two naive forecasts are there to show that the protocol is the same. Other models fit at every window, or were " +
    "pretrained on other data, ETT possibly among them (fev-bench marks Moirai-2.0 so).",
  from: "standard",
};

const rule =
  `Supported if the MASE of the tuned ridge is below the lowest published one of models that are trained or fitted on the task; refuted ` +
  `if it is not. Undecided unless MASE and SQL of both naive forecasts equal the published ones within ${reproduced} of them.`;

/** Tags: model, and lookback of what has one. */
export const grid: Grid = (g) => g.table(runsOf(g));

function runsOf(g: GraphBuilder): TaggedJob[] {
  const files = ["etth1", "etth2"].map((dataset) => {
    const { task, download } = seriesOf(dataset, { lookback, horizon });
    return {
      dataset,
      read: task.options.read,
      job: download(g, { dataset, result: "download" }),
    };
  });
  const data = g.job(
    "panel",
    { files: files.map(({ dataset, read }) => ({ dataset, read })) },
    Object.fromEntries(files.map(({ dataset, job }) => [dataset, job])),
    { result: "panel" },
  );
  const task = (own: number) => ({
    name: "panel",
    options: { season, horizon, windows, levels, lookback: own },
  });
  const reference = (model: string, name: string, options: object, own?: number): TaggedJob => {
    const tags: Tags = own === undefined ? { model } : { model, lookback: own };
    const params = { task: task(own ?? lookback), reference: { name, options } };
    return { tags, job: g.job("reference", params, { data }, tags) };
  };
  const tags = { model: "deep-linear", lookback };
  const parts = { task: task(lookback), model: { name: "deep_linear", options: { depth } } };
  const trained = g.job(
    "train",
    {
      ...parts,
      ...trainingOf({ lookback, horizon, depth, steps: 2000, tolerance: 1e-4 }),
    },
    { data },
    { ...tags, result: "training" },
  );
  return [
    reference("naive", "naive", { recent }),
    reference("seasonal-naive", "seasonal_naive", { recent }),
    reference("ridge, tuned", "ridge", { lookbacks }),
    ...lookbacks.map((own) => reference("ridge", "ridge", {}, own)),
    { tags, job: g.job("evaluate", parts, { model: trained, data }, tags) },
  ];
}

/** What the panel task leaves. */
interface Scores {
  mase: number;
  sql: number;
  windows: { mase: number; sql: number }[];
  fit: { lookback?: number; excess?: number };
}

/** A forecaster of ours, or one that was published. */
interface Entry {
  model: string;
  /** How it comes to its forecasts. */
  kind: string;
  mase: number;
  sql: number;
  run?: Run;
  scores?: Scores;
}

const kinds: Record<string, string> = {
  statistical: "fitted to each series",
  trained: "trained on the task",
  pretrained: "pretrained",
};

/** The table: ours and the published ones, the lowest MASE first. */
export function summarize(runs: Runs): Summary {
  const ours = [...runs].map((run): Entry => {
    const scores = run.json("scores.json") as Scores;
    const { mase, sql, fit } = scores;
    const depthOf = run.tags.model === "deep-linear" ? `-${depth}` : "";
    const of = fit.lookback === undefined ? "" : `, lookback ${fit.lookback}`;
    return { model: `${run.tags.model}${depthOf}${of}`, kind: "ours", mase, sql, run, scores };
  });
  const theirs = published.models.map(({ model, kind, mase, sql }): Entry => ({
    ...{ model, kind: kinds[kind], mase, sql },
  }));
  const one = (model: string) => ours.find(({ run }) => run!.tags.model === model)!;
  const tuned = one("ridge, tuned");
  const floor = one("seasonal-naive");
  const entries = [...ours, ...theirs].sort((a, b) => a.mase - b.mase);
  return {
    ...tableOf(entries, columns(floor)),
    verdict: verdict(tuned, one("naive"), floor, one("deep-linear")),
    findings: [place(tuned, theirs)],
    plots: [{
      id: "mase",
      title: "MASE on ETT_1H, ours and published",
      caption: "Bars are 95 % intervals over the 20 windows; published scores have none.",
      x: { column: "model", label: "model", scale: "band" },
      y: { column: "mase", label: "MASE" },
      series: "kind",
      marks: ["dot", "interval"],
    }],
  };
}

function columns(floor: Entry): TableColumn<Entry>[] {
  /** Mean over windows with its interval, of ours. */
  const measured = ({ run, scores }: Entry, metric: "mase" | "sql"): Cell | undefined => {
    if (!run) return undefined;
    const values = scores!.windows.map((window) => window[metric]);
    return {
      ...{ ...shownMean(values), runs: [run.name] },
      terms: [{
        ...{ coefficient: 1, metric: `${metric.toUpperCase()} of a window`, values },
        ...{ runs: values.map(() => run.name), parts: values.map((_, part) => part) },
      }],
    };
  };
  return [
    { id: "model", label: "model", format: "text", of: ({ model }) => model },
    { id: "kind", label: "how", format: "text", of: ({ kind }) => kind },
    {
      id: "mase",
      label: "MASE",
      format: "fixed3",
      better: "lower",
      note: "Published scores are printed as plain numbers, ours with an interval over windows.",
      of: (entry) => measured(entry, "mase") ?? entry.mase,
    },
    {
      id: "sql",
      label: "SQL",
      format: "fixed3",
      better: "lower",
      of: (entry) => measured(entry, "sql") ?? entry.sql,
    },
    {
      id: "skill",
      label: "skill",
      format: "percent",
      better: "higher",
      note: "1 - MASE / MASE of the seasonal naive forecast.",
      of: ({ mase, run }) => {
        const value = 1 - mase / floor.mase;
        return run ? { value, runs: [run.name, floor.run!.name] } : value;
      },
    },
    {
      id: "training_excess",
      label: "excess training loss",
      note: "Of the network, over that of least squares.",
      of: ({ run, scores }) =>
        scores?.fit.excess === undefined
          ? undefined
          : { value: scores.fit.excess, runs: [run!.name] },
    },
  ];
}

const byName = (model: string) => published.models.find((entry) => entry.model === model)!;

function verdict(tuned: Entry, naive: Entry, floor: Entry, network: Entry): Verdict {
  const pairs = [[naive, byName("Naive")], [floor, byName("Seasonal Naive")]] as const;
  const off = Math.max(
    ...pairs.flatMap(([own, other]) => [
      Math.abs(own.mase / other.mase - 1),
      Math.abs(own.sql / other.sql - 1),
    ]),
  );
  const [best] = published.models.filter(({ kind }) => kind !== "pretrained")
    .sort((a, b) => a.mase - b.mase);
  const excess = network.scores!.fit.excess!;
  return {
    outcome: !(off <= reproduced) ? "undecided" : tuned.mase < best.mase ? "supported" : "refuted",
    rule,
    reason: `MASE ${tuned.mase.toFixed(4)} of the tuned ridge against ${best.mase.toFixed(4)} of ` +
      `${best.model}, the best of those; the naive scores differ from the published ones by at most ` +
      `${off.toExponential(1)} of them. The network of ${depth} matrices has ` +
      `${excess <= converged ? "" : "not "}reached the training loss of least squares within ` +
      `${100 * converged} %, and scores ${network.mase.toFixed(4)}.`,
  };
}

function place(tuned: Entry, theirs: readonly Entry[]): string {
  const pretrained = theirs.filter(({ kind }) => kind === kinds.pretrained);
  const behind = pretrained.filter(({ mase }) => mase > tuned.mase);
  const best = pretrained.reduce((a, b) => a.mase < b.mase ? a : b);
  return `On fev-bench's ETT_1H one matrix in closed form has a MASE of ${
    tuned.mase.toFixed(3)
  }: ` +
    `${
      (100 * (tuned.mase / best.mase - 1)).toFixed(1)
    } % above ${best.model}, the best published foundation model, ` +
    `and ahead of ${behind.length} of ${pretrained.length} of them.`;
}
