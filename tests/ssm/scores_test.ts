import assert from "node:assert/strict";
import {
  createSystem,
  forecast,
  forecastVariance,
  kalman,
  score,
  simulate,
  zeroVariance,
} from "../../lib/ssm/mod.ts";

const system = createSystem(5, { latentDim: 16, lambda: 0.96 });
const filter = kalman(system, 96);
const y = simulate(system, 1, { batch: 2, length: 96 });

Deno.test("every part of a score is its formula, sequence by sequence and pair by pair", () => {
  // As many tokens as the farthest forecast needs, or more; contexts and horizons in any order.
  for (const length of [90, 93]) {
    const [batch, obs] = [3, 2];
    const few = simulate(system, 7, { batch, length });
    const forecasts = { contexts: [60, 3], horizons: [30, 1, 4] };
    const optimal = forecast(filter, few, forecasts).data; // [3, 2, 3, 2]
    const guess = Float64Array.from(optimal, (value, i) => value + Math.sin(i * i) / 3);
    const variance = forecastVariance(filter, forecasts);
    const zeros = zeroVariance(filter, forecasts);
    const { overall, byHorizon } = score(
      filter,
      few,
      { shape: [batch, 2, 3, obs], data: guess },
      forecasts,
    );
    const average = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
    const spread = (values: number[]) =>
      Math.sqrt(average(values.map((v) => (v - average(values)) ** 2)) / (values.length - 1));
    /** The mean over the chosen horizons, all contexts and channels, of one sequence. */
    const mean = (b: number, chosen: number[], loss: (at: number, target: number) => number) =>
      average(
        forecasts.contexts.flatMap((context, c) =>
          chosen.flatMap((h) =>
            [0, 1].map((j) => {
              const at = ((b * 2 + c) * 3 + h) * obs + j;
              const target = (b * length + context + forecasts.horizons[h] - 1) * obs + j;
              return loss(at, few.data[target]) / variance[c * 3 + h];
            })
          )
        ),
      );
    const check = (got: typeof overall, chosen: number[]) => {
      const each = (loss: (at: number, target: number) => number) =>
        [0, 1, 2].map((b) => mean(b, chosen, loss));
      const excess = each((at) => (guess[at] - optimal[at]) ** 2);
      const raw = each((at, target) => (guess[at] - target) ** 2);
      const nothing = each((_, target) => target ** 2);
      const zero = average(
        chosen.flatMap((h) => [0, 3].map((c) => zeros[c + h] / variance[c + h])),
      );
      const ratio = 1 + average(excess);
      const cross = [0, 1, 2].map((b) =>
        2 * mean(b, chosen, (at, target) => (target - optimal[at]) * (guess[at] - optimal[at]))
      );
      const want = {
        ratio,
        ratioError: spread(excess),
        rawRatio: average(raw),
        rawRatioError: spread(raw),
        leak: average(cross) / spread(cross),
        discrepancy: (average(raw) - ratio) / spread(raw.map((value, b) => value - excess[b])),
        zero,
        rawZero: average(nothing),
        gapClosed: (zero - ratio) / (zero - 1),
        sequences: 3,
      };
      assert.deepEqual(Object.keys(got).sort(), Object.keys(want).sort());
      for (const [name, value] of Object.entries(want)) {
        const own = got[name as keyof typeof got];
        assert.ok(Math.abs(own - value) < 1e-10 * Math.max(1, Math.abs(value)), `${name}: ${own}`);
      }
    };
    check(overall, [0, 1, 2]);
    assert.equal(byHorizon.length, 3);
    byHorizon.forEach((one, h) => check(one, [h]));
  }
});

Deno.test("a score known on paper: one state, seen completely, predicted one step too low", () => {
  // x_{t+1} = a x_t + w_t and y = h x: the filter predicts a y_t and errs by h^2, always.
  const scalar = createSystem(3, { latentDim: 1, obsDim: 1, lambda: 0.9 });
  const [a, h] = [scalar.modes.real[0], scalar.H[0]];
  const few = { shape: [2, 2, 1], data: Float64Array.of(1, 2, -3, 0.5) };
  const prediction = { shape: [2, 1, 1, 1], data: Float64Array.of(a - h, -3 * a - 3 * h) };
  const { overall } = score(kalman(scalar, 2), few, prediction, { contexts: [1], horizons: [1] });
  // Excess 1 and 9, so ratio 1 + 5; the error of the mean of two is half their difference.
  assert.ok(Math.abs(overall.ratio - 6) < 1e-12);
  assert.ok(Math.abs(overall.ratioError - 4) < 1e-12);
  const raw = [(2 - a + h) ** 2 / h ** 2, (0.5 + 3 * a + 3 * h) ** 2 / h ** 2];
  assert.ok(Math.abs(overall.rawRatio - (raw[0] + raw[1]) / 2) < 1e-10);
  assert.ok(Math.abs(overall.rawRatioError - Math.abs(raw[0] - raw[1]) / 2) < 1e-10);
  const difference = Math.abs(raw[0] - 1 - raw[1] + 9) / 2;
  assert.ok(Math.abs(overall.discrepancy - ((raw[0] + raw[1]) / 2 - 6) / difference) < 1e-10);
  assert.ok(Math.abs(overall.zero - (1 + a * a)) < 1e-12); // variance of y_2 over h^2
  assert.ok(Math.abs(overall.rawZero - (4 + 0.25) / 2 / h ** 2) < 1e-10);
  assert.ok(Math.abs(overall.gapClosed - (a * a - 5) / (a * a)) < 1e-10);
});

