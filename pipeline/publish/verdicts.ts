/** @file All verdicts of a profile together: one that stands alone may not stand among many. */
import { acrossExperiments, falseDiscoveries } from "../../lib/analysis/judge.ts";
import type { ExperimentRecord } from "./source.ts";

/** Said of the verdict of an earlier design; tables that were published before come with it. */
const earlierSentence = / it was (supported|refuted|undecided), which (?:stands|does not stand)\./;

/**
 * The experiments with their p values adjusted for each other (Benjamini-Hochberg); a verdict that does not stand is undecided. What
 * tested nothing, or was judged by a rule of its own, is left as it is. Each says whether an earlier verdict stands.
 */
export function consideredTogether(experiments: readonly ExperimentRecord[]): ExperimentRecord[] {
  const adjusted = acrossExperiments(experiments.map(({ summary }) => summary.verdict.p));
  const tested = adjusted.filter((q) => q !== undefined).length;
  return experiments.map((experiment, i): ExperimentRecord => {
    const considered = among(experiment, i);
    const { meta: { earlier }, summary } = considered;
    const { outcome, reason } = summary.verdict;
    // Too few systems neither confirm nor contradict.
    const told = !earlier || outcome === "illustration" || earlierSentence.test(reason)
      ? reason
      : `${reason} On ${earlier.on} (commit ${earlier.commit}) it was ${earlier.outcome}, which stands.`;
    const verdict = {
      ...summary.verdict,
      reason: told.replace(
        earlierSentence,
        (_, was) => ` it was ${was}, which ${was === outcome ? "stands" : "does not stand"}.`,
      ),
    };
    return { ...considered, summary: { ...summary, verdict } };
  });

  function among(experiment: ExperimentRecord, i: number): ExperimentRecord {
    const q = adjusted[i];
    if (q === undefined) return experiment;
    const { verdict } = experiment.summary;
    // One that was published before comes with what it was called among others then.
    const alone = verdict.alone ?? verdict.outcome;
    const decided = alone === "supported" || alone === "refuted";
    const stands = q <= falseDiscoveries;
    const outcome = decided && !stands ? "undecided" : alone;
    const reason = verdict.reason.replace(
      / By itself it is (supported|refuted)\b[^]*? so nothing is decided\./,
      "",
    ) +
      (decided && !stands
        ? ` By itself it is ${alone} (p = ${
          verdict.p!.toPrecision(2)
        }); among ${tested} experiments that were tested its ` +
          `p is ${q.toPrecision(2)}, so nothing is decided.`
        : "");
    return {
      ...experiment,
      summary: { ...experiment.summary, verdict: { ...verdict, outcome, reason, q, alone } },
    };
  }
}
