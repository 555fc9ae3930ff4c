/** @file What a run ends with: the verdict of every experiment that it made. */
import type { JobNode } from "../graph.ts";
import type { Outcome } from "../results.ts";
import { type Colour, line } from "../run/colours.ts";
import type { Workspace } from "../workspace.ts";

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

/** The verdicts of the experiments whose tables are among these jobs, in the order of the site. */
export function verdictsOf(workspace: Workspace, nodes: readonly JobNode[]): Judged[] {
  const { graph, resolver, index, objects } = workspace;
  const wanted = new Set(nodes);
  return [...graph.results].flatMap(([experiment, node]) => {
    const key = wanted.has(node) ? resolver.keys.get(node) : undefined;
    const files = key === undefined ? [] : index.jobs.get(key)?.objects ?? [];
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
