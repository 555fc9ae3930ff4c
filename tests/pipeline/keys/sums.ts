/** @file An experiment of two jobs on an engine, for a demonstration with a stage `compute`: one computes 1 + 2, the other 2 * 3. */
import type { Demo } from "../helpers.ts";

/** Its jobs are "sums/add" and "sums/mul", and the table of both is "sums/table". */
export function writeSums(demo: Demo): void {
  demo.write(
    "pipeline/experiments/index.ts",
    `export const experiments = ["pipeline/experiments/sums.ts"];`,
  );
  demo.write(
    "pipeline/experiments/sums.ts",
    `export const meta = { id: "sums" };
export function grid(g) {
  const add = g.job("compute", { op: "add", x: 1, y: 2 }, {}, "add");
  const mul = g.job("compute", { op: "mul", x: 2, y: 3 }, {}, "mul");
  return g.job("collect", { title: "sums" }, { add, mul }, "table");
}
`,
  );
}
