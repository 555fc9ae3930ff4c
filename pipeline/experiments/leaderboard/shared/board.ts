/** @file The runs of a leaderboard as rows: what each layer reached on each task, and its rank among the others. */
import type { Runs } from "../../../table/runs.ts";
import type { OpenFractions } from "../../../table/effects.ts";
import { mean, type Values } from "../../../table/values.ts";
import { type Entry, entryOf } from "./entries.ts";
import { inOrder } from "./tasks.ts";

/** One layer. */
export interface BoardRow extends Pick<Entry, "id" | "label"> {
  /** Gap closed, of each seed. */
  gaps: Record<string, Values>;
  /** What is left open of the gap, of each seed. */
  open: Record<string, OpenFractions>;
  /** Learning rates. */
  rates: Record<string, Values>;
  /** Of the tasks on which it was tuned: whether the best rate was the lowest or the highest that was tried. */
  atEdge: Record<string, boolean>;
  /** Place among the layers, the mean over the tasks, of each seed; of layers that were run on all tasks. */
  rank?: Values;
  /** Parameters between embedding and head. */
  inside: Values;
  /** Runs that say what it takes, of the tasks on which that was measured. */
  timed: Record<string, string[]>;
  /** Numbers carried from token to token after the longest training sequence. */
  memory?: Values;
}

/** All layers, the best first. */
export interface Board {
  tasks: string[];
  /** How many. */
  seeds: number;
  rows: BoardRow[];
}

/** @param runs with the tags task, layer, seed, result */
export function boardOf(runs: Runs): Board {
  const tasks = inOrder(runs.tagsOf<string>("task"));
  const cells = runs.tagsOf<string>("layer").map((id) => rowOf(runs, id, tasks));
  const whole = cells.filter(({ gaps }) => tasks.every((task) => gaps[task]));
  const rows = cells.map((row) =>
    whole.includes(row) ? { ...row, rank: rankOf(row, whole, tasks) } : row
  );
  rows.sort((a, b) => placeOf(a) - placeOf(b)); // stable
  return { tasks, seeds: runs.tagsOf("seed").length, rows };
}

const placeOf = ({ rank }: BoardRow) => rank ? mean(rank) : Infinity;

function rowOf(runs: Runs, layer: string, tasks: readonly string[]): BoardRow {
  const own = runs.where({ layer });
  const measured = own.tagsOf<string>("task");
  const each = (task: string, result: string, scalar: string) =>
    own.where({ task, result }).each("seed", ({ scalars }) => scalars[scalar], scalar);
  const onTasks = (result: string, scalar: string) =>
    Object.fromEntries(
      tasks.filter((task) => measured.includes(task))
        .map((task) => [task, each(task, result, scalar)]),
    ) as Record<string, Values>;
  const lossMinus = (task: string, loss: "loss" | "floor", metric: string) =>
    own.where({ task, result: "score" })
      .each("seed", ({ scalars }) => scalars[loss] - scalars.optimum, metric);
  const trained = Object.values(onTasks("training", "parameters"));
  const ends = Object.values(onTasks("training", "endParameters"));
  const memories = Object.values(onTasks("training", "memory"));
  const [longest] = memories.toSorted((a, b) => b.values[0] - a.values[0]);
  const { id, label } = entryOf(layer);
  const rates = onTasks("training", "learningRate");
  return {
    ...{ id, label },
    gaps: onTasks("score", "gapClosed"),
    open: Object.fromEntries(
      tasks.filter((task) => measured.includes(task)).map((task) => [
        task,
        { excess: lossMinus(task, "loss", "excess"), gap: lossMinus(task, "floor", "gap") },
      ]),
    ),
    rates,
    atEdge: Object.fromEntries(
      Object.keys(rates).flatMap((task) => {
        const [edge] = each(task, "training", "edge").values;
        return edge === undefined ? [] : [[task, edge === 1]];
      }),
    ),
    inside: { ...trained[0], values: trained[0].values.map((all, i) => all - ends[0].values[i]) },
    timed: Object.fromEntries(
      [...own].filter(({ tags }) => tags.result === "time")
        .map(({ name, tags }) => [tags.task, [name]]),
    ),
    memory: longest,
  };
}

/** Ties share the mean of their places. */
function rankOf(row: BoardRow, all: readonly BoardRow[], tasks: readonly string[]): Values {
  const places = tasks.map((task) =>
    row.gaps[task]!.values.map((own, seed) => {
      const others = all.map(({ gaps }) => gaps[task]!.values[seed]);
      const better = others.filter((gap) => gap > own).length;
      const equal = others.filter((gap) => gap === own).length; // itself among them
      return better + (equal + 1) / 2;
    })
  );
  const [first] = tasks.map((task) => row.gaps[task]!);
  return {
    ...first,
    values: first.values.map((_, seed) =>
      places.reduce((sum, place) => sum + place[seed], 0) / tasks.length
    ),
    runs: tasks.flatMap((task) => row.gaps[task]!.runs),
  };
}
