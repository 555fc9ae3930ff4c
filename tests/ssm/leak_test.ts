/** @file The leak test: honest predictors pass, one that was fed 1 % of what it predicts is caught. */
import assert from "node:assert/strict";
import { leakLevel, leakTest } from "../../lib/analysis/leak_test.ts";
import {
  createSystem,
  forecast,
  type Forecasts,
  kalman,
  nextPatch,
  oneStep,
  type Score,
  score,
  simulate,
} from "../../lib/ssm/mod.ts";

/** As in the experiments. */
const length = 256;
const sequences = 128;
const grids: Record<string, Forecasts> = {
  "one step": oneStep(length),
  patches: nextPatch(length, 8),
  rollout: { contexts: [64], horizons: [2, 8, 32] },
};

/** Scores on the sequences of one key: of the filter, shrunk by `keep`, and fed a share of what it predicts. */
function scoreOf(
  key: number,
  lambda: number,
  forecasts: Forecasts,
  keep: number,
  fed: number,
): Score {
  const system = createSystem(key, { lambda, latentDim: 8 });
  const filter = kalman(system, length);
  const y = simulate(system, 1000 + key, { batch: sequences, length });
  const prediction = forecast(filter, y, forecasts);
  const { contexts, horizons } = forecasts;
  const [, , , obs] = prediction.shape;
  prediction.data.forEach((value, at) => {
    const cell = Math.floor(at / obs) % (contexts.length * horizons.length);
    const b = Math.floor(at / obs / contexts.length / horizons.length);
    const target = contexts[Math.floor(cell / horizons.length)] + horizons[cell % horizons.length] -
      1;
    prediction.data[at] = keep * value + fed * y.data[(b * length + target) * obs + at % obs];
  });
  return score(filter, y, prediction, forecasts).overall;
}

Deno.test("predictors of the past alone pass, together and one by one", () => {
  const runs = Object.values(grids).flatMap((forecasts) =>
    [0.5, 0.96].flatMap((lambda) =>
      [0, 1].flatMap((key) => [0, 0.9].map((keep) => scoreOf(key, lambda, forecasts, keep, 0)))
    )
  );
  const { found, worst, p } = leakTest(runs);
  assert.deepEqual(found, [], `${worst}`);
  assert.ok(worst > 0.5 && worst < 4.2, "it is a number of standard errors: the largest of 24");
  assert.equal(p.length, 24);
  // Of the filter itself there is nothing to test.
  assert.equal(scoreOf(0, 0.96, grids["one step"], 1, 0).leak, 0);
});

Deno.test("a model that is fed 1 % of y_{t+1} is caught among 500 runs, whatever else it is", () => {
  const honest = Array.from({ length: 499 }, () => ({ leak: 0, sequences }));
  for (const lambda of [0.5, 0.96]) {
    for (const keep of [1, 0.9, 0.5]) {
      for (const key of [0, 1]) {
        const fed = scoreOf(key, lambda, grids["one step"], keep, 0.01);
        assert.ok(fed.leak > 0, "it leans towards what it predicts");
        assert.deepEqual(leakTest([...honest, fed]).found, [499], `keep ${keep}: ${fed.leak}`);
        // The measured loss, in which the noise of the innovations is whole, says less.
        assert.ok(fed.leak > Math.abs(fed.discrepancy), `${fed.leak}, ${fed.discrepancy}`);
      }
    }
  }
});

Deno.test("p is two-sided of t over sequences, times the runs", () => {
  const { p, found, worst } = leakTest([{ leak: -2.5, sequences: 5 }, { leak: 4, sequences: 20 }]);
  // scipy.stats.t.sf(2.5, 4), t.sf(4, 19)
  assert.ok(Math.abs(p[0] - 4 * 0.03338327240599407) < 1e-12);
  assert.ok(Math.abs(p[1] - 4 * 0.0003830961686143225) < 1e-12);
  assert.deepEqual([found, worst], [[], 4]);
  assert.deepEqual(leakTest([{ leak: -9, sequences: 100 }]).found, [0]);
  assert.ok(leakTest([{ leak: 1, sequences: 3 }]).p[0] > leakLevel);
  assert.deepEqual(leakTest([]).found, []);
  for (
    const bad of [{ leak: NaN, sequences: 9 }, { leak: 1, sequences: 1 }, {
      leak: null as unknown as number,
      sequences: 9,
    }]
  ) {
    assert.throws(() => leakTest([bad]), /run 0 of 1 leans/);
  }
});
