/** @file Deep linear networks trained on ETTh1, lookback 336, against least squares. */
import assert from "node:assert/strict";
import { evaluate } from "../../../../lib/tasks/forecasting/evaluate.ts";
import * as ols from "../../../../lib/tasks/forecasting/references/ols.ts";
import { ignore, problemAt } from "../../../tasks/forecasting/ett.ts";
import { trainLinear } from "../../../tasks/forecasting/trained.ts";

for (const depth of [1, 10]) {
  Deno.test({
    name: `ETTh1, lookback 336, horizon 96: depth ${depth} trained lands on least squares`,
    ignore,
    async fn() {
      const problem = await problemAt(96);
      const best = ols.fit(problem);
      const { test } = await evaluate(problem, best.forecaster);
      const learningRate = Math.min(0.03, 4 / (96 * depth));
      const trained = await trainLinear(problem, { depth, learningRate, steps: 1500 });
      const { trainingLoss, excess } = trained;
      assert.ok(excess <= 0.001, `training loss ${excess} over least squares`);
      assert.ok(trainingLoss >= best.metrics.trainingLoss * (1 - 1e-9));
      const { loss, floor, optimum } = await trained.evaluate();
      assert.ok(Math.abs(loss - test.mse) <= 0.001, `${loss}`);
      assert.equal(optimum, test.mse);
      assert.equal(floor.toFixed(3), "1.294");
    },
  });
}
