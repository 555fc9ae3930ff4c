/** @file One forecast of a deep linear network, taken apart into what every value of its window adds. */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Run, Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import type { Trace } from "../../stages/trace_forecast.ts";
import { seriesOf } from "../../series.ts";

/** In standard deviations of the training rows. */
const exact = 1e-5;
/** Fewer forecasts show nothing. */
const enough = 100;

export const meta: ExperimentMeta = {
  id: "traced-forecast",
  title: "A forecast that can be traced",
  question: "What does every single value that a deep linear network reads add to its forecast?",
  hypothesis:
    `Forecasts of a network of five matrices are the sums of what each value of the window adds, to within ${exact} standard deviations.`,
  method:
    "A network without activation functions is one matrix, so the part of every value in a forecast is known exactly: its weight times its distance " +
    "from the training mean. No attribution method is needed, and none could say otherwise. The table takes the first forecast of the test rows apart, seven days " +
    "ahead, of one column of the daily weather in Seattle from the thirty days before; all forecasts of up to 256 windows, every step, are compared with " +
    "what the network computes layer by layer in single precision.",
  from: "quick",
};

/** One network, and its forecast taken apart. Tags: result. */
export const grid: Grid = (g) => {
  const { task: series, download } = seriesOf("seattle-weather", { lookback: 30, horizon: 7 });
  const data = download(g, { result: "download" });
  // The model reads the window itself, so that its matrix speaks of values.
  const task = { ...series, options: { ...series.options, loss: "gram", basis: "window" } };
  const parts = { task, model: { name: "deep_linear", options: { depth: 5 } } };
  const trained = g.job(
    "train",
    {
      ...{ ...parts, seeds: [{ instance: 0, initialisation: 0, data: 0 }], steps: 1000 },
      ...{ learningRate: 0.01, warmup: 50, floor: 0, weightDecay: 0, clipNorm: null },
    },
    { data },
    { result: "training" },
  );
  const tags = { result: "trace" };
  const job = g.job("trace_forecast", { ...parts, step: 7 }, { model: trained, data }, tags);
  return g.table([{ tags, job }]);
};

/** A value of the window, or what is left where all of them are at the mean. */
interface PartRow {
  run: Run;
  what: string;
  back?: number;
  value?: number;
  weight?: number;
  contribution: number;
  /** With all before it: the level, and every value from the newest on. */
  sum: number;
}

const measured = (run: Run, value: number | undefined) =>
  value === undefined ? undefined : { value, runs: [run.name] };

const columns: TableColumn<PartRow>[] = [
  { id: "what", label: "part", format: "text", of: ({ what }) => what },
  { id: "back", label: "days before", format: "integer", of: ({ back }) => back },
  { id: "value", label: "value", of: ({ run, value }) => measured(run, value) },
  {
    id: "weight",
    label: "weight",
    note: "What one unit more of the value adds to the forecast.",
    of: ({ run, weight }) => measured(run, weight),
  },
  {
    id: "contribution",
    label: "adds",
    note: "Weight times the distance of the value from the mean of the training rows.",
    of: ({ run, contribution }) => measured(run, contribution),
  },
  {
    id: "sum",
    label: "sum so far",
    note: "The last one is the forecast.",
    of: ({ run, sum }) => measured(run, sum),
  },
];

/** The table: the level, then every value from the newest on. */
export function summarize(runs: Runs): Summary {
  const run = runs.one();
  const trace = run.json("scores.json") as Trace;
  const { windows, largestDifference } = run.scalars;
  let sum = trace.level;
  const rows: PartRow[] = [
    { run, what: "every value at its mean", contribution: trace.level, sum },
    ...trace.rows.map(({ back, value, weight, contribution }): PartRow => {
      sum += contribution;
      return { run, what: trace.column, back, value, weight, contribution, sum };
    }),
  ];
  const newest = trace.rows.slice(0, 7).reduce((all, part) => all + Math.abs(part.contribution), 0);
  const all = trace.rows.reduce((all, part) => all + Math.abs(part.contribution), 0);
  return {
    ...tableOf(rows, columns),
    verdict: {
      outcome: windows < enough
        ? "undecided"
        : largestDifference <= exact
        ? "supported"
        : "refuted",
      rule:
        `Supported if the largest difference between a sum of contributions and the network's forecast, over at least ${enough} windows and all steps, ` +
        `is at most ${exact}; refuted if it is more, undecided with fewer windows.`,
      reason: `The largest difference is ${
        largestDifference.toPrecision(2)
      } standard deviations, over ${windows} windows.`,
    },
    findings: [
      `A forecast of ${trace.column} ${trace.step} days ahead, ${
        trace.forecast.toFixed(2)
      }, is the sum of ${trace.rows.length} contributions and ` +
      `${trace.level.toFixed(2)}; the last seven days make up ${
        (100 * newest / all).toFixed(0)
      } % of what the values add or take.`,
    ],
    plots: [{
      id: "contributions",
      title: "What every day adds to the forecast",
      caption: `${trace.column}, ${trace.step} days ahead; the first forecast of the test rows.`,
      x: { column: "back", label: "days before the first one that is forecast" },
      y: { column: "contribution", label: "adds" },
      marks: ["bar"],
    }],
  };
}
