/** @file The runs of a sweep, best first, as text. */
import type { Metric } from "./config.ts";
import type { SweepRun } from "./state.ts";

/** Done runs by the metric, then those without it, failed and open ones; ties in the order of the runs. */
export function ranked(runs: SweepRun[], { name, goal }: Metric): SweepRun[] {
  const order = { done: 0, failed: 1, open: 2 };
  const sign = goal === "minimize" ? 1 : -1;
  const value = (run: SweepRun) => {
    const x = run.metrics[name];
    return Number.isFinite(x) ? sign * x : Infinity;
  };
  const less = (a: number, b: number) => a === b ? 0 : a - b;
  return runs.toSorted((a, b) =>
    order[a.state] - order[b.state] || less(value(a), value(b)) || (a.name < b.name ? -1 : 1)
  );
}

/** The first of the ranked runs, when it is done and has the metric. */
export function bestOf(runs: SweepRun[], metric: Metric): SweepRun | undefined {
  const [first] = ranked(runs, metric);
  return first?.state === "done" && Number.isFinite(first.metrics[metric.name]) ? first : undefined;
}

/** True when a run is at least as good as the target. */
export function reaches({ metrics }: Pick<SweepRun, "metrics">, metric: Metric): boolean {
  const { name, goal, target } = metric;
  if (target === undefined) return false;
  return goal === "minimize" ? metrics[name] <= target : metrics[name] >= target;
}

/** Lines of the table: a column for the metric and for each parameter that differs between runs. */
export function tableOf(runs: SweepRun[], metric: Metric): string[] {
  const points = new Map(runs.map((run) => [run, flat(run.parameters)]));
  const names = [...new Set([...points.values()].flatMap((point) => Object.keys(point)))].sort();
  const varied = names.filter((name) =>
    new Set([...points.values()].map((point) => point[name])).size > 1
  );
  const header = ["run", "state", metric.name, ...varied];
  const rows = ranked(runs, metric).map((run) => {
    const value = run.metrics[metric.name];
    const shown = value === undefined ? "" : short(value);
    return [run.name, run.state, shown, ...varied.map((name) => points.get(run)![name] ?? "")];
  });
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i].length))
  );
  const line = (cells: string[]) => cells.map((c, i) => c.padEnd(widths[i])).join("  ").trimEnd();
  const constant = names.filter((name) => !varied.includes(name));
  const [first] = points.values();
  return [
    ...constant.length && runs.length
      ? [`in all runs: ${constant.map((name) => `${name}=${first[name]}`).join(" ")}`]
      : [],
    line(header),
    ...rows.map(line),
  ];
}

/** "train.learningRate=0.01 seed=1" */
export function describe(run: SweepRun, runs: SweepRun[]): string {
  const mine = flat(run.parameters);
  const others = runs.map((r) => flat(r.parameters));
  return Object.entries(mine).filter(([name, v]) => others.some((other) => other[name] !== v))
    .map(([name, v]) => `${name}=${v}`).join(" ");
}

function flat(value: object, prefix = ""): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]): [string, string][] => {
      const path = prefix + name;
      if (typeof field === "object" && field !== null && !Array.isArray(field)) {
        return Object.entries(flat(field, `${path}.`));
      }
      const text = typeof field === "number"
        ? short(field)
        : typeof field === "string"
        ? field
        : JSON.stringify(field);
      return [[path, text]];
    }),
  );
}

/** Six digits tell runs apart; all of them are in the file and in --json. */
function short(x: number): string {
  return Number.isInteger(x) ? String(x) : String(Number(Number(x).toPrecision(6)));
}
