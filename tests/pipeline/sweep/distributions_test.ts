/**
 * @file Random draws follow their distributions: samples against closed forms that share no code with
 * the draws.
 */
import assert from "node:assert/strict";
import { axisOf, type Distribution, draw } from "../../../pipeline/sweep/distributions.ts";
import { uniforms } from "../../../pipeline/sweep/points.ts";

/** Empirical distribution against the closed form: the Kolmogorov-Smirnov distance. */
function distance(sample: number[], cdf: (x: number) => number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted.reduce((worst, x, i) => {
    const [below, upTo] = [i / sorted.length, (i + 1) / sorted.length];
    return Math.max(worst, Math.abs(cdf(x) - below), Math.abs(cdf(x) - upTo));
  }, 0);
}

/** By Simpson's rule, which is nothing that the draws use. */
function normalCdf(z: number): number {
  const [n, from] = [2000, -9];
  if (z <= from) return 0;
  const h = (Math.min(z, 9) - from) / n;
  let sum = 0;
  for (let i = 0; i <= n; i++) {
    const weight = i === 0 || i === n ? 1 : i % 2 ? 4 : 2;
    sum += weight * Math.exp(-((from + i * h) ** 2) / 2);
  }
  return sum * h / 3 / Math.sqrt(2 * Math.PI);
}

Deno.test("draws follow their distributions", () => {
  const n = 4000;
  const sample = (d: Distribution) =>
    Array.from({ length: n }, (_, i) => draw(d, uniforms(`seed ${i}`)) as number);
  const ramp = (min: number, max: number) => (x: number) => (x - min) / (max - min);
  const logRamp = (min: number, max: number) => (x: number) => ramp(min, max)(Math.log(x));
  const normal = (mu: number, sigma: number) => (x: number) => normalCdf((x - mu) / sigma);
  const continuous: [Distribution, (x: number) => number][] = [
    [{ distribution: "uniform", min: -3, max: 5 }, ramp(-3, 5)],
    [{ distribution: "log_uniform", min: -4, max: 1 }, logRamp(-4, 1)],
    [{ distribution: "inv_log_uniform", min: -4, max: 1 }, logRamp(-1, 4)],
    [{ distribution: "log_uniform_values", min: 1e-5, max: 1 }, logRamp(Math.log(1e-5), 0)],
    [{ distribution: "inv_log_uniform_values", min: 1e-5, max: 1 }, logRamp(Math.log(1e-5), 0)],
    [{ distribution: "normal", mu: 2, sigma: 0.5 }, normal(2, 0.5)],
    [{ distribution: "log_normal", mu: -1, sigma: 2 }, (x) => normal(-1, 2)(Math.log(x))],
  ];
  // One honest sample in ten thousand is further off (Kolmogorov's limit, 2.23 / sqrt n).
  for (const [d, cdf] of continuous) {
    const found = distance(sample(d), cdf);
    assert.ok(found < 2.23 / Math.sqrt(n), `${d.distribution}: ${found}`);
  }
  const shares = (values: unknown[]) => {
    const counts = new Map<string, number>();
    for (const v of values) counts.set(String(v), (counts.get(String(v)) ?? 0) + 1 / values.length);
    return counts;
  };
  // P(value), by integrating the continuous form over what rounds to it.
  const discrete: [Distribution, Record<string, number>][] = [
    [{ distribution: "int_uniform", min: -1, max: 2 }, {
      "-1": 1 / 4,
      0: 1 / 4,
      1: 1 / 4,
      2: 1 / 4,
    }],
    [{ distribution: "categorical", values: ["a", true] }, { a: 1 / 2, true: 1 / 2 }],
    [
      { distribution: "categorical", values: ["a", "b", "c"], probabilities: [0.2, 0, 0.8] },
      { a: 0.2, c: 0.8 },
    ],
    [{ distribution: "q_uniform", min: 0, max: 1, q: 0.5 }, { 0: 1 / 4, 0.5: 1 / 2, 1: 1 / 4 }],
    [
      { distribution: "q_log_uniform_values", min: 1, max: 4, q: 2 },
      { 2: Math.log(3) / Math.log(4), 4: 1 - Math.log(3) / Math.log(4) },
    ],
    [
      { distribution: "q_log_uniform", min: 0, max: Math.log(4), q: 2 },
      { 2: Math.log(3) / Math.log(4), 4: 1 - Math.log(3) / Math.log(4) },
    ],
  ];
  for (const [d, expected] of discrete) {
    const found = shares(sample(d));
    // 1 rounds to an even multiple of 2, so 0 has no share of its own but that one point.
    assert.deepEqual([...found.keys()].sort(), Object.keys(expected).sort(), d.distribution);
    for (const [value, share] of Object.entries(expected)) {
      const error = Math.abs(found.get(value)! - share);
      assert.ok(error < 4.5 * Math.sqrt(share * (1 - share) / n), `${d.distribution} ${value}`);
    }
  }
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const squares = Array.from({ length: 40_000 }, (_, i) => {
    const z = draw({ distribution: "normal", mu: 0, sigma: 1 }, uniforms(`square ${i}`)) as number;
    return z * z;
  });
  assert.ok(Math.abs(mean(squares) - 1) < 4.5 * Math.sqrt(2 / squares.length));
  const rounded = sample({ distribution: "q_normal", mu: 10, sigma: 3, q: 0.1 });
  assert.ok(rounded.every((x) => Math.abs(x * 10 - Math.round(x * 10)) < 1e-9));
  assert.ok(Math.abs(mean(rounded) - 10) < 4.5 * 3 / Math.sqrt(n));
  const logs = sample({ distribution: "q_log_normal", mu: 0, sigma: 0.5, q: 1e-6 });
  const variance = (Math.exp(0.25) - 1) * Math.exp(0.25);
  assert.ok(Math.abs(mean(logs) - Math.exp(0.125)) < 4.5 * Math.sqrt(variance / n));
  assert.equal(draw({ distribution: "normal", mu: 3, sigma: 0 }, [0.2, 0.7]), 3);
  assert.deepEqual(
    [0.25, 0.75, 1.25, -0.25, -0.75].map((x) =>
      draw({ distribution: "q_uniform", min: x, max: x + 1e-300, q: 0.5 }, [0.5, 0.5])
    ),
    [0, 1, 1, 0, -1],
    "halves go to the even multiple",
  );
  assert.equal(axisOf({ distribution: "normal", mu: 0, sigma: 1 }), undefined);
});
