/**
 * @file The leaderboard across families: models by tasks, from the published tables that measure the gap closed.
 *
 * A family is compared within itself (its models had the same data and budget); what stands in one column is the same kind of task,
 * at the size that the family's note says.
 */
import { formatInterval, formatNumber } from "../pipeline/publish/format.ts";
import { type Layer, layerOf, useOf } from "./catalogue/layers.ts";
import { experimentOf, finite, rowsWhere } from "./lookup.ts";
import type { CellResult, ExperimentResult, Results } from "./results.ts";
import { sourceUrl } from "./sources.ts";

export interface Board {
  tasks: Task[];
  families: Family[];
}

export interface Task {
  id: string;
  label: string;
  /** Of those that are chosen to be seen, the group; absent for what is seen at first. */
  group?: string;
}

export interface Family {
  id: string;
  title: string;
  /** What its numbers were measured on. */
  note: string;
  experiment: string;
  models: Model[];
}

export interface Model {
  label: string;
  kind: string;
  /** Page of its layer, if it is one. */
  layer?: string;
  eigenvalues?: string;
  rank?: Shown;
  parameters?: Shown;
  /** Numbers carried from token to token. */
  state?: Shown;
  /** To train. */
  seconds?: Shown;
  /** Gap closed by task. */
  scores: Record<string, Shown>;
}

/** A number as it is written, and where it came from. */
export interface Shown {
  value: number;
  text: string;
  interval: string | null;
  href: string;
}

export function boardOf(results: Results, layers: readonly Layer[]): Board {
  const tasks = new Map<string, Task>();
  const families = [
    ...sequenceLayers(results, layers, tasks),
    ...filters(results, tasks),
    ...deepNetworks(results, tasks),
  ];
  return {
    tasks: [...tasks.values()].sort((a, b) => Number(!!a.group) - Number(!!b.group)),
    families,
  };
}

type Tasks = Map<string, Task>;
const add = (tasks: Tasks, task: Task) => void (tasks.has(task.id) || tasks.set(task.id, task));

function sequenceLayers(results: Results, layers: readonly Layer[], tasks: Tasks): Family[] {
  const from = experimentOf(results, "leaderboard");
  if (!from) return [];
  const gaps = from.columns.filter(({ id }) => id.startsWith("gap_")).map(({ id }) => id.slice(4));
  for (const task of gaps) add(tasks, { id: task, label: task });
  const beside = results.experiments.filter(({ id }) => /^leaderboard-/.test(id));
  const models = from.rows.map((row, r): Model => {
    const label = row.get("layer")?.text ?? "";
    const layer = layerOf(label, layers);
    const at = (column: string) => shown(from, r, column);
    const scores = present(gaps.map((task) => [task, at(`gap_${task}`)]));
    for (const other of beside) {
      const o = other.rows.findIndex((row) => row.get("layer")?.text === label);
      if (o < 0) continue;
      for (const { id } of other.columns.filter(({ id }) => id.startsWith("gap_"))) {
        const task = `${other.id}-${id.slice(4)}`;
        add(tasks, {
          id: task,
          label: other.title.replace(/^Every sequence layer on /, ""),
          group: "forecasting",
        });
        const score = shown(other, o, id);
        if (score) scores[task] = score;
      }
    }
    return {
      ...{ label, kind: useOf(label, layers) ?? "other", layer: layer?.id, scores },
      eigenvalues: layer && eigenvaluesOf(label, layer),
      ...{ rank: at("rank"), parameters: at("parameters"), state: at("memory") },
      seconds: at(`seconds_${gaps[0]}`),
    };
  });
  return [{
    ...{ id: "layers", title: "Sequence layers", experiment: from.id, models },
    note: "Stacks of one size and bare recurrences, each with the same data and steps.",
  }];
}

