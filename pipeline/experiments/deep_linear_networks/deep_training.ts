/** @file Do dense linear networks train whatever their depth, and what do their layers' gradients do meanwhile? */
import type { GraphBuilder, Grid, TaggedJob } from "../../graph.ts";
import type { ExperimentMeta, Observed, Summary, Verdict } from "../../results.ts";
import { seriesOf } from "../../series.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, type Values } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import { learningRate } from "./shared/forecasting.ts";

/** Depths with several initialisations, and how near the optimum a run of them counts as trained. */
const shallow = { depths: [10, 50, 100], margin: 0.001, seeds: [0, 1, 2, 3, 4] };
/** Those with one. */
const deep = { depths: [500, 1000], margin: 0.01, seeds: [0] };
/** Widths that no map of full rank fits through. */
const bottlenecks = { widths: [16, 64], depths: [10, 100], seeds: [0] };
/** So many times its margin above the optimum, a run has failed; between, it has not finished. */
const failed = 10;
const full = 96;

export const meta: ExperimentMeta = {
  id: "deep-training",
  title: "Training 10 to 1,000 dense linear layers",
  question: "Does a linear network still train when it is a hundred or a thousand matrices deep?",
  hypothesis:
    "Networks of 10 to 100 matrices reach the training loss of least squares within .1 %, of 500 and 1,000 within 1 %, and those with a " +
    "bottleneck the loss of reduced-rank regression within .1 %.",
  method:
    "ETTh1, 336 rows predict 96; full-batch Adam on the exact training loss, from a balanced start, the peak of the rate 4 / (96 depth): " +
    "it falls as 1 / depth, and does not rise for a bottleneck, whose first and last matrix are as tall as without (a first run had " +
    "4 / (width depth); of 10 layers of width 16 it diverged). A run ends as soon as it is within its margin of least squares (of full width), or after its steps. " +
    "`excess` is its training loss over the least one that a map of its width can have: least squares for width 96, reduced-rank " +
    "regression in closed form for a bottleneck (of 64 that is .05 % above least squares, so 64 alone would tell nothing; " +
    "of 16 it is not). Gradient norms by layer are taken at the start and at the end.",
  from: "standard",
};

/** Tags: depth, width, seed. */
export const grid: Grid = (g) => {
  const of = (depths: number[], widths: number[], seeds: number[], margin: number, steps: number) =>
    depths.flatMap((depth) =>
      widths.flatMap((width) =>
        seeds.map((seed) => runOf(g, { depth, width, seed, margin, steps }))
      )
    );
  return g.table([
    ...of(shallow.depths, [full], shallow.seeds, shallow.margin, 6000),
    ...of(deep.depths, [full], deep.seeds, deep.margin, 4000),
    ...of(bottlenecks.depths, bottlenecks.widths, bottlenecks.seeds, 0, 8000),
  ]);
};

function runOf(
  g: GraphBuilder,
  { depth, width, seed, margin, steps }: Record<string, number>,
): TaggedJob {
  const tags = { depth, width, seed };
  const { task: series, download } = seriesOf("etth1", { lookback: 336, horizon: full });
  const data = download(g, { dataset: "etth1", result: "download" });
  const task = { ...series, options: { ...series.options, loss: "gram", basis: "dct" } };
  const model = { name: "deep_linear", options: { depth, width } };
  const training = {
    ...{ seeds: [{ instance: 0, initialisation: seed, data: 0 }], steps, warmup: 100, floor: 0 },
    // What it may stop at is known for the full width only.
    ...(margin > 0 ? { tolerance: margin } : {}),
    ...{ learningRate: learningRate(full, depth), weightDecay: 0, clipNorm: null },
  };
  const trained = g.job("train", { task, model, ...training }, { data }, {
    ...tags,
    result: "training",
  });
  const params = { task, model, initialisation: seed };
  return { tags, job: g.job("layer_gradients", params, { model: trained, data }, tags) };
}

interface DepthRow {
  depth: number;
  width: number;
  /** Over the least loss of the width, of each seed. */
  excess: Values;
  startRatio: Values;
  endRatio: Values;
  decline: Values;
}

const marginOf = ({ depth }: Pick<DepthRow, "depth">) =>
  depth > Math.max(...shallow.depths) ? deep.margin : shallow.margin;

