/** @file Is there a depth below which a network of any width fails? (unified-scaling-theory, depth-against-width) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { GraphBuilder, Grid, JobRef } from "../../graph.ts";
import type { Part } from "../../parts.ts";
import { filteringTask } from "../../presets.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { freshSeeds, verdictOf } from "../../table/judged.ts";
import { rateColumns } from "../../table/rate_columns.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, differenceCell, mapped, mean, minus, type Values } from "../../table/values.ts";
import { percent, plotOver } from "../../table/verdict.ts";
import { type Course, trainedRuns } from "../../trained.ts";

const depths = [1, 2, 4, 8, 16];

type Kind = "e1" | "mamba2";
/** Widths at which every stack has 46,000 to 47,000 parameters between its ends. */
const kinds: Record<Kind, { label: string; layer: Part; widths: readonly number[] }> = {
  e1: { label: "E1", layer: { name: "e1", options: {} }, widths: [96, 68, 48, 34, 24] },
  mamba2: {
    label: "Mamba-2",
    layer: { name: "mamba2", options: { state: 16 } },
    widths: [84, 58, 40, 27, 18],
  },
};
const kindIds = Object.keys(kinds) as Kind[];

/** Symbols of a sequence of swaps: as many compositions. */
const longest = 16;
const swaps: Part = {
  name: "automaton",
  options: { automaton: "s3_swaps", minimum: 1, maximum: longest, length: longest },
};
const filtering = filteringTask({ lambda: 0.92, obsDim: 2 }, 32);

type TaskId = "swaps" | "filtering";
interface Case {
  label: string;
  course: Omit<Course, "scoredOn">;
  ends: Part["options"];
  test(g: GraphBuilder, seed: number): JobRef;
}
const schedule = { steps: 300, warmup: 30, rates: [2e-3, 4e-3, 8e-3], rungs: [50, 120] as const };
const cases: Record<TaskId, Case> = {
  swaps: {
    label: `words of S3 by up to ${longest} swaps`,
    course: { ...schedule, task: swaps, batch: 16, protocol: { from: 1, to: longest } },
    ends: {},
    test: (g) =>
      g.job("generate", { task: swaps, instance: 0, data: 2000, sequences: 512 }, {}, {
        task: "swaps",
        result: "data",
      }),
  },
  filtering: {
    label: "filtering, lambda .92",
    course: { ...schedule, task: filtering, batch: 4, instanceOf: (seed) => seed },
    ends: { patch: 1, norm: "fixed" },
    test: (g, seed) =>
      g.job(
        "generate",
        { task: filtering, instance: seed, data: 2000 + seed, sequences: 128 },
        {},
        { task: "filtering", seed, result: "data" },
      ),
  },
};
const taskIds = Object.keys(cases) as TaskId[];

const compositions = "the page's count of compositions is the length of the words";
/** What the method says of the lengths. */
export const tied = {
  "task.options.minimum": compositions,
  "task.options.maximum": compositions,
  "task.options.length": compositions,
  "protocol.from": compositions,
  "protocol.to": compositions,
};

/** Of what there is to learn: less is no fall from success to failure. */
const cliff = 0.5;

const stated: Hypothesis = {
  unit: "seed",
  seeds: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  amendments: [freshSeeds(8)],
  clauses: taskIds.flatMap((task) =>
    kindIds.map((kind) => ({
      what: `largest gain of gap closed by one doubling of the depth, ${kinds[kind].label}, ${
        cases[task].label
      }`,
      ...{ metric: "gap closed", scale: "points" as const, margin: cliff },
    }))
  ),
};

export const meta: ExperimentMeta = {
  id: "depth-against-width",
  title: "Depth against width at equal parameters",
  question: "Is there a depth below which a network fails, however wide it is?",
  hypothesis:
    `Of E1 and Mamba-2 with equal parameters, on both tasks, some doubling of the depth from ${
      depths[0]
    } to ${
      depths.at(-1)
    } layers gains at least half of the gap from the trivial to the best predictor.`,
  method:
    "A page of theory says that a network of fewer layers than a task has compositions cannot represent it, whatever its width: a cliff between depths, at 20 to 30 layers for language. " +
    `Tried on two tasks whose optimum is known. **Words of S3**: after each of up to ${longest} swaps of three things (or none) the network says which of six orders they are in, so by the page's count the task has up to ${longest} compositions; ` +
    "the optimum is no error, the floor the likeliest order at every position. **Filtering**: the next observation of a linear system, against the exact Kalman filter and predicting zero; a system for each seed. " +
    `Stacks of ${
      depths.join(", ")
    } residual blocks (norm, layer, sum; no MLP, as the page counts them) of 46,000 to 47,000 parameters between embedding and head: E1 of width ${
      kinds.e1.widths.join(", ")
    }, Mamba-2 (state 16) of width ${
      kinds.mamba2.widths.join(", ")
    }. All see the same sequences, 300 steps of 16 and of 4; the rate is found for each stack on a seed that is not judged, and half and twice of it were tried, so that no other rate mends a fall. ` +
    "**Gap closed** is (floor - loss) / (floor - optimum). The largest gain of a seed is that of its best doubling, which errs in favour of the hypothesis. A gain between neighbours of more than three standard errors, " +
    "which may be called a cliff too, need not be large: it is shown. Small networks, few steps: nothing is said of large ones.",
  from: "standard",
};

