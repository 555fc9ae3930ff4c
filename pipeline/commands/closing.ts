/** @file What a run ends with: the verdict of every experiment that it made. */
import type { Outcome } from "../results.ts";
import { type Colour, line } from "../run/colours.ts";
import type { Objects } from "../store/objects.ts";

/** How a hypothesis fared. */
export interface Judged {
  experiment: string;
  outcome: Outcome;
  reason: string;
}

const COLOURS: Record<Outcome, Colour> = {
  supported: "green",
  refuted: "red",
  undecided: "yellow",
  illustration: "dim",
};
const OUTCOMES = Object.keys(COLOURS) as Outcome[];

/**
 * The verdicts of experiments.
 * @param tables objects of their tables, by experiment
 */
export function verdictsOf(
  tables: Readonly<Record<string, readonly string[]>>,
  objects: Pick<Objects, "read">,
): Judged[] {
  return Object.entries(tables).flatMap(([experiment, files]) => {
    for (const hash of files) {
      try {
        const { verdict } = JSON.parse(new TextDecoder().decode(objects.read(hash, experiment)));
        const { outcome, reason } = verdict;
        if (OUTCOMES.includes(outcome)) return [{ experiment, outcome, reason: String(reason) }];
      } catch {
        // Not a summary, or not readable: `verify` says so.
      }
    }
    return [];
  });
}

/**
 * Verdicts by themselves: whether they stand among all experiments is known once these are published together.
 * @param width of the terminal
 * @returns lines; none without verdicts
 */
export function closingTable(judged: readonly Judged[], colours: boolean, width = 100): string[] {
  if (!judged.length) return [];
  const wide = Math.max("experiment".length, ...judged.map(({ experiment }) => experiment.length));
  const verdict = Math.max(...OUTCOMES.map((outcome) => outcome.length));
  const rest = width - 1 - wide - verdict - 4;
  const short = (text: string) =>
    rest < 10 ? "" : text.length > rest ? `${text.slice(0, rest - 1)}…` : text;
  return [
    line([[`${"experiment".padEnd(wide)}  ${"by itself".padEnd(verdict)}`, "bold"]], colours),
    ...judged.map(({ experiment, outcome, reason }) =>
      line([
        `${experiment.padEnd(wide)}  `,
        [outcome.padEnd(verdict), COLOURS[outcome]],
        `  ${short(reason)}`,
      ], colours).trimEnd()
    ),
  ];
}