Deno.test("one sequence has no standard error and no discrepancy", () => {
  const one = { shape: [1, 96, 2], data: y.data.slice(0, 192) };
  const forecasts = { contexts: [3], horizons: [1] };
  const { overall } = score(filter, one, { shape: [1, 1, 1, 2], data: [0, 0] }, forecasts);
  for (const value of [overall.ratioError, overall.rawRatioError, overall.discrepancy]) {
    assert.ok(Number.isNaN(value));
  }
  assert.ok(overall.ratio > 1);
});

Deno.test("where the past says nothing there is no gap to close", () => {
  const short = createSystem(0, { lambda: 0.1 });
  const forecasts = { contexts: [4], horizons: [40] };
  const few = simulate(short, 0, { batch: 2, length: 44 });
  const own = kalman(short, 4);
  const { overall } = score(own, few, forecast(own, few, forecasts), forecasts);
  assert.ok(Math.abs(overall.zero - 1) < 1e-9);
  assert.ok(Number.isNaN(overall.gapClosed));
});

Deno.test("a gap below 1e-9 is no gap, one just above is", () => {
  const scalar = createSystem(3, { latentDim: 1, obsDim: 1, lambda: 0.9 });
  const square = scalar.modes.real[0] ** 2;
  // What y_1 tells of y_{1+h} is a^{2h} of 1 + a^2 + .. + a^{2(h-1)}.
  const gap = (h: number) => square ** h * (1 - square) / (1 - square ** h);
  let h = 1;
  while (gap(h) > 1e-9) h++;
  const own = kalman(scalar, 1);
  const closed = (horizon: number) => {
    const forecasts = { contexts: [1], horizons: [horizon] };
    const few = simulate(scalar, 0, { batch: 2, length: 1 + horizon });
    return score(own, few, forecast(own, few, forecasts), forecasts).overall.gapClosed;
  };
  assert.equal(closed(h - 1), 1);
  assert.ok(Number.isNaN(closed(h)));
});

Deno.test("predictions that do not fit, or have diverged, are refused", () => {
  const small = y;
  const forecasts = { contexts: [10, 20], horizons: [1, 2, 5] };
  const good = forecast(filter, small, forecasts); // [2, 2, 3, 2]
  for (
    const [at, place] of [
      [0, "sequence 0, horizon 1"],
      [9, "sequence 0, horizon 2"], // context 20
      [12, "sequence 1, horizon 1"],
      [23, "sequence 1, horizon 5"],
    ] as const
  ) {
    for (const value of [NaN, Infinity, -Infinity]) {
      const prediction = { ...good, data: good.data.slice() };
      prediction.data[at] = value;
      assert.throws(() => score(filter, small, prediction, forecasts), {
        name: "RangeError",
        message: new RegExp(`${place} is not finite: the model has diverged`),
      });
    }
  }
  for (const prediction of [{ ...good, shape: [2, 6, 2] }, { ...good, data: good.data.slice(1) }]) {
    assert.throws(
      () => score(filter, small, prediction, forecasts),
      /expected \[batch, contexts, horizons, obs\] = \[2,2,3,2\]/,
    );
  }
  for (const order of [<T>(list: T[]) => list, <T>(list: T[]) => list.toReversed()]) {
    const at = (context: number, horizon: number) => {
      const one = { contexts: order([1, context]), horizons: order([horizon, 1]) };
      return () => score(filter, small, forecast(filter, small, one), one);
    };
    assert.doesNotThrow(at(95, 1));
    assert.doesNotThrow(at(90, 6));
    assert.throws(at(96, 1), /reach y_97, but the sequences have 96 tokens/);
    assert.throws(at(90, 7), /reach y_97, but the sequences have 96 tokens/);
  }
});
