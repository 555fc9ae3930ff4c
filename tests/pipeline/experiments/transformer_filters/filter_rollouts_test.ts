/** @file The table on free-running rollouts, from scores made by hand. */
import assert from "node:assert/strict";
import { createSystem, forecastVariance, kalman } from "../../../../lib/ssm/mod.ts";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/filter_rollouts.ts";
import { judged as systems } from "../../../../pipeline/experiments/transformer_filters/shared/systems.ts";
import { assertRow, computed, horizons, type Kind, little, madeTable } from "./made_scores.ts";

Deno.test("a row has the ratio at its horizon, and that times the filter's own error", async () => {
  const kept = [0.84, 0.99];
  const made = await madeTable(experiment, { keep: ({ lambda }) => kept.includes(lambda) });
  const { table } = made;
  assert.deepEqual(table.names("lambda"), kept);
  assert.deepEqual(table.names("horizon"), horizons);
  const predictors: Record<string, Partial<Kind>> = {
    "zero": { what: "far baseline", model: "zero" },
    "last 8, closed form": { what: "rollout", model: "causal_linear", options: { taps: 8 } },
    "last 64, closed form": {
      ...{ what: "rollout", model: "causal_linear", solved: true, options: { taps: 64 } },
    },
    "last 64, trained": { what: "rollout", model: "causal_linear", solved: false },
    "diagonal recurrence (LRU)": { what: "rollout", model: "lru" },
    "dense recurrence": { what: "rollout", model: "dense_recurrence", solved: false },
    "steady-state Kalman filter": { what: "rollout", model: "dense_recurrence", solved: true },
    "LSTM": { what: "rollout", model: "lstm" },
    "linear Transformer": { what: "rollout", model: "linear_transformer" },
    "Transformer": { what: "rollout", model: "transformer" },
    "Kalman filter": { what: "far baseline", model: "kalman" },
  };
  const named = (lambda: number) =>
    table.summary.rows.filter((row) => row.lambda === lambda && row.horizon === 2)
      .map((row) => row.predictor);
  assert.deepEqual(named(0.99), Object.keys(predictors));
  const dear = ["LSTM", "linear Transformer"];
  assert.deepEqual(named(0.84), Object.keys(predictors).filter((id) => !dear.includes(id)));
  for (const lambda of kept) {
    // After 64 observations, of every system by itself.
    const filters = systems.toSorted((a, b) => a - b)
      .map((system) => kalman(createSystem(system, { lambda }), 64));
    const variances = filters.map((f) => forecastVariance(f, { contexts: [64], horizons }));
    for (const [h, horizon] of horizons.entries()) {
      const own = { values: variances.map((each) => each[h]), runs: [] };
      for (const [predictor, where] of Object.entries(predictors)) {
        if (lambda === 0.84 && /LSTM|linear Trans/.test(predictor)) continue;
        const field = predictor === "zero" ? "zero" : "ratio";
        const ratio = made.score({ ...where, lambda }, horizon, field);
        assertRow(table, { lambda, predictor, horizon }, {
          ratio,
          error: computed((r, v) => r * v, ratio, own),
        });
      }
    }
  }
});

/** Ratios of the Transformer minus those of the dense recurrence, by horizon, give or take something between systems. */
async function judged(difference: (horizon: number) => number) {
  const { table } = await madeTable(experiment, {
    keep: ({ lambda }) => lambda === 0.36,
    score: ({ model, solved, ...kind }, part, field) => {
      if (field !== "ratio" || typeof part !== "number" || solved) return;
      const own = 1 + kind.rank;
      if (model === "dense_recurrence") return own;
      if (model === "transformer") {
        return own + difference(part) + 0.01 * little({ ...kind, model, solved });
      }
    },
  });
  return table.summary;
}

Deno.test("the recurrence must stay closer than the Transformer at every horizon", async () => {
  assert.equal((await judged(() => 0.5)).verdict.outcome, "supported");
  const but = async (one: number, other: number) =>
    (await judged((h) => h === one ? other : 0.5)).verdict.outcome;
  for (const horizon of [2, 16, 64]) {
    assert.equal(await but(horizon, -0.5), "refuted", `t+${horizon}`);
  }
  assert.equal(await but(64, 0), "undecided");
});

Deno.test("the reason names every horizon; the finding, the worst one of each model", async () => {
  const { verdict, findings } = await judged((h) => h / 100);
  for (const h of horizons) {
    assert.match(
      verdict.reason,
      new RegExp(`[Ee]rror / Kalman at t\\+${h}, Transformer minus dense .*?: ${h / 100} \\(`),
    );
  }
  // Means over systems, 1 + 9.5 + .64.
  assert.match(findings[0], /^At lambda 0\.36 .* Transformer 11\.140 at t\+64 \(20 systems\)/);
});

Deno.test("the means over lambdas decide, with one number for each system", async () => {
  const { table } = await madeTable(experiment, {
    keep: ({ lambda }) => lambda === 0.36 || lambda === 0.84,
    score: ({ model, solved, rank, lambda }, part, field) => {
      if (field !== "ratio" || typeof part !== "number" || solved) return;
      if (model === "dense_recurrence") return 1;
      // At one lambda far worse, at the other better by less.
      if (model === "transformer") return lambda === 0.36 ? 3 + rank : 0.5 - rank;
    },
  });
  assert.equal(table.outcome, "supported");
});
