/** @file What is said of the runs behind a table: that all of them were made to their end, and how their learning rates were found. */
import type { Run, Runs } from "../../../table/runs.ts";
import { nameOf, type Tags } from "../../../tags.ts";

/** Trainings by what they are: all tags but the system. */
function trainings(runs: Runs): Map<string, Run[]> {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    if (run.tags.result !== "training") continue;
    const { seed: _, result: __, ...which } = run.tags;
    const name = Object.keys(which).length ? nameOf(which as Tags) : "all";
    groups.set(name, [...groups.get(name) ?? [], run]);
  }
  return groups;
}

/**
 * In a sentence, that every training was made to its end, on every system alike. (A run that is missing, was not scored or gave no
 * number never gets here: the table then is not made.)
 * @throws {Error} for a training that made other steps than those it is compared with
 */
export function completed(runs: Runs): string {
  const groups = trainings(runs);
  let [models, solved] = [0, 0];
  for (const [name, group] of groups) {
    const each = new Set(group.map(({ scalars }) => `${scalars.steps} steps on ${scalars.tokens}`));
    if (each.size > 1) {
      throw new Error(
        `The trainings of ${name} did not all make the same: ${[...each].join(", ")}.`,
      );
    }
    if (group[0].scalars.steps > 0) models += group.length;
    else solved += group.length;
  }
  const scored = [...runs].filter(({ tags }) =>
    tags.result === "one-step" || tags.result === "rollout"
  );
  return `Verified: all ${models} trainings${
    solved ? ` (and ${solved} closed forms)` : ""
  } of ${groups.size} ` +
    `configurations made all their steps on every system, and all ${scored.length} scores are there.`;
}

/** In a sentence, how clear the learning rates are, and where the search met its bound. */
export function tunedRates(runs: Runs): string {
  const searched = [...trainings(runs)]
    .map(([name, [{ scalars }]]) => ({ name, scalars }))
    .filter(({ scalars }) => "tuningLoss" in scalars);
  if (searched.length === 0) return "No learning rate was searched for.";
  const worse = (at: string) =>
    searched.flatMap(({ scalars }) => at in scalars ? [scalars[at] - scalars.tuningLoss] : [])
      .sort((a, b) => a - b);
  const said = ([["half", "tuningLossAtHalf"], ["twice", "tuningLossAtTwice"]] as const)
    .flatMap(([which, at]) => {
      const found = worse(at);
      if (found.length === 0) return [];
      const median = found[Math.floor(found.length / 2)];
      return [
        `at ${which} of it by ${
          median.toPrecision(2)
        } (median; ${found.length} searches reached it)`,
      ];
    });
  const open = searched.filter(({ scalars }) => scalars.edge === 1).map(({ name }) => name);
  const least = said.length ? ` The loss of the trials is higher ${said.join(", ")}.` : "";
  const bound = open.length === 0
    ? " No search ended at its bound."
    : ` The search met its bound, and might have gone on, at ${open.join(", ")}.`;
  return `Learning rates: ${searched.length} configurations, on systems that are not judged.${least}${bound}`;
}
