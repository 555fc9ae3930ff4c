/** @file The run of these pages beside another of the same tables, where there is one. */
import { agreementOf, compared, type Tables } from "./compare.ts";
import type { Results } from "./results.ts";

export const layout = "layouts/yours.vto";

export default function* ({ results, other }: { results: Results; other?: Tables }) {
  if (!other) return;
  const comparison = compared(results, other);
  yield {
    url: "/yours.html",
    root: "",
    section: "overview",
    title: `${comparison.here} beside ${comparison.there}`,
    description: `The ${comparison.here} run and the ${comparison.there} run, cell by cell.`,
    agreement: agreementOf(comparison),
    comparison: {
      ...comparison,
      experiments: comparison.experiments.map((experiment) => ({
        ...experiment,
        cells: experiment.cells.map((cell) => ({
          ...cell,
          apart: `${cell.apart < 0 ? "−" : "+"}${Math.abs(cell.apart).toFixed(1)}`,
        })),
      })),
    },
  };
}
