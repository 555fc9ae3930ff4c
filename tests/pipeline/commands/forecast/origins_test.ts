/** @file The table of rolling origins by hand, and the flag in a process of its own. */
import assert from "node:assert/strict";
import type { StepScores } from "../../../../lib/tasks/forecasting/rolling.ts";
import { originsTable, overall } from "../../../../pipeline/commands/forecast/origins.ts";
import { randomSeries } from "../../../tasks/forecasting/fixtures.ts";
import { folder, forecast } from "./command.ts";

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

const files = folder();
const file = files.csv("mine.csv", { x: randomSeries(120, 1).channels[0] });
const small = [file, "--lookback", "4", "--horizon", "3", "--depths", "none"];

Deno.test("forecast --origins: scores by step of the model that is named, every step in the JSON", async () => {
  const args = [...small, "--origins", "22", "--model", "repeat-last", "--level", "50,80"];
  const { code, stdout, stderr } = await forecast(...args);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /\n22 rolling origins in the test rows, repeat-last:\n\nstep +MSE +MAE +in 50 % +in 80 %\n1 /,
  );
  const json = await forecast(...args, "--json");
  const { rows, origins } = JSON.parse(json.stdout);
  assert.deepEqual([origins.model, origins.count, origins.levels], ["repeat-last", 22, [0.5, 0.8]]);
  assert.equal(origins.steps.length, 3);
  // All origins there are: the table's own score.
  const mse = origins.steps.reduce((sum: number, { mse }: { mse: number }) => sum + mse, 0) / 3;
  assert.ok(Math.abs(mse / rows[0].mse - 1) < 1e-12);
  assert.ok(rows[0].mase > 0 && rows[0].skill === 0);
});

Deno.test("forecast --origins: more than the test rows have are refused with their number", async () => {
  const { code, stdout, stderr } = await forecast(...small, "--origins", "23");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /--origins 23: the test rows have 22 at horizon 3\. Give --origins 22 or less/,
  );
});
