/** @file Paths of regularisation compared: which are compared on a series, by how much the deep one is better, and what follows. */
import { type Interval, meanInterval } from "../../../../lib/analysis/intervals.ts";
import { level } from "../../../../lib/analysis/judge.ts";
import { holm } from "../../../../lib/analysis/multiplicity.ts";
import { signFlips } from "../../../../lib/analysis/sign_flips.ts";
import type { Cell, Verdict } from "../../../results.ts";
import type { Run, Runs } from "../../../table/runs.ts";
import type { Values } from "../../../table/values.ts";
import { percent } from "../../../table/verdict.ts";

/** Series on which depth must win, or must not gain, at every horizon. */
export const fewestSets = 4;
/** Share of the error below which a gain counts as none. */
const negligible = 0.005;

export const rule =
  "On every series and horizon the best network of two matrices or more and the best of ridge, reduced rank and one matrix, both by " +
  "validation error, are compared on the test rows: the gain, paired over blocks of as many origins as the horizon is long, by sign flips at one-sided " +
  `${level}, Holm over all comparisons. Supported if depth wins at every horizon on at least ${fewestSets} of five series; ` +
  `refuted if at every horizon of at least ${fewestSets} the upper end of the 95 % interval of the gain lies below ${
    percent(negligible)
  }; undecided otherwise, and where the control fails: on the low-rank twin the mean gain of the best network over ridge must ` +
  `be above 0 over its seeds, by sign flips at ${level}. Fewer than five series illustrate.`;

/** What stages reference and early_stop leave. */
interface Scores {
  test: { mse: number };
  validation: { mse: number };
  blocks: number[];
  fit: { strength?: number; step?: number; edge?: number };
}

/** A row of the table. */
export interface PathRow {
  set: string;
  horizon: number;
  method: string;
  mse: Values;
  validation: Values;
  /** The strength of a closed form, the step of a network. */
  chosen?: Values;
  edge?: Values;
  gain?: Cell;
}

const scoresOf = (run: Run) => run.json("scores.json") as Scores;

/** One row for each method on a series. */
export function methodsOf(setting: Runs): PathRow[] {
  return setting.tagsOf<string>("method").map((method) => {
    const runs = setting.where({ method });
    const [first] = runs;
    const tag = "seed" in first.tags ? "seed" : "method";
    const each = (pick: (scores: Scores) => number) => runs.each(tag, (run) => pick(scoresOf(run)));
    const { fit } = scoresOf(first);
    const path = fit.edge !== undefined;
    return {
      ...{ set: String(first.tags.set), horizon: Number(first.tags.horizon), method },
      mse: each(({ test }) => test.mse),
      validation: each(({ validation }) => validation.mse),
      chosen: path ? each(({ fit }) => fit.strength ?? fit.step!) : undefined,
      edge: path ? each(({ fit }) => fit.edge!) : undefined,
    };
  });
}

/** The best of both kinds by validation error: of several matrices, and of all others but least squares, which is an end of their paths. */
function contestants(setting: Iterable<Run>): { deep: Run; shallow: Run } {
  const isDeep = ({ tags }: Run) => Number(tags.depth ?? 1) > 1;
  const rivals = [...setting].filter(({ tags }) => tags.method !== "OLS");
  const best = (runs: Run[]) =>
    runs.reduce((a, b) => scoresOf(b).validation.mse < scoresOf(a).validation.mse ? b : a);
  return {
    deep: best(rivals.filter(isDeep)),
    shallow: best(rivals.filter((run) => !isDeep(run))),
  };
}

export interface Comparison {
  set: string;
  horizon: number;
  deep: Run;
  /** Of the gain over blocks. */
  interval: Interval;
  /** One-sided, that there is a gain. */
  p: number;
  cell: Cell;
}

/** What depth gains on one series and horizon. */
export function comparisonOf(setting: Runs): Comparison {
  const { deep, shallow } = contestants(setting);
  const [a, b] = [scoresOf(shallow).blocks, scoresOf(deep).blocks];
  const scale = a.length / a.reduce((sum, block) => sum + block, 0);
  const gains = a.map((block, k) => scale * (block - b[k]));
  const interval = meanInterval(gains);
  const { mean, low, high, n } = interval;
  const term = (run: Run, coefficient: number, values: number[]) => ({
    ...{ coefficient, metric: "MSE of a block", values },
    ...{ runs: values.map(() => run.name), parts: values.map((_, part) => part) },
  });
  return {
    ...{ set: String(deep.tags.set), horizon: Number(deep.tags.horizon), deep, interval },
    p: signFlips(gains).above,
    cell: {
      ...{ value: mean, n, runs: [shallow.name, deep.name] },
      ...(low === undefined || low === high ? {} : { low, high }),
      terms: [term(shallow, scale, a), term(deep, -scale, b)],
    },
  };
}

/** Gain of the best network over ridge on each seed of the twin. */
export function twinGain(twin: Runs): Values {
  return twin.where({ method: "ridge" }).each("seed", (ridge) => {
    const { deep } = contestants(twin.where({ seed: ridge.tags.seed }));
    return 1 - scoresOf(deep).test.mse / scoresOf(ridge).test.mse;
  }, "gain of the best depth");
}

/** What follows from all comparisons. */
export function judgeComparisons(
  comparisons: readonly Comparison[],
  twin: Values,
): { verdict: Omit<Verdict, "rule">; won: number; none: number } {
  const adjusted = holm(comparisons.map(({ p }) => p));
  const sets = [...new Set(comparisons.map(({ set }) => set))];
  const count = (holds: (comparison: Comparison, i: number) => boolean) =>
    sets.filter((set) => comparisons.every((one, i) => one.set !== set || holds(one, i))).length;
  const won = count((_, i) => adjusted[i] <= level);
  const none = count(({ interval: { high } }) => high !== undefined && high < negligible);
  const { above } = signFlips(twin.values);
  const { mean, low, high } = meanInterval(twin.values);
  const outcome = sets.length <= fewestSets
    ? "illustration"
    : above > level
    ? "undecided"
    : won >= fewestSets
    ? "supported"
    : none >= fewestSets
    ? "refuted"
    : "undecided";
  const said = comparisons.map(({ set, horizon, interval }, i) =>
    `${set} ${horizon}: ${percent(interval.mean)} (p = ${adjusted[i].toPrecision(2)})`
  );
  const ends = low === undefined ? "" : ` (95 % interval ${percent(low)} to ${percent(high!)})`;
  return {
    ...{ won, none },
    verdict: {
      outcome,
      reason: `Gains, p after Holm: ${said.join("; ")}. Control, gain over ridge on the twin: ${
        percent(mean)
      }${ends}, p = ${above.toPrecision(2)}.`,
    },
  };
}
