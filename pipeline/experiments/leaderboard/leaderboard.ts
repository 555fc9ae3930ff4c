/**
 * @file Every sequence layer on every kind of task, at equal parameters, from a trivial predictor to an exact optimum. Another layer is
 * one file: `deno task leaderboard --layer FILE` puts it beside these.
 */
import type { GraphBuilder, Grid, JobRef } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, type Values } from "../../table/values.ts";
import { cellRuns, timeRun } from "./shared/cells.ts";
import { type Entry, parameters } from "./shared/entries.ts";
import { shown, tasksOf } from "./shared/shown.ts";
import { type Board, boardOf, type BoardRow } from "./shared/board.ts";
import { taskCase } from "./shared/tasks.ts";
export { tied } from "./shared/tasks.ts";
import { compared } from "./shared/compared.ts";

export const meta: ExperimentMeta = {
  id: "leaderboard",
  title: "Every sequence layer on every task",
  question: "How far does each sequence layer get on each kind of task, at equal parameters?",
  hypothesis:
    "One layer whose state is linear in the last one, DeltaNet with eigenvalues in [-1, 1], closes as much of the gap as " +
    "the LSTM and as softmax attention on every task.",
  method:
    `Every layer stands in the same stack: two residual blocks, each with an MLP, of ${
      parameters.toLocaleString("en")
    } parameters between embedding and head. The width is the multiple of 8 that comes nearest, and the width of the MLPs makes up ` +
    "for the rest. A **bare** layer is one linear recurrence between embedding and head, as large as its state makes it; what it " +
    "computes is linear in its input but for the embedding of symbols.\n\n" +
    "Tasks, each from a **floor** (gap closed 0) to an **optimum** (1), at the size of the standard profile (quick: half the length):\n\n" +
    "- **filtering**: the next observation of a linear state-space system (lambda .92, 64 states, 2 channels, 128 observations); " +
    "from predicting zero to the Kalman filter, exact. Every seed is a system.\n" +
    "- **forecasting**: the next 96 hours of ETTh1 from the last 96, in patches of 8 (quick: 14 days of Seattle's weather from 60, which " +
    "a package ships); from repeating the last value to least squares on the training windows, the best known: more than 1 is possible.\n" +
    "- **parity**: whether the number of ones so far is odd, at every position; trained on lengths 3 to 40, scored on positions " +
    "41 to 256; from a coin to the automaton, exact.\n" +
    "- **automaton** (standard): the running product of permutations of three things, the group S3, at every position; trained on " +
    "lengths 3 to 16, scored on positions 17 to 64; from the likeliest of the six to the automaton, exact.\n" +
    "- **recall**: the value of a key seen before (multi-query associative recall, arXiv 2312.04927; 4 pairs, 64 symbols of 256); " +
    "from a guess among the values to looking it up, exact.\n\n" +
    "Every layer sees the same number of tokens in the same number of steps. The learning rate of each cell is found by successive " +
    "halving on a seed that is not reported (quick: one rate for all; where a seed diverged at the best of them, that cell is tried at lower " +
    "ones: the dense recurrence and WARP, whose transitions nothing bounds, on recall, WARP and mLSTM on filtering, mLSTM [-1, 1] on forecasting, " +
    "the shallow PLRNN on parity; parity has longer trials since its first run, where " +
    "the shortest favoured rates that learn less in the end); the seeds are trained together, and scored at the last step, not at the best. " +
    "Since its second run a cell costs less: three rates are tried, not four, of 8 sequences a step on parity and 16 on recall, not 16 and 32, in " +
    "350 steps on filtering, not 400; parity, where the layers that can follow it had not learned it to the end, has 800 steps, not 600. " +
    "Seconds are measured of each cell by itself, while no other job runs (standard).\n\n" +
    "A layer's **rank** is its place among the layers of the table by gap closed, the mean over tasks, of each seed.",
};

/** The cells of layers on tasks. Tags: task, layer, seed, result. */
export function cells(
  g: GraphBuilder,
  rows: readonly Entry[],
  tasks: readonly string[] = tasksOf(g.profile),
): JobRef {
  const { seeds, timed } = shown(g.profile);
  return g.table(
    rows.flatMap((entry) =>
      tasks.flatMap((task) => {
        const of = taskCase(g.profile, task);
        const runs = cellRuns(g, entry, of, seeds);
        return timed ? [...runs, timeRun(g, entry, of)] : runs;
      })
    ),
  );
}

export const grid: Grid = (g, profile) => cells(g, shown(profile).entries);

/** Largest share of the gap that counts as no difference. */
const margin = 0.05;
const fewest = 3;
const subject = "deltanet-negative";
const rivals = ["lstm", "softmax-attention"];

const rule =
  `DeltaNet [-1, 1] minus LSTM and minus softmax attention, in gap closed, on each task, paired by seed. Supported if every mean ` +
  `is above -${margin}; refuted if the 95 % interval of any lies below -${margin}; undecided otherwise. With fewer than ` +
  `${fewest} seeds nothing is judged.`;

const alone = "On one core while no other job ran: the median of five times";

