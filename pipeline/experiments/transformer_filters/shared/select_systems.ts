/**
 * @file Chooses the systems that judge and those that learning rates are tuned on, by how much there is to learn on them:
 *
 *     deno run -A pipeline/experiments/transformer_filters/shared/select_systems.ts [GAPS.txt]
 *
 * prints what systems.ts holds, in two minutes; with a name it also leaves the gaps of all candidates there.
 */
import {
  createSystem,
  forecastVariance,
  kalman,
  oneStep,
  zeroVariance,
} from "../../../../lib/ssm/mod.ts";

/** Systems 0 to this are candidates. */
export const candidates = 2000;
/** What the candidates are drawn from, beside the defaults of lib/ssm. */
export const law = { lambda: 0.92 };
const length = 256;

/**
 * How much better the Kalman filter is than predicting zero, one step ahead over a sequence of 256: the mean over its observations of
 * zero's expected loss over the filter's, minus 1. Exact: no sequence is drawn.
 */
export function gapOf(key: number): number {
  const filter = kalman(createSystem(key, law), length);
  const optimal = forecastVariance(filter, oneStep(length));
  const zero = zeroVariance(filter, oneStep(length));
  return zero.reduce((sum, loss, i) => sum + loss / optimal[i], 0) / zero.length - 1;
}

/** Keys by their gap, the smallest first. */
const ranked = (gaps: readonly number[]) =>
  gaps.map((gap, key) => ({ gap, key })).sort((a, b) => a.gap - b.gap || a.key - b.key);

/** What is in the middle of each of so many equal parts of a list. */
export function middles<T>(sorted: readonly T[], parts: number): T[] {
  return Array.from(
    { length: parts },
    (_, i) => sorted[Math.floor((i + 0.5) * sorted.length / parts)],
  );
}

/** The gap that a share of the candidates does not reach. */
export function quantile(gaps: readonly number[], share: number): number {
  return ranked(gaps)[Math.min(gaps.length - 1, Math.floor(share * gaps.length))].gap;
}

/** Two systems of each decile, the middle of each of its halves; and one of each quarter to tune on, none of the others. */
export function select(gaps: readonly number[]): { judged: number[]; tuning: number[] } {
  const judged = middles(ranked(gaps), 20).map(({ key }) => key);
  const others = ranked(gaps).filter(({ key }) => !judged.includes(key));
  return { judged, tuning: middles(others, 4).map(({ key }) => key) };
}

if (import.meta.main) {
  const gaps = Array.from({ length: candidates }, (_, key) => gapOf(key));
  if (Deno.args[0]) {
    const digits = gaps.map((gap) => String(Number(gap.toPrecision(6))));
    const lines = Array.from(
      { length: candidates / 10 },
      (_, i) => digits.slice(10 * i, 10 * i + 10),
    );
    Deno.writeTextFileSync(Deno.args[0], lines.map((line) => `${line.join(" ")}\n`).join(""));
  }
  const shares = [0.05, 0.25, 0.5, 0.75, 0.95];
  const quantiles = shares.map((share) => [share, Number(quantile(gaps, share).toFixed(4))]);
  console.log(JSON.stringify({ ...select(gaps), quantiles }, null, 2));
}