/** Tags: task, kind, layers, seed, result. */
export const grid: Grid = (g) =>
  g.table(
    taskIds.flatMap((task) =>
      kindIds.flatMap((kind) =>
        depths.flatMap((layers, i) => {
          const { layer, widths } = kinds[kind];
          const { course, ends, test } = cases[task];
          return trainedRuns(
            g,
            {
              model: {
                name: "stack",
                options: { block: "residual", mlp: false, width: widths[i], ...ends },
              },
              layers: Array<Part>(layers).fill(layer),
            },
            { ...course, scoredOn: (seed) => test(g, seed) },
            stated.seeds,
            { task, kind, layers },
          );
        })
      )
    ),
  );

interface Row {
  task: TaskId;
  kind: Kind;
  layers: number;
  width: number;
  inside: Values;
  gap: Values;
  /** Of half as many layers. */
  half?: Values;
  learningRate: Values;
  edge: Values;
}

/** Mean over its standard error; infinite where all seeds agree, NaN where they agree on nothing. */
function inErrors(difference: Values): number {
  const { values } = difference;
  const middle = mean(difference);
  const squares = values.reduce((sum, x) => sum + (x - middle) ** 2, 0);
  return middle / Math.sqrt(squares / (values.length - 1) / values.length);
}

/** Standard errors beyond which a doubling gains or loses. */
const beyond = 3;
const direction = (errors: number) =>
  errors > beyond ? "gain" : errors < -beyond ? "loss" : "neither";

const columns: TableColumn<Row>[] = [
  { id: "task", label: "task", format: "text", of: ({ task }) => cases[task].label },
  { id: "layer", label: "layer", format: "text", of: ({ kind }) => kinds[kind].label },
  { id: "layers", label: "layers", of: ({ layers }) => layers },
  { id: "width", label: "width", of: ({ width }) => width },
  {
    ...{ id: "parameters", label: "parameters", format: "integer" },
    note: "Between embedding and head.",
    of: ({ inside }) => cellOf(inside),
  },
  {
    ...{ id: "gap_closed", label: "gap closed", format: "percent", better: "higher" },
    of: ({ gap }) => cellOf(gap),
  },
  {
    ...{ id: "gained", label: "over half the layers", format: "percent" },
    note: "Paired by seed.",
    of: ({ gap, half }) => half && differenceCell(gap, half),
  },
  {
    ...{ id: "beyond", label: "beyond 3 standard errors", format: "text" },
    note: "Of the pairs with half the layers.",
    of: ({ gap, half }) => half && direction(inErrors(minus(gap, half))),
  },
  ...rateColumns<Row>(),
];

/** The table: one row for each task, kind of layer and depth. */
export function summarize(runs: Runs): Summary {
  const trained = (
    tags: { task: TaskId; kind: Kind; layers: number },
    name: string,
    otherwise?: number,
  ) =>
    runs.where({ ...tags, result: "training" })
      .each("seed", ({ scalars }) => scalars[name] ?? otherwise, name);
  const gapOf = (task: TaskId, kind: Kind, layers: number) =>
    runs.where({ task, kind, layers, result: "score" })
      .each("seed", ({ scalars }) => scalars.gapClosed, "gap closed");
  const rows = taskIds.flatMap((task) =>
    kindIds.flatMap((kind) =>
      depths.map((layers, i): Row => {
        const tags = { task, kind, layers };
        return {
          ...{ ...tags, width: kinds[kind].widths[i] },
          inside: minus(trained(tags, "parameters"), trained(tags, "endParameters")),
          gap: gapOf(task, kind, layers),
          ...(i > 0 && { half: gapOf(task, kind, depths[i - 1]) }),
          ...{ learningRate: trained(tags, "learningRate"), edge: trained(tags, "edge", 0) },
        };
      })
    )
  );
  const gains = (task: TaskId, kind: Kind) =>
    rows.filter((row) => row.task === task && row.kind === kind && row.half)
      .map(({ gap, half }) => minus(gap, half!));
  const largest = (task: TaskId, kind: Kind) => {
    const all = gains(task, kind);
    return mapped(
      all[0],
      (_, i) => Math.max(...all.map(({ values }) => values[i])),
      "largest gain of a doubling",
    );
  };
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(
      stated,
      taskIds.flatMap((task) => kindIds.map((kind) => plainEffect(largest(task, kind)))),
    ),
    findings: taskIds.flatMap((task) =>
      kindIds.map((kind) => {
        const own = rows.filter((row) => row.task === task && row.kind === kind);
        const errors = gains(task, kind).map(inErrors);
        const beyond = (way: string) => errors.filter((t) => direction(t) === way).length;
        return `${kinds[kind].label} on ${cases[task].label}: gap closed with ${
          depths.join(", ")
        } layers ${
          own.map(({ gap }) => percent(mean(gap))).join(", ")
        }; of ${errors.length} doublings ${beyond("gain")} gain and ${
          beyond("loss")
        } lose more than three standard errors.`;
      })
    ),
    plots: [
      plotOver(stated.seeds.length, {
        id: "gap-closed",
        title: "Gap closed by depth at equal parameters",
        caption: "",
        ...{ facet: "task", series: "layer" },
        x: { column: "layers", label: "layers", scale: "log" },
        y: { column: "gap_closed", label: "gap closed" },
      }, "seed"),
    ],
  };
}
