/**
 * @file What the figure of the front page shows: how much of the gap is closed, on every task, by the best of what is linear
 * throughout, linear in its state, nonlinear and attention; and by one matrix and by products of many.
 */
import { type Layer, type Use, useOf, USES } from "./catalogue/layers.ts";
import { experimentOf, finite, rowsWhere } from "./lookup.ts";
import type { ExperimentResult, Results } from "./results.ts";

export interface Reach {
  groups: { title: string; href: string; bars: Bar[] }[];
}

/** One model on one task; of the gap from floor (0) to optimum (1). */
export interface Bar {
  label: string;
  use: Use;
  value: number;
  low?: number;
  high?: number;
}

/** Undefined where a profile has no leaderboard. */
export function reachOf(results: Results, layers: readonly Layer[]): Reach | undefined {
  const board = experimentOf(results, "leaderboard");
  if (!board) return undefined;
  const tasks = board.columns.filter(({ id }) => id.startsWith("gap_")).map(({ id }) =>
    id.slice(4)
  );
  const groups = tasks.map((task) => ({
    title: task,
    href: `experiments/${board.id}.html#plot-gap-${task}`,
    bars: USES.flatMap((use) => bestOf(board, task, use, layers)),
  }));
  const depth = depthGroup(results);
  if (depth) groups.splice(2, 0, depth); // after what is linear, before what asks for more
  const shown = groups.filter(({ bars }) => bars.length);
  return shown.length ? { groups: shown } : undefined;
}

function bestOf(board: ExperimentResult, task: string, use: Use, layers: readonly Layer[]): Bar[] {
  const bars = board.rows.flatMap((row): Bar[] => {
    const label = row.get("layer")?.text ?? "";
    const cell = finite(row.get(`gap_${task}`));
    if (!cell || useOf(label, layers) !== use) return [];
    const { value, low, high } = cell;
    return [{ label, use, value, ...(low === null || high === null ? {} : { low, high }) }];
  });
  return bars.sort((a, b) => b.value - a.value).slice(0, 1);
}

/** Networks that are linear throughout, from repeating the last value to least squares, in the setting that goes deepest first. */
function depthGroup(results: Results): Reach["groups"][number] | undefined {
  const from = experimentOf(results, "depth-scaling");
  const setting = from?.rows[0]?.get("setting")?.text;
  if (!from || setting === undefined) return undefined;
  const mse = (model: string) => finite(rowsWhere(from, { setting, model })[0]?.get("mse"))?.value;
  const [floor, optimum] = [mse("repeat-last"), mse("ols")];
  if (floor === undefined || optimum === undefined || floor <= optimum) return undefined;
  const closed = (over: number) => 1 - over / (floor - optimum);
  const bars = rowsWhere(from, { setting }).flatMap((row): Bar[] => {
    const depth = /^deep-linear-(\d+)$/.exec(row.get("model")?.text ?? "")?.[1];
    const over = finite(row.get("over_ols"));
    if (!depth || !over) return [];
    const ends = over.low === null || over.high === null
      ? {}
      : { low: closed(over.high), high: closed(over.low) };
    const label = depth === "1" ? "1 matrix" : `${depth} matrices`;
    return [{ label, use: "linear throughout", value: closed(over.value), ...ends }];
  });
  return { title: `depth, ${setting}`, href: `experiments/${from.id}.html`, bars };
}
