/** @file What the Kalman filter gains on predicting zero, against published values. */
import assert from "node:assert/strict";
import {
  createSystem,
  forecastVariance,
  kalman,
  nextPatch,
  oneStep,
  zeroVariance,
} from "../../lib/ssm/mod.ts";

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

Deno.test("zero over Kalman has the published values, and so have the patch normalisers", () => {
  const published = [
    { lambda: 0.36, zero: 1.003 },
    { lambda: 0.68, zero: 1.02 },
    { lambda: 0.84, zero: 1.06 },
    { lambda: 0.92, zero: 1.13, patch: 1.11 },
    { lambda: 0.96, zero: 1.24 },
    { lambda: 0.98, zero: 1.40, patch: 1.28 },
    { lambda: 0.99, zero: 1.60, patch: 1.35 },
  ];
  for (const { lambda, zero, patch } of published) {
    const [zeros, patches, far]: number[][] = [[], [], []];
    for (let key = 0; key < 6; key++) {
      const filter = kalman(createSystem(key, { lambda }), 256);
      const next = oneStep(256);
      const variance = forecastVariance(filter, next);
      zeros.push(mean(zeroVariance(filter, next).map((value, i) => value / variance[i])));
      const offsets = forecastVariance(filter, { ...nextPatch(256, 32), contexts: [224] });
      patches.push(mean(offsets) / variance[254]);
      const rollout = { contexts: [64], horizons: [64] };
      far.push(zeroVariance(filter, rollout)[0] / forecastVariance(filter, rollout)[0]);
    }
    within(zero, zeros, `zero at lambda ${lambda}`);
    assert.ok(far.every((value) => value > 1 - 1e-12)); // knowing the past cannot hurt
    // Published: 1.00 to 1.03.
    assert.ok(mean(far) < 1.03, `zero at horizon 64, lambda ${lambda}: ${far}`);
    if (patch) within(patch, patches, `patch at lambda ${lambda}`);
  }
});

/**
 * Systems differ a lot, so a published value must lie within 1.5 standard deviations of ours (and
 * rounding).
 */
function within(value: number, ours: number[], what: string): void {
  const centre = mean(ours);
  const spread = Math.sqrt(mean(ours.map((x) => (x - centre) ** 2)));
  assert.ok(Math.abs(value - centre) < 1.5 * spread + 0.001, `${what}: ${centre} +- ${spread}`);
}