const observed = (name: string, scale = 1) => ({ excess }: DepthRow): Observed => ({
  observed: { name, scale, stage: "train" },
  runs: [...excess.runs],
});

const columns: TableColumn<DepthRow>[] = [
  { id: "depth", label: "layers", format: "integer", of: ({ depth }) => depth },
  { id: "width", label: "width", format: "integer", of: ({ width }) => width },
  {
    id: "excess",
    label: "excess",
    better: "lower",
    note: "Training loss over the least of any map of this width, as a share of that.",
    of: ({ excess }) => cellOf(excess),
  },
  {
    id: "margin",
    label: "margin",
    note: "Within which it counts as trained.",
    of: (row) => marginOf(row),
  },
  {
    id: "start_ratio",
    label: "gradients at the start",
    note: "Largest over smallest gradient norm of a layer.",
    of: ({ startRatio }) => cellOf(startRatio),
  },
  {
    id: "end_ratio",
    label: "gradients at the end",
    note: "The same where training left it.",
    of: ({ endRatio }) => cellOf(endRatio),
  },
  {
    id: "decline",
    label: "end over start",
    note: "Of the norm of the whole gradient.",
    of: ({ decline }) => cellOf(decline),
  },
  {
    id: "seconds",
    label: "seconds a step",
    format: "seconds",
    better: "lower",
    of: observed("step seconds"),
  },
  onlyIf(({ width }) => width === full, {
    id: "peak",
    label: "peak memory",
    unit: "MiB",
    better: "lower",
    note: "Resident, of the whole process that trained.",
    of: observed("peak memory bytes", 2 ** -20),
  }),
];

/** The table: one row for each depth and width. */
export function summarize(runs: Runs): Summary {
  const rows = runs.tagsOf("depth").flatMap((depth) =>
    runs.where({ depth }).tagsOf("width").toReversed().map((width): DepthRow => {
      const found = runs.where({ depth, width });
      const own = found.only("seed", found.tagsOf("seed"));
      const each = (name: string) => own.each("seed", ({ scalars }) => scalars[name], name);
      const [excess, reachable] = [each("excess"), each("reachable")];
      const [end, start] = [each("norm"), each("startNorm")];
      return {
        ...{ depth, width },
        excess: mapped(
          excess,
          (value, i) => (1 + value) / (1 + reachable.values[i]) - 1,
          "excess over the least of its width",
        ),
        ...{ startRatio: each("startRatio"), endRatio: each("endRatio") },
        decline: mapped(
          end,
          (value, i) => value / start.values[i],
          "gradient norm, end over start",
        ),
      };
    })
  );
  const worst = (row: DepthRow) => Math.max(...row.excess.values) / marginOf(row);
  const trained = rows.filter((row) => worst(row) <= 1);
  const deepest = Math.max(0, ...trained.map(({ depth }) => depth));
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(rows, worst),
    findings: [
      `${trained.length} of ${rows.length} kinds of networks train in every run, the deepest of ${
        deepest.toLocaleString("en")
      } layers.`,
    ],
    plots: [{
      id: "ratio",
      title: "Gradient norms by layer: largest over smallest, at the end",
      caption: "By depth and width.",
      x: { column: "depth", label: "layers", scale: "log" },
      y: { column: "end_ratio", label: "largest over smallest", scale: "log" },
      series: "width",
      marks: ["line", "dot"],
    }],
  };
}

function verdictOf(rows: DepthRow[], worst: (row: DepthRow) => number): Verdict {
  const over = Math.max(...rows.map(worst));
  const said = rows.map((row) =>
    `${row.depth} layers of ${row.width} ${percent(Math.max(...row.excess.values))}`
  );
  return {
    outcome: over <= 1 ? "supported" : over > failed ? "refuted" : "undecided",
    rule: `Supported if every run ends within its margin of the least loss of its width: ${
      percent(shallow.margin)
    } up to ${
      Math.max(...shallow.depths)
    } layers (${shallow.seeds.length} initialisations at full width, one with a bottleneck), ${
      percent(deep.margin)
    } beyond (one). Refuted if any ends more than ${failed} times its margin above it; undecided if one lies between: it has not finished.`,
    reason: `Largest excess of each: ${said.join("; ")}.`,
  };
}