/** Where the eigenvalues of the transition lie, in the words that a reader can choose from. */
export function eigenvaluesOf(label: string, { eigenvalues }: Pick<Layer, "eigenvalues">): string {
  if (/\[-1, 1\]$/.test(label)) return "[−1, 1]";
  if (/^any/.test(eigenvalues)) return "any";
  if (/^\|lambda\|/.test(eigenvalues)) return "complex, up to 1";
  if (/^1\b/.test(eigenvalues)) return "1";
  return /^[[(](0|lowerBound|1 - dt), 1/.test(eigenvalues) ? "[0, 1]" : "other";
}

/** What a predictor of the filters' table is, by its name. */
const PREDICTORS: [RegExp, string][] = [
  [/^(zero|Kalman filter)$/, "reference"],
  [/closed form|^last \d|recurrence|Kalman/, "linear throughout"],
  [/^LSTM$/, "nonlinear state"],
  [/Transformer/, "attention"],
];

/** The system on which families meet. */
const LAMBDA = "0.92";

function filters(results: Results, tasks: Tasks): Family[] {
  const from = experimentOf(results, "filter-leaderboard");
  if (!from?.rows.some((row) => row.has("gap_closed"))) return [];
  add(tasks, { id: "filtering", label: "filtering" });
  const lambdas = [...new Set(from.rows.map((row) => row.get("lambda")?.text ?? ""))];
  const main = lambdas.includes(LAMBDA) ? LAMBDA : lambdas[lambdas.length - 1];
  const models = new Map<string, Model>();
  for (const [r, row] of from.rows.entries()) {
    const label = row.get("predictor")?.text ?? "";
    const lambda = row.get("lambda")?.text ?? "";
    const kind = PREDICTORS.find(([name]) => name.test(label))?.[1] ?? "other";
    const model = models.get(label) ?? { label, kind, scores: {} };
    models.set(label, model);
    const score = shown(from, r, "gap_closed");
    if (lambda === main) {
      model.parameters = shown(from, r, "parameters");
      model.seconds = shown(from, r, "seconds");
      if (score) model.scores.filtering = score;
    } else if (score) {
      add(tasks, {
        id: `lambda-${lambda}`,
        label: `filtering, λ ${lambda}`,
        group: "filtering by λ",
      });
      model.scores[`lambda-${lambda}`] = score;
    }
  }
  return [{
    ...{ id: "filters", title: "Filters and Transformers", experiment: from.id },
    note: `Filtering at λ ${main}, each model at its own size.`,
    models: [...models.values()].sort((a, b) =>
      (b.scores.filtering?.value ?? -Infinity) - (a.scores.filtering?.value ?? -Infinity)
    ),
  }];
}

function deepNetworks(results: Results, tasks: Tasks): Family[] {
  const from = experimentOf(results, "depth-scaling");
  if (!from) return [];
  const settings = [...new Set(from.rows.map((row) => row.get("setting")?.text ?? ""))];
  const models = new Map<string, Model>();
  for (const [r, row] of from.rows.entries()) {
    const [setting, name] = [row.get("setting")?.text ?? "", row.get("model")?.text ?? ""];
    const mse = finite(row.get("mse"));
    const reference = (model: string) =>
      finite(rowsWhere(from, { setting, model })[0]?.get("mse"))?.value;
    const [floor, optimum] = [reference("repeat-last"), reference("ols")];
    if (!mse || floor === undefined || optimum === undefined || floor <= optimum) continue;
    const over = finite(row.get("over_ols"));
    const closed = (value: number) => 1 - value / (floor - optimum);
    const ends = over && over.low !== null && over.high !== null
      ? formatInterval(closed(over.high), closed(over.low), "percent")
      : null;
    const value = closed(mse.value - optimum);
    const first = setting === settings[0];
    const task = first ? "forecasting" : `forecast-${setting}`;
    add(
      tasks,
      first ? { id: task, label: task } : { id: task, label: setting, group: "forecasting" },
    );
    const model = models.get(name) ?? { label: name, kind: networkKind(name), scores: {} };
    models.set(name, model);
    model.scores[task] = {
      ...{ value, text: formatNumber(value, "percent"), interval: ends },
      href: sourceUrl(from.id, r, "mse"),
    };
  }
  return models.size === 0 ? [] : [{
    ...{ id: "forecasters", title: "Deep linear networks", experiment: from.id },
    note: `Forecasting ${settings[0]}, from repeating the last value to least squares.`,
    models: [...models.values()],
  }];
}

const networkKind = (name: string) =>
  /^(repeat-last|seasonal-naive)$/.test(name) ? "reference" : "linear throughout";

function shown(from: ExperimentResult, r: number, column: string): Shown | undefined {
  const cell: CellResult | undefined = finite(from.rows[r].get(column));
  return cell && {
    ...{ value: cell.value!, text: cell.text, interval: cell.interval },
    href: sourceUrl(from.id, r, column),
  };
}

function present(entries: [string, Shown | undefined][]): Record<string, Shown> {
  return Object.fromEntries(
    entries.filter((entry): entry is [string, Shown] => entry[1] !== undefined),
  );
}
