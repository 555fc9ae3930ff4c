/** @file The table of rolling origins by hand. */
import assert from "node:assert/strict";
import type { Problem } from "../../../../lib/tasks/forecasting/problem.ts";
import type { StepScores } from "../../../../lib/tasks/forecasting/rolling.ts";
import {
  originsTable,
  overall,
  requireOrigins,
} from "../../../../pipeline/commands/forecast/origins.ts";

const scores = (n: number, coverage: (h: number) => (number | undefined)[]): StepScores[] =>
  Array.from({ length: n }, (_, h) => ({
    ...{ step: h + 1, mse: h + 1, mae: (h + 1) / 2, coverage: coverage(h) },
  }));

Deno.test("origins: the averages over steps; no coverage where a step has none", () => {
  const made = overall(scores(3, (h) => [0.5 + h / 10, h === 1 ? undefined : 1]));
  assert.equal(made.mse, 2);
  assert.equal(made.mae, 1);
  assert.ok(Math.abs(made.coverage[0]! - 0.6) < 1e-12);
  assert.equal(made.coverage[1], undefined);
});

Deno.test("origins: a table of up to twelve steps, the first and the last among them, and of all", () => {
  const of = { model: "ols", origins: 7 };
  assert.equal(
    originsTable(scores(2, () => [0.75, undefined]), [0.8, 0.955], of),
    "7 rolling origins in the test rows, ols:\n\n" +
      "step     MSE     MAE  in 80 %  in 95.5 %\n" +
      "1     1.0000  0.5000   75.0 %\n" +
      "2     2.0000  1.0000   75.0 %\n" +
      "all   1.5000  0.7500   75.0 %",
  );
  const steps = (n: number) =>
    originsTable(scores(n, () => []), [], of).split("\n").slice(3).map((line) =>
      line.split(" ")[0]
    );
  assert.deepEqual(steps(1), ["1", "all"]);
  assert.equal(steps(12).length, 13);
  assert.deepEqual(steps(96).slice(0, 3), ["1", "10", "18"]);
  assert.deepEqual(steps(96).slice(-2), ["96", "all"]);
  assert.equal(steps(96).length, 13);
});

Deno.test("origins: as many as the test rows have and no more", () => {
  const problem = { horizon: 3, split: { test: [96, 120] } } as unknown as Problem;
  requireOrigins(22, problem);
  assert.throws(
    () => requireOrigins(23, problem),
    /--origins 23: the test rows have 22 at horizon 3/,
  );
});
