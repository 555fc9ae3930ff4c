/** @file Effects of which a hypothesis speaks, from open fractions or from plain numbers of systems. */
import { logContrast, type LogTerm } from "../../lib/analysis/open_fraction.ts";
import type { Effect } from "../../lib/analysis/judge.ts";
import type { Term } from "../terms.ts";
import { checkPairs, termsOf, type Values } from "./values.ts";

/** What one model leaves open of the gap to the optimum, on each system. */
export interface OpenFractions {
  /** Loss minus the optimum's. */
  excess: Values;
  /** The floor's minus the optimum's. */
  gap: Values;
}

/** A sum of coefficients times logarithms of open fractions, on each system. */
export type Contrast = readonly { coefficient: number; of: OpenFractions }[];

/** An effect and what it is made of. */
export interface MadeEffect extends Effect {
  terms: readonly Term[];
}

/** log(open fraction of `worse` / that of `better`): above 0 where the hypothesis is right. */
export function openRatio(worse: OpenFractions, better: OpenFractions): Contrast {
  return [{ coefficient: 1, of: worse }, { coefficient: -1, of: better }];
}

/** -log(open fraction): above log(20) where at least 95 % of the gap are closed. */
export function closedness(of: OpenFractions): Contrast {
  return [{ coefficient: -1, of }];
}

/** a - b. */
export function contrastMinus(a: Contrast, b: Contrast): Contrast {
  return [...a, ...b.map(({ coefficient, of }) => ({ coefficient: -coefficient, of }))];
}

/** The mean over settings, for each system. */
export function contrastOver(settings: readonly Contrast[]): Contrast {
  return settings.flatMap((contrast) =>
    contrast.map(({ coefficient, of }) => ({ coefficient: coefficient / settings.length, of }))
  );
}

/** The contrast on each system, with its ratio of means. @throws {Error} when they are not of the same systems */
export function effectOf(contrast: Contrast): MadeEffect {
  const [{ of: first }] = contrast;
  for (const { of } of contrast) {
    checkPairs(first.excess, of.excess);
    checkPairs(of.excess, of.gap);
  }
  const terms = contrast.map(({ coefficient, of: { excess, gap } }): LogTerm => ({
    coefficient,
    of: { excess: excess.values, gap: gap.values },
  }));
  return {
    at: first.excess.at,
    ...logContrast(terms),
    terms: contrast.map(({ coefficient, of: { excess, gap } }) => ({
      ...scoreOf(excess, "excess"),
      coefficient,
      gap: scoreOf(gap, "gap").metric,
      gaps: gap.values,
    })),
  };
}

/** Plain numbers as an effect: a difference of accuracies, of gaps closed. */
export function plainEffect(of: Values): MadeEffect {
  return { at: of.at, values: of.values, terms: termsOf(of) };
}

/** The one score that numbers are. */
function scoreOf(of: Values, what: string): Term {
  const [term, ...others] = termsOf(of);
  if (others.length === 0 && term.coefficient === 1 && !term.gap && term.metric) return term;
  throw new Error(`The ${what} of ${of.runs[0]} is no score with a name; name it (Runs.each).`);
}
