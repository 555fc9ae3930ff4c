/** @file What negative eigenvalues give DeltaNet where every symbol is a swap, and which layers follow other automata than parity. */
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

/** Of training sequences and of those that are scored. */
const lengths = { minimum: 3, maximum: 40, length: 256 };

export const meta: ExperimentMeta = {
  id: "state-tracking",
  title: "Following automata beyond the lengths of training",
  question:
    "Do negative eigenvalues let DeltaNet follow words of swaps, and which layers follow other automata?",
  hypothesis:
    "On words of S3 by swaps, of which each symbol leaves three things where they are or swaps two of them, DeltaNet with eigenvalues in [-1, 1] closes at least 20 points " +
    "more of the gap beyond the lengths of its training than with eigenvalues in [0, 1], at this size and after this many steps.",
  method:
    `Stacks of two blocks with the parameters of the leaderboard, trained on lengths ${lengths.minimum} to ${lengths.maximum} with a target after every symbol (of arithmetic, after every number), ` +
    `rates by successive halving on a seed that is not judged, scored at the last step on positions ${
      lengths.maximum + 1
    } to ${lengths.length}. **Gap closed** is (floor - error) / floor, where the floor is the ` +
    "likeliest state at every position, exactly. A swap is one reflection, so one layer with eigenvalues in [-1, 1] can follow it at any length, which the tests show with weights set by hand; " +
    "with eigenvalues in [0, 1] nothing follows it at all lengths (Grazzi et al., arXiv 2411.12537, theorem 1; figure 4 has S5 by swaps). Shown and not judged: other layers; S3 and A5 with all of their elements as symbols, which take two reflections each " +
    "(Siems et al., arXiv 2502.10297); a circle of five places on which one stays, steps on or steps back; arithmetic modulo 3 without brackets. Rates, steps and the task that is judged were chosen after a look at seed 0, which is none of those that judge.",
  from: "standard",
};

const [negative, positive] = ["deltanet-negative", "deltanet"];
const few = ["lstm"];
const more = ["softmax-attention", "mamba2", "gru"];
/** On which negative eigenvalues are judged. */
const judgedTask = "s3-swaps";

/** In the order of the table, with the layers that are shown beside the two DeltaNets. */
const tasks = [
  {
    id: judgedTask,
    label: "S3 by swaps",
    options: { automaton: "s3_swaps" },
    beside: [...few, ...more],
  },
  { id: "s3", label: "S3", options: { automaton: "s3" }, beside: few },
  { id: "a5", label: "A5", options: { automaton: "a5" }, beside: few },
  {
    id: "circle",
    label: "circle of 5",
    options: { automaton: "cycle_navigation", modulus: 5 },
    beside: few,
  },
  {
    id: "arithmetic",
    label: "arithmetic modulo 3",
    options: { automaton: "modular_arithmetic", modulus: 3 },
    beside: few,
  },
];

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [1, 2, 3, 4, 5, 6],
  clauses: [{
    what: "gap closed by DeltaNet with eigenvalues in [-1, 1] minus that in [0, 1], S3 by swaps",
    metric: "gap closed",
    scale: "points",
    margin: 0.2,
  }],
};
/** Of what is not judged. */
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
        ...{ steps: id === judgedTask ? 1000 : 600, batch: 16, warmup: 50, weightDecay: 0 },
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
    const three = stated.seeds.slice(0, fewer);
    const own = task.id === judgedTask ? stated.seeds : three;
    return [
      ...[positive, negative].flatMap((id) => runsOf(id, own)),
      ...task.beside.flatMap((id) => runsOf(id, three)),
    ];
  }));

interface LayerRow extends Pick<Entry, "id" | "label"> {
  /** Gap closed of each task that it has, by seed. */
  gaps: Record<string, Values>;
  /** The same of the layer that it is compared with. */
  against?: Record<string, Values>;
  rates: Record<string, Values>;
}

/** Columns are named as in SQL. */
const columnOf = (what: string, task: string) => `${what}_${task.replaceAll("-", "_")}`;

const columns: TableColumn<LayerRow>[] = [
  { id: "layer", label: "layer", format: "text", of: ({ label }) => label },
  ...tasks.map(({ id, label }): TableColumn<LayerRow> => ({
    id: columnOf("gap", id),
    label,
    format: "percent",
    better: "higher",
    note: `Gap closed at positions ${lengths.maximum + 1} to ${lengths.length}.`,
    of: ({ gaps }) => gaps[id] && cellOf(gaps[id]),
  })),
  ...tasks.map(({ id, label }): TableColumn<LayerRow> => ({
    id: columnOf("over", id),
    label: `${label}, minus [0, 1]`,
    format: "percent",
    note: "Gap closed, paired by seed.",
    of: ({ gaps, against }) => against && differenceCell(gaps[id], against[id]),
  })),
  ...tasks.map(({ id, label }): TableColumn<LayerRow> => ({
    id: columnOf("rate", id),
    label: `rate, ${label}`,
    note: "Found by successive halving.",
    of: ({ rates }) => rates[id] && cellOf(rates[id]),
  })),
];

/** The table: one row for each layer. */
export function summarize(runs: Runs): Summary {
  // Layers differ in their tasks, and a cell has the seeds of its kind only.
  const each = (layer: string, result: string, scalar: string): Record<string, Values> => {
    const own = runs.only("layer", [layer]);
    return Object.fromEntries(
      own.tagsOf<string>("task").map((task) => [
        task,
        own.only("task", [task]).where({ result })
          .each("seed", ({ scalars }) => scalars[scalar], scalar),
      ]),
    );
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
      [plainEffect(minus(of[judgedTask], against[judgedTask]))],
    ),
    findings: tasks.map(({ id, label }) =>
      `Gap closed of ${label} beyond the lengths of training: ${
        rows.filter(({ gaps }) => gaps[id])
          .map(({ label, gaps }) => `${label} ${percent(mean(gaps[id]))}`).join(", ")
      }.`
    ),
    plots: tasks.map(({ id, label }) => ({
      id,
      title: `${label} beyond the lengths of training`,
      caption: "Gap closed, the mean over seeds; 0 is the likeliest state.",
      x: { column: "layer", label: "layer", scale: "band" as const },
      y: { column: columnOf("gap", id), label: "gap closed" },
      marks: ["dot" as const],
      rules: [{ y: 1, label: "always right" }],
    })),
  };
}
