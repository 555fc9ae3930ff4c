/** @file Which layers follow automata beyond parity: words of groups, steps on a circle, arithmetic; with eigenvalues in [0, 1] and [-1, 1]. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { Profile } from "../../profiles.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, differenceCell, mean, minus, type Values } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import { cellRuns } from "./shared/cells.ts";
import { type Entry, entryOf } from "./shared/entries.ts";
import type { TaskCase, Training } from "./shared/tasks.ts";

const lengths = { minimum: 3, maximum: 40, length: 256 };

export const meta: ExperimentMeta = {
  id: "state-tracking",
  title: "Following automata beyond the lengths of training",
  question:
    "Which layers follow words of groups, steps on a circle and arithmetic, and do negative eigenvalues help DeltaNet?",
  hypothesis:
    "On words of S3 and on arithmetic modulo 3 without brackets, DeltaNet with eigenvalues in [-1, 1] follows the automaton further beyond the " +
    "lengths of its training than with eigenvalues in [0, 1], at this size and after this many steps.",
  method:
    `Stacks of two blocks with the parameters of the leaderboard, trained on lengths ${lengths.minimum} to ${lengths.maximum} with a target after every symbol (of arithmetic, after every number), ` +
    `rates by successive halving on a seed that is not judged, scored at the last step on positions ${
      lengths.maximum + 1
    } to ${lengths.length}. Symbols of S3 and A5 are all of their elements; a circle has five ` +
    "places, and one stays, steps on or steps back. **Gap closed** is (floor - error) / (floor - 0), where the floor is the likeliest state at every position, exactly. " +
    "Of S3, the sign alone closes a fifth of the gap, and a product of two reflections for each symbol would close it (Siems et al., arXiv 2502.10297); Grazzi et al. (arXiv 2411.12537, table 3) " +
    "publish .314 and .971 of arithmetic modulo 5, scaled accuracies of the better DeltaNet of three after 100,000 steps and asked for the last value only. A5 and the circle, and the other layers on three seeds, are shown and not judged.",
  from: "standard",
};

/** In the order of the table. */
const tasks = [
  { id: "s3", label: "S3", options: { automaton: "s3" } },
  { id: "a5", label: "A5", options: { automaton: "a5" } },
  { id: "circle", label: "circle of 5", options: { automaton: "cycle_navigation", modulus: 5 } },
  {
    id: "arithmetic",
    label: "arithmetic modulo 3",
    options: { automaton: "modular_arithmetic", modulus: 3 },
  },
] as const;
type TaskId = typeof tasks[number]["id"];

const [negative, positive] = ["deltanet-negative", "deltanet"];
const shownOnly = ["softmax-attention", "lru", "gla", "mamba2", "lstm", "gru"];
const judgedTasks: readonly TaskId[] = ["s3", "arithmetic"];

/** Stated before the runs. A reversal of one of two clauses needs seven seeds to be shown. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [0, 1, 2, 3, 4, 5, 6],
  clauses: judgedTasks.map((task) => ({
    what: `gap closed by DeltaNet with eigenvalues in [-1, 1] minus that in [0, 1], ${
      tasks.find(({ id }) => id === task)!.label
    }`,
    metric: "gap closed",
    scale: "points",
    margin: 0.05,
  })),
};
/** Of the layers that are not judged. */
const fewer = 3;

const between =
  "automata are scored at lengths between those of their training and those of their test data";
/** What the grid makes of its lengths. */
export const tied = {
  "task.options.maximum": between,
  "task.options.length": between,
  "protocol.from": between,
  "protocol.to": between,
};

function caseOf({ id, options }: typeof tasks[number], profile: Profile): TaskCase {
  const task = { name: "automaton", options: { ...options, ...lengths } };
  const sequences = profile.pick({ smoke: 16, standard: 512 });
  return {
    ...{ id, task, ends: {}, batch: 128, instanceOf: () => 0 },
    training: profile.pick<Training>({
      smoke: { steps: 6, batch: 2, warmup: 2, rates: [3e-3, 6e-3], rungs: [3] },
      standard: {
        ...{ steps: 800, batch: 16, warmup: 50, weightDecay: 0 },
        ...{ rates: [2.5e-3, 5e-3, 1e-2], rungs: [100, 200] },
      },
    }),
    protocol: { from: lengths.maximum + 1, to: lengths.length },
    data: (g) => ({
      test: g.job("generate", { task, instance: 0, data: 2000, sequences }, {}, {
        task: id,
        result: "data",
      }),
    }),
  };
}