const columns = ({ tasks }: Board): TableColumn<BoardRow>[] => [
  { id: "layer", label: "layer", format: "text", of: ({ label }) => label },
  ...(tasks.length > 1
    ? [
      {
        id: "rank",
        label: "rank",
        format: "fixed3",
        better: "lower",
        note: "Mean over tasks of the place among these layers; over seeds.",
        of: ({ rank }: BoardRow) => rank && cellOf(rank),
      } satisfies TableColumn<BoardRow>,
    ]
    : []),
  ...tasks.map((task): TableColumn<BoardRow> => ({
    id: `gap_${task}`,
    label: `gap closed, ${task}`,
    format: "percent",
    better: "higher",
    of: ({ gaps }) => gaps[task] && cellOf(gaps[task]),
  })),
  {
    id: "parameters",
    label: "parameters",
    format: "integer",
    note: "Between embedding and head.",
    of: ({ inside }) => cellOf(inside),
  },
  {
    id: "difference",
    label: "difference in size",
    format: "percent",
    note: `Parameters over ${parameters.toLocaleString("en")}, minus 1.`,
    of: ({ inside }) => cellOf(mappedTo(inside, (count) => count / parameters - 1)),
  },
  {
    id: "memory",
    label: "state",
    format: "integer",
    note:
      "Numbers that its layers carry from token to token, after the longest training sequence of these tasks. " +
      "Only attention's grows with the sequence.",
    of: ({ memory }) => memory && cellOf(memory),
  },
  ...tasks.map((task): TableColumn<BoardRow> => ({
    id: `rate_${task}`,
    label: `rate, ${task}`,
    note: "Learning rate, found by successive halving.",
    of: ({ rates }) => rates[task] && cellOf(rates[task]),
  })),
  ...tasks.flatMap((task) => secondsOn(task)),
];

/** What a layer takes on a task, measured while no other job ran. */
const secondsOn = (task: string): TableColumn<BoardRow>[] => [
  {
    id: `seconds_${task}`,
    label: `seconds to train, ${task}`,
    format: "seconds",
    better: "lower",
    note: `${alone} of a training step of one seed, times the steps.`,
    of: ({ timed }) =>
      timed[task] && { observed: { name: "step seconds", times: "steps" }, runs: timed[task] },
  },
  {
    id: `token_seconds_${task}`,
    label: `µs a token, ${task}`,
    better: "lower",
    note: `${alone} of a training batch, forward, over its tokens.`,
    of: ({ timed }) =>
      timed[task] && { observed: { name: "token seconds", scale: 1e6 }, runs: timed[task] },
  },
];

const mappedTo = (of: Values, f: (value: number) => number): Values => ({
  ...of,
  values: of.values.map(f),
});

/** The table: one row for each layer, the best first. */
export function summarize(runs: Runs): Summary {
  const board = boardOf(runs);
  const best = (task: string) => {
    const [first] = [...board.rows].filter(({ gaps }) => gaps[task]).sort((a, b) =>
      meanOf(b.gaps[task]) - meanOf(a.gaps[task])
    );
    return `${first.label} on ${task} (${(100 * meanOf(first.gaps[task])).toFixed(1)} %)`;
  };
  return {
    ...tableOf(board.rows, columns(board)),
    verdict: compared(board, { subject, rivals, margin, fewest, rule }),
    findings: [
      `The most of the gap is closed by ${
        board.tasks.map(best).join(", ")
      }; ${board.rows.length} ` +
      `${board.rows.length === 1 ? "layer" : "layers"}, ${board.seeds} ${
        board.seeds === 1 ? "seed" : "seeds"
      } a cell.`,
      ...edgesOf(board),
    ],
    plots: [
      ...board.tasks.map((task) => ({
        id: `gap-${task}`,
        title: `Gap closed on ${task}`,
        caption: board.seeds > 2
          ? "Bars are 95 % intervals over seeds."
          : "Means; the intervals are in the table.",
        x: { column: "layer", label: "layer", scale: "band" as const },
        y: { column: `gap_${task}`, label: "gap closed" },
        marks: board.seeds > 2 ? ["dot" as const, "interval" as const] : ["dot" as const],
        rules: [{ y: 1, label: "optimum" }],
      })),
      ...board.tasks.map((task) => ({
        id: `state-${task}`,
        title: `Gap closed on ${task} by the size of the state`,
        caption:
          "A dot is a layer, the mean over seeds; the state after the longest training sequence.",
        x: { column: "memory", label: "numbers in the state", scale: "log" as const },
        y: { column: `gap_${task}`, label: "gap closed" },
        marks: ["dot" as const],
        rules: [{ y: 1, label: "optimum" }],
      })),
    ],
  };
}

/** In how many cells the best rate may lie beyond those that were tried. */
function edgesOf({ rows }: Board): string[] {
  const tuned = rows.flatMap(({ label, atEdge }) =>
    Object.entries(atEdge).map(([task, edge]) => ({ name: `${label} on ${task}`, edge }))
  );
  if (tuned.length === 0) return [];
  const found = tuned.filter(({ edge }) => edge).map(({ name }) => name);
  const which = found.length > 0 ? `: ${found.join(", ")}` : "";
  return [
    `The best learning rate is the lowest or the highest tried in ${found.length} of ${tuned.length} cells${which}.`,
  ];
}

const meanOf = ({ values }: Values) => values.reduce((sum, x) => sum + x, 0) / values.length;
