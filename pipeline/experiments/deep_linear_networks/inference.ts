/** @file What a forecast costs: a linear network collapsed to one matrix, the same network layer by layer, and the Transformer. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, TaggedJob } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { verdictWhenPublished } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { accuracyModels, accuracyWindow } from "./shared/accuracy_models.ts";

const batches = [1, 64] as const;

const layered = (depth: number) => ({
  model: { name: "deep_linear", options: { depth } },
  layers: [],
});
/** What is compared with one matrix: the Transformer of the accuracy table, and networks that are not collapsed. */
const others = [
  { id: "transformer", ...accuracyModels.transformer },
  { id: "layered-10", ...layered(10) },
  { id: "layered-100", ...layered(100) },
  { id: "layered-1000", ...layered(1000) },
];
const labels: Record<string, string> = {
  collapsed: "collapsed to one matrix",
  transformer: "Transformer of the accuracy table",
  "layered-10": "layer by layer, 10 layers",
  "layered-100": "layer by layer, 100 layers",
  "layered-1000": "layer by layer, 1,000 layers",
};

/**
 * Stated before the runs. A measurement is a process. Eight were enough to refute one clause of four by itself (2^-8 is below .025 / 4),
 * but not beside the other experiments; twelve are.
 */
const measurements = Array.from({ length: 12 }, (_, k) => k);
const stated: Hypothesis = {
  unit: "seed",
  seeds: measurements,
  clauses: [
    ...batches.map((batch) => ({
      what: `time of the Transformer over that of the collapsed network, batch ${batch}`,
      ...{ metric: "seconds", scale: "factor" as const, margin: Math.log(10) },
    })),
    ...batches.map((batch) => ({
      what: `memory of the Transformer over that of the collapsed network, batch ${batch}`,
      ...{ metric: "bytes", scale: "factor" as const, margin: Math.log(5) },
    })),
  ],
};
/** What jobs observed of each clause. */
const observed = ["time", "memory"].flatMap((what) =>
  batches.map((batch) => `log ${what} ratio of transformer at ${batch}`)
);

export const meta: ExperimentMeta = {
  id: "inference",
  title: "What a forecast costs",
  question:
    "How much faster and smaller than a Transformer is a deep linear network that is collapsed to one matrix?",
  hypothesis:
    "At 1 and at 64 windows at once the collapsed network takes a tenth of the Transformer's time and a fifth of its memory, or less.",
  method:
    `Forecasts of ${accuracyWindow.horizon} rows from ${accuracyWindow.lookback}, of one channel; the Transformer is that of the accuracy table. ` +
    "Same engine, threads and windows; in every round each model forecasts once, and the median over 25 rounds counts. A measurement is a process of its own that runs alone; there are " +
    `${measurements.length} (a first run of eight measured the same ratios, and could decide nothing beside the other experiments). ` +
    "Whatever their depth, linear networks collapse to the same matrix, so its cost does not depend on it, while layer by layer it grows with every " +
    "layer: a network of 1,000 layers that is not collapsed is no fast forecaster.\n\n" +
    "Memory is parameters plus the most that values take that are alive at once, beside the windows, from the graph: the same on every machine. The resident size by " +
    "which a process grew is a coarse check of it: it holds the program, its kernels and the allocator's reserves, too.",
  from: "standard",
};

/** Tags: seed (which measurement). */
export const grid: Grid = (g) =>
  g.table(stated.seeds.map((seed): TaggedJob => {
    const tags = { seed };
    const params = { ...accuracyWindow, others, batches: [...batches], repetition: seed };
    return { tags, job: g.job("forecast_cost", params, {}, tags) };
  }));

interface CostRow {
  id: string;
  batch: number;
  runs: string[];
  scalars: Record<string, number>;
}

const bytes = ({ scalars }: CostRow, id: string, batch: number) =>
  scalars[`bytes of ${id} at ${batch}`];

const columns: TableColumn<CostRow>[] = [
  { id: "model", label: "model", format: "text", of: ({ id }) => labels[id] },
  { id: "batch", label: "windows at once", format: "integer", of: ({ batch }) => batch },
  {
    id: "parameters",
    label: "parameters",
    format: "integer",
    of: ({ id, runs, scalars }) => ({
      value: scalars[`parameters of ${id}`],
      runs: runs.slice(0, 1),
    }),
  },
  {
    id: "milliseconds",
    label: "ms",
    better: "lower",
    note: "Of one call, median of 25; mean over processes.",
    of: ({ id, batch, runs }) => ({
      observed: { name: `seconds of ${id} at ${batch}`, scale: 1000 },
      runs,
    }),
  },
  {
    id: "kibibytes",
    label: "KiB",
    better: "lower",
    note: "Parameters, and the most that is alive at once.",
    of: (row) => ({
      value: bytes(row, row.id, row.batch) / 1024,
      runs: row.runs.slice(0, 1),
    }),
  },
  onlyIf(({ id }) => id !== "collapsed", {
    id: "memory_ratio",
    label: "memory ratio",
    format: "ratio",
    note: "To the collapsed network.",
    of: (row) => ({
      value: bytes(row, row.id, row.batch) / bytes(row, "collapsed", row.batch),
      runs: row.runs.slice(0, 1),
    }),
  }),
  {
    id: "resident",
    label: "resident MiB",
    note:
      "By which the process grew, beside its JavaScript, when the model was compiled and run once.",
    of: ({ id, batch, runs }) => ({
      observed: { name: `resident bytes of ${id} at ${batch}`, scale: 2 ** -20 },
      runs,
    }),
  },
];

/** The table: one row for each model and number of windows. */
export function summarize(runs: Runs): Summary {
  const measured = runs.tagsOf("seed").map((seed) => runs.where({ seed }).one());
  const names = measured.map(({ name }) => name);
  const [{ scalars }] = measured;
  const ids = ["collapsed", ...others.map(({ id }) => id)];
  const rows = batches.flatMap((batch) =>
    ids.map((id): CostRow => ({ id, batch, runs: names, scalars }))
  );
  const ratios = batches.map((batch) =>
    scalars[`bytes of transformer at ${batch}`] / scalars[`bytes of collapsed at ${batch}`]
  );
  const at = measured.map(({ tags }) => tags.seed);
  return {
    ...tableOf(rows, columns),
    verdict: verdictWhenPublished(
      stated,
      observed.map((name) => ({ name, at, runs: names })),
    ),
    findings: [
      `The Transformer of the accuracy table needs ${
        ratios.map((ratio, i) =>
          `${ratio.toFixed(1)} times the memory of the collapsed network at ${batches[i]}`
        ).join(" and ")
      } windows at once; it has ${
        scalars["parameters of transformer"].toLocaleString("en")
      } parameters, the matrix ${scalars["parameters of collapsed"].toLocaleString("en")}.`,
    ],
    plots: [{
      id: "milliseconds",
      title: "Milliseconds of a call",
      caption: "Bars are 95 % intervals over processes.",
      facet: "batch",
      x: { column: "model", label: "model", scale: "band" },
      y: { column: "milliseconds", label: "ms", scale: "log" },
      marks: ["dot", "interval"],
    }],
  };
}