/** Tags: task, layer, seed, result. */
export const grid: Grid = (g, profile) =>
  g.table(tasks.flatMap((task) => {
    const of = caseOf(task, profile);
    const runsOf = (id: string, seeds: readonly number[]) =>
      cellRuns(g, entryOf(id), of, profile.pick({ smoke: seeds.slice(0, 1), standard: seeds }));
    return [
      ...[positive, negative].flatMap((id) => runsOf(id, stated.seeds)),
      ...shownOnly.flatMap((id) => runsOf(id, stated.seeds.slice(0, fewer))),
    ];
  }));

interface LayerRow extends Pick<Entry, "id" | "label"> {
  /** Gap closed of each task, by seed. */
  gaps: Record<TaskId, Values>;
  /** The same of the layer that it is compared with. */
  against?: Record<TaskId, Values>;
  rates: Record<TaskId, Values>;
}

const columns: TableColumn<LayerRow>[] = [
  { id: "layer", label: "layer", format: "text", of: ({ label }) => label },
  ...tasks.map(({ id, label }): TableColumn<LayerRow> => ({
    id: `gap_${id}`,
    label,
    format: "percent",
    better: "higher",
    note: `Gap closed at positions ${lengths.maximum + 1} to ${lengths.length}.`,
    of: ({ gaps }) => cellOf(gaps[id]),
  })),
  ...tasks.map(({ id, label }): TableColumn<LayerRow> => ({
    id: `over_${id}`,
    label: `${label}, minus [0, 1]`,
    format: "percent",
    note: "Gap closed, paired by seed.",
    of: ({ gaps, against }) => against && differenceCell(gaps[id], against[id]),
  })),
  ...tasks.map(({ id, label }): TableColumn<LayerRow> => ({
    id: `rate_${id}`,
    label: `rate, ${label}`,
    note: "Found by successive halving.",
    of: ({ rates }) => cellOf(rates[id]),
  })),
];

/** The table: one row for each layer. */
export function summarize(runs: Runs): Summary {
  const each = (layer: string, result: string, scalar: string) => {
    // A layer has the seeds of its kind only.
    const own = runs.only("layer", [layer]).where({ result });
    return Object.fromEntries(tasks.map(({ id }) => [
      id,
      own.where({ task: id }).each("seed", ({ scalars }) => scalars[scalar], scalar),
    ])) as Record<TaskId, Values>;
  };
  const gapsOf = (layer: string) => each(layer, "score", "gapClosed");
  const rows = runs.tagsOf<string>("layer").map((layer): LayerRow => {
    const { id, label } = entryOf(layer);
    return {
      ...{ id, label, gaps: gapsOf(layer), rates: each(layer, "training", "learningRate") },
      ...(layer === negative ? { against: gapsOf(positive) } : {}),
    };
  });
  const [of, against] = [gapsOf(negative), gapsOf(positive)];
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(
      stated,
      judgedTasks.map((task) => plainEffect(minus(of[task], against[task]))),
    ),
    findings: tasks.map(({ id, label }) =>
      `Gap closed of ${label} beyond the lengths of training: ${
        rows.map(({ label, gaps }) => `${label} ${percent(mean(gaps[id]))}`).join(", ")
      }.`
    ),
    plots: tasks.map(({ id, label }) => ({
      id,
      title: `${label} beyond the lengths of training`,
      caption: "Gap closed, the mean over seeds; 0 is the likeliest state.",
      x: { column: "layer", label: "layer", scale: "band" as const },
      y: { column: `gap_${id}`, label: "gap closed" },
      marks: ["dot" as const],
      rules: [{ y: 1, label: "always right" }],
    })),
  };
}
