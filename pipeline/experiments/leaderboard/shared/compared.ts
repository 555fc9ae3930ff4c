/** @file One layer of a leaderboard against others on every task, within a margin. */
import { meanInterval } from "../../../../lib/analysis/intervals.ts";
import type { Verdict } from "../../../results.ts";
import { minus } from "../../../table/values.ts";
import { percent } from "../../../table/verdict.ts";
import type { Board } from "./board.ts";

/** Who is compared with whom, and how it is judged. */
export interface Comparison {
  /** Ids of entries. */
  subject: string;
  rivals: readonly string[];
  /** Of the gap closed: what counts as no difference. */
  margin: number;
  /** Seeds below which nothing is judged. */
  fewest: number;
  /** In words. */
  rule: string;
}

/** Supported where every mean difference lies above -margin, refuted where an interval lies below it. */
export function compared(
  { rows, tasks, seeds }: Board,
  { subject, rivals, margin, fewest, rule }: Comparison,
): Verdict {
  const rowOf = (id: string) => rows.find((row) => row.id === id);
  const differences = tasks.flatMap((task) =>
    rivals.flatMap((rival) => {
      const [a, b] = [rowOf(subject)?.gaps[task], rowOf(rival)?.gaps[task]];
      if (!a || !b) return [];
      const { mean, high } = meanInterval(minus(a, b).values);
      return [{ what: `${task} against ${rowOf(rival)!.label}`, mean, high }];
    })
  );
  const complete = differences.length === tasks.length * rivals.length;
  const said = differences.map(({ what, mean }) => `${what} ${percent(mean)}`).join(", ");
  if (!complete || seeds < fewest) {
    const why = complete ? `${seeds} of ${fewest} seeds` : "not all that it compares was run";
    return {
      outcome: "illustration",
      rule,
      reason: `${said && `Mean differences: ${said}. `}Nothing is judged: ${why}.`,
    };
  }
  const outcome = differences.some(({ high }) => high! < -margin)
    ? "refuted"
    : differences.every(({ mean }) => mean > -margin)
    ? "supported"
    : "undecided";
  return { outcome, rule, reason: `Mean differences: ${said}; ${seeds} seeds.` };
}
