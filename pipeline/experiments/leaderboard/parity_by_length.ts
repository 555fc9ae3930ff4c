/**
 * @file Which layers go on counting beyond the lengths that they were trained on: the parity cells of the leaderboard, seed by seed.
 */
import { meanInterval } from "../../../lib/analysis/intervals.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, termsOf, type Values } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import { cellRuns } from "./shared/cells.ts";
import { type Entry, entryOf } from "./shared/entries.ts";
import { shown } from "./shared/shown.ts";
import { taskCases } from "./shared/tasks.ts";
export { tied } from "./shared/tasks.ts";

export const meta: ExperimentMeta = {
  id: "parity-by-length",
  title: "Parity beyond the lengths of training",
  question: "Which layers learn to count to two, at any length?",
  hypothesis:
    "Layers that can represent parity at any length learn it: LSTM and DeltaNet with eigenvalues in [-1, 1]. Layers whose " +
    "transitions lie in [0, 1], or do not depend on the input, stay near a coin (Grazzi et al., arXiv 2411.12537).",
  method:
    "The parity cells of the leaderboard: trained on lengths 3 to 40 with a target at every position, scored at the last step on " +
    "positions 41 to 256 (quick: 3 to 20, and 21 to 128). **Scaled accuracy** is (accuracy - 1/2) / (1/2): 0 is a coin. A target at every position helps counting " +
    "just above the lengths of training, of which the scored positions have few. An answer whose logits are not finite is wrong: a dense recurrence can explode beyond the " +
    "lengths of training. Attention, GRU and E1 are shown and not judged.",
};

/** Tags: task, layer, seed, result. */
export const grid: Grid = (g, profile) => {
  const { entries, seeds } = shown(profile);
  const { parity } = taskCases(profile);
  return g.table(entries.flatMap((entry) => cellRuns(g, entry, parity, seeds)));
};

const solved = 0.95;
const failed = 0.15;
const fewest = 3;

const rule =
  `Over the seeds of each layer: those that can have a median scaled accuracy of at least ${solved}; of those that cannot the upper ` +
  `end of the one-sided 95 % interval of the mean is at most ${failed}. Supported if all do, refuted if a median or a mean lies ` +
  `beyond its bound, undecided otherwise. With fewer than ${fewest} seeds nothing is judged.`;

interface LengthRow extends Pick<Entry, "id" | "label" | "parity"> {
  /** Beyond the lengths of training. */
  beyond: Values;
  /** At positions that every longer training sequence has. */
  within: Values;
}

/** The part of lib/tasks/state_tracking.ts's details that the table reads. */
interface Scores {
  curve: { from: number; to: number; error: number }[];
}

const median = ({ values }: Values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2;
};
/** Upper end of the one-sided 95 % interval of the mean. */
const upper = ({ values }: Values) => meanInterval(values, 0.9).high;

const sourceOf = (of: Values) => ({ runs: [...of.runs], terms: termsOf(of) });

const columnsFor = (seeds: readonly number[]): TableColumn<LengthRow>[] => [
  { id: "layer", label: "layer", format: "text", of: ({ label }) => label },
  {
    id: "theory",
    label: "at any length",
    format: "text",
    note: "Whether a layer can follow parity at any length, by the transitions of its state.",
    of: ({ parity }) => parity ?? "not judged",
  },
  {
    id: "median",
    label: "median",
    format: "percent",
    better: "higher",
    note: "Of the scaled accuracy beyond the lengths of training.",
    of: ({ beyond }) => ({
      ...{ value: median(beyond), statistic: "median", n: beyond.values.length },
      ...sourceOf(beyond),
    }),
  },
  {
    id: "upper",
    label: "upper bound",
    format: "percent",
    note: "One-sided, 95 %, of the mean.",
    of: ({ beyond }) => {
      const value = upper(beyond);
      return value === undefined ? undefined : { value, statistic: "upper", ...sourceOf(beyond) };
    },
  },
  ...seeds.map((seed, i): TableColumn<LengthRow> => ({
    id: `seed_${seed}`,
    label: `seed ${seed}`,
    format: "percent",
    of: ({ beyond }) => ({ value: beyond.values[i], runs: [beyond.runs[i]] }),
  })),
  {
    id: "within",
    label: "positions 1 to 16",
    format: "percent",
    better: "higher",
    note: "Scaled accuracy there, well within the lengths of training.",
    of: ({ within }) => cellOf(within),
  },
];

/** The table: one row for each layer. */
export function summarize(runs: Runs): Summary {
  const scored = runs.where({ task: "parity", result: "score" });
  const rows = runs.tagsOf<string>("layer").map((layer): LengthRow => {
    const own = scored.where({ layer });
    const { id, label, parity } = entryOf(layer);
    return {
      ...{ id, label, parity },
      beyond: own.each("seed", ({ scalars }) => scalars.gapClosed, "gapClosed"),
      within: own.each("seed", (run) => {
        const blocks = (run.json("scores.json") as Scores).curve.filter(({ to }) => to <= 16);
        return 1 - 2 * blocks.reduce((sum, { error }) => sum + error, 0) / blocks.length;
      }),
    };
  });
  // Every run of a cell is cited by a cell of the table.
  const trained = runs.where({ result: "training" });
  for (const row of rows) {
    const { runs } = trained.where({ layer: row.id }).each("seed", () => 0);
    row.within = { ...row.within, runs: [...row.within.runs, ...runs] };
  }
  const seeds = runs.tagsOf("seed");
  const can = rows.filter(({ parity }) => parity === "can");
  const cannot = rows.filter(({ parity }) => parity === "cannot");
  const enough = seeds.length >= fewest;
  const said = [
    ...can.map(({ label, beyond }) => `${label} ${percent(median(beyond))} (median)`),
    ...cannot.map(({ label, beyond }) => `${label} ${percent(upper(beyond) ?? NaN)} (upper bound)`),
  ].join(", ");
  const beyondBound = can.some(({ beyond }) => median(beyond) < solved) ||
    cannot.some(({ beyond: { values } }) => meanInterval(values).mean > failed);
  const all = can.length > 0 && cannot.every(({ beyond }) => upper(beyond)! <= failed);
  return {
    ...tableOf(rows, columnsFor(seeds)),
    verdict: {
      outcome: !enough ? "illustration" : beyondBound ? "refuted" : all ? "supported" : "undecided",
      rule,
      reason: enough
        ? `${said}; ${seeds.length} seeds.`
        : `Nothing is judged: ${seeds.length} of ${fewest} seeds.`,
    },
    findings: [
      `Parity beyond the lengths of training, median of ${seeds.length} ${
        seeds.length === 1 ? "seed" : "seeds"
      }: ` +
      rows.map(({ label, beyond }) => `${label} ${percent(median(beyond))}`).join(", ") + ".",
    ],
    plots: [{
      id: "median",
      title: "Parity beyond the lengths of training",
      caption: "Scaled accuracy, the median over seeds; 0 is a coin.",
      x: { column: "layer", label: "layer", scale: "band" },
      y: { column: "median", label: "scaled accuracy" },
      marks: ["dot"],
      rules: [{ y: 1, label: "always right" }],
    }],
  };
}
