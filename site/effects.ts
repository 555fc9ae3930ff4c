/** @file The effect that a verdict rests on, as one number with its interval. */
import { formatNumber } from "../pipeline/publish/format.ts";
import type { Clause, ExperimentResult } from "./results.ts";
import { prose, shortened } from "./words.ts";

export interface Effect {
  /** Such as "×1.51"; absent where nothing was judged by the common judge. */
  number?: string;
  interval?: string;
  /** What it is of; without a number, what the rule looked at. */
  what: string;
  /** Units behind it. */
  n?: number;
}

/**
 * Of several clauses that all must hold the one that holds least surely decides, of a refuted hypothesis the one that is most
 * surely reversed. Controls decide nothing.
 */
export function decidingClause({ clauses, outcome }: ExperimentResult): Clause | undefined {
  const judged = clauses.filter(({ kind }) => kind === "clause");
  const doubt = (clause: Clause) =>
    outcome === "refuted" ? 1 - (clause.reversed ?? 1 - clause.p) : clause.p;
  return judged.toSorted((a, b) => doubt(b) - doubt(a))[0];
}

/** What the front page shows of an experiment. */
export function decidingEffect(experiment: ExperimentResult): Effect {
  const clause = decidingClause(experiment);
  if (!clause) return told(experiment.reason);
  const { what, n } = clause;
  return { ...written(clause), what: shortened(prose(what)), n };
}

/** Verdicts of rules of their own say their effects in one form: "what: 1.2 (95 % interval 1.1 to 1.3); next". */
const TOLD = /^([^:]{1,80}): ([-\d.]+)( %)? \(95 % interval ([-\d.]+)(?: %)? to ([-\d.]+)(?: %)?\)/;
/** Words of what such a rule looked at, where it told no interval. */
const FEW = 16;

function told(reason: string): Effect {
  const found = TOLD.exec(reason);
  if (!found) return { what: shortened(prose(reason.split(/;\s/)[0].trim()), FEW) };
  const [, what, number, percent, low, high] = found;
  // A difference of percentages is so many points.
  const unit = !percent ? "" : / minus /.test(what) ? " points" : " %";
  return {
    number: prose(number + unit),
    interval: prose(`[${low}, ${high}]`).replace(" -", " −"),
    what: prose(what),
  };
}

/** A factor as ×1.51, points as 4.7 points, any other as it is; three significant digits. */
export function written(
  { scale, effect, low, high }: Clause,
): { number: string; interval?: string } {
  const of = (value: number) =>
    scale === "factor" ? digits(Math.exp(value)) : digits(scale === "points" ? 100 * value : value);
  const number = scale === "factor"
    ? `×${of(effect)}`
    : scale === "points"
    ? `${of(effect)} points`
    : of(effect);
  return low === undefined || high === undefined
    ? { number }
    : { number, interval: `[${of(low)}, ${of(high)}]` };
}

/** Three significant digits, without an exponent where that takes few characters. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size >= 1e6 || (size > 0 && size < 1e-3)) {
    return formatNumber(value, "fixed3");
  }
  const rounded = Number(value.toPrecision(3));
  const decimals = rounded === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  return decimals === 0
    ? formatNumber(rounded, "integer")
    : rounded.toFixed(decimals).replace("-", "−");
}
