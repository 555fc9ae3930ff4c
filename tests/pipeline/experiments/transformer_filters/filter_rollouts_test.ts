/** @file The table on free-running rollouts, from scores made by hand. */
import assert from "node:assert/strict";
import { createSystem, forecastVariance, kalman } from "../../../../lib/ssm/mod.ts";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/filter_rollouts.ts";
import {
  around,
  assertRow,
  computed,
  horizons,
  type Kind,
  madeTable,
  reach,
} from "./made_scores.ts";

Deno.test("a row has the ratio at its horizon, and that times the filter's own error", async () => {
  const kept = [0.36, 0.99];
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
  assert.deepEqual(table.names("predictor"), Object.keys(predictors));
  for (const lambda of kept) {
    // After 64 observations, of every system by itself.
    const filters = [0, 1, 2, 3, 4].map((system) => kalman(createSystem(system, { lambda }), 64));
    for (const horizon of horizons) {
      const own = {
        values: filters.map((f) => forecastVariance(f, { contexts: [64], horizons: [horizon] })[0]),
        runs: [],
      };
      for (const [predictor, where] of Object.entries(predictors)) {
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

/** Ratios of the Transformer minus those of the dense recurrence, by horizon and system, at one lambda. */
async function judged(differences: (horizon: number) => readonly number[]) {
  const { table } = await madeTable(experiment, {
    keep: ({ lambda }) => lambda === 0.36,
    score: ({ model, solved, system }, part, field) => {
      if (field !== "ratio" || typeof part !== "number" || solved) return;
      if (model === "dense_recurrence") return 1 + system;
      if (model === "transformer") return 1 + system + differences(part)[system];
    },
  });
  return table;
}

Deno.test("the recurrence must stay closer than the Transformer at every horizon", async () => {
  const better = around(0.5, 0.01);
  assert.equal((await judged(() => better)).outcome, "supported");
  const but = async (one: number, other: readonly number[]) =>
    (await judged((h) => h === one ? other : better)).outcome;
  for (const horizon of horizons) {
    assert.equal(await but(horizon, around(-0.5, 0.01)), "refuted", `t+${horizon}`);
  }
  assert.equal(await but(64, around((reach - 0.02) * 0.01, 0.01)), "undecided");
});

Deno.test("the reason names every horizon; the finding, the worst one of each model", async () => {
  const { summary } = await judged((h) => around(h / 100, 0.001));
  for (const h of horizons) {
    assert.match(summary.verdict.reason, new RegExp(`[Aa]t t\\+${h}: ${h}\\.0 % \\(`));
  }
  // Means over systems, 1 + 2 + .64.
  assert.match(
    summary.findings[0],
    /^At lambda 0\.36 .* Transformer 3\.640 at t\+64 \(5 systems\)/,
  );
});

Deno.test("the means over lambdas decide, with one number for each system", async () => {
  const { table } = await madeTable(experiment, {
    keep: ({ lambda }) => lambda === 0.36 || lambda === 0.68,
    score: ({ model, solved, system, lambda }, part, field) => {
      if (field !== "ratio" || typeof part !== "number" || solved) return;
      if (model === "dense_recurrence") return 1;
      // At one lambda far worse, at the other better by less.
      if (model === "transformer") return lambda === 0.36 ? 3 + system : 0.5 - system;
    },
  });
  assert.equal(table.outcome, "supported");
});
