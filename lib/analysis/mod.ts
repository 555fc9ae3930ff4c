/** @file The judge of hypotheses (effects as log ratios of open fractions, clauses by sign flips, controls by equivalence) and intervals. */
export { type Interval, meanInterval, pairedInterval, tQuantile, tTail } from "./intervals.ts";
export { type Equivalence, equivalence } from "./equivalence.ts";
export {
  acrossExperiments,
  type Clause,
  type ClauseResult,
  type Control,
  type ControlResult,
  type Effect,
  type Hypothesis,
  judge,
  type Judgement,
  type Scale,
} from "./judge.ts";
export { benjaminiHochberg, holm } from "./multiplicity.ts";
export {
  detectable,
  type LogContrast,
  logContrast,
  type LogTerm,
  openFractions,
  type Openness,
} from "./open_fraction.ts";
export { type SignFlips, signFlips } from "./sign_flips.ts";
