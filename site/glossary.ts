/** @file Words that the pages use, each defined once in plain language. */

export interface Term {
  id: string;
  term: string;
  definition: string;
}

/** Alphabetical by term; the front page defines those that it uses where it uses them. */
export const GLOSSARY: readonly Term[] = [
  {
    id: "bare",
    term: "bare",
    definition:
      "One linear recurrence alone between embedding and head, without norms and MLPs: what it computes is linear in its input.",
  },
  {
    id: "excess-loss",
    term: "excess loss",
    definition:
      "A model's loss over the optimum's, minus 1: 0.01 is one per cent worse than the best possible.",
  },
  {
    id: "floor",
    term: "floor",
    definition:
      "The loss of a trivial predictor: of zero, of the last value, of a coin. There the gap closed is 0 %; worse than that is negative.",
  },
  {
    id: "gap-closed",
    term: "gap closed",
    definition:
      "How far a model gets on the way from the floor to the optimum: (floor − loss) / (floor − optimum). 100 % is the best possible.",
  },
  {
    id: "interval",
    term: "interval",
    definition:
      "Brackets hold 95 % intervals, over the systems or seeds of an experiment unless its table says otherwise.",
  },
  {
    id: "kalman-filter",
    term: "Kalman filter",
    definition:
      "The best possible predictor of a linear system with Gaussian noise whose matrices are known; itself a linear recurrence. Its loss is computed exactly.",
  },
  {
    id: "lambda",
    term: "lambda",
    definition:
      "The largest eigenvalue of a system's state matrix: how slowly it forgets. At .36 a value is gone after a few steps, at .99 after hundreds.",
  },
  {
    id: "linear-in-its-state",
    term: "linear in its state",
    definition:
      "A layer whose next state is a matrix times its last one plus something, where matrix and something may depend on the token: Mamba-2, GLA, DeltaNet.",
  },
  {
    id: "open-fraction",
    term: "open fraction",
    definition:
      "What is left of the gap: 1 minus the gap closed. Effects on it are told as factors.",
  },
  {
    id: "optimum",
    term: "optimum",
    definition:
      "The loss of the best predictor that there is: the Kalman filter, least squares, the automaton, looking the key up. There the gap closed is 100 %.",
  },
  {
    id: "orthogonality",
    term: "by orthogonality",
    definition:
      "The loss of a predictor is the filter's plus its mean squared distance from the filter's prediction. The second term alone is measured, so a ratio is never below 1.",
  },
  {
    id: "parameters",
    term: "parameters",
    definition:
      "Of a model on the leaderboard: between embedding and head, about as many for every layer.",
  },
  {
    id: "patch",
    term: "patch",
    definition: "Several observations read as one token.",
  },
  {
    id: "rank",
    term: "rank",
    definition:
      "Place among the layers of a table by gap closed, the mean over tasks, of each seed.",
  },
  {
    id: "seed",
    term: "seeds",
    definition:
      "Numbers from which everything random follows. Each seed is a system, data, and a model trained on them; experiments repeat over several to tell an effect from luck.",
  },
  {
    id: "state",
    term: "state",
    definition:
      "The numbers that a model carries from one token to the next: all that it knows of the past.",
  },
  {
    id: "verdict",
    term: "verdict",
    definition:
      "What a rule that was fixed before the numbers were seen says of a hypothesis: supported, refuted, or undecided. Tables too small to judge are illustrations.",
  },
];

/** The terms of these ids, in that order. @throws {Error} for one that is not defined */
export function termsOf(...ids: string[]): Term[] {
  return ids.map((id) => {
    const term = GLOSSARY.find((term) => term.id === id);
    if (!term) throw new Error(`The glossary has no "${id}".`);
    return term;
  });
}
