/**
 * @file The answer to the question of this project, a sentence for each of its three clauses, computed from the published tables.
 *
 * A clause has several sources, the strongest first; the first that a profile holds is told. None of the sentences has more words
 * than a finding may have.
 */
import { formatInterval, formatNumber } from "../pipeline/publish/format.ts";
import { type Layer, useOf } from "./catalogue/layers.ts";
import { experimentOf, finite, rowsWhere } from "./lookup.ts";
import type { CellResult, ExperimentResult, Results } from "./results.ts";

/** A sentence in parts, of which numbers and intervals are set apart. */
export type Part = { kind: "text" | "number" | "interval"; text: string };

export interface Answer {
  clause: string;
  sentence: Part[];
  /** Where the numbers stand; undefined where nothing was measured. */
  source?: { id: string; title: string };
}

type Told = { sentence: Part[]; from: ExperimentResult };
type Source = (results: Results, layers: readonly Layer[]) => Told | undefined;

const CLAUSES: { clause: string; sources: Source[] }[] = [
  { clause: "How far linear gets", sources: [judgedFilters, linearOnFiltering] },
  { clause: "What depth adds", sources: [depth] },
  { clause: "What nonlinearity buys", sources: [counting] },
];

export function answersOf(results: Results, layers: readonly Layer[]): Answer[] {
  return CLAUSES.map(({ clause, sources }) => {
    for (const source of sources) {
      const told = source(results, layers);
      if (!told) continue;
      const { sentence, from: { id, title } } = told;
      return { clause, sentence, source: { id, title } };
    }
    return { clause, sentence: [text("Not measured in this profile.")] };
  });
}

/** What is left open of the gap, as the judge tested it on all systems. */
function judgedFilters(results: Results): Told | undefined {
  const from = experimentOf(results, "filter-leaderboard");
  const clause = from?.clauses.find(({ what }) =>
    what.startsWith("1 over the open fraction of the dense recurrence")
  );
  if (!from || !clause) return undefined;
  const closed = (logarithm: number) => 1 - Math.exp(-logarithm);
  const { effect, low, high } = clause;
  return {
    from,
    sentence: [
      text("A trained linear recurrence closes "),
      number(formatNumber(closed(effect), "percent")),
      ...interval(
        low !== undefined && high !== undefined
          ? formatInterval(closed(low), closed(high), "percent")
          : null,
      ),
      text(" of the gap from predicting zero to the Kalman filter, the optimum on linear systems."),
    ],
  };
}

function linearOnFiltering(results: Results, layers: readonly Layer[]): Told | undefined {
  const from = experimentOf(results, "leaderboard");
  const found = from &&
    best(from, "gap_filtering", (label) => useOf(label, layers) === "linear throughout");
  if (!found) return undefined;
  return {
    from,
    sentence: [
      text(`The linear recurrence ${found.label} closes `),
      ...numberOf(found.cell),
      text(" of the gap from predicting zero to the Kalman filter."),
    ],
  };
}

/** Training counts as ended where the loss exceeds that of least squares by at most this, as in the rule of the experiment. */
const CONVERGED = 1e-3;

/** The deepest network that was trained to its end, against least squares in the same setting. */
function depth(results: Results): Told | undefined {
  const from = experimentOf(results, "depth-scaling");
  if (!from) return undefined;
  let told: { depth: number; setting: string; over: CellResult; ols: number } | undefined;
  for (const row of from.rows) {
    const depth = Number(/^deep-linear-(\d+)$/.exec(row.get("model")?.text ?? "")?.[1]);
    const [over, excess] = [finite(row.get("over_ols")), finite(row.get("excess"))];
    const setting = row.get("setting")?.text ?? "";
    const [least] = rowsWhere(from, { setting, model: "ols" });
    const ols = finite(least?.get("mse"))?.value;
    if (!depth || !over || !ols || !excess || excess.value > CONVERGED) continue;
    if (!told || depth > told.depth) told = { depth, setting, over, ols };
  }
  if (!told) return undefined;
  const { over: { value, low, high }, ols, setting } = told;
  const share = (difference: number) => (100 * difference / ols).toFixed(2).replace("-", "−");
  return {
    from,
    sentence: [
      text(
        `A product of ${told.depth} trained matrices forecasts like one: on ${setting} its test error differs from least squares' by `,
      ),
      number(`${share(value!)}\u00a0%`),
      ...interval(low !== null && high !== null ? `[${share(low)}, ${share(high)}]` : null),
      text("."),
    ],
  };
}

/** Parity needs a state that counts; which layers have one? */
function counting(results: Results, layers: readonly Layer[]): Told | undefined {
  const from = experimentOf(results, "leaderboard");
  if (!from) return undefined;
  const of = (...uses: (string | undefined)[]) =>
    best(from, "gap_parity", (label) => uses.includes(useOf(label, layers)));
  const [nonlinear, linear, fixed] = [
    of("nonlinear state"),
    of("linear in its state"),
    of("linear throughout"),
  ];
  if (!nonlinear || !linear) return undefined;
  return {
    from,
    sentence: [
      text(`Counting: on parity ${nonlinear.label}, nonlinear, closes `),
      ...numberOf(nonlinear.cell),
      text(`, the best layer linear in its state `),
      ...numberOf(linear.cell),
      // Small profiles have none.
      ...(fixed ? [text(`, a linear recurrence `), ...numberOf(fixed.cell)] : []),
      text("."),
    ],
  };
}

/** The row with the largest number among those whose layer is of a kind. */
function best({ rows }: ExperimentResult, column: string, wanted: (label: string) => boolean) {
  let found: { label: string; cell: CellResult & { value: number } } | undefined;
  for (const row of rows) {
    const label = row.get("layer")?.text ?? "";
    const cell = finite(row.get(column));
    if (!cell || !wanted(label)) continue;
    if (!found || cell.value > found.cell.value) found = { label, cell };
  }
  return found;
}

const text = (text: string): Part => ({ kind: "text", text });
const number = (text: string): Part => ({ kind: "number", text: text.replace(" %", "\u00a0%") });

function interval(written: string | null): Part[] {
  return written === null ? [] : [text(" "), { kind: "interval", text: written }];
}

function numberOf({ text, interval: ends }: CellResult): Part[] {
  return [number(text), ...interval(ends)];
}
